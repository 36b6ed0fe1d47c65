package main

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	applybatchv1 "k8s.io/client-go/applyconfigurations/batch/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/util/retry"

	"clients/objects"
	"clients/tap"
)

// changes is the chapter of patches, server-side apply and what a watch says of them.
func (s *story) changes() {
	maps := s.typed.CoreV1().ConfigMaps(s.namespace)
	tap.Claim("patches in three ways, and watches what happens", s.patchesWatched)
	tap.Claim("applies, and is told of a conflict", s.applies)
	tap.Claim("applies a Job by its apply configuration", s.appliesJob)
	tap.Claim("retries on conflict until it succeeds", func() error {
		if _, err := maps.Create(s.ctx, objects.ConfigMap("contended", "0"), metav1.CreateOptions{}); err != nil {
			return err
		}
		errs := make(chan error, 8)
		for range 8 {
			go func() {
				errs <- retry.RetryOnConflict(retry.DefaultBackoff, func() error {
					current, err := maps.Get(s.ctx, "contended", metav1.GetOptions{})
					if err != nil {
						return err
					}
					current.Data["key"] += "x"
					_, err = maps.Update(s.ctx, current, metav1.UpdateOptions{})
					return err
				})
			}()
		}
		lost := 0
		for range 8 {
			if err := <-errs; apierrors.IsConflict(err) {
				lost++
			} else if err != nil {
				return err
			}
		}
		current, err := maps.Get(s.ctx, "contended", metav1.GetOptions{})
		if err != nil {
			return err
		}
		return tap.Expect(len(current.Data["key"]) == 9-lost, "each change that was acknowledged, got %q and %d lost", current.Data["key"], lost)
	})
	tap.Claim("a dry run changes nothing", func() error {
		if _, err := maps.Create(s.ctx, objects.ConfigMap("dry", "1"), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}); err != nil {
			return err
		}
		_, err := maps.Get(s.ctx, "dry", metav1.GetOptions{})
		return tap.Expect(apierrors.IsNotFound(err), "NotFound, got %v", err)
	})
}

func (s *story) patchesWatched() error {
	maps := s.typed.CoreV1().ConfigMaps(s.namespace)
	list, err := maps.List(s.ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	watcher, err := maps.Watch(s.ctx, metav1.ListOptions{ResourceVersion: list.ResourceVersion, FieldSelector: "metadata.name=patched", AllowWatchBookmarks: true})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	if _, err := maps.Create(s.ctx, objects.ConfigMap("patched", "0"), metav1.CreateOptions{}); err != nil {
		return err
	}
	for _, patch := range []struct {
		kind types.PatchType
		body string
	}{
		{types.MergePatchType, `{"data":{"key":"1"}}`},
		{types.StrategicMergePatchType, `{"data":{"key":"2"}}`},
		{types.JSONPatchType, `[{"op":"replace","path":"/data/key","value":"3"}]`},
	} {
		if _, err := maps.Patch(s.ctx, "patched", patch.kind, []byte(patch.body), metav1.PatchOptions{}); err != nil {
			return fmt.Errorf("%s: %w", patch.kind, err)
		}
	}
	if err := maps.Delete(s.ctx, "patched", metav1.DeleteOptions{}); err != nil {
		return err
	}
	seen := ""
	for event := range watcher.ResultChan() {
		if event.Type == watch.Bookmark {
			continue
		}
		object, is := event.Object.(*corev1.ConfigMap)
		if !is {
			return fmt.Errorf("%s %T", event.Type, event.Object)
		}
		seen += string(event.Type)[:1] + object.Data["key"] + " "
		if event.Type == watch.Deleted {
			break
		}
	}
	return tap.Expect(seen == "A0 M1 M2 M3 D3 ", "each change once and in order, got %q", seen)
}

func (s *story) applies() error {
	maps := s.typed.CoreV1().ConfigMaps(s.namespace)
	wanted := applycorev1.ConfigMap("applied", s.namespace).WithData(map[string]string{"key": "1"})
	if _, err := maps.Apply(s.ctx, wanted, metav1.ApplyOptions{FieldManager: "first"}); err != nil {
		return err
	}
	other := applycorev1.ConfigMap("applied", s.namespace).WithData(map[string]string{"key": "2"})
	_, err := maps.Apply(s.ctx, other, metav1.ApplyOptions{FieldManager: "second"})
	if !apierrors.IsConflict(err) || !apierrors.HasStatusCause(err, metav1.CauseTypeFieldManagerConflict) {
		return fmt.Errorf("expected a conflict of managers, got %v", err)
	}
	forced, err := maps.Apply(s.ctx, other, metav1.ApplyOptions{FieldManager: "second", Force: true})
	if err != nil {
		return err
	}
	owned, err := applycorev1.ExtractConfigMap(forced, "second")
	if err != nil {
		return err
	}
	return tap.Expect(owned.Data["key"] == "2", "second owns the key, got %v", owned.Data)
}

func (s *story) appliesJob() error {
	container := applycorev1.Container().WithName("c").WithImage("busybox").WithCommand("true")
	template := applycorev1.PodTemplateSpec().WithSpec(applycorev1.PodSpec().WithRestartPolicy(corev1.RestartPolicyNever).WithContainers(container))
	wanted := applybatchv1.Job("applied", s.namespace).WithSpec(applybatchv1.JobSpec().WithTemplate(template))
	for range 2 {
		if _, err := s.typed.BatchV1().Jobs(s.namespace).Apply(s.ctx, wanted, metav1.ApplyOptions{FieldManager: "story", Force: true}); err != nil {
			return err
		}
	}
	return s.complete("applied")
}
