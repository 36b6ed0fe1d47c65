"""Bad input, one test a line: the answer says what is wrong and where, and nothing has changed."""
import copy
import json
import unittest

from raw_api import RawApi
from stint_server import Server

JOBS, CRON_JOBS, CONFIG_MAPS = "/apis/batch/v1/namespaces/bad/jobs", "/apis/batch/v1/namespaces/bad/cronjobs", "/api/v1/namespaces/bad/configmaps"
JSON, YAML, PROTOBUF = "application/json", "application/yaml", "application/vnd.kubernetes.protobuf"
MERGE, STRATEGIC, JSON_PATCH = "application/merge-patch+json", "application/strategic-merge-patch+json", "application/json-patch+json"
WATCHED = ("/api/v1/namespaces", "/api/v1/configmaps", "/api/v1/pods", "/apis/batch/v1/jobs", "/apis/batch/v1/cronjobs")

TEMPLATE = {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox"}]}}
JOB = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "refused"}, "spec": {"template": TEMPLATE}}
CRON_JOB = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "refused"}, "spec": {"schedule": "0 0 * * *", "jobTemplate": {"spec": {"template": TEMPLATE}}}}
IMAGE_PATCH = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "other"}]}}}}
CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "refused"}}


def changed(thing, path, value):
    """A copy of `thing` with `value` at "a.b.0.c"; None removes."""
    thing = copy.deepcopy(thing)
    *parents, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place = thing
    for step in parents:
        place = place[step] if isinstance(place, list) else place.setdefault(step, {})
    if value is None:
        del place[last]
    else:
        place[last] = value
    return thing


def job(path, value):
    return changed(JOB, path, value)


def cron_job(path, value):
    return changed(CRON_JOB, path, value)


class Refusals(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(runtime="fake").start()
        cls.addClassCleanup(cls.server.close)
        cls.prepare()

    @classmethod
    def prepare(cls):
        cls.api = RawApi(json.loads(cls.server.kubectl("config", "view", "--raw", "-o", "json")))
        cls.server.kubectl("create", "ns", "bad")
        cls.server.kubectl("apply", "-n", "bad", "-f", "-", input=json.dumps(changed(job("metadata.name", "kept"), "spec.suspend", True)))
        cls.server.kubectl("apply", "-n", "bad", "-f", "-", input=json.dumps(job("metadata.name", "done")))
        cls.server.kubectl("wait", "-n", "bad", "--for=condition=complete", "job/done", "--timeout=30s")
        cls.server.kubectl("create", "configmap", "kept", "-n", "bad", "--from-literal=a=b")

    def objects(self):
        found = {}
        for path in WATCHED:
            status, answer = self.api.request("GET", path)
            self.assertEqual(status, 200, answer)
            found.update({(path, item["metadata"].get("namespace"), item["metadata"]["name"]): item["metadata"]["resourceVersion"] for item in answer["items"]})
        return found

    def refused(self, code, reason, fields, says, method, path, body=None, content_type=JSON, headers=None, token=None):
        """`fields`: the paths at fault, or None where the Status names none. `says`: part of the message."""
        before = self.objects()
        status, answer = self.api.request(method, path, body, {**({"Content-Type": content_type} if body is not None else {}), **(headers or {})}, token)
        self.assertEqual(self.objects(), before)
        self.assertIsInstance(answer, dict, answer)
        self.assertEqual((status, answer.get("code"), answer.get("kind"), answer.get("reason")), (code, code, "Status", reason), answer)
        self.assertIn(says, answer["message"])
        if fields is not None:
            self.assertEqual(sorted({cause["field"] for cause in answer["details"]["causes"]}), sorted(fields), answer)

    def bad(self, says, method, path, body=None, content_type=JSON, **more):
        self.refused(400, "BadRequest", None, says, method, path, body, content_type, **more)

    def invalid(self, field, says, path, body, method="POST", content_type=JSON):
        self.refused(422, "Invalid", [field] if isinstance(field, str) else field, says, method, path, body, content_type)


class Bodies(Refusals):
    def test_broken_json(self): self.bad("unexpected end of JSON input", "POST", JOBS, '{"kind": "Job", ')
    def test_broken_yaml(self): self.bad("yaml", "POST", JOBS, "kind: [Job", YAML)
    def test_yaml_with_a_tab(self): self.bad("yaml", "POST", JOBS, "kind: Job\n\tmetadata: {}", YAML)
    def test_protobuf_without_its_prefix(self): self.bad("does not appear to be a protobuf message", "POST", JOBS, b"garbage", PROTOBUF)
    def test_protobuf_cut_short(self): self.bad("", "POST", JOBS, b"k8s\0\x0a\x10\x0a\x08batch", PROTOBUF)
    def test_protobuf_with_wrong_wire_types(self): self.bad("", "POST", JOBS, b"k8s\0\x0a\x0f\x0a\x08batch/v1\x12\x03Job\x12\x02\x0a\x7f", PROTOBUF)
    def test_empty_body(self): self.bad("", "POST", JOBS, "")
    def test_body_that_is_a_list(self): self.bad("", "POST", JOBS, "[]")
    def test_body_that_is_a_number(self): self.bad("", "POST", JOBS, "7")
    def test_body_nested_too_deep(self): self.bad("", "POST", JOBS, '{"spec":' + "[" * 200_000)
    def test_unknown_kind(self): self.bad('"Jub"', "POST", JOBS, changed(JOB, "kind", "Jub"))
    def test_unknown_version(self): self.bad("batch/v9", "POST", JOBS, changed(JOB, "apiVersion", "batch/v9"))
    def test_kind_of_another_resource(self): self.bad("ConfigMap", "POST", JOBS, CONFIG_MAP)
    def test_unknown_media_type(self): self.refused(415, "UnsupportedMediaType", None, "accepted media types", "POST", JOBS, "<job/>", "text/xml")
    def test_unacceptable_answer(self): self.refused(406, "NotAcceptable", None, "application/json", "GET", JOBS, headers={"Accept": "text/csv"})
    def test_unknown_field_when_strict(self): self.bad('unknown field "spec.paralelism"', "POST", JOBS + "?fieldValidation=Strict", job("spec.paralelism", 2))
    def test_unknown_field_deep_inside_when_strict(self): self.bad('unknown field "spec.template.spec.containers[0].imgae"', "POST", JOBS + "?fieldValidation=Strict", job("spec.template.spec.containers.0.imgae", "a"))
    def test_duplicate_field_when_strict(self): self.bad('duplicate field "kind"', "POST", JOBS + "?fieldValidation=Strict", json.dumps(JOB)[:-1] + ', "kind": "Job"}')
    def test_duplicate_field_in_yaml_when_strict(self): self.bad('"kind" already set', "POST", JOBS + "?fieldValidation=Strict", "kind: Job\nkind: Job\napiVersion: batch/v1\nmetadata: {name: refused}", YAML)
    def test_unknown_field_validation(self): self.refused(422, "Invalid", ["fieldValidation"], "", "POST", JOBS + "?fieldValidation=Loose", JOB)
    def test_text_for_a_number(self): self.bad("spec.parallelism", "POST", JOBS, job("spec.parallelism", "two"))
    def test_fraction_for_an_integer(self): self.bad("spec.parallelism", "POST", JOBS, job("spec.parallelism", 1.5))
    def test_number_beyond_its_type(self): self.bad("spec.parallelism", "POST", JOBS, job("spec.parallelism", 2**40))
    def test_number_for_text(self): self.bad("image", "POST", JOBS, job("spec.template.spec.containers.0.image", 7))
    def test_object_for_a_list(self): self.bad("containers", "POST", JOBS, job("spec.template.spec.containers", {"name": "a"}))
    def test_list_for_an_object(self): self.bad("spec", "POST", JOBS, job("spec", []))
    def test_text_for_a_boolean(self): self.bad("spec.suspend", "POST", JOBS, job("spec.suspend", "yes"))
    def test_bad_time(self): self.bad("", "POST", JOBS, job("metadata.creationTimestamp", "yesterday"))
    def test_bad_quantity(self): self.bad("quantit", "POST", JOBS, job("spec.template.spec.containers.0.resources", {"limits": {"memory": "much"}}))
    def test_body_over_three_mebibytes(self): self.refused(413, "RequestEntityTooLarge", None, "limit", "POST", JOBS, json.dumps(JOB) + " " * (3 << 20))
    def test_object_over_one_and_a_half_mebibytes(self): self.refused(413, "RequestEntityTooLarge", None, "too large", "POST", JOBS, job("spec.template.spec.containers.0.args", ["x" * 1_600_000]))
    def test_annotations_over_their_limit(self): self.invalid("metadata.annotations", "may not be more than 262144 bytes", JOBS, job("metadata.annotations", {"a": "x" * (257 << 10)}))
    def test_config_map_over_one_mebibyte(self): self.invalid("[]", "may not be more than 1048576 bytes", CONFIG_MAPS, {**CONFIG_MAP, "data": {"a": "x" * (1 << 20 | 1)}})


class Objects(Refusals):
    def test_job_without_a_template(self): self.invalid(["spec.template.spec.containers", "spec.template.spec.restartPolicy"], "", JOBS, job("spec", {}))
    def test_job_that_always_restarts(self): self.invalid("spec.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"', JOBS, job("spec.template.spec.restartPolicy", "Always"))
    def test_job_without_containers(self): self.invalid("spec.template.spec.containers", "Required value", JOBS, job("spec.template.spec.containers", []))
    def test_container_without_an_image(self): self.invalid("spec.template.spec.containers[0].image", "Required value", JOBS, job("spec.template.spec.containers.0.image", ""))
    def test_container_with_a_bad_name(self): self.invalid("spec.template.spec.containers[0].name", "RFC 1123", JOBS, job("spec.template.spec.containers.0.name", "Main!"))
    def test_two_containers_of_one_name(self): self.invalid("spec.template.spec.containers[1].name", "Duplicate value", JOBS, job("spec.template.spec.containers", TEMPLATE["spec"]["containers"] * 2))
    def test_negative_parallelism(self): self.invalid("spec.parallelism", "greater than or equal to 0", JOBS, job("spec.parallelism", -1))
    def test_negative_completions(self): self.invalid("spec.completions", "greater than or equal to 0", JOBS, job("spec.completions", -1))
    def test_negative_back_off_limit(self): self.invalid("spec.backoffLimit", "greater than or equal to 0", JOBS, job("spec.backoffLimit", -1))
    def test_negative_deadline(self): self.invalid("spec.activeDeadlineSeconds", "greater than or equal to 0", JOBS, job("spec.activeDeadlineSeconds", -1))
    def test_negative_time_to_live(self): self.invalid("spec.ttlSecondsAfterFinished", "greater than or equal to 0", JOBS, job("spec.ttlSecondsAfterFinished", -1))
    def test_negative_back_off_limit_per_index(self): self.invalid("spec.backoffLimitPerIndex", "greater than or equal to 0", JOBS, job("spec", {**JOB["spec"], "completionMode": "Indexed", "completions": 2, "backoffLimitPerIndex": -1}))
    def test_negative_memory(self): self.invalid("spec.template.spec.containers[0].resources.limits[memory]", "greater than or equal to 0", JOBS, job("spec.template.spec.containers.0.resources", {"limits": {"memory": "-1"}}))
    def test_more_requested_than_allowed(self): self.invalid("spec.template.spec.containers[0].resources.requests", "less than or equal to cpu limit", JOBS, job("spec.template.spec.containers.0.resources", {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}))
    def test_unknown_completion_mode(self): self.invalid("spec.completionMode", "Unsupported value", JOBS, job("spec.completionMode", "Sorted"))
    def test_indexed_without_completions(self): self.invalid("spec.completions", "Required value", JOBS, job("spec", {**JOB["spec"], "completionMode": "Indexed", "parallelism": 2}))
    def test_unknown_pull_policy(self): self.invalid("spec.template.spec.containers[0].imagePullPolicy", "Unsupported value", JOBS, job("spec.template.spec.containers.0.imagePullPolicy", "Sometimes"))
    def test_mount_of_no_volume(self): self.invalid("spec.template.spec.containers[0].volumeMounts[0].name", "Not found", JOBS, job("spec.template.spec.containers.0.volumeMounts", [{"name": "v", "mountPath": "/v"}]))
    def test_environment_without_a_name(self): self.invalid("spec.template.spec.containers[0].env[0].name", "Required value", JOBS, job("spec.template.spec.containers.0.env", [{"value": "a"}]))
    def test_name_too_long(self): self.invalid("spec.template.labels", "no more than 63 bytes", JOBS, job("metadata.name", "a" * 64))
    def test_name_in_capitals(self): self.invalid("metadata.name", "RFC 1123", JOBS, job("metadata.name", "Refused"))
    def test_no_name(self): self.invalid("metadata.name", "name or generateName is required", JOBS, job("metadata.name", ""))
    def test_bad_label(self): self.invalid("metadata.labels", "", JOBS, job("metadata.labels", {"a b": "c"}))
    def test_bad_schedule(self): self.invalid("spec.schedule", "", CRON_JOBS, cron_job("spec.schedule", "every day"))
    def test_schedule_out_of_range(self): self.invalid("spec.schedule", "above maximum (59)", CRON_JOBS, cron_job("spec.schedule", "60 * * * *"))
    def test_no_schedule(self): self.invalid("spec.schedule", "Required value", CRON_JOBS, cron_job("spec.schedule", ""))
    def test_time_zone_in_the_schedule(self): self.invalid("spec.schedule", "cannot use TZ or CRON_TZ", CRON_JOBS, cron_job("spec.schedule", "TZ=UTC 0 0 * * *"))
    def test_bad_time_zone(self): self.invalid("spec.timeZone", "unknown time zone Mars/Phobos", CRON_JOBS, cron_job("spec.timeZone", "Mars/Phobos"))
    def test_time_zone_outside_its_directory(self): self.invalid("spec.timeZone", "", CRON_JOBS, cron_job("spec.timeZone", "../../etc/passwd"))
    def test_cron_job_name_too_long(self): self.invalid("metadata.name", "no more than 52 characters", CRON_JOBS, cron_job("metadata.name", "a" * 53))
    def test_unknown_concurrency_policy(self): self.invalid("spec.concurrencyPolicy", "Unsupported value", CRON_JOBS, cron_job("spec.concurrencyPolicy", "Maybe"))
    def test_negative_starting_deadline(self): self.invalid("spec.startingDeadlineSeconds", "greater than or equal to 0", CRON_JOBS, cron_job("spec.startingDeadlineSeconds", -1))
    def test_negative_successful_history(self): self.invalid("spec.successfulJobsHistoryLimit", "greater than or equal to 0", CRON_JOBS, cron_job("spec.successfulJobsHistoryLimit", -1))
    def test_negative_failed_history(self): self.invalid("spec.failedJobsHistoryLimit", "greater than or equal to 0", CRON_JOBS, cron_job("spec.failedJobsHistoryLimit", -1))
    def test_cron_job_that_always_restarts(self): self.invalid("spec.jobTemplate.spec.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"', CRON_JOBS, cron_job("spec.jobTemplate.spec.template.spec.restartPolicy", "Always"))
    def test_change_of_the_completions(self): self.invalid("spec.completions", "field is immutable", JOBS + "/kept", {"spec": {"completions": 3}}, "PATCH", MERGE)
    def test_change_of_the_template(self): self.invalid("spec.template", "field is immutable", JOBS + "/done", IMAGE_PATCH, "PATCH", STRATEGIC)
    def test_change_of_the_template_while_suspended(self): self.invalid("spec.template.spec", "field is immutable", JOBS + "/kept", IMAGE_PATCH, "PATCH", STRATEGIC)
    def test_change_of_the_completion_mode(self): self.invalid("spec.completionMode", "field is immutable", JOBS + "/kept", {"spec": {"completionMode": "Indexed"}}, "PATCH", MERGE)
    def test_change_of_the_selector(self): self.invalid(["spec.selector", "spec.template.metadata.labels"], "", JOBS + "/kept", {"spec": {"selector": {"matchLabels": {"a": "b"}}}}, "PATCH", MERGE)
    def test_change_of_the_uid(self): self.invalid("metadata.uid", "field is immutable", JOBS + "/kept", {"metadata": {"uid": "other"}}, "PATCH", MERGE)
    def test_change_of_the_name(self): self.bad("does not match", "PATCH", JOBS + "/kept", {"metadata": {"name": "other"}}, MERGE)


class Requests(Refusals):
    def test_no_token(self): self.refused(403, "Forbidden", None, 'User "system:anonymous" cannot create resource "jobs"', "POST", JOBS, JOB, token="")
    def test_bad_token(self): self.refused(401, "Unauthorized", None, "Unauthorized", "POST", JOBS, JOB, token="f" * 64)
    def test_bad_token_reads_nothing(self): self.refused(401, "Unauthorized", None, "Unauthorized", "GET", "/api/v1/secrets", token="x")
    def test_no_token_reads_nothing(self): self.refused(403, "Forbidden", None, 'cannot list resource "secrets"', "GET", "/api/v1/secrets", token="")
    def test_unknown_namespace(self): self.refused(404, "NotFound", None, 'namespaces "nowhere" not found', "POST", "/apis/batch/v1/namespaces/nowhere/jobs", JOB)
    def test_namespace_of_another_url(self): self.bad("does not match the namespace", "POST", JOBS, job("metadata.namespace", "default"))
    def test_object_that_exists(self): self.refused(409, "AlreadyExists", None, 'jobs.batch "kept" already exists', "POST", JOBS, job("metadata.name", "kept"))
    def test_object_that_does_not_exist(self): self.refused(404, "NotFound", None, 'jobs.batch "nothing" not found', "DELETE", JOBS + "/nothing")
    def test_update_of_an_old_version(self): self.refused(409, "Conflict", None, "the object has been modified", "PUT", CONFIG_MAPS + "/kept", {**CONFIG_MAP, "metadata": {"name": "kept", "resourceVersion": "1"}})
    def test_create_with_a_version(self): self.refused(500, None, None, "resourceVersion should not be set", "POST", JOBS, job("metadata.resourceVersion", "7"))
    def test_delete_of_another_uid(self): self.refused(409, "Conflict", None, "UID in the precondition", "DELETE", JOBS + "/kept", {"preconditions": {"uid": "other"}})
    def test_bad_propagation_policy(self): self.refused(422, "Invalid", ["propagationPolicy"], "", "DELETE", JOBS + "/kept", {"propagationPolicy": "Sideways"})
    def test_bad_dry_run(self): self.refused(422, "Invalid", ["dryRun"], "", "POST", JOBS + "?dryRun=Some", JOB)
    def test_broken_patch(self): self.bad("", "PATCH", JOBS + "/kept", "{", MERGE)
    def test_patch_of_an_unknown_type(self): self.refused(415, "UnsupportedMediaType", None, "", "PATCH", JOBS + "/kept", "{}", "application/patch")
    def test_json_patch_of_a_missing_place(self): self.refused(422, "Invalid", None, "", "PATCH", JOBS + "/kept", json.dumps([{"op": "remove", "path": "/spec/nothing"}]), JSON_PATCH)
    def test_json_patch_whose_test_fails(self): self.refused(422, "Invalid", None, "", "PATCH", JOBS + "/kept", json.dumps([{"op": "test", "path": "/spec/backoffLimit", "value": 5}, {"op": "remove", "path": "/spec/suspend"}]), JSON_PATCH)
    def test_bad_label_selector(self): self.bad("", "GET", JOBS + "?labelSelector=a%20b%20c")
    def test_unknown_field_selector(self): self.bad('field label "spec.color" not supported', "GET", JOBS + "?fieldSelector=spec.color%3Dred")
    def test_bad_limit(self): self.bad("", "GET", JOBS + "?limit=many")
    def test_bad_continue_token(self): self.bad("continue key is not valid", "GET", JOBS + "?limit=1&continue=nonsense")
    def test_bad_resource_version(self): self.bad("invalid resource version", "GET", JOBS + "?resourceVersion=new")
    def test_post_to_an_object(self): self.refused(405, "MethodNotAllowed", None, "does not allow this method", "POST", JOBS + "/kept", JOB)


if __name__ == "__main__":
    unittest.main()
