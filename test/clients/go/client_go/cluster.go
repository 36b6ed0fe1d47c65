package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/tools/record"

	"clients/objects"
	"clients/tap"
)

// discovers is the chapter of what the server says of itself.
func (s *story) discovers() {
	tap.Claim("discovers groups and resources", func() error {
		groups, resources, err := s.typed.Discovery().ServerGroupsAndResources()
		if err != nil {
			return err
		}
		return tap.Expect(len(groups) >= 4 && len(resources) >= 4, "groups and resources, got %d and %d", len(groups), len(resources))
	})
	tap.Claim("maps kinds to resources", func() error {
		mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(s.typed.Discovery()))
		mapping, err := mapper.RESTMapping(schema.GroupKind{Group: "batch", Kind: "Job"})
		if err != nil {
			return err
		}
		resource, err := restmapper.NewShortcutExpander(mapper, s.typed.Discovery(), nil).ResourceFor(schema.GroupVersionResource{Resource: "cj"})
		if err != nil {
			return err
		}
		return tap.Expect(mapping.Resource.Resource == "jobs" && resource.Resource == "cronjobs", "jobs and cronjobs, got %v and %v", mapping.Resource, resource)
	})
	tap.Claim("reads the server's version and its OpenAPI documents", func() error {
		version, err := s.typed.Discovery().ServerVersion()
		if err != nil {
			return err
		}
		paths, err := s.typed.Discovery().OpenAPIV3().Paths()
		if err != nil {
			return err
		}
		if _, err := paths["apis/batch/v1"].Schema("application/json"); err != nil {
			return err
		}
		document, err := s.typed.Discovery().OpenAPISchema()
		if err != nil {
			return err
		}
		return tap.Expect(version.Major == "1" && len(document.Definitions.AdditionalProperties) > 20, "a version and definitions, got %v", version)
	})
	tap.Claim("asks who may do what, and who it is", func() error {
		review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
			ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: s.namespace, Verb: "create", Group: "batch", Resource: "jobs"}}}
		answer, err := s.typed.AuthorizationV1().SelfSubjectAccessReviews().Create(s.ctx, review, metav1.CreateOptions{})
		if err != nil {
			return err
		}
		who, err := s.typed.AuthenticationV1().SelfSubjectReviews().Create(s.ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
		if err != nil {
			return err
		}
		return tap.Expect(answer.Status.Allowed && who.Status.UserInfo.Username != "", "allowed, and a name; got %v and %v", answer.Status, who.Status)
	})
	tap.Claim("works with a service account's token, as far as its role goes", s.usesToken)
}

func (s *story) usesToken() error {
	accounts := s.typed.CoreV1().ServiceAccounts(s.namespace)
	if _, err := accounts.Create(s.ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "robot"}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	token, err := accounts.CreateToken(s.ctx, "robot", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	config := rest.AnonymousClientConfig(s.config)
	config.BearerToken = token.Status.Token
	robot := kubernetes.NewForConfigOrDie(config)
	who, err := robot.AuthenticationV1().SelfSubjectReviews().Create(s.ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if name := who.Status.UserInfo.Username; name != "system:serviceaccount:"+s.namespace+":robot" {
		return fmt.Errorf("known as %s", name)
	}
	_, err = robot.CoreV1().Pods(s.namespace).List(s.ctx, metav1.ListOptions{})
	return tap.Expect(apierrors.IsForbidden(err), "Forbidden, got %v", err)
}

// coordinates is the chapter of leases and events.
func (s *story) coordinates() {
	tap.Claim("elects a leader by a Lease, and hands over", s.electsLeader)
	tap.Claim("records events, and counts what repeats", s.recordsEvents)
}

func (s *story) electsLeader() error {
	led := make(chan string, 2)
	run := func(ctx context.Context, name string) {
		lock := &resourcelock.LeaseLock{LeaseMeta: metav1.ObjectMeta{Name: "leader", Namespace: s.namespace}, Client: s.typed.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: name}}
		leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
			Lock: lock, LeaseDuration: 3 * time.Second, RenewDeadline: 2 * time.Second, RetryPeriod: 200 * time.Millisecond, ReleaseOnCancel: true,
			Callbacks: leaderelection.LeaderCallbacks{OnStartedLeading: func(context.Context) { led <- name }, OnStoppedLeading: func() {}},
		})
	}
	first, stopFirst := context.WithCancel(s.ctx)
	second, stopSecond := context.WithCancel(s.ctx)
	defer stopSecond()
	go run(first, "first")
	leader := <-led
	go run(second, "second")
	stopFirst()
	select {
	case next := <-led:
		return tap.Expect(leader == "first" && next == "second", "first, then second; got %s, %s", leader, next)
	case <-time.After(20 * time.Second):
		return fmt.Errorf("no second leader")
	}
}

func (s *story) recordsEvents() error {
	job, err := s.typed.BatchV1().Jobs(s.namespace).Create(s.ctx, objects.Job("noted", "true"), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	broadcaster := record.NewBroadcaster()
	defer broadcaster.Shutdown()
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: s.typed.CoreV1().Events("")})
	recorder := broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "story"})
	for range 3 {
		recorder.Event(job, corev1.EventTypeNormal, "Noted", "seen by the story")
	}
	return tap.Until("one event that was counted three times", func() (bool, error) {
		list, err := s.typed.CoreV1().Events(s.namespace).List(s.ctx, metav1.ListOptions{FieldSelector: "reason=Noted,involvedObject.name=noted"})
		if err != nil || len(list.Items) == 0 {
			return false, err
		}
		event := list.Items[0]
		return len(list.Items) == 1 && event.Count == 3 && strings.HasPrefix(event.Name, "noted."), nil
	})
}
