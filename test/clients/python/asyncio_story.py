"""What programs do with the Python package `kubernetes_asyncio`. (KUBECONFIG names the server.)"""
import asyncio
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))

from kubernetes_asyncio import client, config, dynamic, watch  # noqa: E402
from kubernetes_asyncio.client.exceptions import ApiException  # noqa: E402

from objects import config_map, cron_job, job  # noqa: E402
from tap import expect, tell  # noqa: E402

NAMESPACE = "python-asyncio"


async def refused(status, reason, call):
    try:
        await call
    except ApiException as error:
        expect(error.status == status and f'"reason":"{reason}"' in str(error.body).replace(" ", ""), f"{error.status} {error.body}")
        return
    raise AssertionError(f"{reason} was expected")


class Story:
    def __init__(self, api):
        self.api, self.core, self.batch = api, client.CoreV1Api(api), client.BatchV1Api(api)

    async def creates_a_namespace(self):
        await self.core.create_namespace({"metadata": {"name": NAMESPACE}})

    async def creates_twenty_jobs_at_once_and_watches_them_complete(self):
        started = asyncio.create_task(self.completions(20))
        await asyncio.gather(*(self.batch.create_namespaced_job(NAMESPACE, job(f"many-{n}", "echo", f"number {n}")) for n in range(20)))
        done = await asyncio.wait_for(started, 120)
        expect(len(done) == 20, done)

    async def completions(self, wanted):
        done = set()
        async with watch.Watch() as watcher:
            async for event in watcher.stream(self.batch.list_namespaced_job, NAMESPACE, timeout_seconds=120):
                if event["object"].status.succeeded == 1:
                    done.add(event["object"].metadata.name)
                if len(done) == wanted:
                    return done
        return done

    async def reads_logs(self):
        pods = await self.core.list_namespaced_pod(NAMESPACE, label_selector="job-name=many-7")
        expect(await self.core.read_namespaced_pod_log(pods.items[0].metadata.name, NAMESPACE) == "number 7\n", "the log")

    async def knows_errors_by_status_and_reason(self):
        await refused(404, "NotFound", self.batch.read_namespaced_job("nowhere", NAMESPACE))
        await refused(409, "AlreadyExists", self.batch.create_namespaced_job(NAMESPACE, job("many-0", "true")))
        await refused(422, "Invalid", self.batch.create_namespaced_job(NAMESPACE, job("Bad_Name", "true")))

    async def patches_and_meets_a_conflict(self):
        await self.core.create_namespaced_config_map(NAMESPACE, config_map("patched", a="0"))
        stale = await self.core.read_namespaced_config_map("patched", NAMESPACE)
        await self.core.patch_namespaced_config_map("patched", NAMESPACE, [{"op": "replace", "path": "/data/a", "value": "1"}],
                                                    _content_type="application/json-patch+json")
        await self.core.patch_namespaced_config_map("patched", NAMESPACE, {"data": {"b": "2"}}, _content_type="application/merge-patch+json")
        patched = await self.core.patch_namespaced_config_map("patched", NAMESPACE, {"data": {"c": "3"}},
                                                              _content_type="application/strategic-merge-patch+json")
        expect(patched.data == {"a": "1", "b": "2", "c": "3"}, patched.data)
        await refused(409, "Conflict", self.core.replace_namespaced_config_map("patched", NAMESPACE, stale))

    async def works_with_a_cron_job(self):
        await self.batch.create_namespaced_cron_job(NAMESPACE, cron_job("yearly"))
        listed = await self.batch.list_cron_job_for_all_namespaces()
        expect([c.metadata.name for c in listed.items] == ["yearly"], listed)
        await self.batch.delete_namespaced_cron_job("yearly", NAMESPACE)

    async def works_dynamically(self):
        maps = await (await dynamic.DynamicClient(self.api)).resources.get(api_version="v1", kind="ConfigMap")
        await maps.create(namespace=NAMESPACE, body=config_map("dynamic", a="1"))
        got = await maps.get(name="dynamic", namespace=NAMESPACE)
        expect(got.data.a == "1", got)

    async def deletes_the_jobs_and_the_namespace(self):
        await self.batch.delete_collection_namespaced_job(NAMESPACE, propagation_policy="Foreground")
        await self.core.delete_namespace(NAMESPACE)
        for _ in range(600):
            names = [n.metadata.name for n in (await self.core.list_namespace()).items]
            if NAMESPACE not in names:
                return
            await asyncio.sleep(0.1)
        raise AssertionError("the namespace stays")

    def claims(self):
        return [self.creates_a_namespace, self.creates_twenty_jobs_at_once_and_watches_them_complete, self.reads_logs, self.knows_errors_by_status_and_reason,
                self.patches_and_meets_a_conflict, self.works_with_a_cron_job, self.works_dynamically, self.deletes_the_jobs_and_the_namespace]


def named(claim, loop):
    def check():
        loop.run_until_complete(claim())
    check.__name__ = claim.__name__
    return check


if __name__ == "__main__":
    loop = asyncio.new_event_loop()
    loop.run_until_complete(config.load_kube_config())

    async def connect():
        return client.ApiClient()

    connection = loop.run_until_complete(connect())
    code = tell([named(claim, loop) for claim in Story(connection).claims()])
    loop.run_until_complete(connection.close())
    sys.exit(code)
