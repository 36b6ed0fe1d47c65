"""kubectl label, annotate, patch, edit, replace, set, diff: changes to what is there."""
import json

from tap import expect
from typed import config_map, cron_job, job


def labels_and_annotates(k):
    k("create", "configmap", "marked", "--from-literal=a=1")
    k.says("configmap/marked labeled", "label", "configmap", "marked", "tier=one", "app=x")
    k.fails("--overwrite", "label", "configmap", "marked", "tier=two")
    k.says("configmap/marked labeled", "label", "--overwrite", "configmap", "marked", "tier=two")
    k.says("configmap/marked unlabeled", "label", "configmap", "marked", "app-")
    k.says("configmap/marked annotate", "annotate", "configmap", "marked", "note=this one")
    marked = k.json("get", "configmap", "marked")["metadata"]
    expect(marked["labels"] == {"tier": "two"} and marked["annotations"] == {"note": "this one"}, marked)
    k.says("marked labeled", "label", "configmap", "-l", "tier=two", "seen=yes")


def patches_in_three_ways(k):
    k("apply", "-f", "-", input=cron_job("patched"))
    k.says("cronjob.batch/patched patched", "patch", "cronjob", "patched", "-p", '{"spec":{"suspend":true}}')
    k.says("patched (no change)", "patch", "cronjob", "patched", "-p", '{"spec":{"suspend":true}}')
    k("patch", "cronjob", "patched", "--type=merge", "-p", '{"spec":{"failedJobsHistoryLimit":7}}')
    k("patch", "cronjob", "patched", "--type=json", "-p", '[{"op":"test","path":"/spec/suspend","value":true},{"op":"replace","path":"/spec/suspend","value":false}]')
    spec = k.json("get", "cronjob", "patched")["spec"]
    expect(spec["suspend"] is False and spec["failedJobsHistoryLimit"] == 7, spec)
    k.fails("The request is invalid", "patch", "cronjob", "patched", "--type=json", "-p", '[{"op":"test","path":"/spec/suspend","value":true}]')


def a_strategic_patch_merges_lists_by_key(k):
    k("apply", "-f", "-", input=cron_job("lists"))
    more = {"spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{"name": "second", "image": "busybox"}]}}}}}}
    k("patch", "cronjob", "lists", "-p", json.dumps(more))
    names = k.value(".spec.jobTemplate.spec.template.spec.containers[*].name", "cronjob", "lists")
    expect(sorted(names.split()) == ["c", "second"], names)


def patches_a_subresource(k):
    k("apply", "-f", "-", input=job("substatus", ["sleep", "100"], suspend=True))
    k("patch", "job", "substatus", "--subresource=status", "--type=merge", "-p", '{"status":{"ready":0}}')
    k.says("substatus", "get", "job", "substatus", "--subresource=status")
    k("delete", "job", "substatus")


def suspends_and_resumes_a_job(k):
    k("apply", "-f", "-", input=job("paused", ["true"], suspend=True))
    k("wait", "--for=condition=suspended", "job/paused", "--timeout=30s")
    k("patch", "job", "paused", "-p", '{"spec":{"suspend":false}}')
    k("wait", "--for=condition=complete", "job/paused", "--timeout=60s")


def edits_with_an_editor(k):
    k("create", "configmap", "edited", "--from-literal=color=red")
    editor = k.file("editor", "#!/bin/sh\nsed -i s/red/blue/ \"$1\"\n")
    k("get", "configmap", "edited")
    k.says("configmap/edited edited", "edit", "configmap", "edited", env={"EDITOR": f"sh {editor}", "KUBE_EDITOR": f"sh {editor}"})
    expect(k.value(".data.color", "configmap", "edited") == "blue", "what the editor wrote")


def replaces(k):
    k("create", "-f", "-", input=config_map("replaced", {"a": "1"}))
    current = k.json("get", "configmap", "replaced")
    current["data"] = {"b": "2"}
    k.says("configmap/replaced replaced", "replace", "-f", "-", input=current)
    error = k.fails("Conflict", "replace", "-f", "-", input=current)
    expect("the object has been modified; please apply your changes to the latest version and try again" in error, error)
    k.says("configmap/replaced replaced", "replace", "--force", "-f", "-", input=config_map("replaced", {"c": "3"}))
    expect(json.loads(k.value(".data", "configmap", "replaced")) == {"c": "3"}, "only what was put last")


def shows_the_difference(k):
    manifest = cron_job("differs")
    k("apply", "-f", "-", input=manifest)
    expect(k.run("diff", "-f", "-", input=manifest).returncode == 0, "no difference to itself")
    manifest["spec"]["schedule"] = "5 4 * * *"
    result = k.run("diff", "-f", "-", input=manifest)
    expect(result.returncode == 1 and "+  schedule: 5 4 * * *" in result.stdout, result.stdout + result.stderr)
    result = k.run("diff", "--server-side", "--force-conflicts", "-f", "-", input=manifest)
    expect(result.returncode == 1 and "+  schedule: 5 4 * * *" in result.stdout, result.stdout + result.stderr)


def sets_an_image_and_a_variable(k):
    k("apply", "-f", "-", input=cron_job("setting"))
    k.says("cronjob.batch/setting image updated", "set", "image", "cronjob/setting", "c=busybox:1.36")
    k.says("cronjob.batch/setting env updated", "set", "env", "cronjob/setting", "MODE=night")
    k.says("cronjob.batch/setting resource requirements updated", "set", "resources", "cronjob/setting", "--limits=cpu=100m,memory=64Mi")
    container = k.json("get", "cronjob", "setting")["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
    expect(container["image"] == "busybox:1.36" and container["env"] == [{"name": "MODE", "value": "night"}], container)


CLAIMS = [labels_and_annotates, patches_in_three_ways, a_strategic_patch_merges_lists_by_key, patches_a_subresource, suspends_and_resumes_a_job,
          edits_with_an_editor, replaces, shows_the_difference, sets_an_image_and_a_variable]
