#include "server/testing.h"

namespace stint {
namespace {

class List : public ServerTest {
 protected:
  void create_maps(int count) {
    for (int i = 0; i < count; ++i) {
      corev1::ConfigMap map = config_map("m" + std::to_string(i));
      (*map.mutable_metadata()->mutable_labels())["even"] = i % 2 == 0 ? "yes" : "no";
      ASSERT_TRUE(create(map));
    }
  }
  static Request maps(size_t limit = 0) {
    Request list = request<corev1::ConfigMap>(Verb::kList);
    list.limit = limit;
    return list;
  }
  static std::vector<std::string> names(const Result<Answer>& answer) {
    if (!answer) ADD_FAILURE() << answer.error().message;
    std::vector<std::string> all;
    for (const Object& object : answer->items) all.push_back(meta(*object).name());
    return all;
  }
  using Names = std::vector<std::string>;
};

TEST_F(List, ShowsOneNamespaceOrAllSortedByKey) {
  create_maps(2);
  ASSERT_TRUE(create(config_map("other"), "kube-public"));
  EXPECT_EQ(names(handle(maps())), (Names{"m0", "m1"}));
  Request all = maps();
  all.ns = "";
  const auto answer = handle(std::move(all));
  EXPECT_EQ(names(answer), (Names{"m0", "m1", "other"}));
  EXPECT_EQ(answer->resource_version, std::to_string(store_->revision()));
}

TEST_F(List, PagesThroughTheStateOfTheFirstPage) {
  create_maps(5);
  auto page = handle(maps(2));
  EXPECT_EQ(names(page), (Names{"m0", "m1"}));
  EXPECT_EQ(page->remaining, 3);
  ASSERT_TRUE(remove<corev1::ConfigMap>("m2"));
  Request next = maps(2);
  next.continue_token = page->continue_token;
  const auto second = handle(std::move(next));
  EXPECT_EQ(names(second), (Names{"m2", "m3"}));
  EXPECT_EQ(second->resource_version, page->resource_version);
  Request rest = maps(2);
  rest.continue_token = second->continue_token;
  const auto third = handle(std::move(rest));
  EXPECT_EQ(names(third), (Names{"m4"}));
  EXPECT_EQ(third->continue_token, "");
}

TEST_F(List, FillsAPageWithWhatMatches) {
  create_maps(7);
  Request list = maps(2);
  list.label_selector = "even=yes";
  const auto page = handle(std::move(list));
  EXPECT_EQ(names(page), (Names{"m0", "m2"}));
  EXPECT_FALSE(page->remaining.has_value());
  Request rest = maps(2);
  rest.label_selector = "even=yes";
  rest.continue_token = page->continue_token;
  EXPECT_EQ(names(handle(std::move(rest))), (Names{"m4", "m6"}));
}

TEST_F(List, FindsOneNameByFieldSelector) {
  create_maps(3);
  Request list = maps();
  list.field_selector = "metadata.name=m1";
  EXPECT_EQ(names(handle(std::move(list))), Names{"m1"});
  Request all = maps();
  all.ns = "";
  all.field_selector = "metadata.name=m1";
  EXPECT_EQ(names(handle(std::move(all))), Names{"m1"});
  Request none = maps();
  none.field_selector = "metadata.name=m";
  EXPECT_EQ(names(handle(std::move(none))), Names{});
}

TEST_F(List, ShowsAnExactPastState) {
  create_maps(1);
  const std::string then = std::to_string(store_->revision());
  ASSERT_TRUE(create(config_map("later")));
  Request list = maps();
  list.resource_version = then;
  list.resource_version_match = "Exact";
  EXPECT_EQ(names(handle(std::move(list))), Names{"m0"});
}

TEST_F(List, RefusesContradictoryParameters) {
  Request match = maps();
  match.resource_version_match = "Exact";
  const auto forbidden = handle(std::move(match));
  ASSERT_FALSE(forbidden);
  EXPECT_EQ(forbidden.error().http_status(), 422);
  EXPECT_EQ(forbidden.error().message,
            "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless "
            "resourceVersion is provided");
  Request token = maps();
  token.continue_token = "!!";
  EXPECT_TRUE(handle(std::move(token)).error().message.starts_with("invalid continue token: "));
  Request word = maps();
  word.resource_version = "x";
  EXPECT_EQ(handle(std::move(word)).error().message,
            "invalid resource version: resourceVersion: Invalid value: \"x\": strconv.ParseUint: parsing \"x\": invalid syntax");
}

TEST_F(List, WaitsForARevisionAndGivesUp) {
  Request list = maps();
  list.resource_version = "1000";
  const auto answer = handle(std::move(list));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().http_status(), 504);
  EXPECT_EQ(answer.error().message, "Timeout: Too large resource version: 1000, current: " + std::to_string(store_->revision()));
  EXPECT_EQ(loop_.now(), kStart + std::chrono::seconds(10));  // the test's patience; three seconds were used
}

TEST_F(List, OffersToGoOnInTheLatestStateWhenThePagesStateIsCompacted) {
  create_maps(5);
  const auto page = handle(maps(2));
  const Revision shown = std::stoll(page->resource_version);
  Write write{.key = "/registry/scratch/x", .value = std::make_shared<const std::string>("v")};
  for (size_t i = 0; i < Store::kHistoryMax * 2 + 10 && store_->compacted() <= shown; ++i) {
    write.expected = finish(store_->commit(write)).value();
  }
  ASSERT_TRUE(remove<corev1::ConfigMap>("m2"));
  Request next = maps(2);
  next.continue_token = page->continue_token;
  const auto expired = handle(std::move(next));
  ASSERT_FALSE(expired);
  EXPECT_EQ(expired.error().reason, Reason::kExpired);
  Request rest = maps();
  rest.continue_token = expired.error().continue_token;
  EXPECT_EQ(names(handle(std::move(rest))), (Names{"m3", "m4"}));
}

TEST_F(List, APageCanBeTurnedForFiveMinutesAndNotAfterTen) {
  create_maps(3);
  const auto page = handle(maps(1));
  ASSERT_TRUE(create(config_map("later")));
  const auto turn = [&] {
    Request next = maps(1);
    next.continue_token = page->continue_token;
    return handle(std::move(next));
  };
  loop_.run_for(std::chrono::minutes(5));
  EXPECT_EQ(names(turn()), (Names{"m1"}));
  loop_.run_for(std::chrono::minutes(5));
  EXPECT_EQ(turn().error().reason, Reason::kExpired);
}

TEST_F(List, SharesObjectsAndTheirJson) {
  create_maps(1);
  const auto first = handle(maps());
  const auto second = get<corev1::ConfigMap>("m0");
  EXPECT_EQ(first->items[0].get(), second->object.get());
  const Kind& kind = kind_of<corev1::ConfigMap>();
  EXPECT_EQ(server_->encoded(kind, first->items[0], Form::kJson).get(), server_->encoded(kind, second->object, Form::kJson).get());
  EXPECT_TRUE(server_->encoded(kind, second->object, Form::kJson)
                  ->starts_with("{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"m0\""));
}

}  // namespace
}  // namespace stint
