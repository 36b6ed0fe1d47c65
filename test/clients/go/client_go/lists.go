package main

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/pager"

	"clients/objects"
	"clients/tap"
)

// lists is the chapter of pages and selectors.
func (s *story) lists() {
	maps := s.typed.CoreV1().ConfigMaps(s.namespace)
	tap.Claim("lists in pages that are one state", func() error {
		for i := range 25 {
			if _, err := maps.Create(s.ctx, objects.ConfigMap(fmt.Sprintf("page-%02d", i), "1"), metav1.CreateOptions{}); err != nil {
				return err
			}
		}
		pages := pager.New(func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			return maps.List(ctx, options)
		})
		pages.PageSize = 4
		seen := map[string]bool{}
		if err := pages.EachListItem(s.ctx, metav1.ListOptions{LabelSelector: "story=maps"}, func(object runtime.Object) error {
			seen[object.(*corev1.ConfigMap).Name] = true
			return nil
		}); err != nil {
			return err
		}
		return tap.Expect(seen["page-00"] && seen["page-24"] && len(seen) >= 25, "all 25, got %d", len(seen))
	})
	tap.Claim("says how many are left", func() error {
		list, err := maps.List(s.ctx, metav1.ListOptions{Limit: 10})
		if err != nil {
			return err
		}
		return tap.Expect(list.Continue != "" && *list.RemainingItemCount >= 15, "15 or more, got %v", list.ListMeta)
	})
	tap.Claim("selects by labels and by fields", func() error {
		list, err := maps.List(s.ctx, metav1.ListOptions{LabelSelector: "story in (maps),!other", FieldSelector: "metadata.name!=page-00"})
		if err != nil {
			return err
		}
		return tap.Expect(len(list.Items) >= 24, "24 or more, got %d", len(list.Items))
	})
}

var configMaps = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
var allJobs = schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "jobs"}

// untyped is the chapter of the dynamic and the metadata client.
func (s *story) untyped() {
	maps := s.dynamic.Resource(configMaps).Namespace(s.namespace)
	tap.Claim("works without types", func() error {
		object := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "loose"}, "data": map[string]any{"key": "1"},
		}}
		made, err := maps.Create(s.ctx, object, metav1.CreateOptions{})
		if err != nil {
			return err
		}
		if err := unstructured.SetNestedField(made.Object, "2", "data", "key"); err != nil {
			return err
		}
		if made, err = maps.Update(s.ctx, made, metav1.UpdateOptions{}); err != nil {
			return err
		}
		object.SetResourceVersion("")
		object.SetManagedFields(nil)
		if _, err := maps.Apply(s.ctx, "loose", object, metav1.ApplyOptions{FieldManager: "loose", Force: true}); err != nil {
			return err
		}
		list, err := maps.List(s.ctx, metav1.ListOptions{FieldSelector: "metadata.name=loose"})
		if err != nil {
			return err
		}
		return tap.Expect(list.GetKind() == "ConfigMapList" && len(list.Items) == 1 && list.Items[0].GetKind() == "ConfigMap", "one, got %v", list)
	})
	tap.Claim("lists and deletes by metadata alone", func() error {
		maps := s.metadata.Resource(configMaps).Namespace(s.namespace)
		list, err := maps.List(s.ctx, metav1.ListOptions{LabelSelector: "story=maps"})
		if err != nil {
			return err
		}
		if len(list.Items) < 25 || list.Items[0].UID == "" {
			return fmt.Errorf("%d items, the first %v", len(list.Items), list.Items[0])
		}
		watcher, err := maps.Watch(s.ctx, metav1.ListOptions{ResourceVersion: list.ResourceVersion})
		if err != nil {
			return err
		}
		defer watcher.Stop()
		if err := maps.Delete(s.ctx, "page-00", metav1.DeleteOptions{}); err != nil {
			return err
		}
		event := <-watcher.ResultChan()
		object, is := event.Object.(*metav1.PartialObjectMetadata)
		return tap.Expect(is && object.Name == "page-00" && event.Type == "DELETED", "the deletion, got %s %T", event.Type, event.Object)
	})
	tap.Claim("patches by metadata alone", func() error {
		_, err := s.metadata.Resource(configMaps).Namespace(s.namespace).Patch(s.ctx, "page-01", "application/merge-patch+json",
			[]byte(`{"metadata":{"labels":{"seen":"yes"}}}`), metav1.PatchOptions{})
		return err
	})
}
