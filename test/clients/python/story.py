"""What programs do with the Python package `kubernetes`. (KUBECONFIG names the server.)"""
import pathlib
import sys
import threading
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))

from kubernetes import client, config, dynamic, utils, watch  # noqa: E402
from kubernetes.client.rest import ApiException  # noqa: E402

from objects import config_map, cron_job, job  # noqa: E402
from tap import expect, tell  # noqa: E402

NAMESPACE = "python"


def refused(status, reason, call, *arguments, **options):
    """The call fails with this HTTP status, and a Status object that has this reason."""
    try:
        call(*arguments, **options)
    except ApiException as error:
        expect(error.status == status and f'"reason":"{reason}"' in error.body.replace(" ", ""), f"{error.status} {error.body}")
        return error
    raise AssertionError(f"{reason} was expected")


def complete(batch, name, timeout_s=60):
    deadline = time.monotonic() + timeout_s
    while not (batch.read_namespaced_job_status(name, NAMESPACE).status.completion_time):
        expect(time.monotonic() < deadline, f"{name} does not complete")
        time.sleep(0.1)


class Story:
    def __init__(self):
        config.load_kube_config()
        self.core, self.batch = client.CoreV1Api(), client.BatchV1Api()

    def claims(self):
        return [self.creates_a_namespace, self.runs_a_job_and_reads_its_log, self.follows_a_log, self.watches_a_job_until_it_is_complete,
                self.knows_errors_by_status_and_reason, self.patches_in_each_way, self.replaces_and_meets_a_conflict, self.works_with_a_cron_job,
                self.lists_in_pages_and_by_selectors, self.creates_from_dictionaries, self.works_dynamically, self.watches_from_a_version,
                self.reviews_access, self.reads_the_version_and_the_groups, self.deletes_in_each_way, self.deletes_the_namespace]

    def creates_a_namespace(self):
        made = self.core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=NAMESPACE)))
        expect(made.status.phase == "Active", made)

    def runs_a_job_and_reads_its_log(self):
        container = client.V1Container(name="c", image="busybox", command=["echo", "hello"])
        template = client.V1PodTemplateSpec(spec=client.V1PodSpec(restart_policy="Never", containers=[container]))
        made = self.batch.create_namespaced_job(NAMESPACE, client.V1Job(metadata=client.V1ObjectMeta(name="hello"), spec=client.V1JobSpec(template=template)))
        expect(made.spec.backoff_limit == 6 and made.metadata.uid, made)
        complete(self.batch, "hello")
        pod = self.core.list_namespaced_pod(NAMESPACE, label_selector="job-name=hello").items[0]
        expect(pod.status.container_statuses[0].state.terminated.reason == "Completed", pod.status)
        expect(self.core.read_namespaced_pod_log(pod.metadata.name, NAMESPACE) == "hello\n", "the log")

    def follows_a_log(self):
        self.batch.create_namespaced_job(NAMESPACE, job("slow", "sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.5; done"))
        for event in watch.Watch().stream(self.core.list_namespaced_pod, NAMESPACE, label_selector="job-name=slow", timeout_seconds=60):
            if event["object"].status.phase == "Running":
                break
        lines = list(watch.Watch().stream(self.core.read_namespaced_pod_log, event["object"].metadata.name, NAMESPACE))
        expect(lines == ["1", "2", "3"], lines)

    def watches_a_job_until_it_is_complete(self):
        threading.Timer(0.5, lambda: self.batch.create_namespaced_job(NAMESPACE, job("watched", "true"))).start()
        watcher, types = watch.Watch(), []
        for event in watcher.stream(self.batch.list_namespaced_job, NAMESPACE, field_selector="metadata.name=watched", timeout_seconds=60):
            types.append(event["type"])
            expect(isinstance(event["object"], client.V1Job), event)
            if any(c.type == "Complete" and c.status == "True" for c in event["object"].status.conditions or []):
                watcher.stop()
        expect(types[0] == "ADDED" and set(types[1:]) == {"MODIFIED"}, types)

    def knows_errors_by_status_and_reason(self):
        refused(404, "NotFound", self.batch.read_namespaced_job, "nowhere", NAMESPACE)
        refused(409, "AlreadyExists", self.batch.create_namespaced_job, NAMESPACE, job("hello", "true"))
        bad = job("bad", "true")
        bad["spec"]["template"]["spec"]["restartPolicy"] = "Always"
        error = refused(422, "Invalid", self.batch.create_namespaced_job, NAMESPACE, bad)
        expect("spec.template.spec.restartPolicy" in error.body, error.body)

    def patches_in_each_way(self):
        self.core.create_namespaced_config_map(NAMESPACE, config_map("patched", a="0"))
        patched = self.core.patch_namespaced_config_map("patched", NAMESPACE, {"data": {"a": "1"}})  # strategic
        patched = self.core.patch_namespaced_config_map("patched", NAMESPACE, [{"op": "replace", "path": "/data/a", "value": "2"}])
        expect(patched.data == {"a": "2"}, patched.data)
        api = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version="v1", kind="ConfigMap")
        merged = api.patch(name="patched", namespace=NAMESPACE, body={"data": {"a": None, "b": "3"}}, content_type="application/merge-patch+json")
        expect(merged.data.to_dict() == {"b": "3"}, merged.data)
        api.server_side_apply(name="patched", namespace=NAMESPACE, body=config_map("patched", c="4"), field_manager="story", force_conflicts=True)
        expect(self.core.read_namespaced_config_map("patched", NAMESPACE).data == {"b": "3", "c": "4"}, "applied beside what was there")

    def replaces_and_meets_a_conflict(self):
        current = self.core.read_namespaced_config_map("patched", NAMESPACE)
        current.data = {"z": "1"}
        self.core.replace_namespaced_config_map("patched", NAMESPACE, current)
        refused(409, "Conflict", self.core.replace_namespaced_config_map, "patched", NAMESPACE, current)

    def works_with_a_cron_job(self):
        self.batch.create_namespaced_cron_job(NAMESPACE, cron_job("yearly"))
        self.batch.patch_namespaced_cron_job("yearly", NAMESPACE, {"spec": {"suspend": True}})
        cron = self.batch.read_namespaced_cron_job("yearly", NAMESPACE)
        expect(cron.spec.suspend is True and cron.spec.concurrency_policy == "Allow", cron.spec)
        by_hand = client.V1Job(metadata=client.V1ObjectMeta(name="by-hand", owner_references=[client.V1OwnerReference(
            api_version="batch/v1", kind="CronJob", name="yearly", uid=cron.metadata.uid, controller=True)]), spec=cron.spec.job_template.spec)
        self.batch.create_namespaced_job(NAMESPACE, by_hand)
        complete(self.batch, "by-hand")
        self.batch.delete_namespaced_cron_job("yearly", NAMESPACE, propagation_policy="Foreground")
        deadline = time.monotonic() + 60
        while any(j.metadata.name == "by-hand" for j in self.batch.list_namespaced_job(NAMESPACE).items):
            expect(time.monotonic() < deadline, "the CronJob's Job is not collected")
            time.sleep(0.1)

    def lists_in_pages_and_by_selectors(self):
        for n in range(7):
            self.core.create_namespaced_config_map(NAMESPACE, config_map(f"page-{n}", a="1"))
        names, token = [], None
        while token != "":
            page = self.core.list_namespaced_config_map(NAMESPACE, limit=3, _continue=token)
            names += [item.metadata.name for item in page.items]
            token = page.metadata._continue or ""
        expect(names == sorted(names) and len([n for n in names if n.startswith("page-")]) == 7, names)
        found = self.core.list_namespaced_config_map(NAMESPACE, field_selector="metadata.name=page-3").items
        expect(len(found) == 1, found)

    def creates_from_dictionaries(self):
        utils.create_from_dict(client.ApiClient(), {"apiVersion": "v1", "kind": "List", "items": [config_map("listed", a="1"), cron_job("listed")]},
                               namespace=NAMESPACE)
        self.batch.delete_namespaced_cron_job("listed", NAMESPACE)

    def works_dynamically(self):
        jobs = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version="batch/v1", kind="Job")
        made = jobs.create(namespace=NAMESPACE, body=job("dynamic", "true"))
        expect(made.kind == "Job" and jobs.get(name="dynamic", namespace=NAMESPACE).metadata.uid == made.metadata.uid, made)
        for event in jobs.watch(namespace=NAMESPACE, name="dynamic", timeout=60):
            if event["object"].status.succeeded == 1:
                break
        jobs.delete(name="dynamic", namespace=NAMESPACE, propagation_policy="Background")

    def watches_from_a_version(self):
        version = self.core.list_namespaced_config_map(NAMESPACE).metadata.resource_version
        self.core.create_namespaced_config_map(NAMESPACE, config_map("later", a="1"))
        self.core.delete_namespaced_config_map("later", NAMESPACE)
        events = [(e["type"], e["object"].metadata.name) for e in
                  watch.Watch().stream(self.core.list_namespaced_config_map, NAMESPACE, resource_version=version, timeout_seconds=1)]
        expect(events == [("ADDED", "later"), ("DELETED", "later")], events)

    def reviews_access(self):
        attributes = client.V1ResourceAttributes(namespace=NAMESPACE, verb="create", group="batch", resource="jobs")
        body = client.V1SelfSubjectAccessReview(spec=client.V1SelfSubjectAccessReviewSpec(resource_attributes=attributes))
        expect(client.AuthorizationV1Api().create_self_subject_access_review(body).status.allowed, "allowed")
        expect("system:masters" in client.AuthenticationV1Api().create_self_subject_review(client.V1SelfSubjectReview()).status.user_info.groups, "who I am")

    def reads_the_version_and_the_groups(self):
        expect(client.VersionApi().get_code().minor.startswith("37"), "the version")
        expect("batch" in [group.name for group in client.ApisApi().get_api_versions().groups], "the groups")
        expect(any(r.name == "cronjobs/status" for r in self.batch.get_api_resources().resources), "the resources")

    def deletes_in_each_way(self):
        status = self.core.delete_namespaced_config_map("page-0", NAMESPACE)
        expect(status["status"] == "Success" and status["details"]["name"] == "page-0", status)
        self.batch.delete_namespaced_job("hello", NAMESPACE, body=client.V1DeleteOptions(propagation_policy="Orphan"))
        pods = self.core.list_namespaced_pod(NAMESPACE, label_selector="job-name=hello").items
        expect(len(pods) == 1, "the orphan stays")
        self.core.delete_collection_namespaced_config_map(NAMESPACE, field_selector="metadata.name!=kube-root-ca.crt")
        self.batch.delete_collection_namespaced_job(NAMESPACE, propagation_policy="Background")

    def deletes_the_namespace(self):
        self.core.delete_namespace(NAMESPACE)
        for event in watch.Watch().stream(self.core.list_namespace, field_selector=f"metadata.name={NAMESPACE}", timeout_seconds=60):
            if event["type"] == "DELETED":
                return
        refused(404, "NotFound", self.core.read_namespace, NAMESPACE)


if __name__ == "__main__":
    sys.exit(tell(Story().claims()))
