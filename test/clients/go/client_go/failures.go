package main

import (
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"clients/objects"
	"clients/tap"
)

// failures is the chapter of errors: each is known by client-go's own predicates.
func (s *story) failures() {
	maps := s.typed.CoreV1().ConfigMaps(s.namespace)
	tap.Claim("knows NotFound", func() error {
		_, err := maps.Get(s.ctx, "nowhere", metav1.GetOptions{})
		return tap.Expect(apierrors.IsNotFound(err), "NotFound, got %v", err)
	})
	tap.Claim("knows AlreadyExists", func() error {
		if _, err := maps.Create(s.ctx, objects.ConfigMap("there", "1"), metav1.CreateOptions{}); err != nil {
			return err
		}
		_, err := maps.Create(s.ctx, objects.ConfigMap("there", "1"), metav1.CreateOptions{})
		return tap.Expect(apierrors.IsAlreadyExists(err), "AlreadyExists, got %v", err)
	})
	tap.Claim("knows Conflict", func() error {
		stale, err := maps.Get(s.ctx, "there", metav1.GetOptions{})
		if err != nil {
			return err
		}
		fresh := stale.DeepCopy()
		fresh.Data["key"] = "2"
		if _, err := maps.Update(s.ctx, fresh, metav1.UpdateOptions{}); err != nil {
			return err
		}
		_, err = maps.Update(s.ctx, stale, metav1.UpdateOptions{})
		return tap.Expect(apierrors.IsConflict(err), "Conflict, got %v", err)
	})
	tap.Claim("knows Invalid, and each field at fault", s.knowsInvalid)
	tap.Claim("knows a refused precondition", func() error {
		err := maps.Delete(s.ctx, "there", metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions("another")})
		return tap.Expect(apierrors.IsConflict(err), "Conflict, got %v", err)
	})
	tap.Claim("knows Expired, from the page of long ago", s.knowsExpired)
	tap.Claim("knows Forbidden", func() error {
		_, err := s.as("jane").CoreV1().ConfigMaps(s.namespace).List(s.ctx, metav1.ListOptions{})
		return tap.Expect(apierrors.IsForbidden(err), "Forbidden, got %v", err)
	})
	tap.Claim("knows Unauthorized", func() error {
		config := rest.AnonymousClientConfig(s.config)
		config.BearerToken = "nobody's"
		_, err := kubernetes.NewForConfigOrDie(config).CoreV1().ConfigMaps(s.namespace).List(s.ctx, metav1.ListOptions{})
		return tap.Expect(apierrors.IsUnauthorized(err), "Unauthorized, got %v", err)
	})
	tap.Claim("knows a namespace that is not there", func() error {
		_, err := s.typed.CoreV1().ConfigMaps("nowhere").Create(s.ctx, objects.ConfigMap("x", "1"), metav1.CreateOptions{})
		return tap.Expect(apierrors.IsNotFound(err), "NotFound, got %v", err)
	})
}

func (s *story) as(user string) *kubernetes.Clientset {
	config := rest.CopyConfig(s.config)
	config.Impersonate = rest.ImpersonationConfig{UserName: user}
	return kubernetes.NewForConfigOrDie(config)
}

func (s *story) knowsInvalid() error {
	bad := objects.Job("bad", "true")
	bad.Spec.Template.Spec.RestartPolicy = corev1.RestartPolicyAlways
	minus := int32(-1)
	bad.Spec.Parallelism = &minus
	_, err := s.typed.BatchV1().Jobs(s.namespace).Create(s.ctx, bad, metav1.CreateOptions{})
	if !apierrors.IsInvalid(err) {
		return fmt.Errorf("expected Invalid, got %v", err)
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil {
		return fmt.Errorf("no details: %v", err)
	}
	fields := map[string]metav1.CauseType{}
	for _, cause := range status.Status().Details.Causes {
		fields[cause.Field] = cause.Type
	}
	return tap.Expect(fields["spec.parallelism"] == metav1.CauseTypeFieldValueInvalid && fields["spec.template.spec.restartPolicy"] != "",
		"both fields, got %v", fields)
}

func (s *story) knowsExpired() error {
	const token = "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJ4XHUwMDAwIn0" // of revision 1, after the object x
	_, err := s.typed.CoreV1().ConfigMaps(s.namespace).List(s.ctx, metav1.ListOptions{Limit: 1, Continue: token})
	if err == nil {
		return nil // nothing was compacted yet
	}
	return tap.Expect(apierrors.IsResourceExpired(err), "Expired, got %v", err)
}
