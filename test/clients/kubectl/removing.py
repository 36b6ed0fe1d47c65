"""kubectl delete in all its forms, and what goes with what is deleted."""
from tap import expect
from typed import config_map, cron_job, job, until


def running(k, name):
    k("apply", "-f", "-", input=job(name, ["sleep", "1000"]))
    until(lambda: k.value(".items[0].status.phase", "pods", "-l", f"job-name={name}") == "Running", f"{name} runs")


def pods(k, name):
    return k("get", "pods", "-l", f"job-name={name}", "-o", "name").split()


def deleting_in_the_background_takes_the_pods_along(k):
    running(k, "background")
    k.says('job.batch "background" deleted', "delete", "job", "background", "--cascade=background")
    until(lambda: not pods(k, "background"), "the pods go", 60)


def deleting_in_the_foreground_waits_for_the_pods(k):
    running(k, "foreground")
    k("delete", "job", "foreground", "--cascade=foreground", "--timeout=60s")
    expect(not pods(k, "foreground"), "the pods went first")


def orphans_stay(k):
    running(k, "orphaned")
    k("delete", "job", "orphaned", "--cascade=orphan")
    left = pods(k, "orphaned")
    expect(len(left) == 1, left)
    expect(k("get", *left, "-o", "jsonpath={.metadata.ownerReferences}") == "", "nobody owns it now")
    k("delete", *left, "--now")
    k.fails("NotFound", "get", *left)


def deletes_by_file_selector_and_kind(k):
    objects = [config_map("gone-a", {}, {"gone": "1"}), config_map("gone-b", {}, {"gone": "1"}), cron_job("gone")]
    k("apply", "-f", "-", input=objects)
    k("delete", "-f", "-", input=objects[2])
    k("delete", "configmap", "-l", "gone=1")
    k.says("", "delete", "configmap", "gone-a", "--ignore-not-found")
    k.fails("NotFound", "delete", "configmap", "gone-a")
    k("apply", "-f", "-", input=objects)
    k("delete", "-f", "-", "--dry-run=server", input=objects)
    k.says("gone-a", "get", "configmap", "gone-a")
    k("delete", "cronjobs", "--all")
    expect(k("get", "cronjobs", "-o", "name") == "", "none left")


def a_finalizer_holds_what_is_deleted(k):
    held = config_map("held", {})
    held["metadata"]["finalizers"] = ["example.com/hold"]
    k("create", "-f", "-", input=held)
    k("delete", "configmap", "held", "--wait=false")
    expect(k.value(".metadata.deletionTimestamp", "configmap", "held"), "being deleted")
    k("patch", "configmap", "held", "--type=json", "-p", '[{"op":"remove","path":"/metadata/finalizers"}]')
    k.fails("NotFound", "get", "configmap", "held")


def a_wait_for_deletion_ends(k):
    k("create", "configmap", "waited")
    waiter = k.spawn("wait", "--for=delete", "configmap/waited", "--timeout=30s")
    k("delete", "configmap", "waited")
    output, _ = waiter.communicate(timeout=40)
    expect(waiter.returncode == 0, output)


def a_namespace_takes_everything_along(k):
    k("create", "ns", "story-away")
    k("create", "-n", "story-away", "-f", "-", input=[job("left", ["sleep", "1000"]), config_map("left", {}), cron_job("left")])
    until(lambda: k.value(".items[0].status.phase", "pods", "-n", "story-away") == "Running", "running")
    k("delete", "ns", "story-away", "--timeout=90s")
    k.fails('namespaces "story-away" not found', "get", "ns", "story-away")
    k.fails('namespaces "story-away" not found', "create", "configmap", "late", "-n", "story-away")


CLAIMS = [deleting_in_the_background_takes_the_pods_along, deleting_in_the_foreground_waits_for_the_pods, orphans_stay, deletes_by_file_selector_and_kind,
          a_finalizer_holds_what_is_deleted, a_wait_for_deletion_ends, a_namespace_takes_everything_along]
