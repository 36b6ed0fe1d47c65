#include <gtest/gtest.h>

#include <set>

#include "api/kind.h"

namespace stint {
namespace {

TEST(Kinds, AreFoundByResourceByNameAndByClass) {
  const Kind* jobs = find_kind("batch", "v1", "jobs");
  ASSERT_NE(jobs, nullptr);
  EXPECT_EQ(find_kind_by_name("batch/v1", "Job"), jobs);
  EXPECT_EQ(&kind_of<batchv1::Job>(), jobs);
  EXPECT_EQ(jobs->api_version(), "batch/v1");
  EXPECT_EQ(jobs->qualified_plural(), "jobs.batch");
  EXPECT_EQ(jobs->qualified_kind(), "Job.batch");
  EXPECT_EQ(kind_of<corev1::Pod>().qualified_plural(), "pods");
  EXPECT_EQ(find_kind("", "v1", "jobs"), nullptr);
  EXPECT_EQ(find_kind_by_name("v1", "Job"), nullptr);
}

TEST(Kinds, TheTwoShapesOfEventsShareOneStore) {
  const Kind* core = find_kind_by_name("v1", "Event");
  const Kind* events = find_kind_by_name("events.k8s.io/v1", "Event");
  EXPECT_EQ(core->storage_resource, events->storage_resource);
  EXPECT_EQ(core->to_stored, nullptr);
  EXPECT_NE(events->to_stored, nullptr);
}

TEST(Kinds, AreComplete) {
  for (const Kind& kind : kinds()) {
    SCOPED_TRACE(kind.qualified_plural());
    ASSERT_NE(kind.rules, nullptr);
    if (!kind.is_stored() && kind.verbs == "create") continue;
    EXPECT_FALSE(kind.rules->columns.empty());
    EXPECT_NE(kind.rules->row, nullptr);
    EXPECT_EQ(kind.make()->GetDescriptor(), kind.descriptor());
    EXPECT_EQ(kind.descriptor()->name(), kind.kind);
    EXPECT_TRUE(kind.has_verb("deletecollection") || kind.kind == "Namespace" || !kind.has_verb("create") || kind.absent);
    // An object without a field set can be defaulted, validated and printed.
    std::unique_ptr<Message> empty = kind.make();
    if (kind.rules->set_defaults) kind.rules->set_defaults(*empty);
    FieldErrors errors;
    if (kind.rules->validate) kind.rules->validate(*empty, errors);
    Row row;
    kind.rules->row(*empty, WallTime(), row);
    EXPECT_EQ(row.cells.size(), kind.rules->columns.size());
  }
}

TEST(Kinds, SubresourcesAreNamed) {
  const Kind& pod = kind_of<corev1::Pod>();
  ASSERT_NE(pod.subresource("binding"), nullptr);
  EXPECT_EQ(pod.subresource("binding")->kind, "Binding");
  EXPECT_EQ(pod.subresource("scale"), nullptr);
}

}  // namespace
}  // namespace stint
