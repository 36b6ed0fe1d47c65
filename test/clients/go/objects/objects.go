// Package objects makes what the stories create.
package objects

import (
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func template(command ...string) corev1.PodTemplateSpec {
	second := int64(1)
	return corev1.PodTemplateSpec{Spec: corev1.PodSpec{
		RestartPolicy:                 corev1.RestartPolicyNever,
		TerminationGracePeriodSeconds: &second,
		Containers:                    []corev1.Container{{Name: "c", Image: "busybox", Command: command}},
	}}
}

// Job that runs a command in busybox.
func Job(name string, command ...string) *batchv1.Job {
	return &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"story": name}},
		Spec:       batchv1.JobSpec{Template: template(command...)},
	}
}

// CronJob that comes once a year.
func CronJob(name string) *batchv1.CronJob {
	return &batchv1.CronJob{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: batchv1.CronJobSpec{
			Schedule:    "0 0 1 1 *",
			JobTemplate: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{Template: template("true")}},
		},
	}
}

// ConfigMap of one value.
func ConfigMap(name, value string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"story": "maps"}},
		Data:       map[string]string{"key": value},
	}
}

// Condition says whether the Job has this condition, as True.
func Condition(job *batchv1.Job, kind batchv1.JobConditionType) bool {
	for _, condition := range job.Status.Conditions {
		if condition.Type == kind && condition.Status == corev1.ConditionTrue {
			return true
		}
	}
	return false
}
