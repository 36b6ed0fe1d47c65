package main

import (
	"fmt"
	"io"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"clients/objects"
	"clients/tap"
)

// jobs is the chapter of Jobs and CronJobs from creation to deletion.
func (s *story) jobs() {
	jobs := s.typed.BatchV1().Jobs(s.namespace)
	tap.Claim("creates a Job and gets the server's defaults", func() error {
		job, err := jobs.Create(s.ctx, objects.Job("hello", "sh", "-c", "echo hello"), metav1.CreateOptions{})
		if err != nil {
			return err
		}
		return tap.Expect(job.UID != "" && job.Generation == 1 && *job.Spec.BackoffLimit == 6 && *job.Spec.Completions == 1, "defaults: %+v", job)
	})
	tap.Claim("sees the Job complete", func() error { return s.complete("hello") })
	tap.Claim("reads the log of the Job's pod", s.readsLog)
	tap.Claim("follows a log to its end", s.followsLog)
	tap.Claim("sees a Job fail, with its reason", s.failsJob)
	tap.Claim("deletes a Job in the foreground, and its pods go first", func() error {
		foreground := metav1.DeletePropagationForeground
		if err := jobs.Delete(s.ctx, "hello", metav1.DeleteOptions{PropagationPolicy: &foreground}); err != nil {
			return err
		}
		return tap.Until("the Job and its pods are gone", func() (bool, error) {
			_, err := jobs.Get(s.ctx, "hello", metav1.GetOptions{})
			if !apierrors.IsNotFound(err) {
				return false, err
			}
			pods, err := s.pods("hello")
			return len(pods) == 0, err
		})
	})
	tap.Claim("works with a CronJob from creation to deletion", s.cronJob)
	tap.Claim("deletes a collection of Jobs", s.deletesCollection)
}

func (s *story) complete(name string) error {
	return tap.Until("complete", func() (bool, error) {
		job, err := s.typed.BatchV1().Jobs(s.namespace).Get(s.ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		return objects.Condition(job, batchv1.JobComplete) && job.Status.Succeeded == 1 && job.Status.CompletionTime != nil, nil
	})
}

func (s *story) pods(job string) ([]corev1.Pod, error) {
	list, err := s.typed.CoreV1().Pods(s.namespace).List(s.ctx, metav1.ListOptions{LabelSelector: "job-name=" + job})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

func (s *story) log(job string, options *corev1.PodLogOptions) (string, error) {
	pods, err := s.pods(job)
	if err != nil || len(pods) != 1 {
		return "", fmt.Errorf("%d pods: %w", len(pods), err)
	}
	stream, err := s.typed.CoreV1().Pods(s.namespace).GetLogs(pods[0].Name, options).Stream(s.ctx)
	if err != nil {
		return "", err
	}
	defer stream.Close()
	text, err := io.ReadAll(stream)
	return string(text), err
}

func (s *story) readsLog() error {
	text, err := s.log("hello", &corev1.PodLogOptions{})
	if err != nil {
		return err
	}
	return tap.Expect(text == "hello\n", "hello, got %q", text)
}

func (s *story) followsLog() error {
	jobs := s.typed.BatchV1().Jobs(s.namespace)
	if _, err := jobs.Create(s.ctx, objects.Job("slow", "sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.5; done"), metav1.CreateOptions{}); err != nil {
		return err
	}
	if err := tap.Until("running", func() (bool, error) {
		pods, err := s.pods("slow")
		return len(pods) == 1 && pods[0].Status.Phase == corev1.PodRunning, err
	}); err != nil {
		return err
	}
	text, err := s.log("slow", &corev1.PodLogOptions{Follow: true, Timestamps: true})
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return tap.Expect(len(lines) == 3 && strings.HasSuffix(lines[2], "Z 3"), "three lines with times, got %q", text)
}

func (s *story) failsJob() error {
	jobs := s.typed.BatchV1().Jobs(s.namespace)
	job := objects.Job("fails", "sh", "-c", "exit 3")
	job.Spec.BackoffLimit = new(int32)
	if _, err := jobs.Create(s.ctx, job, metav1.CreateOptions{}); err != nil {
		return err
	}
	return tap.Until("failed", func() (bool, error) {
		job, err := jobs.Get(s.ctx, "fails", metav1.GetOptions{})
		if err != nil || !objects.Condition(job, batchv1.JobFailed) {
			return false, err
		}
		pods, err := s.pods("fails")
		if err != nil {
			return false, err
		}
		code := pods[0].Status.ContainerStatuses[0].State.Terminated.ExitCode
		return true, tap.Expect(code == 3 && job.Status.Failed == 1, "exit code 3 and one failure, got %d and %d", code, job.Status.Failed)
	})
}

func (s *story) cronJob() error {
	cronJobs := s.typed.BatchV1().CronJobs(s.namespace)
	made, err := cronJobs.Create(s.ctx, objects.CronJob("yearly"), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	suspended := true
	made.Spec.Suspend = &suspended
	made, err = cronJobs.Update(s.ctx, made, metav1.UpdateOptions{})
	if err != nil {
		return err
	}
	if made.Generation != 2 || made.Spec.ConcurrencyPolicy != batchv1.AllowConcurrent {
		return fmt.Errorf("generation %d, policy %s", made.Generation, made.Spec.ConcurrencyPolicy)
	}
	if _, err := cronJobs.Patch(s.ctx, "yearly", types.MergePatchType, []byte(`{"spec":{"schedule":"* * * * *","suspend":false}}`), metav1.PatchOptions{}); err != nil {
		return err
	}
	list, err := cronJobs.List(s.ctx, metav1.ListOptions{})
	if err != nil || len(list.Items) != 1 {
		return fmt.Errorf("%d CronJobs: %w", len(list.Items), err)
	}
	return cronJobs.Delete(s.ctx, "yearly", metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(string(made.UID))})
}

func (s *story) deletesCollection() error {
	background := metav1.DeletePropagationBackground
	jobs := s.typed.BatchV1().Jobs(s.namespace)
	if err := jobs.DeleteCollection(s.ctx, metav1.DeleteOptions{PropagationPolicy: &background}, metav1.ListOptions{}); err != nil {
		return err
	}
	return tap.Until("no Job and no pod", func() (bool, error) {
		list, err := jobs.List(s.ctx, metav1.ListOptions{})
		if err != nil || len(list.Items) > 0 {
			return false, err
		}
		pods, err := s.typed.CoreV1().Pods(s.namespace).List(s.ctx, metav1.ListOptions{})
		return err == nil && len(pods.Items) == 0, err
	})
}

func (s *story) removeNamespace() error {
	namespaces := s.typed.CoreV1().Namespaces()
	if err := namespaces.Delete(s.ctx, s.namespace, metav1.DeleteOptions{}); err != nil {
		return err
	}
	return tap.Until("gone", func() (bool, error) {
		_, err := namespaces.Get(s.ctx, s.namespace, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return true, nil
		}
		return false, err
	})
}
