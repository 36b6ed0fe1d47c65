"""Every transcript of test/transcripts is a test: stint answers as upstream did, or as test/transcripts/differences says it does not."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "transcripts"))
import compat  # noqa: E402
import run  # noqa: E402
import transcript  # noqa: E402
from client import Cluster, Stint  # noqa: E402


class Transcripts(unittest.TestCase):
    """Played once, several at a time; then each case is a test."""

    @classmethod
    def setUpClass(cls):
        stint = Stint()
        cls.addClassCleanup(stint.close)
        cls.differences = run.read_differences()
        cls.cluster = Cluster(stint.kubeconfig, stint.token)
        cls.answers = {case.id: (case, answers) for case, answers in run.play_all(cls.cluster, transcript.read_all())}

    def test_every_difference_listed_is_a_case(self):
        self.assertEqual([name for name in self.differences if name not in self.answers], [])

    def test_every_difference_listed_has_a_reason(self):
        self.assertEqual([name for name, reason in self.differences.items() if not reason], [])

    def test_the_table_of_kinds_in_the_documentation_is_what_is_served(self):
        self.assertIn(compat.kind_table(self.cluster), compat.DOCUMENT.read_text())


def case_test(case_id):
    def test(self):
        case, answers = self.answers[case_id]
        wrong = run.verdict(case, answers, self.differences)
        if wrong:
            self.fail(f"{case_id}\n{wrong}")

    return test


for number, one in enumerate(transcript.read_all()):
    setattr(Transcripts, f"test_{number:04}", case_test(one.id))
    getattr(Transcripts, f"test_{number:04}").__doc__ = one.id


if __name__ == "__main__":
    unittest.main()
