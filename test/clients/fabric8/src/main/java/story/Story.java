package story;

import static story.Tap.claim;
import static story.Tap.expect;
import static story.Tap.until;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElectionConfigBuilder;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/** What programs do with fabric8's kubernetes-client, whose watches come over WebSocket. (KUBECONFIG names the server.) */
public final class Story {
  private static final String NAMESPACE = "fabric8";
  private final KubernetesClient client;

  private Story(KubernetesClient client) {
    this.client = client;
  }

  public static void main(String[] arguments) {
    try (KubernetesClient client = new KubernetesClientBuilder().build()) {
      new Story(client).tell();
    }
    System.exit(Tap.exitCode());
  }

  private void tell() {
    claim("creates a namespace", () -> client.namespaces().resource(new NamespaceBuilder().withNewMetadata().withName(NAMESPACE).endMetadata().build()).create());
    claim("runs a Job and reads its log", this::runsJob);
    claim("follows a log", this::followsLog);
    claim("watches over WebSocket", this::watches);
    claim("an informer follows ConfigMaps", this::informs);
    claim("knows errors by code and reason", this::knowsErrors);
    claim("patches, edits and applies", this::patches);
    claim("works with a CronJob", this::cronJob);
    claim("lists in pages", this::pages);
    claim("works with objects of any kind", this::anyKind);
    claim("elects a leader by a Lease", this::elects);
    claim("reads events and the version", () -> {
      expect(client.v1().events().inNamespace(NAMESPACE).withField("involvedObject.name", "hello").list().getItems().size() > 1, "events");
      expect(client.getKubernetesVersion().getMinor().startsWith("37"), client.getKubernetesVersion());
    });
    claim("deletes Jobs and the namespace", this::deletes);
  }

  private void runsJob() throws Exception {
    Job made = jobs().resource(Objects.job("hello", "echo", "hello")).create();
    expect(made.getSpec().getBackoffLimit() == 6, made);
    jobs().withName("hello").waitUntilCondition(job -> job.getStatus() != null && Integer.valueOf(1).equals(job.getStatus().getSucceeded()), 60, TimeUnit.SECONDS);
    expect(jobs().withName("hello").getLog().equals("hello\n"), jobs().withName("hello").getLog());
  }

  private void followsLog() throws Exception {
    jobs().resource(Objects.job("slow", "sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.5; done")).create();
    var pods = client.pods().inNamespace(NAMESPACE).withLabel("job-name", "slow");
    until("running", () -> pods.list().getItems().stream().anyMatch(pod -> pod.getStatus().getPhase().equals("Running")));
    try (var log = client.pods().inNamespace(NAMESPACE).withName(pods.list().getItems().get(0).getMetadata().getName()).watchLog()) {
      String text = new String(log.getOutput().readAllBytes());
      expect(text.equals("1\n2\n3\n"), text);
    }
  }

  private void watches() throws Exception {
    List<String> seen = new CopyOnWriteArrayList<>();
    CompletableFuture<WatcherException> closed = new CompletableFuture<>();
    Watcher<Job> watcher = new Watcher<>() {
      @Override
      public void eventReceived(Action action, Job job) {
        seen.add(action.name());
      }

      @Override
      public void onClose(WatcherException cause) {
        closed.complete(cause);
      }
    };
    try (Watch watch = jobs().withLabel("story", "watched").watch(watcher)) {
      jobs().resource(Objects.job("watched", "true")).create();
      until("complete", () -> Integer.valueOf(1).equals(jobs().withName("watched").get().getStatus().getSucceeded()));
      jobs().withName("watched").withPropagationPolicy(DeletionPropagation.BACKGROUND).delete();
      until("the deletion", () -> seen.contains("DELETED"));
    }
    expect(seen.get(0).equals("ADDED") && seen.contains("MODIFIED") && !closed.isDone(), seen);
  }

  private void informs() throws Exception {
    Map<String, List<String>> told = Map.of("add", new CopyOnWriteArrayList<>(), "update", new CopyOnWriteArrayList<>(), "delete", new CopyOnWriteArrayList<>());
    ResourceEventHandler<ConfigMap> handler = new ResourceEventHandler<>() {
      @Override
      public void onAdd(ConfigMap object) {
        told.get("add").add(object.getMetadata().getName());
      }

      @Override
      public void onUpdate(ConfigMap before, ConfigMap object) {
        told.get("update").add(object.getMetadata().getName());
      }

      @Override
      public void onDelete(ConfigMap object, boolean unknown) {
        told.get("delete").add(object.getMetadata().getName());
      }
    };
    try (SharedIndexInformer<ConfigMap> informer = maps().inform(handler)) {
      expect(informer.hasSynced(), "in step");
      maps().resource(Objects.configMap("informed", "1")).create();
      maps().resource(Objects.configMap("informed", "2")).update();
      until("the cache has it", () -> {
        ConfigMap cached = informer.getIndexer().getByKey(NAMESPACE + "/informed");
        return cached != null && cached.getData().get("key").equals("2");
      });
      maps().withName("informed").delete();
      until("all three", () -> told.values().stream().allMatch(names -> names.contains("informed")));
    }
  }

  private void knowsErrors() {
    expect(jobs().withName("nowhere").get() == null, "fabric8 turns NotFound into null");
    refused(404, "NotFound", () -> jobs().resource(Objects.job("nowhere", "true")).update());
    refused(409, "AlreadyExists", () -> jobs().resource(Objects.job("hello", "true")).create());
    Job bad = Objects.job("bad", "true");
    bad.getSpec().getTemplate().getSpec().setRestartPolicy("Always");
    KubernetesClientException error = refused(422, "Invalid", () -> jobs().resource(bad).create());
    expect(error.getStatus().getDetails().getCauses().stream().anyMatch(cause -> cause.getField().equals("spec.template.spec.restartPolicy")), error);
    ConfigMap stale = maps().resource(Objects.configMap("contended", "1")).create();
    maps().resource(Objects.configMap("contended", "2")).update();
    stale.getData().put("key", "3");
    refused(409, "Conflict", () -> maps().resource(stale).lockResourceVersion(stale.getMetadata().getResourceVersion()).update());
  }

  private static KubernetesClientException refused(int code, String reason, Runnable call) {
    try {
      call.run();
    } catch (KubernetesClientException error) {
      expect(error.getCode() == code && error.getStatus().getReason().equals(reason), error);
      return error;
    }
    throw new AssertionError(reason + " was expected");
  }

  private void patches() {
    var map = maps().withName("contended");
    map.edit(object -> {
      object.getData().put("edited", "1");
      return object;
    });
    map.patch(PatchContext.of(PatchType.JSON_MERGE), "{\"data\":{\"merged\":\"1\"}}");
    map.patch(PatchContext.of(PatchType.STRATEGIC_MERGE), "{\"data\":{\"strategic\":\"1\"}}");
    map.patch(PatchContext.of(PatchType.JSON), "[{\"op\":\"replace\",\"path\":\"/data/key\",\"value\":\"9\"}]");
    expect(map.get().getData().equals(Map.of("key", "9", "edited", "1", "merged", "1", "strategic", "1")), map.get().getData());
    maps().resource(Objects.configMap("applied", "1")).fieldManager("story").forceConflicts().serverSideApply();
    ConfigMap applied = maps().resource(Objects.configMap("applied", "2")).fieldManager("story").forceConflicts().serverSideApply();
    expect(applied.getData().get("key").equals("2"), applied);
  }

  private void cronJob() throws Exception {
    var cronJobs = client.batch().v1().cronjobs().inNamespace(NAMESPACE);
    cronJobs.resource(Objects.cronJob("yearly")).create();
    CronJob edited = cronJobs.withName("yearly").edit(object -> {
      object.getSpec().setSuspend(true);
      return object;
    });
    expect(edited.getSpec().getSuspend() && edited.getSpec().getConcurrencyPolicy().equals("Allow"), edited);
    cronJobs.withName("yearly").delete();
    until("gone", () -> cronJobs.withName("yearly").get() == null);
  }

  private void pages() {
    for (int n = 0; n < 5; n++) {
      maps().resource(Objects.configMap("page-" + n, "1")).create();
    }
    int count = 0;
    String token = null;
    do {
      var page = maps().withLabel("story", "maps").list(new io.fabric8.kubernetes.api.model.ListOptionsBuilder().withLimit(2L).withContinue(token).build());
      count += page.getItems().size();
      token = page.getMetadata().getContinue();
    } while (token != null && !token.isEmpty());
    expect(count == 7, count);
  }

  private void anyKind() {
    var made = client.genericKubernetesResources("v1", "ConfigMap").inNamespace(NAMESPACE).withName("page-0").get();
    expect(made.<String>get("data", "key").equals("1"), made);
    client.resourceList(Objects.configMap("listed", "1"), Objects.cronJob("listed")).inNamespace(NAMESPACE).create();
    client.resourceList(Objects.configMap("listed", "1"), Objects.cronJob("listed")).inNamespace(NAMESPACE).delete();
  }

  private void elects() throws Exception {
    CompletableFuture<String> led = new CompletableFuture<>();
    var elector = client.leaderElector().withConfig(new LeaderElectionConfigBuilder().withName("leader").withLeaseDuration(Duration.ofSeconds(5))
        .withRenewDeadline(Duration.ofSeconds(3)).withRetryPeriod(Duration.ofMillis(200)).withReleaseOnCancel(true)
        .withLock(new LeaseLock(NAMESPACE, "leader", "story")).withLeaderCallbacks(new LeaderCallbacks(() -> {}, () -> {}, led::complete)).build()).build();
    CompletableFuture<?> running = elector.start();
    expect(led.get(20, TimeUnit.SECONDS).equals("story"), "the leader");
    running.cancel(true);
  }

  private void deletes() throws Exception {
    jobs().withName("hello").withPropagationPolicy(DeletionPropagation.FOREGROUND).delete();
    until("the Job and its pods are gone", () -> jobs().withName("hello").get() == null);
    expect(client.pods().inNamespace(NAMESPACE).withLabel("job-name", "hello").list().getItems().isEmpty(), "the pods went first");
    jobs().delete();
    client.namespaces().withName(NAMESPACE).delete();
    until("gone", () -> client.namespaces().withName(NAMESPACE).get() == null);
  }

  private io.fabric8.kubernetes.client.dsl.NonNamespaceOperation<Job, io.fabric8.kubernetes.api.model.batch.v1.JobList,
      io.fabric8.kubernetes.client.dsl.ScalableResource<Job>> jobs() {
    return client.batch().v1().jobs().inNamespace(NAMESPACE);
  }

  private io.fabric8.kubernetes.client.dsl.NonNamespaceOperation<ConfigMap, io.fabric8.kubernetes.api.model.ConfigMapList,
      io.fabric8.kubernetes.client.dsl.Resource<ConfigMap>> maps() {
    return client.configMaps().inNamespace(NAMESPACE);
  }
}
