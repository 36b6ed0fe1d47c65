#include "node/container_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node/cgroup_limits.h"

namespace stint {
namespace {

using testing::Contains;
using testing::ElementsAre;

struct Case {
  corev1::Pod pod;
  corev1::Container container;
  ImageInfo image{.id = "sha256:x", .entrypoint = {"/entry"}, .command = {"cmd"}, .env = {"PATH=/bin", "A=image"}, .working_dir = "/w"};
  Environment environment;

  Case() {
    pod.mutable_metadata()->set_uid("u");
    pod.mutable_metadata()->set_name("p");
    pod.mutable_metadata()->set_namespace_("ns");
    container.set_name("main");
  }
  Result<ContainerConfig> build() {
    const PodPaths paths("/data", "/logs", pod);
    return build_container_config({.pod = pod,
                                   .container = container,
                                   .image = image,
                                   .environment = environment,
                                   .paths = paths,
                                   .attempt = 2,
                                   .seccomp_dir = "/seccomp"});
  }
};

TEST(ContainerConfig, CommandReplacesEntrypointAndArgsReplaceCommand) {
  Case c;
  EXPECT_THAT(c.build()->args, ElementsAre("/entry", "cmd"));
  c.container.add_args("$(A)");
  c.environment["A"] = "x";
  EXPECT_THAT(c.build()->args, ElementsAre("/entry", "x"));
  c.container.add_command("sh");
  EXPECT_THAT(c.build()->args, ElementsAre("sh", "x"));
  c.container.clear_args();
  EXPECT_THAT(c.build()->args, ElementsAre("sh"));
}

TEST(ContainerConfig, NamesTheAttemptAndItsLog) {
  const auto config = Case().build();
  EXPECT_EQ(config->id, "u_main_2");
  EXPECT_EQ(config->log_path, "/logs/ns_p_u/main/2.log");
}

TEST(ContainerConfig, OwnVariablesWinOverTheImages) {
  Case c;
  c.environment["A"] = "mine";
  EXPECT_THAT(c.build()->env, ElementsAre("PATH=/bin", "HOSTNAME=p", "A=mine"));
}

TEST(ContainerConfig, RefusesRootWhereNonRootIsAsked) {
  Case c;
  c.container.mutable_securitycontext()->set_runasnonroot(true);
  EXPECT_EQ(c.build().error().message, "container has runAsNonRoot and image will run as root (pod: \"p_ns(u)\", container: main)");
  c.image.user = "nobody";
  EXPECT_THAT(c.build().error().message, testing::HasSubstr("non-numeric user (nobody)"));
  c.image.user = "65534:65534";
  EXPECT_TRUE(c.build());
  c.container.mutable_securitycontext()->set_runasuser(0);
  EXPECT_THAT(c.build().error().message, testing::HasSubstr("breaks non-root policy"));
}

TEST(ContainerConfig, ContainerUserWinsOverThePods) {
  Case c;
  c.pod.mutable_spec()->mutable_securitycontext()->set_runasuser(5);
  c.pod.mutable_spec()->mutable_securitycontext()->set_runasgroup(6);
  EXPECT_EQ(c.build()->user, "5:6");
  c.container.mutable_securitycontext()->set_runasuser(7);
  EXPECT_EQ(c.build()->user, "7:6");
}

TEST(ContainerConfig, FiltersSystemCallsAsTheContainerOrThePodSays) {
  using Kind = SeccompChoice::Kind;
  Case c;
  EXPECT_EQ(c.build()->seccomp.kind, Kind::kRuntimeDefault);
  c.pod.mutable_spec()->mutable_securitycontext()->mutable_seccompprofile()->set_type("Unconfined");
  EXPECT_EQ(c.build()->seccomp.kind, Kind::kUnconfined);
  auto& profile = *c.container.mutable_securitycontext()->mutable_seccompprofile();
  profile.set_type("Localhost");
  profile.set_localhostprofile("a/b.json");
  EXPECT_EQ(c.build()->seccomp.kind, Kind::kLocalhost);
  EXPECT_EQ(c.build()->seccomp.path, "/seccomp/a/b.json");
}

TEST(ContainerConfig, StrictGroupsAreThePodsAlone) {
  Case c;
  EXPECT_TRUE(c.build()->image_groups);
  c.pod.mutable_spec()->mutable_securitycontext()->set_supplementalgroupspolicy("Strict");
  EXPECT_FALSE(c.build()->image_groups);
}

TEST(CgroupLimits, FollowRequestsAndLimits) {
  corev1::Container container;
  EXPECT_EQ(container_limits(container).cpu_shares, 2);
  (*container.mutable_resources()->mutable_limits())["cpu"].set_string("500m");
  (*container.mutable_resources()->mutable_limits())["memory"].set_string("64Mi");
  EXPECT_EQ(container_limits(container).cpu_shares, 512);
  EXPECT_EQ(container_limits(container).cpu_quota_us, 50000);
  EXPECT_EQ(container_limits(container).memory_bytes_max, 64 << 20);
  corev1::PodSpec spec;
  *spec.add_containers() = container;
  EXPECT_EQ(pod_limits(spec).memory_bytes_max, 64 << 20);
  (*container.mutable_resources()->mutable_limits())["cpu"].set_string("9223372036854775807");
  EXPECT_EQ(container_limits(container).cpu_shares, 262144);
  spec.add_containers();
  EXPECT_EQ(pod_limits(spec).memory_bytes_max, 0);
}

TEST(PodFiles, HostsNameThePodAliasesAndTheHost) {
  corev1::PodSpec spec;
  auto& alias = *spec.add_hostaliases();
  alias.set_ip("1.2.3.4");
  alias.add_hostnames("a");
  alias.add_hostnames("b");
  const std::string hosts = hosts_file(spec, {.pod_ip = "10.0.0.2", .hostname = "p", .host_address = "10.0.0.1"});
  EXPECT_THAT(hosts, testing::HasSubstr("10.0.0.2\tp\n"));
  const std::string named = hosts_file(spec, {.pod_ip = "10.0.0.2", .hostname = "j-0", .domain = "workers.ns.svc.cluster.local"});
  EXPECT_THAT(named, testing::HasSubstr("10.0.0.2\tj-0.workers.ns.svc.cluster.local\tj-0\n"));
  EXPECT_THAT(hosts, testing::HasSubstr("10.0.0.1\thost.stint.internal\n"));
  EXPECT_THAT(hosts, testing::EndsWith("1.2.3.4\ta\tb\n"));
}

}  // namespace
}  // namespace stint
