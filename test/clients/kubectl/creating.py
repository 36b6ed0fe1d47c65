"""kubectl create and kubectl apply in all their forms."""
import json

from tap import expect
from typed import config_map, cron_job, job


def creates_what_create_can_create(k):
    k.says("configmap/typed created", "create", "configmap", "typed", "--from-literal=a=1", "--from-literal=b=two")
    k.says("secret/typed created", "create", "secret", "generic", "typed", "--from-literal=password=swordfish")
    k.says("serviceaccount/typed created", "create", "serviceaccount", "typed")
    k.says("job.batch/typed created", "create", "job", "typed", "--image=busybox", "--", "echo", "typed by hand")
    k.says("cronjob.batch/typed created", "create", "cronjob", "typed", "--image=busybox", "--schedule=0 0 1 1 *", "--", "true")
    k.says("job.batch/from-cron created", "create", "job", "from-cron", "--from=cronjob/typed")
    expect(k.value(".metadata.annotations.cronjob\\.kubernetes\\.io/instantiate", "job", "from-cron") == "manual", "the Job names how it was made")
    expect(k.value(".data.password", "secret", "typed") == "c3dvcmRmaXNo", "the secret's value")


def creates_a_priority_class(k):
    k.says("priorityclass.scheduling.k8s.io/high-typed created", "create", "priorityclass", "high-typed", "--value=1000", "--description=first")
    try:
        expect(k.value(".value", "priorityclass", "high-typed") == "1000", "the class's value")
    finally:
        k("delete", "priorityclass", "high-typed")


def creates_a_quota(k):
    k.says("resourcequota/typed created", "create", "quota", "typed", "--hard=count/jobs.batch=50,pods=60")
    k.says("typed", "get", "quota")
    k("delete", "quota", "typed")


def creates_roles_and_bindings(k):
    k.says("role.rbac.authorization.k8s.io/reader created", "create", "role", "reader", "--verb=get,list", "--resource=jobs.batch,pods/log")
    k.says("rolebinding.rbac.authorization.k8s.io/reader created", "create", "rolebinding", "reader", "--role=reader", "--user=jane")
    k.says("clusterrole.rbac.authorization.k8s.io/story-reader created", "create", "clusterrole", "story-reader", "--verb=get", "--resource=nodes")
    k.says("clusterrolebinding.rbac.authorization.k8s.io/story-reader created", "create", "clusterrolebinding", "story-reader",
           "--clusterrole=story-reader", "--user=jane")
    k("delete", "clusterrole,clusterrolebinding", "story-reader")


def creates_a_token(k):
    k("create", "serviceaccount", "speaker")
    token = k("create", "token", "speaker").strip()
    expect(token.count(".") == 2, f"a signed token, not {token!r}")


def refuses_what_exists(k):
    k("create", "configmap", "there", "--from-literal=a=1")
    k.fails('configmaps "there" already exists', "create", "configmap", "there")
    k.fails("Error from server (AlreadyExists)", "create", "-f", "-", input=config_map("there", {}))


def does_not_find_what_is_not_there(k):
    k.fails('Error from server (NotFound): jobs.batch "nowhere" not found', "get", "job", "nowhere")
    k.fails('the server doesn\'t have a resource type "unicorns"', "get", "unicorns")


def refuses_an_invalid_job(k):
    bad = job("bad")
    bad["spec"]["template"]["spec"]["restartPolicy"] = "Always"
    error = k.fails('The Job "bad" is invalid', "create", "-f", "-", input=bad)
    expect("spec.template.spec.restartPolicy: Required value: valid values: " in error or "spec.template.spec.restartPolicy: Unsupported value" in error, error)


def refuses_an_unknown_field(k):
    bad = job("bad")
    bad["spec"]["completion"] = 3
    k.fails('strict decoding error: unknown field "spec.completion"', "create", "-f", "-", input=bad)
    result = k.run("create", "-f", "-", "--validate=warn", "--dry-run=server", input=bad)
    expect(result.returncode == 0 and 'Warning: unknown field "spec.completion"' in result.stderr, result.stderr)


def dry_runs_change_nothing(k):
    k.says("job.batch/dry created (server dry run)", "create", "-f", "-", "--dry-run=server", input=job("dry"))
    k.says("job.batch/dry created (dry run)", "create", "-f", "-", "--dry-run=client", input=job("dry"))
    k.fails("NotFound", "get", "job", "dry")


def generates_names(k):
    made = config_map("", {"a": "1"})
    made["metadata"] = {"generateName": "made-"}
    names = {k("create", "-f", "-", "-o", "name", input=made) for _ in range(3)}
    expect(len(names) == 3 and all(name.startswith("configmap/made-") for name in names), names)


def applies_and_applies_again(k):
    manifest = job("applied", ["sleep", "0"], backoffLimit=3)
    k.says("job.batch/applied created", "apply", "-f", "-", input=manifest)
    k.says("job.batch/applied unchanged", "apply", "-f", "-", input=manifest)
    manifest["spec"]["backoffLimit"] = 5
    k.says("job.batch/applied configured", "apply", "-f", "-", input=manifest)
    expect(k.value(".spec.backoffLimit", "job", "applied") == "5", "the new limit")
    manifest["spec"]["template"]["spec"]["containers"][0]["image"] = "bash"
    k.fails("field is immutable", "apply", "-f", "-", input=manifest)


def apply_removes_what_the_manifest_no_longer_says(k):
    manifest = cron_job("pruned-field", labels={"keep": "1", "drop": "1"})
    k("apply", "-f", "-", input=manifest)
    del manifest["metadata"]["labels"]["drop"]
    k("apply", "-f", "-", input=manifest)
    expect(json.loads(k.value(".metadata.labels", "cronjob", "pruned-field")) == {"keep": "1"}, "only the label that is left")


def shows_the_last_applied_manifest(k):
    k("apply", "-f", "-", input=config_map("remembered", {"a": "1"}))
    k.says("a: \"1\"", "apply", "view-last-applied", "configmap/remembered")
    k("create", "configmap", "forgotten", "--from-literal=a=1")
    k("apply", "set-last-applied", "--create-annotation", "-f", "-", input=config_map("forgotten", {"a": "1"}))
    k.says("a: \"1\"", "apply", "view-last-applied", "configmap/forgotten")


def applies_on_the_server(k):
    manifest = config_map("shared", {"a": "1"})
    k.says("configmap/shared serverside-applied", "apply", "--server-side", "-f", "-", input=manifest)
    manifest["data"]["a"] = "2"
    error = k.fails("conflict", "apply", "--server-side", "--field-manager=other", "-f", "-", input=manifest)
    expect(".data.a" in error and 'conflict with "kubectl"' in error, error)
    k.says("serverside-applied", "apply", "--server-side", "--field-manager=other", "--force-conflicts", "-f", "-", input=manifest)
    expect(k.value(".data.a", "configmap", "shared") == "2", "the value forced")
    managers = k("get", "configmap", "shared", "--show-managed-fields", "-o", "jsonpath={.metadata.managedFields[*].manager}")
    expect("other" in managers, managers)


def moves_from_client_side_to_server_side_apply(k):
    manifest = config_map("moved", {"a": "1", "b": "1"})
    k("apply", "-f", "-", input=manifest)
    del manifest["data"]["b"]
    k.says("serverside-applied", "apply", "--server-side", "-f", "-", input=manifest)
    expect(json.loads(k.value(".data", "configmap", "moved")) == {"a": "1"}, "what client-side apply owned and the manifest lacks is gone")


def applies_a_job_on_the_server(k):
    k.says("job.batch/ssa serverside-applied", "apply", "--server-side", "-f", "-", input=job("ssa", backoffLimit=2))
    k.says("job.batch/ssa serverside-applied", "apply", "--server-side", "-f", "-", input=job("ssa", backoffLimit=2))
    k("wait", "--for=condition=complete", "job/ssa", "--timeout=60s")
    managed = k.json("get", "job", "ssa", "--show-managed-fields")["metadata"]["managedFields"]
    expect({m["manager"] for m in managed if m.get("subresource") == "status"}, "the controller owns the status")


def applies_a_kustomization(k):
    k.file("kustom/cm.yaml", config_map("base", {"a": "1"}))
    k.file("kustom/cronjob.yaml", cron_job("nightly"))
    folder = k.file("kustom/kustomization.yaml", """\
namePrefix: dev-
labels: [{pairs: {app: story}}]
resources: [cm.yaml, cronjob.yaml]
configMapGenerator: [{name: generated, literals: [color=green]}]
""").rsplit("/", 1)[0]
    output = k("apply", "-k", folder)
    expect("configmap/dev-base created" in output and "cronjob.batch/dev-nightly created" in output and "configmap/dev-generated-" in output, output)
    expect(k("apply", "-k", folder).count("unchanged") == 3, "applied again, nothing changes")
    k("delete", "-k", folder)


def prunes_what_is_no_longer_applied(k):
    first = [config_map("keep", {"a": "1"}, {"app": "prune"}), config_map("drop", {"a": "1"}, {"app": "prune"}), cron_job("drop", labels={"app": "prune"})]
    listed = ["--prune-allowlist=core/v1/ConfigMap", "--prune-allowlist=batch/v1/CronJob"]
    k("apply", "--prune", "-l", "app=prune", *listed, "-f", "-", input=first)
    output = k("apply", "--prune", "-l", "app=prune", *listed, "-f", "-", input=first[:1])
    expect("configmap/drop pruned" in output and "cronjob.batch/drop pruned" in output, output)
    expect(k("get", "cm,cronjob", "-l", "app=prune", "-o", "name") == "configmap/keep\n", "only what is applied stays")


CLAIMS = [creates_what_create_can_create, creates_a_priority_class, creates_a_quota, creates_roles_and_bindings, creates_a_token, refuses_what_exists,
          does_not_find_what_is_not_there, refuses_an_invalid_job, refuses_an_unknown_field, dry_runs_change_nothing, generates_names,
          applies_and_applies_again, apply_removes_what_the_manifest_no_longer_says, shows_the_last_applied_manifest, applies_on_the_server,
          moves_from_client_side_to_server_side_apply, applies_a_job_on_the_server, applies_a_kustomization, prunes_what_is_no_longer_applied]
