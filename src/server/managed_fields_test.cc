#include "server/managed_fields.h"

#include "server/testing.h"

namespace stint {
namespace {

class ManagedFields : public ServerTest {
 protected:
  // "manager operation subresource fields", one line each.
  template <class T>
  std::string managers(std::string name) {
    std::string out;
    const Result<Answer> answer = get<T>(std::move(name));
    for (const auto& entry : object_of<T>(answer).metadata().managedfields()) {
      out += entry.manager() + " " + entry.operation() + " " + (entry.subresource().empty() ? "" : entry.subresource() + " ") +
             entry.fieldsv1().raw() + "\n";
    }
    return out;
  }
  template <class T>
  Result<Answer> create_as(std::string manager, const T& object) {
    Request create = request<T>(Verb::kCreate);
    create.field_manager = std::move(manager);
    create.body.message = std::make_unique<T>(object);
    return handle(std::move(create));
  }
  template <class T>
  Result<Answer> update_as(std::string manager, const T& object, std::string subresource = "") {
    Request update = request<T>(Verb::kUpdate, object.metadata().name());
    update.field_manager = std::move(manager);
    update.subresource = std::move(subresource);
    update.body.message = std::make_unique<T>(object);
    return handle(std::move(update));
  }
};

TEST_F(ManagedFields, AreTheClientsWithDefaultsButWithoutWhatTheServerAdds) {
  ASSERT_TRUE(create_as("me", job("a")));
  EXPECT_EQ(managers<batchv1::Job>("a"),
            R"(me Update {"f:spec":{"f:backoffLimit":{},"f:completionMode":{},"f:completions":{},"f:manualSelector":{},)"
            R"("f:parallelism":{},"f:podReplacementPolicy":{},"f:suspend":{},"f:template":{"f:spec":{"f:containers":{)"
            R"("k:{\"name\":\"main\"}":{".":{},"f:image":{},"f:imagePullPolicy":{},"f:name":{},"f:resources":{},)"
            R"("f:terminationMessagePath":{},"f:terminationMessagePolicy":{}}},"f:dnsPolicy":{},"f:restartPolicy":{},)"
            R"("f:schedulerName":{},"f:securityContext":{},"f:terminationGracePeriodSeconds":{}}}}})"
            "\n");
}

TEST_F(ManagedFields, HaveAnEntryOfTheirOwnForTheStatus) {
  auto one = object_of<batchv1::Job>(create_as("me", job("a")));
  one.mutable_status()->mutable_starttime()->set_seconds(1'800'000'000);
  one.mutable_status()->set_active(1);
  one.mutable_spec()->set_parallelism(3);
  ASSERT_TRUE(update_as("controller", one, "status"));
  const std::string all = managers<batchv1::Job>("a");
  EXPECT_NE(all.find(R"(controller Update status {"f:status":{"f:active":{},"f:startTime":{}}})"), std::string::npos) << all;
  EXPECT_NE(all.find(R"("f:parallelism":{})"), std::string::npos) << "the spec cannot be changed there, so it is still the creator's";
}

TEST_F(ManagedFields, DoNotMakeAWriteOfWhatChangesNothing) {
  auto map = config_map("a");
  (*map.mutable_data())["k"] = "v";
  map = object_of<corev1::ConfigMap>(create_as("me", map));
  const Revision before = store_->revision();
  loop_.run_for(std::chrono::seconds(5));
  ASSERT_TRUE(update_as("other", map));
  ASSERT_TRUE(apply<corev1::ConfigMap>("a", "applier", "data: {k: v}"));
  EXPECT_EQ(store_->revision(), before + 1) << "the applier is new";
  ASSERT_TRUE(apply<corev1::ConfigMap>("a", "applier", "data: {k: v}"));
  ASSERT_TRUE(apply<corev1::ConfigMap>("a", "applier", "{metadata: {creationTimestamp: null}, data: {k: v}}"));
  EXPECT_EQ(store_->revision(), before + 1);
}

TEST_F(ManagedFields, StayWhenAPodIsBound) {
  ASSERT_TRUE(create_as("me", pod("a")));
  const std::string before = managers<corev1::Pod>("a");
  auto binding = std::make_unique<corev1::Binding>();
  binding->mutable_metadata()->set_name("a");
  binding->mutable_target()->set_name("n1");
  Request bind = request<corev1::Pod>(Verb::kCreate, "a");
  bind.subresource = "binding";
  bind.body.message = std::move(binding);
  ASSERT_TRUE(handle(std::move(bind)));
  EXPECT_EQ(managers<corev1::Pod>("a"), before);
  EXPECT_NE(before, "");
}

TEST_F(ManagedFields, CanBeWrittenByPatchAsKubectlDoesToMoveToServerSideApply) {
  ASSERT_TRUE(create_as("kubectl-client-side-apply", [] {
    auto map = config_map("a");
    (*map.mutable_data())["k"] = "v";
    return map;
  }()));
  const auto answer = patch<corev1::ConfigMap>("a", PatchType::kJson, R"([{"op":"replace","path":"/metadata/managedFields","value":[
      {"manager":"kubectl","operation":"Apply","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:data":{"f:k":{}}}}]}])");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(managers<corev1::ConfigMap>("a"), "kubectl Apply {\"f:data\":{\"f:k\":{}}}\n");
  ASSERT_TRUE(patch<corev1::ConfigMap>("a", PatchType::kMerge, R"({"metadata":{"managedFields":[]}})"));
  EXPECT_EQ(managers<corev1::ConfigMap>("a"), "");
}

using Apply = ManagedFields;

TEST_F(Apply, CreatesWhatIsNotThere) {
  const auto answer = apply<batchv1::Job>("a", "me", "spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->code, 201);
  EXPECT_FALSE(object_of<batchv1::Job>(answer).metadata().uid().empty());
  EXPECT_EQ(object_of<batchv1::Job>(answer).spec().parallelism(), 1);
  EXPECT_EQ(managers<batchv1::Job>("a"),
            R"(me Apply {"f:spec":{"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:image":{},"f:name":{}}},)"
            R"("f:restartPolicy":{}}}}})"
            "\n")
      << "defaults are nobody's";
}

TEST_F(Apply, MergesIntoWhatIsThere) {
  ASSERT_TRUE(apply<batchv1::Job>("a", "me", "spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}"));
  const auto answer = apply<batchv1::Job>("a", "other", "{metadata: {labels: {x: z}}, spec: {parallelism: 3}}");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->code, 200);
  EXPECT_EQ(object_of<batchv1::Job>(answer).metadata().generation(), 2);
  EXPECT_EQ(object_of<batchv1::Job>(answer).spec().parallelism(), 3);
  const auto again = apply<batchv1::Job>("a", "other", "{}");
  EXPECT_EQ(object_of<batchv1::Job>(again).spec().parallelism(), 1) << "what is taken back falls to its default";
  EXPECT_TRUE(object_of<batchv1::Job>(again).metadata().labels().find("x") == object_of<batchv1::Job>(again).metadata().labels().end());
}

TEST_F(Apply, RefusesToTakeFromOthersUnlessForced) {
  ASSERT_TRUE(create_as("kubectl-create", [] {
    auto map = config_map("a");
    (*map.mutable_data())["k"] = "v";
    return map;
  }()));
  const auto refused = apply<corev1::ConfigMap>("a", "me", "data: {k: w}");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().http_status(), 409);
  EXPECT_EQ(refused.error().message, "Apply failed with 1 conflict: conflict with \"kubectl-create\" using v1: .data.k");
  ASSERT_TRUE(apply<corev1::ConfigMap>("a", "me", "data: {k: w}", true));
  EXPECT_EQ(managers<corev1::ConfigMap>("a"), "me Apply {\"f:data\":{\"f:k\":{}}}\nkubectl-create Update {\"f:data\":{}}\n");
}

TEST_F(Apply, ValidatesWhatComesOfIt) {
  const auto refused = apply<batchv1::Job>("a", "me", "spec: {parallelism: -1}");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::kInvalid);
  EXPECT_FALSE(get<batchv1::Job>("a"));
}

TEST_F(Apply, CreatesNothingThroughASubresource) {
  const auto refused = apply<batchv1::Job>("a", "me", "status: {active: 1}", false, "status");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::kNotFound);
}

TEST_F(Apply, WritesTheStatusThroughItsSubresource) {
  ASSERT_TRUE(create_as("me", pod("a")));
  const auto answer =
      apply<corev1::Pod>("a", "agent", "status: {message: hello, conditions: [{type: A, status: 'True'}]}", false, "status");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(object_of<corev1::Pod>(answer).status().message(), "hello");
  EXPECT_NE(
      managers<corev1::Pod>("a").find(
          R"(agent Apply status {"f:status":{"f:conditions":{"k:{\"type\":\"A\"}":{".":{},"f:status":{},"f:type":{}}},"f:message":{}}})"),
      std::string::npos)
      << managers<corev1::Pod>("a");
}

TEST_F(Apply, HeedsTheNameTheUidAndTheVersionInTheConfiguration) {
  Request one = request<corev1::ConfigMap>(Verb::kPatch, "a");
  one.field_manager = "me";
  const auto applied = [&](std::string_view yaml) {
    Request copy = request<corev1::ConfigMap>(Verb::kPatch, "a");
    copy.field_manager = "me";
    copy.patch = PatchBody{.type = PatchType::kApply, .patch = json::parse_yaml(yaml).value()};
    const auto answer = handle(std::move(copy));
    return answer ? "" : std::to_string(answer.error().http_status()) + " " + answer.error().message;
  };
  EXPECT_EQ(applied("{apiVersion: v1, kind: ConfigMap}"),
            "400 the name of the object (a based on URL) was undeterminable: name must be provided");
  EXPECT_EQ(applied("{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}"),
            "400 the name of the object (b) does not match the name on the URL (a)");
  EXPECT_EQ(applied("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, uid: x}}"),
            "409 Operation cannot be fulfilled on configmaps \"a\": uid mismatch: the provided object specified uid x, and no existing "
            "object was found");
  EXPECT_EQ(applied("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}"), "");
  EXPECT_EQ(applied("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, resourceVersion: '1'}}").substr(0, 49),
            "409 Operation cannot be fulfilled on configmaps \"");
}

}  // namespace
}  // namespace stint
