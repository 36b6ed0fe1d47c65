// A small manager as operators are made: it keeps a ConfigMap for each Job that asks for one, with the Job's state in it.
// (KUBECONFIG names the server.)
package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/go-logr/logr"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"clients/objects"
	"clients/tap"
)

const namespace = "manager"
const finalizer = "example.com/mirrored"

// mirror reconciles Jobs.
type mirror struct {
	client client.Client
}

func (m *mirror) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	job := &batchv1.Job{}
	if err := m.client.Get(ctx, request.NamespacedName, job); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if job.DeletionTimestamp != nil {
		if controllerutil.RemoveFinalizer(job, finalizer) {
			return ctrl.Result{}, m.client.Update(ctx, job)
		}
		return ctrl.Result{}, nil
	}
	before := job.DeepCopy()
	if controllerutil.AddFinalizer(job, finalizer) {
		return ctrl.Result{}, m.client.Patch(ctx, job, client.MergeFrom(before))
	}
	image := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: job.Namespace, Name: job.Name + "-mirror"}}
	_, err := controllerutil.CreateOrUpdate(ctx, m.client, image, func() error {
		image.Data = map[string]string{"complete": "no"}
		if objects.Condition(job, batchv1.JobComplete) {
			image.Data["complete"] = "yes"
		}
		return controllerutil.SetControllerReference(job, image, m.client.Scheme())
	})
	return ctrl.Result{}, err
}

func main() {
	ctrl.SetLogger(logr.Discard())
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	manager, err := ctrl.NewManager(config, ctrl.Options{Metrics: server.Options{BindAddress: "0"}, LeaderElection: true, LeaderElectionID: "mirror",
		LeaderElectionNamespace: "default", LeaderElectionReleaseOnCancel: true})
	if err != nil {
		panic(err)
	}
	if err := ctrl.NewControllerManagedBy(manager).For(&batchv1.Job{}).Owns(&corev1.ConfigMap{}).Complete(&mirror{manager.GetClient()}); err != nil {
		panic(err)
	}
	ended := make(chan error, 1)
	running, stop := context.WithCancel(ctx)
	go func() { ended <- manager.Start(running) }()
	direct, err := client.New(config, client.Options{})
	if err != nil {
		panic(err)
	}
	checks(ctx, manager, direct)
	tap.Claim("the manager ends when told to", func() error {
		stop()
		select {
		case err := <-ended:
			return err
		case <-time.After(30 * time.Second):
			return errors.New("still running")
		}
	})
	tap.End()
}
