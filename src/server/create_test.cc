#include "server/testing.h"

namespace stint {
namespace {

using Create = ServerTest;

TEST_F(Create, FillsUidTimeNamespaceAndResourceVersion) {
  const auto answer = create(config_map("a"));
  const auto& made = object_of<corev1::ConfigMap>(answer);
  EXPECT_EQ(answer->code, 201);
  EXPECT_EQ(made.metadata().uid().size(), 36);
  EXPECT_EQ(made.metadata().uid()[14], '4');
  EXPECT_EQ(made.metadata().namespace_(), "default");
  EXPECT_EQ(from_time(made.metadata().creationtimestamp()), kStart);
  EXPECT_EQ(made.metadata().resourceversion(), std::to_string(store_->revision()));
  EXPECT_FALSE(made.metadata().has_generation());
}

TEST_F(Create, GeneratesANameFromAPrefix) {
  corev1::ConfigMap map;
  map.mutable_metadata()->set_generatename("run-");
  const auto answer = create(map);
  const std::string& name = object_of<corev1::ConfigMap>(answer).metadata().name();
  EXPECT_EQ(name.size(), 9);
  EXPECT_TRUE(name.starts_with("run-"));
}

TEST_F(Create, RefusesANameThatIsTaken) {
  ASSERT_TRUE(create(config_map("a")));
  const auto again = create(config_map("a"));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().reason, Reason::kAlreadyExists);
  EXPECT_EQ(again.error().message, "configmaps \"a\" already exists");
}

TEST_F(Create, RefusesANamespaceThatIsAbsent) {
  const auto answer = create(config_map("a"), "nowhere");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, Reason::kNotFound);
  EXPECT_EQ(answer.error().message, "namespaces \"nowhere\" not found");
}

TEST_F(Create, RefusesANamespaceThatIsTerminating) {
  corev1::Namespace ns;
  ns.mutable_metadata()->set_name("going");
  ASSERT_TRUE(create(ns));
  ASSERT_TRUE(remove<corev1::Namespace>("going"));
  const auto answer = create(config_map("a"), "going");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, Reason::kForbidden);
  EXPECT_EQ(answer.error().message,
            "configmaps \"a\" is forbidden: unable to create new content in namespace going because it is being terminated");
  ASSERT_EQ(answer.error().causes.size(), 1);
  EXPECT_EQ(answer.error().causes[0].reason, "NamespaceTerminating");
}

TEST_F(Create, ListsEveryFieldAtFault) {
  batchv1::Job bad = job("a");
  bad.mutable_spec()->set_parallelism(-1);
  bad.mutable_spec()->mutable_template_()->mutable_spec()->set_restartpolicy("Always");
  const auto answer = create(bad);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().http_status(), 422);
  EXPECT_EQ(answer.error().kind, "Job");
  EXPECT_TRUE(answer.error().message.starts_with("Job.batch \"a\" is invalid: [")) << answer.error().message;
  EXPECT_GE(answer.error().causes.size(), 2);
}

TEST_F(Create, WritesNothingInADryRun) {
  const Revision before = store_->revision();
  Request dry = request<corev1::ConfigMap>(Verb::kCreate);
  dry.body.message = std::make_unique<corev1::ConfigMap>(config_map("a"));
  dry.dry_run = true;
  const auto answer = handle(std::move(dry));
  EXPECT_FALSE(object_of<corev1::ConfigMap>(answer).metadata().uid().empty());
  EXPECT_FALSE(object_of<corev1::ConfigMap>(answer).metadata().has_resourceversion());
  EXPECT_EQ(store_->revision(), before);
}

TEST_F(Create, TurnsUnknownFieldsIntoWarningsOrARefusal) {
  const auto with = [&](FieldValidation validation, std::string name) {
    Request one = request<batchv1::Job>(Verb::kCreate);
    one.body.message = std::make_unique<batchv1::Job>(job(std::move(name)));
    one.body.strict_errors = {"unknown field \"spec.foo\""};
    one.field_validation = validation;
    return handle(std::move(one));
  };
  EXPECT_EQ(with(FieldValidation::kWarn, "a").value().warnings, std::vector<std::string>{"unknown field \"spec.foo\""});
  EXPECT_TRUE(with(FieldValidation::kIgnore, "b").value().warnings.empty());
  const auto strict = with(FieldValidation::kStrict, "c");
  ASSERT_FALSE(strict);
  EXPECT_EQ(strict.error().reason, Reason::kBadRequest);
  EXPECT_EQ(strict.error().message, "Job in version \"v1\" cannot be handled as a Job: strict decoding error: unknown field \"spec.foo\"");
}

TEST_F(Create, RefusesABodyOfAnotherPlace) {
  corev1::ConfigMap map = config_map("a");
  map.mutable_metadata()->set_namespace_("kube-system");
  const auto answer = create(map);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, "the namespace of the provided object does not match the namespace sent on the request");
}

TEST_F(Create, RefusesAnObjectTheStoreCannotHold) {
  corev1::ConfigMap map = config_map("a");
  for (int i = 0; i < 2; ++i) (*map.mutable_data())["k" + std::to_string(i)] = std::string(500'000, 'x');
  EXPECT_TRUE(create(map));
  corev1::Pod big = pod("big");
  for (int i = 0; i < 20; ++i) big.mutable_spec()->mutable_containers(0)->add_args(std::string(100'000, 'x'));
  const auto answer = create(big);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().http_status(), 413);
}

TEST_F(Create, AdmitsAPodWithAccountPriorityAndTolerations) {
  const auto answer = create(pod("a"));
  const auto& spec = object_of<corev1::Pod>(answer).spec();
  EXPECT_EQ(spec.serviceaccountname(), "default");
  EXPECT_TRUE(spec.has_priority());
  EXPECT_EQ(spec.priority(), 0);
  EXPECT_EQ(spec.tolerations_size(), 2);
}

TEST_F(Create, RefusesAPodOfAnAccountThatIsMissing) {
  corev1::Pod one = pod("a");
  one.mutable_spec()->set_serviceaccountname("robot");
  const auto answer = create(one);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, Reason::kForbidden);
  EXPECT_EQ(answer.error().message,
            "pods \"a\" is forbidden: error looking up service account default/robot: serviceaccount \"robot\" not found");
}

TEST_F(Create, FindsTheSystemNamespacesAndThatTheyComeBack) {
  for (const char* name : {"default", "kube-system", "kube-public", "kube-node-lease"}) {
    EXPECT_EQ(object_of<corev1::Namespace>(get<corev1::Namespace>(name)).status().phase(), "Active");
  }
  const auto lease_uid = object_of<corev1::Namespace>(get<corev1::Namespace>("kube-node-lease")).metadata().uid();
  auto going = object_of<corev1::Namespace>(remove<corev1::Namespace>("kube-node-lease"));
  going.mutable_spec()->clear_finalizers();
  ASSERT_TRUE(update(going, "finalize"));
  loop_.run_ready();
  EXPECT_NE(object_of<corev1::Namespace>(get<corev1::Namespace>("kube-node-lease")).metadata().uid(), lease_uid);
}

}  // namespace
}  // namespace stint
