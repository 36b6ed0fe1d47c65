"""kill -9 of stint at chosen steps of a pod's start and end; `./dev faults` goes through all of them."""
import unittest

from crash_story import STORIES, Told
from local_registry import LocalRegistry
from stint_server import test_images, why_no_containers

# After the first change of each kind, by how its line in the trace begins and ends.
CHOSEN = {
    "job": [("kept ", ""), ("mounted ", "memory"), ("started /usr/bin/conmon", ""), ("started /usr/bin/crun", "_main_0"), ("signalled 15", ""),
            ("stored /registry/jobs", "story")],
    "pod": [("wrote ", "/owner"), ("started ", "nft"), ("started /usr/bin/crun", "_main_0"), ("removed ", "_main_0"), ("removed ", "/net")],
}


def matches(line, begin, end):
    return line.startswith(begin) and (line.endswith(end) or f"{end} " in line)


class Faults(unittest.TestCase):
    def tell(self, name):
        if reason := why_no_containers():
            self.skipTest(reason)
        registry = LocalRegistry(test_images() / "busybox.tar")
        self.addCleanup(registry.close)
        whole = Told(STORIES[name], registry, 1_000_000)
        whole.run()
        self.assertEqual(whole.crashed, 0)
        for begin, end in CHOSEN[name]:
            at = next((at for at, line in enumerate(whole.trace_lines, 1) if matches(line, begin, end)), None)
            self.assertIsNotNone(at, f"no change like {begin!r} {end!r} in\n" + "\n".join(whole.trace_lines))
            with self.subTest(story=name, at=at, change=begin + end):
                told = Told(STORIES[name], registry, at)
                told.run()
                self.assertEqual(told.crashed, 1)

    def test_a_job_comes_to_its_end_wherever_the_server_is_killed(self):
        self.tell("job")

    def test_a_pod_is_deleted_wherever_the_server_is_killed(self):
        self.tell("pod")


if __name__ == "__main__":
    unittest.main()
