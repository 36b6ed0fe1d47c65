// What programs do with client-go: typed, dynamic, metadata and discovery clients, informers, leader election, events.
// usage: client_go [json|protobuf]   (KUBECONFIG names the server)
package main

import (
	"context"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"clients/tap"
)

// story is what every chapter works with.
type story struct {
	ctx       context.Context
	config    *rest.Config
	typed     *kubernetes.Clientset
	dynamic   dynamic.Interface
	metadata  metadata.Interface
	namespace string
}

func main() {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		panic(err)
	}
	config.QPS, config.Burst = 1000, 1000
	untyped := rest.CopyConfig(config)
	if len(os.Args) > 1 && os.Args[1] == "protobuf" {
		config.ContentType = "application/vnd.kubernetes.protobuf"
		config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	s := &story{
		ctx: ctx, config: config, typed: kubernetes.NewForConfigOrDie(config), dynamic: dynamic.NewForConfigOrDie(untyped),
		metadata: metadata.NewForConfigOrDie(untyped), namespace: "client-go",
	}
	tap.Claim("creates a namespace", func() error {
		_, err := s.typed.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.namespace}}, metav1.CreateOptions{})
		return err
	})
	s.jobs()
	s.failures()
	s.changes()
	s.lists()
	s.untyped()
	s.informers()
	s.discovers()
	s.coordinates()
	tap.Claim("deletes the namespace and sees it go", func() error { return s.removeNamespace() })
	tap.End()
}
