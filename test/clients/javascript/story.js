// What programs do with the npm package @kubernetes/client-node. (KUBECONFIG names the server.)
import * as k8s from "@kubernetes/client-node";
import assert from "node:assert/strict";
import { PassThrough } from "node:stream";

const namespace = "javascript";
const config = new k8s.KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(k8s.CoreV1Api);
const batch = config.makeApiClient(k8s.BatchV1Api);
const objects = k8s.KubernetesObjectApi.makeApiClient(config);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

const template = (...command) => ({ spec: { restartPolicy: "Never", terminationGracePeriodSeconds: 1, containers: [{ name: "c", image: "busybox", command }] } });
const job = (name, ...command) => ({ apiVersion: "batch/v1", kind: "Job", metadata: { name, namespace, labels: { story: name } }, spec: { template: template(...command) } });
const cronJob = (name) => ({ apiVersion: "batch/v1", kind: "CronJob", metadata: { name, namespace }, spec: { schedule: "0 0 1 1 *", jobTemplate: { spec: { template: template("true") } } } });
const configMap = (name, data) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace }, data });

async function until(what, condition) {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(50)) if (await condition()) return;
  throw new Error(`not within a minute: ${what}`);
}

async function refused(code, reason, call) {
  try {
    await call();
  } catch (error) {
    assert.ok(error instanceof k8s.ApiException, String(error));
    const status = typeof error.body === "string" ? JSON.parse(error.body) : error.body;
    assert.deepEqual([error.code, status.reason], [code, reason]);
    return status;
  }
  throw new Error(`${reason} was expected`);
}

const complete = (name) => until(`${name} is complete`, async () => (await batch.readNamespacedJob({ name, namespace })).status.succeeded === 1);
const podOf = async (name) => (await core.listNamespacedPod({ namespace, labelSelector: `job-name=${name}` })).items[0];

const claims = {
  "creates a namespace": () => core.createNamespace({ body: { metadata: { name: namespace } } }),

  async "runs a Job and reads its log"() {
    const made = await batch.createNamespacedJob({ namespace, body: job("hello", "echo", "hello") });
    assert.equal(made.spec.backoffLimit, 6);
    await complete("hello");
    assert.equal(await core.readNamespacedPodLog({ name: (await podOf("hello")).metadata.name, namespace }), "hello\n");
  },

  async "follows a log"() {
    await batch.createNamespacedJob({ namespace, body: job("slow", "sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.5; done") });
    await until("running", async () => (await podOf("slow"))?.status.phase === "Running");
    const stream = new PassThrough();
    let text = "";
    stream.on("data", (part) => (text += part));
    await new k8s.Log(config).log(namespace, (await podOf("slow")).metadata.name, "c", stream, { follow: true });
    await until("the whole log", async () => text === "1\n2\n3\n");
  },

  async "watches Jobs come, change and go"() {
    const seen = [];
    const path = `/apis/batch/v1/namespaces/${namespace}/jobs`;
    const watch = await new k8s.Watch(config).watch(path, { labelSelector: "story=watched", allowWatchBookmarks: true }, (type) => seen.push(type), () => {});
    await batch.createNamespacedJob({ namespace, body: job("watched", "true") });
    await complete("watched");
    await batch.deleteNamespacedJob({ name: "watched", namespace, propagationPolicy: "Background" });
    await until("the deletion", async () => seen.includes("DELETED"));
    watch.abort();
    assert.equal(seen.find((type) => type !== "BOOKMARK"), "ADDED"); // a bookmark marks the end of what was there before
    assert.ok(seen.includes("MODIFIED"));
  },

  async "an informer follows ConfigMaps"() {
    const told = { add: [], update: [], delete: [] };
    const informer = k8s.makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, () => core.listNamespacedConfigMap({ namespace }));
    for (const verb of Object.keys(told)) informer.on(verb, (object) => told[verb].push(object.metadata.name));
    await informer.start();
    await core.createNamespacedConfigMap({ namespace, body: configMap("informed", { a: "1" }) });
    await core.replaceNamespacedConfigMap({ name: "informed", namespace, body: configMap("informed", { a: "2" }) });
    await core.deleteNamespacedConfigMap({ name: "informed", namespace });
    await until("all three", async () => Object.values(told).every((names) => names.includes("informed")));
    await informer.stop();
  },

  async "knows errors by code and reason"() {
    await refused(404, "NotFound", () => batch.readNamespacedJob({ name: "nowhere", namespace }));
    await refused(409, "AlreadyExists", () => batch.createNamespacedJob({ namespace, body: job("hello", "true") }));
    const bad = job("bad", "true");
    bad.spec.template.spec.restartPolicy = "Always";
    const status = await refused(422, "Invalid", () => batch.createNamespacedJob({ namespace, body: bad }));
    assert.ok(status.details.causes.some((cause) => cause.field === "spec.template.spec.restartPolicy"));
    await core.createNamespacedConfigMap({ namespace, body: configMap("contended", { a: "1" }) });
    const stale = await core.readNamespacedConfigMap({ name: "contended", namespace });
    await core.replaceNamespacedConfigMap({ name: "contended", namespace, body: configMap("contended", { a: "2" }) });
    await refused(409, "Conflict", () => core.replaceNamespacedConfigMap({ name: "contended", namespace, body: { ...stale, data: { a: "3" } } }));
  },

  async "patches in each way"() {
    const name = "contended";
    const as = (type) => k8s.setHeaderOptions("Content-Type", type);
    await core.patchNamespacedConfigMap({ name, namespace, body: [{ op: "replace", path: "/data/a", value: "4" }] }, as(k8s.PatchStrategy.JsonPatch));
    await core.patchNamespacedConfigMap({ name, namespace, body: { data: { b: "5" } } }, as(k8s.PatchStrategy.MergePatch));
    await core.patchNamespacedConfigMap({ name, namespace, body: { data: { c: "6" } } }, as(k8s.PatchStrategy.StrategicMergePatch));
    const applied = { name, namespace, fieldManager: "story", force: true, body: configMap(name, { d: "7" }) };
    const patched = await core.patchNamespacedConfigMap(applied, as(k8s.PatchStrategy.ServerSideApply));
    assert.deepEqual(patched.data, { a: "4", b: "5", c: "6", d: "7" });
  },

  async "works with a CronJob"() {
    await batch.createNamespacedCronJob({ namespace, body: cronJob("yearly") });
    await batch.patchNamespacedCronJob({ name: "yearly", namespace, body: { spec: { suspend: true } } }, k8s.setHeaderOptions("Content-Type", k8s.PatchStrategy.MergePatch));
    assert.equal((await batch.listNamespacedCronJob({ namespace })).items[0].spec.suspend, true);
    await batch.deleteNamespacedCronJob({ name: "yearly", namespace });
  },

  async "works with objects of any kind"() {
    await objects.create(configMap("any", { a: "1" }));
    const read = await objects.read({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "any", namespace } });
    assert.equal(read.data.a, "1");
    await objects.patch({ ...configMap("any", { a: "2" }) });
    assert.equal((await objects.list("v1", "ConfigMap", namespace)).items.find((o) => o.metadata.name === "any").data.a, "2");
    await objects.delete(configMap("any"));
  },

  async "lists in pages"() {
    for (let n = 0; n < 5; n++) await core.createNamespacedConfigMap({ namespace, body: configMap(`page-${n}`, {}) });
    const names = [];
    let token;
    do {
      const page = await core.listNamespacedConfigMap({ namespace, limit: 2, _continue: token });
      names.push(...page.items.map((item) => item.metadata.name));
      token = page.metadata._continue;
    } while (token);
    assert.equal(names.filter((name) => name.startsWith("page-")).length, 5);
  },

  async "reads events and the version"() {
    const events = await core.listNamespacedEvent({ namespace, fieldSelector: "involvedObject.name=hello" });
    assert.ok(events.items.some((event) => event.reason === "Completed"));
    assert.equal((await config.makeApiClient(k8s.VersionApi).getCode()).major, "1");
  },

  async "deletes Jobs and the namespace"() {
    await batch.deleteCollectionNamespacedJob({ namespace, propagationPolicy: "Background" });
    await core.deleteNamespace({ name: namespace });
    await until("gone", async () => !(await core.listNamespace()).items.some((item) => item.metadata.name === namespace));
  },
};

let failed = 0;
for (const [claim, check] of Object.entries(claims)) {
  try {
    await check();
    console.log(`ok - ${claim}`);
  } catch (error) {
    failed++;
    console.error(error);
    console.log(`not ok - ${claim}: ${String(error).replace(/\s+/g, " ").slice(0, 500)}`);
  }
}
process.exit(failed ? 1 : 0);
