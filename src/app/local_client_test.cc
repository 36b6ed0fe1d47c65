#include "app/local_client.h"

#include <gtest/gtest.h>

#include "base/sim_loop.h"
#include "client/informer.h"
#include "store/memory/memory_store.h"

namespace stint {
namespace {

class LocalClientTest : public ::testing::Test {
 protected:
  template <class T>
  T finish(Task<T> task) {
    std::optional<T> value;
    Event done(loop_);
    Scope scope(loop_);
    scope.spawn(internal::store_result(std::move(task), &value, &done));
    loop_.run_ready();
    if (!value) ADD_FAILURE() << "the task did not end";
    return std::move(value.value());
  }
  static corev1::Pod pod(std::string name) {
    corev1::Pod pod;
    pod.mutable_metadata()->set_namespace_("default");
    pod.mutable_metadata()->set_name(std::move(name));
    auto& container = *pod.mutable_spec()->add_containers();
    container.set_name("main");
    container.set_image("busybox");
    return pod;
  }

  LocalClientTest() {
    corev1::ServiceAccount account;
    account.mutable_metadata()->set_namespace_("default");
    account.mutable_metadata()->set_name("default");
    EXPECT_TRUE(finish(create<corev1::ServiceAccount>(*client_, account)));
  }

  SimLoop loop_{WallTime(std::chrono::seconds(1'800'000'000))};
  std::unique_ptr<Store> store_ = make_memory_store(loop_);
  std::unique_ptr<Server> server_ = make_server(loop_, *store_);
  std::unique_ptr<Client> client_ = make_local_client(*server_, {.name = "system:stint", .groups = {"system:masters"}}, "tester");
};

TEST_F(LocalClientTest, WritesAndReadsThroughThePipeline) {
  const auto made = finish(create<corev1::Pod>(*client_, pod("a")));
  ASSERT_TRUE(made);
  EXPECT_EQ((*made)->status().phase(), "Pending");
  const Kind& pods = kind_of<corev1::Pod>();
  ASSERT_TRUE(finish(client_->bind_pod("default", "a", (*made)->metadata().uid(), "n1")));
  const auto bound = finish(get<corev1::Pod>(*client_, "default", "a"));
  EXPECT_EQ((*bound)->spec().nodename(), "n1");
  corev1::Pod running = **bound;
  running.mutable_status()->set_phase("Running");
  EXPECT_EQ(finish(update(*client_, running, "status")).value()->status().phase(), "Running");
  const auto listed = finish(client_->list(pods, "", {.field_selector = "spec.nodeName=n1"}));
  EXPECT_EQ(listed.value().items.size(), 1);
  const auto gone = finish(client_->remove(pods, "default", "a", {.grace_period_seconds = 0}));
  EXPECT_EQ(as<corev1::Pod>(gone.value())->status().phase(), "Running");
  EXPECT_EQ(finish(get<corev1::Pod>(*client_, "default", "a")).error().reason, Reason::kNotFound);
}

TEST_F(LocalClientTest, ShowsInformersEveryChangeWithTheStateBefore) {
  Informer informer(loop_, *client_, kind_of<corev1::Pod>());
  std::vector<std::string> seen;
  informer.add_handler([&](const Object& old, const Object& next) {
    seen.push_back(old == nullptr ? "added" : next == nullptr ? "deleted" : "changed");
  });
  informer.start();
  loop_.run_ready();
  ASSERT_TRUE(informer.synced());
  ASSERT_TRUE(finish(create<corev1::Pod>(*client_, pod("a"))));
  ASSERT_TRUE(finish(client_->bind_pod("default", "a", "", "n1")));
  ASSERT_TRUE(finish(client_->remove(kind_of<corev1::Pod>(), "default", "a", {.grace_period_seconds = 0})));
  loop_.run_ready();
  EXPECT_EQ(seen, (std::vector<std::string>{"added", "changed", "deleted"}));
  EXPECT_EQ(informer.size(), 0);
}

TEST_F(LocalClientTest, SharesItsObjectsWithTheServer) {
  ASSERT_TRUE(finish(create<corev1::Pod>(*client_, pod("a"))));
  const Kind& pods = kind_of<corev1::Pod>();
  const auto listed = finish(client_->list(pods, "default", {}));
  const auto got = finish(client_->get(pods, "default", "a"));
  EXPECT_EQ(listed->items[0].get(), got->get());
}

}  // namespace
}  // namespace stint
