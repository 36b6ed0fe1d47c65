package story;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpecBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import io.fabric8.kubernetes.api.model.batch.v1.CronJobBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;

/** What the story creates. */
final class Objects {
  static PodTemplateSpec template(String... command) {
    return new PodTemplateSpecBuilder().withNewSpec().withRestartPolicy("Never").withTerminationGracePeriodSeconds(1L)
        .addNewContainer().withName("c").withImage("busybox").withCommand(command).endContainer().endSpec().build();
  }

  static Job job(String name, String... command) {
    return new JobBuilder().withNewMetadata().withName(name).addToLabels("story", name).endMetadata()
        .withNewSpec().withTemplate(template(command)).endSpec().build();
  }

  static CronJob cronJob(String name) {
    return new CronJobBuilder().withNewMetadata().withName(name).endMetadata().withNewSpec().withSchedule("0 0 1 1 *")
        .withNewJobTemplate().withNewSpec().withTemplate(template("true")).endSpec().endJobTemplate().endSpec().build();
  }

  static ConfigMap configMap(String name, String value) {
    return new ConfigMapBuilder().withNewMetadata().withName(name).addToLabels("story", "maps").endMetadata().addToData("key", value).build();
  }

  private Objects() {}
}
