// The generated classes of every kind, under short namespaces. Heavy (150,000 lines): it is in the precompiled header of every
// library that may use it, so including it costs nothing there.
#pragma once

#include "admissionregistration/v1.pb.h"
#include "apiextensions/v1.pb.h"
#include "apiregistration/v1.pb.h"
#include "apps/v1.pb.h"
#include "authentication/v1.pb.h"
#include "authorization/v1.pb.h"
#include "autoscaling/v1.pb.h"
#include "autoscaling/v2.pb.h"
#include "batch/v1.pb.h"
#include "certificates/v1.pb.h"
#include "coordination/v1.pb.h"
#include "core/v1.pb.h"
#include "discovery/v1.pb.h"
#include "events/v1.pb.h"
#include "meta/intstr.pb.h"
#include "meta/resource.pb.h"
#include "meta/runtime.pb.h"
#include "meta/v1.pb.h"
#include "metrics/v1.pb.h"
#include "metrics/v1beta1.pb.h"
#include "networking/v1.pb.h"
#include "node/v1.pb.h"
#include "policy/v1.pb.h"
#include "rbac/v1.pb.h"
#include "resource/v1.pb.h"
#include "scheduling/v1.pb.h"
#include "storage/v1.pb.h"
#include "storagemigration/v1.pb.h"

namespace stint {

namespace corev1 = k8s::io::api::core::v1;
namespace batchv1 = k8s::io::api::batch::v1;
namespace eventsv1 = k8s::io::api::events::v1;
namespace coordinationv1 = k8s::io::api::coordination::v1;
namespace admissionregistrationv1 = k8s::io::api::admissionregistration::v1;
namespace apiextensionsv1 = k8s::io::apiextensions_apiserver::pkg::apis::apiextensions::v1;
namespace apiregistrationv1 = k8s::io::kube_aggregator::pkg::apis::apiregistration::v1;
namespace appsv1 = k8s::io::api::apps::v1;
namespace autoscalingv1 = k8s::io::api::autoscaling::v1;
namespace autoscalingv2 = k8s::io::api::autoscaling::v2;
namespace discoveryv1 = k8s::io::api::discovery::v1;
namespace dynamicv1 = k8s::io::api::resource::v1;
namespace networkingv1 = k8s::io::api::networking::v1;
namespace nodev1 = k8s::io::api::node::v1;
namespace storagev1 = k8s::io::api::storage::v1;
namespace storagemigrationv1 = k8s::io::api::storagemigration::v1;
namespace authenticationv1 = k8s::io::api::authentication::v1;
namespace authorizationv1 = k8s::io::api::authorization::v1;
namespace certificatesv1 = k8s::io::api::certificates::v1;
namespace policyv1 = k8s::io::api::policy::v1;
namespace rbacv1 = k8s::io::api::rbac::v1;
namespace schedulingv1 = k8s::io::api::scheduling::v1;
namespace metricsv1 = k8s::io::metrics::pkg::apis::metrics::v1;
namespace metricsv1beta1 = k8s::io::metrics::pkg::apis::metrics::v1beta1;
namespace metav1 = k8s::io::apimachinery::pkg::apis::meta::v1;
namespace resource = k8s::io::apimachinery::pkg::api::resource;
namespace intstr = k8s::io::apimachinery::pkg::util::intstr;
namespace runtimev1 = k8s::io::apimachinery::pkg::runtime;

using Message = google::protobuf::Message;

}  // namespace stint
