package main

import (
	"context"
	"errors"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"clients/objects"
	"clients/tap"
)

func job(name string, command ...string) *batchv1.Job {
	made := objects.Job(name, command...)
	made.Namespace = namespace
	return made
}

func key(name string) client.ObjectKey { return client.ObjectKey{Namespace: namespace, Name: name} }

func checks(ctx context.Context, manager ctrl.Manager, direct client.Client) {
	tap.Claim("the manager's caches are in step", func() error {
		return tap.Expect(manager.GetCache().WaitForCacheSync(ctx), "caches in step")
	})
	tap.Claim("creates a namespace", func() error {
		return direct.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})
	})
	tap.Claim("a Job is reconciled until it is complete", func() error {
		if err := direct.Create(ctx, job("done", "true")); err != nil {
			return err
		}
		return tap.Until("the mirror says yes", func() (bool, error) {
			image := &corev1.ConfigMap{}
			err := direct.Get(ctx, key("done-mirror"), image)
			return image.Data["complete"] == "yes", client.IgnoreNotFound(err)
		})
	})
	tap.Claim("what the manager owns comes back when it is deleted", func() error {
		image := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "done-mirror"}}
		if err := direct.Delete(ctx, image); err != nil {
			return err
		}
		return tap.Until("it is back", func() (bool, error) {
			err := direct.Get(ctx, key("done-mirror"), image)
			return err == nil, client.IgnoreNotFound(err)
		})
	})
	tap.Claim("the finalizer is taken off, and the garbage collector takes what is owned", func() error {
		done := job("done")
		if err := direct.Delete(ctx, done, client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
			return err
		}
		return tap.Until("Job and mirror are gone", func() (bool, error) {
			gone := apierrors.IsNotFound(direct.Get(ctx, key("done"), &batchv1.Job{}))
			return gone && apierrors.IsNotFound(direct.Get(ctx, key("done-mirror"), &corev1.ConfigMap{})), nil
		})
	})
	tap.Claim("reads through the cache, by namespace and label", func() error {
		if err := direct.Create(ctx, job("cached", "true")); err != nil {
			return err
		}
		return tap.Until("the cached list has it", func() (bool, error) {
			list := &batchv1.JobList{}
			err := manager.GetClient().List(ctx, list, client.InNamespace(namespace), client.MatchingLabels{"story": "cached"})
			return len(list.Items) == 1, err
		})
	})
	tap.Claim("writes status apart from the rest", func() error { return writesStatus(ctx, direct) })
	tap.Claim("knows the errors it meets", func() error { return knowsErrors(ctx, direct) })
	tap.Claim("deletes all of a kind, and the namespace", func() error {
		if err := direct.DeleteAllOf(ctx, &batchv1.Job{}, client.InNamespace(namespace), client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
			return err
		}
		away := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
		if err := direct.Delete(ctx, away); err != nil {
			return err
		}
		return tap.Until("gone", func() (bool, error) {
			return apierrors.IsNotFound(direct.Get(ctx, client.ObjectKeyFromObject(away), away)), nil
		})
	})
}

func writesStatus(ctx context.Context, direct client.Client) error {
	paused := job("paused", "true")
	suspend := true
	paused.Spec.Suspend = &suspend
	if err := direct.Create(ctx, paused); err != nil {
		return err
	}
	ready := int32(0)
	before := paused.DeepCopy()
	paused.Status.Ready = &ready
	if err := direct.Status().Patch(ctx, paused, client.MergeFrom(before)); err != nil {
		return err
	}
	return tap.Expect(paused.Generation == 1, "the generation stays, got %d", paused.Generation)
}

func knowsErrors(ctx context.Context, direct client.Client) error {
	if err := direct.Create(ctx, job("cached", "true")); !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("expected AlreadyExists, got %v", err)
	}
	stale := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "stale"}}
	if err := direct.Create(ctx, stale); err != nil {
		return err
	}
	fresh := stale.DeepCopy()
	fresh.Data = map[string]string{"a": "1"}
	if err := direct.Update(ctx, fresh); err != nil {
		return err
	}
	stale.Data = map[string]string{"a": "2"}
	if err := direct.Update(ctx, stale); !apierrors.IsConflict(err) {
		return fmt.Errorf("expected Conflict, got %v", err)
	}
	locked := client.MergeFromWithOptions(stale.DeepCopy(), client.MergeFromWithOptimisticLock{})
	stale.Data["b"] = "3"
	if err := direct.Patch(ctx, stale, locked); !apierrors.IsConflict(err) {
		return fmt.Errorf("expected Conflict of a patch, got %v", err)
	}
	bad := job("Bad_Name", "true")
	if err := direct.Create(ctx, bad); !apierrors.IsInvalid(err) {
		return fmt.Errorf("expected Invalid, got %v", err)
	}
	return errors.Join(direct.Delete(ctx, fresh), client.IgnoreNotFound(direct.Delete(ctx, bad)))
}
