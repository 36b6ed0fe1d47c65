// The generated classes of every kind, under short namespaces. Heavy (90,000 lines): it is in the precompiled header of every
// library that may use it, so including it costs nothing there.
#pragma once

#include "batch/v1.pb.h"
#include "coordination/v1.pb.h"
#include "core/v1.pb.h"
#include "events/v1.pb.h"
#include "meta/intstr.pb.h"
#include "meta/resource.pb.h"
#include "meta/runtime.pb.h"
#include "meta/v1.pb.h"

namespace stint {

namespace corev1 = k8s::io::api::core::v1;
namespace batchv1 = k8s::io::api::batch::v1;
namespace eventsv1 = k8s::io::api::events::v1;
namespace coordinationv1 = k8s::io::api::coordination::v1;
namespace metav1 = k8s::io::apimachinery::pkg::apis::meta::v1;
namespace resource = k8s::io::apimachinery::pkg::api::resource;
namespace intstr = k8s::io::apimachinery::pkg::util::intstr;
namespace runtimev1 = k8s::io::apimachinery::pkg::runtime;

using Message = google::protobuf::Message;

}  // namespace stint
