#include "server/rest/rest_testing.h"

namespace stint {
namespace {

using rest::RestTest;

constexpr std::string_view kMaps = "/api/v1/namespaces/default/configmaps";
constexpr std::string_view kTable = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

std::vector<json::Value> events_of(std::string_view text) {
  std::vector<json::Value> events;
  while (!text.empty()) {
    size_t end = text.find('\n');
    auto event = json::parse(text.substr(0, end));
    EXPECT_TRUE(event) << text;
    if (event) events.push_back(*event);
    text = end == text.npos ? std::string_view() : text.substr(end + 1);
  }
  return events;
}

// Each four bytes of length and a message.
std::vector<metav1::WatchEvent> frames_of(std::string_view text) {
  std::vector<metav1::WatchEvent> events;
  while (text.size() >= 4) {
    size_t length = 0;
    for (size_t i = 0; i < 4; ++i) length = length << 8 | static_cast<unsigned char>(text[i]);
    EXPECT_LE(length + 4, text.size());
    metav1::WatchEvent event;
    EXPECT_TRUE(event.ParseFromString(std::string(text.substr(4, length))));
    events.push_back(event);
    text.remove_prefix(std::min(text.size(), length + 4));
  }
  EXPECT_TRUE(text.empty());
  return events;
}

class WatchStreamTest : public RestTest {
 protected:
  std::string now_revision() {
    auto list = get(std::string(kMaps));
    return std::string(json::parse(list->text)->find("metadata")->string_at("resourceVersion"));
  }
  Scope scope_{loop_};
};

TEST_F(WatchStreamTest, HeadersGoOutBeforeTheFirstEvent) {
  auto watch = open(std::string(kMaps) + "?watch=true&resourceVersion=" + now_revision(), scope_);
  EXPECT_EQ(watch->code, 200);
  EXPECT_EQ(watch->header("Content-Type"), "application/json");
  EXPECT_EQ(watch->text, "");
  EXPECT_FALSE(watch->ended);
}

TEST_F(WatchStreamTest, ChangesAreLinesOfJson) {
  auto watch = open(std::string(kMaps) + "?watch=true&resourceVersion=" + now_revision(), scope_);
  post(std::string(kMaps), R"({"metadata":{"name":"a"}})");
  send("DELETE", std::string(kMaps) + "/a", "");
  auto events = events_of(watch->text);
  ASSERT_EQ(events.size(), 2u) << watch->text;
  EXPECT_EQ(events[0].string_at("type"), "ADDED");
  EXPECT_EQ(events[0].find("object")->string_at("kind"), "ConfigMap");
  EXPECT_EQ(events[0].find("object")->string_at("apiVersion"), "v1");
  EXPECT_EQ(events[1].string_at("type"), "DELETED");
}

TEST_F(WatchStreamTest, EndsAfterItsTimeout) {
  auto watch = open(std::string(kMaps) + "?watch=1&timeoutSeconds=5", scope_);
  loop_.run_for(std::chrono::seconds(4));
  EXPECT_FALSE(watch->ended);
  loop_.run_for(std::chrono::seconds(2));
  EXPECT_TRUE(watch->ended);
}

TEST_F(WatchStreamTest, WithoutATimeoutEndsWithinHalfAnHourToAnHour) {
  auto watch = open(std::string(kMaps) + "?watch=true", scope_);
  loop_.run_for(std::chrono::minutes(29));
  EXPECT_FALSE(watch->ended);
  loop_.run_for(std::chrono::minutes(32));
  EXPECT_TRUE(watch->ended);
}

TEST_F(WatchStreamTest, AWatchListEndsItsInitialPartWithAnAnnotatedBookmark) {
  post(std::string(kMaps), R"({"metadata":{"name":"a"}})");
  auto watch =
      open(std::string(kMaps) + "?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true", scope_);
  auto events = events_of(watch->text);
  ASSERT_GE(events.size(), 2u) << watch->text;
  const json::Value& bookmark = events.back();
  EXPECT_EQ(bookmark.string_at("type"), "BOOKMARK");
  const json::Value* metadata = bookmark.find("object")->find("metadata");
  EXPECT_EQ(metadata->find("annotations")->string_at("k8s.io/initial-events-end"), "true");
  EXPECT_FALSE(metadata->string_at("resourceVersion").empty());
  EXPECT_EQ(bookmark.find("object")->string_at("kind"), "ConfigMap");
}

TEST_F(WatchStreamTest, OnlyTheFirstTableNamesItsColumns) {
  auto watch = open(std::string(kMaps) + "?watch=true&resourceVersion=" + now_revision(), scope_, {{"Accept", std::string(kTable)}});
  post(std::string(kMaps), R"({"metadata":{"name":"a"}})");
  post(std::string(kMaps), R"({"metadata":{"name":"b"}})");
  auto events = events_of(watch->text);
  ASSERT_EQ(events.size(), 2u) << watch->text;
  EXPECT_EQ(events[0].find("object")->string_at("kind"), "Table");
  EXPECT_TRUE(events[0].find("object")->find("columnDefinitions")->is_array());
  EXPECT_TRUE(events[1].find("object")->find("columnDefinitions")->is_null());
  EXPECT_EQ(events[1].find("object")->find("rows")->as_array().size(), 1u);
}

TEST_F(WatchStreamTest, ClientsThatPreferProtobufAreGivenFramesOfIt) {
  auto watch = open(std::string(kMaps) + "?watch=true&resourceVersion=" + now_revision(), scope_,
                    {{"Accept", "application/vnd.kubernetes.protobuf,application/json"}});
  EXPECT_EQ(watch->code, 200);
  EXPECT_EQ(watch->header("Content-Type"), "application/vnd.kubernetes.protobuf;stream=watch");
  post(std::string(kMaps), R"({"metadata":{"name":"a"},"data":{"k":"v"}})");
  send("DELETE", std::string(kMaps) + "/a", "");
  const auto events = frames_of(watch->text);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].type(), "ADDED");
  EXPECT_EQ(events[1].type(), "DELETED");
  const auto envelope = decode_envelope(events[0].object().raw());
  ASSERT_TRUE(envelope) << events[0].object().raw();
  EXPECT_EQ(envelope->api_version + " " + envelope->kind, "v1 ConfigMap");
  corev1::ConfigMap map;
  ASSERT_TRUE(map.ParseFromString(envelope->raw));
  EXPECT_EQ(map.data().at("k"), "v");
}

TEST_F(WatchStreamTest, ProtobufWatchesOfMetadataAndTheirBookmarks) {
  post(std::string(kMaps), R"({"metadata":{"name":"a"},"data":{"k":"v"}})");
  auto watch = open(std::string(kMaps) + "?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
                    scope_, {{"Accept", "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}});
  const auto events = frames_of(watch->text);
  ASSERT_GE(events.size(), 2u);
  for (const metav1::WatchEvent& event : events) {
    const auto envelope = decode_envelope(event.object().raw());
    ASSERT_TRUE(envelope);
    EXPECT_EQ(envelope->api_version + " " + envelope->kind, "meta.k8s.io/v1 PartialObjectMetadata");
  }
  EXPECT_EQ(events.back().type(), "BOOKMARK");
  metav1::PartialObjectMetadata bookmark;
  ASSERT_TRUE(bookmark.ParseFromString(decode_envelope(events.back().object().raw())->raw));
  EXPECT_EQ(bookmark.metadata().annotations().at("k8s.io/initial-events-end"), "true");
}

TEST_F(WatchStreamTest, AnErrorWithinAProtobufWatchIsAStatusFrame) {
  const std::string start = now_revision();
  const auto value = std::make_shared<const std::string>("v");
  for (size_t i = 0; i < Store::kHistoryMax * 2 + 10 && store_->compacted() <= std::stoll(start); ++i) {
    ASSERT_TRUE(finish(store_->commit({.key = "/other/" + std::to_string(i), .value = value})));
  }
  auto watch =
      open(std::string(kMaps) + "?watch=true&resourceVersion=" + start, scope_, {{"Accept", "application/vnd.kubernetes.protobuf"}});
  const auto events = frames_of(watch->text);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].type(), "ERROR");
  const auto envelope = decode_envelope(events[0].object().raw());
  metav1::Status status;
  ASSERT_TRUE(envelope && status.ParseFromString(envelope->raw));
  EXPECT_EQ(envelope->kind + " " + status.reason() + " " + std::to_string(status.code()), "Status Expired 410");
  EXPECT_TRUE(watch->ended);
}

// Keeps the messages that it is to send.
class RecordedWebSocket : public http::WebSocket {
 public:
  const std::string& protocol() const override { return protocol_; }
  Task<std::optional<Message>> receive() override { co_return std::nullopt; }
  void ignore_messages() override { ignores = true; }
  Task<bool> send(Kind kind, http::Body message) override {
    messages.push_back({.kind = kind, .bytes = message.text()});
    co_return true;
  }
  void close(uint16_t code, std::string_view) override { closed_with = code; }

  std::vector<Message> messages;
  bool ignores = false;
  int closed_with = 0;

 private:
  std::string protocol_;
};

TEST_F(WatchStreamTest, OverAWebSocketEachEventIsAMessage) {
  RecordedWebSocket socket;
  const http::Headers upgrade{{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Origin", "https://h"}};
  auto watch = open(std::string(kMaps) + "?watch=true&timeoutSeconds=5&resourceVersion=" + now_revision(), scope_, upgrade, &socket);
  post(std::string(kMaps), R"({"metadata":{"name":"a"}})");
  post(std::string(kMaps), R"({"metadata":{"name":"b"}})");
  EXPECT_EQ(watch->code, 101);
  EXPECT_TRUE(socket.ignores);
  ASSERT_EQ(socket.messages.size(), 2u);
  EXPECT_EQ(socket.messages[0].kind, http::WebSocket::Kind::kText);
  EXPECT_EQ(events_of(socket.messages[1].bytes).at(0).find("object")->find("metadata")->string_at("name"), "b");
  loop_.run_for(std::chrono::seconds(6));
  EXPECT_EQ(socket.closed_with, http::WebSocket::kNormal);
}

TEST_F(WatchStreamTest, AnErrorBeforeTheUpgradeIsAStatus) {
  RecordedWebSocket socket;
  const http::Headers upgrade{{"Upgrade", "websocket"}, {"Connection", "Upgrade"}};
  auto refused = open(std::string(kMaps) + "?watch=true&labelSelector=%3D%3D", scope_, upgrade, &socket);
  EXPECT_EQ(refused->code, 400);
  EXPECT_NE(refused->text.find("\"kind\":\"Status\""), std::string::npos);
  auto no_handshake = open(std::string(kMaps) + "?watch=true", scope_, upgrade);
  EXPECT_EQ(no_handshake->code, 400);
}

TEST_F(WatchStreamTest, YamlIsNoStream) {
  for (std::string accept : {"application/yaml", "application/yaml,application/json"}) {
    auto refused = get(std::string(kMaps) + "?watch=true", {{"Accept", accept}});
    EXPECT_EQ(refused->code, 406) << accept;
    EXPECT_NE(
        refused->text.find("message: 'only the following media types are accepted: application/json;stream=watch,\n  application/vnd"),
        std::string::npos)
        << refused->text;
  }
  auto watch = open(std::string(kMaps) + "?watch=true", scope_, {{"Accept", "application/yaml;stream=watch,application/json"}});
  EXPECT_EQ(watch->code, 200);
}

TEST_F(WatchStreamTest, WatchersShareOneEncoding) {
  auto first = open(std::string(kMaps) + "?watch=true&resourceVersion=" + now_revision(), scope_);
  auto second = open(std::string(kMaps) + "?watch=true&resourceVersion=" + now_revision(), scope_);
  post(std::string(kMaps), R"({"metadata":{"name":"a"}})");
  EXPECT_FALSE(first->text.empty());
  EXPECT_EQ(first->text, second->text);
}

TEST_F(WatchStreamTest, ABadSelectorIsAPlainError) {
  auto refused = get(std::string(kMaps) + "?watch=true&labelSelector=%3D%3D");
  EXPECT_EQ(refused->code, 400);
  EXPECT_NE(refused->text.find("\"kind\":\"Status\""), std::string::npos);
}

TEST_F(WatchStreamTest, TheOldPathPrefixStillWatches) {
  auto watch = open("/api/v1/watch/namespaces/default/configmaps/a?resourceVersion=" + now_revision(), scope_);
  post(std::string(kMaps), R"({"metadata":{"name":"b"}})");
  post(std::string(kMaps), R"({"metadata":{"name":"a"}})");
  auto events = events_of(watch->text);
  ASSERT_EQ(events.size(), 1u) << watch->text;
  EXPECT_EQ(events[0].find("object")->find("metadata")->string_at("name"), "a");
}

TEST_F(WatchStreamTest, StopsWhenTheClientIsGone) {
  auto watch = open(std::string(kMaps) + "?watch=true&resourceVersion=" + now_revision(), scope_);
  watch->gone = true;
  post(std::string(kMaps), R"({"metadata":{"name":"a"}})");
  EXPECT_TRUE(scope_.empty());
}

TEST_F(WatchStreamTest, TablesOfListsCarryMetadataOrWhatIsAskedFor) {
  post(std::string(kMaps), R"({"metadata":{"name":"a"},"data":{"k":"v"}})");
  http::Headers accept{{"Accept", std::string(kTable)}};
  json::Value table = json::parse(get(std::string(kMaps) + "/a", accept)->text).value();
  const json::Value& row = table.find("rows")->as_array()[0];
  EXPECT_EQ(row.find("object")->string_at("kind"), "PartialObjectMetadata");
  EXPECT_EQ(row.find("cells")->as_array()[0].as_string(), "a");
  EXPECT_EQ(row.find("cells")->as_array()[1], json::Value(1));
  std::string full = get(std::string(kMaps) + "?includeObject=Object", accept)->text;
  EXPECT_NE(full.find(R"("object":{"kind":"ConfigMap","apiVersion":"v1")"), std::string::npos) << full;
  std::string none = get(std::string(kMaps) + "?includeObject=None", accept)->text;
  EXPECT_NE(none.find(R"("object":null)"), std::string::npos) << none;
  EXPECT_EQ(get(std::string(kMaps) + "?includeObject=Some", accept)->code, 400);
}

TEST_F(WatchStreamTest, PartialMetadataHasAListFormOfItsOwn) {
  post(std::string(kMaps), R"({"metadata":{"name":"a"},"data":{"k":"v"}})");
  auto list = get(std::string(kMaps), {{"Accept", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}});
  EXPECT_NE(list->text.find(R"({"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1")"), std::string::npos) << list->text;
  EXPECT_EQ(list->text.find("\"data\""), std::string::npos);
  EXPECT_EQ(get(std::string(kMaps), {{"Accept", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}})->code, 406);
}

}  // namespace
}  // namespace stint
