#include "api/field_ownership.h"

#include <gtest/gtest.h>

namespace stint {
namespace {

// One object through its writes, each a second after the one before.
class Ownership : public ::testing::Test {
 protected:
  void live_in(const Kind& kind) {
    kind_ = &kind;
    object_ = kind.make();
  }

  std::string apply(std::string manager, std::string_view yaml, bool force = false) {
    const json::Value configuration = parse(std::string(yaml), true);
    auto next = apply_configuration(write(std::move(manager)), *object_, configuration, force);
    if (!next) {
      error_ = next.error();
      return next.error().message;
    }
    keep(*std::move(next));
    return "";
  }

  void update(std::string manager, std::string_view yaml) {
    auto next = kind_->make();
    const json::Value document = parse(std::string(yaml), false);
    const Result<void> decoded = json::decode(document, *next);
    ASSERT_TRUE(decoded) << decoded.error().message;
    note_cleared_managers(document, *next);
    credit_update(write(std::move(manager)), is_new() ? nullptr : object_.get(), *next);
    keep(std::move(next));
  }

  // The managers one a line: name, operation, time in seconds since the start, fields.
  std::string managers() const {
    std::string out;
    for (const metav1::ManagedFieldsEntry& entry : meta(*object_).managedfields()) {
      out += entry.manager() + " " + entry.operation() + " " + (entry.subresource().empty() ? "" : entry.subresource() + " ");
      out += entry.has_time() ? std::to_string(entry.time().seconds() - kStart) : "-";
      out += " " + entry.fieldsv1().raw() + "\n";
    }
    return out;
  }
  std::string shown() const {
    auto copy = std::unique_ptr<Message>(object_->New());
    copy->CopyFrom(*object_);
    mutable_meta(*copy).clear_managedfields();
    mutable_meta(*copy).clear_uid();
    return json::encode(*copy, {});
  }

  std::string subresource_;
  FieldSet reset_;
  Error error_;
  std::unique_ptr<Message> object_;

 private:
  static constexpr int64_t kStart = 1'800'000'000;

  bool is_new() const { return meta(*object_).uid().empty(); }
  FieldWrite write(std::string manager) {
    now_ += std::chrono::seconds(1);
    return {.kind = *kind_,
            .writer = {.manager = std::move(manager), .api_version = kind_->api_version(), .subresource = subresource_},
            .reset = reset_,
            .now = now_};
  }
  json::Value parse(const std::string& yaml, bool with_type) const {
    json::Value value = json::parse_yaml(yaml).value();
    if (!with_type || value.find("apiVersion") != nullptr) return value;
    value.as_object()["apiVersion"] = kind_->api_version();
    value.as_object()["kind"] = kind_->kind;
    return value;
  }
  void keep(std::unique_ptr<Message> next) {
    mutable_meta(*next).set_uid("u");
    if (!is_new()) keep_times_of_same(*object_, *next);
    object_ = std::move(next);
  }

  const Kind* kind_ = nullptr;
  WallTime now_{std::chrono::seconds(kStart)};
};

class OfConfigMaps : public Ownership {
 protected:
  OfConfigMaps() { live_in(kind_of<corev1::ConfigMap>()); }
};

TEST_F(OfConfigMaps, GoesToWhoeverCreates) {
  update("a", "{metadata: {name: x, labels: {l: m}}, data: {k: v}}");
  EXPECT_EQ(managers(), R"(a Update 1 {"f:data":{".":{},"f:k":{}},"f:metadata":{"f:labels":{".":{},"f:l":{}}}})"
                        "\n");
}

TEST_F(OfConfigMaps, MovesWithEveryChangedValue) {
  update("a", "data: {k: v, l: v}");
  update("b", "data: {k: w, l: v, m: v}");
  EXPECT_EQ(managers(), R"(a Update 1 {"f:data":{".":{},"f:l":{}}})"
                        "\n"
                        R"(b Update 2 {"f:data":{"f:k":{},"f:m":{}}})"
                        "\n");
  update("a", "data: {m: v}");
  EXPECT_EQ(managers(), R"(a Update 1 {"f:data":{}})"
                        "\n"
                        R"(b Update 2 {"f:data":{"f:m":{}}})"
                        "\n")
      << "what is gone is nobody's, and taking away is no reason for a new time";
  update("c", "data: {m: v}");
  EXPECT_EQ(managers().find("c "), std::string::npos) << "who changes nothing is not recorded";
}

TEST_F(OfConfigMaps, IsSharedByAppliersThatAgree) {
  EXPECT_EQ(apply("a", "{metadata: {name: x}, data: {k: v}}"), "");
  EXPECT_EQ(apply("b", "{metadata: {name: x}, data: {k: v}}"), "");
  EXPECT_EQ(managers(), R"(b Apply - {"f:data":{"f:k":{}}})"
                        "\n"
                        R"(a Apply 1 {"f:data":{"f:k":{}}})"
                        "\n");
  EXPECT_EQ(apply("a", "metadata: {name: x}"), "");
  EXPECT_EQ(shown(), R"({"metadata":{"name":"x"},"data":{"k":"v"}})") << "b still wants it";
  EXPECT_EQ(apply("b", "metadata: {name: x}"), "");
  EXPECT_EQ(shown(), R"({"metadata":{"name":"x"}})");
  EXPECT_EQ(managers(), "");
}

TEST_F(OfConfigMaps, IsDisputedByAppliersThatDoNotAgree) {
  EXPECT_EQ(apply("a", "data: {k: v, l: v}"), "");
  EXPECT_EQ(apply("b", "data: {k: w}"), R"(Apply failed with 1 conflict: conflict with "a": .data.k)");
  EXPECT_EQ(error_.reason, Reason::kConflict);
  EXPECT_EQ(error_.causes, (std::vector<Cause>{{.reason = "FieldManagerConflict", .message = R"(conflict with "a")", .field = ".data.k"}}));
  EXPECT_EQ(apply("b", "data: {k: w}", true), "");
  EXPECT_EQ(managers(), R"(a Apply 1 {"f:data":{"f:l":{}}})"
                        "\n"
                        R"(b Apply 3 {"f:data":{"f:k":{}}})"
                        "\n");
}

TEST_F(OfConfigMaps, NamesEveryConflictByItsManager) {
  update("b", "data: {k: v, l: v}");
  EXPECT_EQ(apply("a", "data: {m: v}"), "");
  EXPECT_EQ(apply("c", "data: {k: w, l: w, m: w}"),
            "Apply failed with 3 conflicts: conflicts with \"a\":\n- .data.m\nconflicts with \"b\" using v1:\n- .data.k\n- .data.l");
}

TEST_F(OfConfigMaps, TakesBackWhatIsNoLongerApplied) {
  EXPECT_EQ(apply("a", "{metadata: {labels: {x: w}}, data: {k: v, l: v}}"), "");
  update("b", "{metadata: {labels: {x: w, z: w}}, data: {k: v, l: v, m: v}}");
  EXPECT_EQ(apply("a", "data: {k: v}"), "");
  EXPECT_EQ(shown(), R"({"metadata":{"labels":{"z":"w"}},"data":{"k":"v","m":"v"}})");
}

TEST_F(OfConfigMaps, KeepsItsTimeWhenNothingIsNew) {
  EXPECT_EQ(apply("a", "data: {k: v}"), "");
  const std::string before = managers();
  EXPECT_EQ(apply("a", "data: {k: v}"), "");
  EXPECT_EQ(apply("a", "{metadata: {creationTimestamp: null}, data: {k: v}}"), "");
  EXPECT_EQ(managers(), before);
}

TEST_F(OfConfigMaps, BeginsWithTheFirstApplyWhereNobodyTracked) {
  update("a", "data: {k: v}");
  update("a", "{metadata: {managedFields: []}, data: {k: v}}");
  EXPECT_EQ(managers(), "");
  update("b", "data: {k: w}");
  EXPECT_EQ(managers(), "");
  EXPECT_EQ(apply("c", "data: {l: v}"), "");
  EXPECT_EQ(managers(), R"(c Apply 4 {"f:data":{"f:l":{}}})"
                        "\n"
                        R"(before-first-apply Update 4 {"f:data":{".":{},"f:k":{}}})"
                        "\n");
}

TEST_F(OfConfigMaps, IsClearedByOneEmptyEntryAndKeptByNone) {
  update("a", "data: {k: v}");
  update("b", "{metadata: {managedFields: null}, data: {k: v}}");
  EXPECT_NE(managers(), "");
  update("b", "{metadata: {managedFields: [{manager: b}]}, data: {k: v}}");
  EXPECT_EQ(managers().substr(0, 2), "a ") << "a list that is broken is as good as none";
  update("b", "{metadata: {managedFields: [{}]}, data: {k: v}}");
  EXPECT_EQ(managers(), "");
}

TEST_F(OfConfigMaps, CanBeWrittenByAClient) {
  update("a", "data: {k: v}");
  update("b", R"({metadata: {managedFields: [{manager: z, operation: Apply, apiVersion: v1, fieldsType: FieldsV1,
                  fieldsV1: {"f:data": {"f:k": {}}}}]}, data: {k: v}})");
  EXPECT_EQ(managers(), R"(z Apply - {"f:data":{"f:k":{}}})"
                        "\n");
  update("b", R"({metadata: {managedFields: [{manager: w, operation: Update, apiVersion: v0, fieldsType: FieldsV1,
                  fieldsV1: {"f:data": {"f:k": {}}}}]}, data: {k: v}})");
  EXPECT_EQ(managers(), "") << "of a version that is not served nothing can be told";
}

TEST_F(OfConfigMaps, GoesToAncientChangesBeyondTenUpdaters) {
  std::string data = "data: {k0: v";
  for (int i = 0; i < 12; ++i) {
    update("m" + std::to_string(i), data + "}");
    data += ", k" + std::to_string(i + 1) + ": v";
  }
  EXPECT_EQ(meta(*object_).managedfields_size(), 10);
  EXPECT_EQ(managers().substr(0, managers().find('\n')), R"(ancient-changes Update 3 {"f:data":{".":{},"f:k0":{},"f:k1":{},"f:k2":{}}})");
}

TEST_F(OfConfigMaps, RefusesWhatIsNoConfigurationOfTheKind) {
  EXPECT_EQ(apply("a", "{apiVersion: v1, kind: Secret}"), "invalid object type: /v1, Kind=Secret");
  EXPECT_EQ(apply("a", "{apiVersion: batch/v1, kind: ConfigMap}"), "invalid object type: batch/v1, Kind=ConfigMap");
  EXPECT_EQ(apply("a", "metadata: {managedFields: []}"), "metadata.managedFields must be nil");
  EXPECT_EQ(error_.reason, Reason::kBadRequest);
  EXPECT_EQ(apply("a", "{metadata: {name: x, namespace: ns}, foo: 1}"),
            "failed to create typed patch object (ns/x; /v1, Kind=ConfigMap): .foo: field not declared in schema");
  EXPECT_EQ(error_.http_status(), 500);
}

constexpr std::string_view kLastApplied = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":{"k":"v","l":"v"}})";

TEST_F(OfConfigMaps, MovesFromTheAnnotationOfKubectlWithoutConflicts) {
  update("kubectl-client-side-apply", "{metadata: {name: x, annotations: {kubectl.kubernetes.io/last-applied-configuration: '" +
                                          std::string(kLastApplied) + "'}}, data: {k: v, l: v}}");
  update("other", "{metadata: {name: x, annotations: {kubectl.kubernetes.io/last-applied-configuration: '" + std::string(kLastApplied) +
                      "'}}, data: {k: v, l: w}}");
  EXPECT_EQ(apply("kubectl", "{metadata: {name: x}, data: {k: new, l: new}}"),
            "Apply failed with 1 conflict: conflict with \"other\" using v1: .data.l")
      << "what others changed since is theirs";
  EXPECT_NE(apply("somebody", "{metadata: {name: x}, data: {k: new}}"), "") << "only kubectl has this leave";
  EXPECT_EQ(apply("kubectl", "{metadata: {name: x}, data: {k: new}}"), "");
  EXPECT_EQ(meta(*object_).annotations().at("kubectl.kubernetes.io/last-applied-configuration"),
            R"({"apiVersion":"v1","data":{"k":"new"},"kind":"ConfigMap","metadata":{"name":"x"}})"
            "\n");
}

class OfPods : public Ownership {
 protected:
  OfPods() { live_in(kind_of<corev1::Pod>()); }
};

TEST_F(OfPods, SeparatesItemsByTheirKeys) {
  EXPECT_EQ(apply("a", "spec: {containers: [{name: x, image: i}]}"), "");
  EXPECT_EQ(apply("b", "spec: {containers: [{name: z, image: i, ports: [{containerPort: 80}]}]}"), "");
  EXPECT_EQ(apply("c", "spec: {containers: [{name: z, ports: [{containerPort: 80, protocol: UDP}]}]}"), "");
  EXPECT_EQ(apply("d", "spec: {containers: [{name: x, image: j}]}"),
            R"(Apply failed with 1 conflict: conflict with "a": .spec.containers[name="x"].image)");
  EXPECT_EQ(apply("b", "metadata: {}"), "");
  EXPECT_EQ(shown(), R"({"metadata":{},"spec":{"containers":[{"name":"x","image":"i","resources":{}},)"
                     R"({"name":"z","ports":[{"containerPort":80,"protocol":"UDP"}],"resources":{}}]},"status":{}})")
      << "an item stays as long as somebody has it, without what was only the other's";
}

TEST_F(OfPods, SharesSetsItemByItem) {
  EXPECT_EQ(apply("a", "metadata: {finalizers: [x/a, x/b]}"), "");
  EXPECT_EQ(apply("b", "metadata: {finalizers: [x/b, x/c]}"), "");
  EXPECT_EQ(apply("a", "metadata: {}"), "");
  EXPECT_EQ(shown().substr(0, 46), R"({"metadata":{"finalizers":["x/b","x/c"]},"spec)");
}

TEST_F(OfPods, TakesAtomicListsAsWholes) {
  EXPECT_EQ(apply("a", "spec: {tolerations: [{key: a}]}"), "");
  EXPECT_EQ(apply("b", "spec: {tolerations: [{key: a}, {key: b}]}"),
            R"(Apply failed with 1 conflict: conflict with "a": .spec.tolerations)");
  EXPECT_EQ(apply("b", "spec: {tolerations: [{key: b}]}", true), "");
  EXPECT_EQ(managers(), R"(b Apply 3 {"f:spec":{"f:tolerations":{}}})"
                        "\n");
}

TEST_F(OfPods, KeepsSubresourcesApart) {
  update("a", "{spec: {nodeName: n1}}");
  subresource_ = "status";
  reset_ = FieldSet::parse(R"({"f:spec":{}})").value();
  update("a", "{spec: {nodeName: m1}, status: {phase: Running}}");
  EXPECT_EQ(managers(), R"(a Update 1 {"f:spec":{"f:nodeName":{}}})"
                        "\n"
                        R"(a Update status 2 {"f:status":{"f:phase":{}}})"
                        "\n");
  EXPECT_EQ(apply("b", "status: {phase: Failed}"),
            R"(Apply failed with 1 conflict: conflict with "a" with subresource "status" using v1: .status.phase)");
}

TEST(OwnershipOfEvents, IsToldInTheVersionOfEachManager) {
  const Kind &core = kind_of<corev1::Event>(), &events = *find_kind("events.k8s.io", "v1", "events");
  const FieldSet none;
  const auto write = [&](const Kind& kind, std::string manager) {
    return FieldWrite{.kind = kind, .writer = {.manager = std::move(manager), .api_version = kind.api_version()}, .reset = none, .now = {}};
  };
  corev1::Event event;
  event.set_message("a");
  event.set_count(1);
  credit_update(write(core, "a"), nullptr, event);
  eventsv1::Event old, next;
  events.from_stored(event, old);
  next = old;
  next.set_note("b");
  credit_update(write(events, "b"), &old, next);
  ASSERT_EQ(next.metadata().managedfields_size(), 2);
  EXPECT_EQ(next.metadata().managedfields(0).fieldsv1().raw().find("f:message"), std::string::npos);
  EXPECT_NE(next.metadata().managedfields(0).fieldsv1().raw().find("f:count"), std::string::npos);
  EXPECT_EQ(next.metadata().managedfields(1).fieldsv1().raw(), R"({"f:note":{}})");
}

}  // namespace
}  // namespace stint
