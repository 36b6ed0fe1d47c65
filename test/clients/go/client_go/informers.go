package main

import (
	"fmt"
	"sync"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/tools/cache"

	"clients/objects"
	"clients/tap"
)

// counter counts what informers tell.
type counter struct {
	mutex                   sync.Mutex
	added, updated, deleted map[string]int
}

func newCounter() *counter {
	return &counter{added: map[string]int{}, updated: map[string]int{}, deleted: map[string]int{}}
}

func (c *counter) handler() cache.ResourceEventHandler {
	count := func(where map[string]int, object any) {
		c.mutex.Lock()
		defer c.mutex.Unlock()
		if tombstone, is := object.(cache.DeletedFinalStateUnknown); is {
			object = tombstone.Obj
		}
		where[object.(metav1.Object).GetName()]++
	}
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { count(c.added, object) },
		UpdateFunc: func(_, object any) { count(c.updated, object) },
		DeleteFunc: func(object any) { count(c.deleted, object) },
	}
}

func (c *counter) of(where map[string]int, name string) int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return where[name]
}

// informers is the chapter of caches that follow the server.
func (s *story) informers() {
	stop := make(chan struct{})
	defer close(stop)
	seen, loose, bare := newCounter(), newCounter(), newCounter()
	typed := informers.NewSharedInformerFactoryWithOptions(s.typed, time.Hour, informers.WithNamespace(s.namespace))
	untyped := dynamicinformer.NewFilteredDynamicSharedInformerFactory(s.dynamic, time.Hour, s.namespace, nil)
	partial := metadatainformer.NewFilteredSharedInformerFactory(s.metadata, time.Hour, s.namespace, nil)
	jobs := typed.Batch().V1().Jobs()
	pods := typed.Core().V1().Pods()
	pods.Informer()
	jobs.Informer().AddEventHandler(seen.handler())
	untyped.ForResource(allJobs).Informer().AddEventHandler(loose.handler())
	partial.ForResource(allJobs).Informer().AddEventHandler(bare.handler())
	tap.Claim("informers of each kind start and are in step", func() error {
		typed.Start(stop)
		untyped.Start(stop)
		partial.Start(stop)
		synced := map[string]bool{}
		for kind, done := range typed.WaitForCacheSync(stop) {
			synced[kind.String()] = done
		}
		for resource, done := range untyped.WaitForCacheSync(stop) {
			synced["dynamic "+resource.String()] = done
		}
		for resource, done := range partial.WaitForCacheSync(stop) {
			synced["metadata "+resource.String()] = done
		}
		for what, done := range synced {
			if !done {
				return fmt.Errorf("not in step: %s", what)
			}
		}
		return tap.Expect(len(synced) == 4, "four informers, got %v", synced)
	})
	tap.Claim("informers see a Job come, change and go", func() error {
		api := s.typed.BatchV1().Jobs(s.namespace)
		if _, err := api.Create(s.ctx, objects.Job("informed", "true"), metav1.CreateOptions{}); err != nil {
			return err
		}
		if err := tap.Until("the cache has the Job complete, and its pod", func() (bool, error) {
			job, err := jobs.Lister().Jobs(s.namespace).Get("informed")
			if err != nil || !objects.Condition(job, batchv1.JobComplete) {
				return false, nil
			}
			list, err := pods.Lister().Pods(s.namespace).List(labels.SelectorFromSet(labels.Set{"job-name": "informed"}))
			return len(list) == 1 && list[0].Status.Phase == corev1.PodSucceeded, err
		}); err != nil {
			return err
		}
		background := metav1.DeletePropagationBackground
		if err := api.Delete(s.ctx, "informed", metav1.DeleteOptions{PropagationPolicy: &background}); err != nil {
			return err
		}
		return tap.Until("each informer was told", func() (bool, error) {
			for _, c := range []*counter{seen, loose, bare} {
				if c.of(c.added, "informed") != 1 || c.of(c.updated, "informed") == 0 || c.of(c.deleted, "informed") != 1 {
					return false, nil
				}
			}
			return true, nil
		})
	})
}
