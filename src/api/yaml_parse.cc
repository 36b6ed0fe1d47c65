#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <unordered_map>

#include "api/base64.h"
#include "api/go_quote.h"
#include "api/json.h"
#include "api/json_members.h"
#include "api/utf8.h"
#include "api/yaml_scalar.h"

namespace stint::json {
namespace {

// What a document may cost in memory, all aliases written out: each node counts as 8 bytes and its text. Several times what a
// body without aliases can reach.
constexpr size_t kCostMax = 8 * kBodyBytesMax;
constexpr size_t kNodeCost = 8;

struct Refused {
  std::string why;
};

[[noreturn]] void refuse(const YAML::Mark& mark, const std::string& why) {
  throw Refused{"yaml: line " + std::to_string(mark.line + 1) + ": " + why};
}

struct Node {
  Value value;
  size_t cost = kNodeCost;
  int depth = 0;  // of what is inside
};

// The library reads the escapes \N and \_ as one byte of Latin-1. Nothing else leaves a broken byte, as the document was UTF-8.
std::string escapes_mended(std::string_view text) {
  return mended_utf8(text, [](uint8_t latin1, std::string& out) { append_utf8(latin1, out); });
}

// An object or array being read.
struct Frame {
  bool is_map = false;
  YAML::anchor_t anchor = 0;
  YAML::Mark mark;
  Node node;
  std::optional<std::string> key;  // read, its value is still to come
  bool merges = false;             // the key is `<<`
  std::vector<Value> merged;       // what `<<` named; explicit keys win over it
  std::unordered_map<std::string, size_t> positions;
};

class Builder : public YAML::EventHandler {
 public:
  explicit Builder(std::vector<std::string>* duplicates) : duplicates_(duplicates) {}

  Value take() { return std::move(document_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(Node{}, mark, anchor, false); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto it = anchored_.find(anchor);
    if (it == anchored_.end()) refuse(mark, "anchor contains itself");
    spend(it->second.cost, mark);
    Node copy = it->second;
    add(std::move(copy), mark, 0, false);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& text) override {
    Node node{.value = scalar(mark, tag, escapes_mended(text)), .cost = kNodeCost + text.size()};
    add(std::move(node), mark, anchor, tag == "?");
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(mark, anchor, Value(Array()));
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(mark, anchor, Value(Members()));
  }
  void OnMapEnd() override { close(); }

 private:
  void spend(size_t cost, const YAML::Mark& mark) {
    spent_ += cost;
    if (spent_ > kCostMax) refuse(mark, "document contains excessive aliasing");
  }

  static Value scalar(const YAML::Mark& mark, const std::string& tag, const std::string& text) {
    constexpr std::string_view kCore = "tag:yaml.org,2002:";
    const std::string_view name = tag.starts_with(kCore) ? std::string_view(tag).substr(kCore.size()) : std::string_view();
    if (name == "binary") {
      std::optional<std::string> bytes = decode_base64(text);
      if (!bytes) refuse(mark, "!!binary value contains invalid base64 data");
      return Value(valid_utf8(*bytes));  // what is in JSON is text
    }
    const bool is_resolved = tag == "?" || name == "int" || name == "float" || name == "bool" || name == "null";
    if (!is_resolved) return Value(text);
    std::optional<Value> value = resolve_plain(text);
    if (!value) refuse(mark, "json: unsupported value: " + text);
    const bool fits = tag == "?" || (name == "int" && value->is_int()) || (name == "float" && value->is_number()) ||
                      (name == "bool" && value->is_bool()) || (name == "null" && value->is_null());
    if (!fits) refuse(mark, "cannot decode `" + text + "` as a !!" + std::string(name));
    return *std::move(value);
  }

  void open(const YAML::Mark& mark, YAML::anchor_t anchor, Value empty) {
    if (frames_.size() > static_cast<size_t>(kDepthMax)) refuse(mark, "exceeded max depth");
    Frame& frame = frames_.emplace_back();
    frame.is_map = empty.is_object();
    frame.anchor = anchor;
    frame.mark = mark;
    frame.node.value = std::move(empty);
  }

  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    for (const Value& merged : frame.merged) merge(merged, frame);
    add(std::move(frame.node), frame.mark, frame.anchor, false);
  }

  // Scalars are paid for when they come, what holds them only for itself.
  void add(Node node, const YAML::Mark& mark, YAML::anchor_t anchor, bool is_plain) {
    const bool holds = node.value.is_array() || node.value.is_object();
    spend(holds ? kNodeCost : node.cost, mark);
    if (static_cast<int>(frames_.size()) + node.depth > kDepthMax) refuse(mark, "exceeded max depth");
    if (anchor != 0) {
      spend(node.cost, mark);
      anchored_[anchor] = node;
    }
    if (frames_.empty()) {
      document_ = std::move(node.value);
      return;
    }
    Frame& frame = frames_.back();
    frame.node.cost += node.cost;
    frame.node.depth = std::max(frame.node.depth, node.depth + 1);
    if (!frame.is_map) {
      frame.node.value.as_array().push_back(std::move(node.value));
    } else if (!frame.key) {
      frame.merges = is_plain && node.value.is_string() && node.value.as_string() == "<<";
      frame.key = key_of(node.value, mark);
    } else {
      set(frame, std::move(node.value), mark);
    }
  }

  static std::string key_of(const Value& value, const YAML::Mark& mark) {
    if (value.is_string()) return value.as_string();
    if (value.is_bool() || value.is_number()) return to_text(value);
    refuse(mark, "unsupported map key");
  }

  void set(Frame& frame, Value value, const YAML::Mark& mark) {
    std::string key = *std::exchange(frame.key, std::nullopt);
    if (frame.merges) {
      take_merged(frame, std::move(value), mark);
      return;
    }
    Members& members = frame.node.value.as_object();
    const auto [it, is_new] = frame.positions.emplace(key, members.size());
    if (is_new) {
      members.emplace_back(std::move(key), std::move(value));
      return;
    }
    members.at(it->second).second = std::move(value);
    if (duplicates_ == nullptr || duplicates_->size() >= kStrictErrorsMax) return;
    duplicates_->push_back("line " + std::to_string(mark.line + 1) + ": key " + go_quoted(key) + " already set in map");
  }

  static void take_merged(Frame& frame, Value value, const YAML::Mark& mark) {
    Array sources;
    if (value.is_array()) {
      sources = std::move(value.as_array());
    } else {
      sources.push_back(std::move(value));
    }
    for (Value& source : sources) {
      if (!source.is_object()) refuse(mark, "map merge requires map or sequence of maps as the value");
      frame.merged.push_back(std::move(source));
    }
  }

  static void merge(const Value& source, Frame& frame) {
    Members& members = frame.node.value.as_object();
    for (const auto& [key, value] : source.as_object()) {
      if (frame.positions.emplace(key, members.size()).second) members.emplace_back(key, value);
    }
  }

  std::vector<std::string>* duplicates_;
  std::vector<Frame> frames_;
  std::unordered_map<YAML::anchor_t, Node> anchored_;
  Value document_;
  size_t spent_ = 0;
};

std::unexpected<Error> refused(const std::string& why) { return fail(Reason::kBadRequest, why); }

// The parser's sentences in those of upstream's.
std::string_view upstream_words(std::string_view sentence) {
  static const std::pair<std::string_view, std::string_view> kWords[] = {
      {YAML::ErrorMsg::END_OF_SEQ_FLOW, "did not find expected ',' or ']'"},
      {YAML::ErrorMsg::END_OF_MAP_FLOW, "did not find expected ',' or '}'"},
      {YAML::ErrorMsg::END_OF_SEQ, "did not find expected '-' indicator"},
      {YAML::ErrorMsg::END_OF_MAP, "did not find expected key"},
      {YAML::ErrorMsg::TAB_IN_INDENTATION, "found a tab character that violates indentation"},
      {YAML::ErrorMsg::UNKNOWN_TOKEN, "found character that cannot start any token"},
      {YAML::ErrorMsg::MAP_KEY, "mapping keys are not allowed in this context"},
      {YAML::ErrorMsg::MAP_VALUE, "mapping values are not allowed in this context"},
      {YAML::ErrorMsg::BLOCK_ENTRY, "block sequence entries are not allowed in this context"},
      {YAML::ErrorMsg::EOF_IN_SCALAR, "found unexpected end of stream"},
      {YAML::ErrorMsg::DOC_IN_SCALAR, "found unexpected document indicator"},
  };
  for (const auto& [ours, upstreams] : kWords) {
    if (sentence == ours) return upstreams;
  }
  return sentence;
}

// What upstream's reader refuses before it looks at the YAML; nothing if the text is fine.
std::optional<std::string_view> unreadable(std::string_view text) {
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    if (length == 0) return "invalid UTF-8 octet sequence";
    if (!is_yaml_character(utf8_code_point(text, length))) return "control characters are not allowed";
    text.remove_prefix(length);
  }
  return std::nullopt;
}

bool looks_like_json(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (text[first] == '{' || text[first] == '[');
}

}  // namespace

Result<Value> parse_yaml(std::string_view text, std::vector<std::string>* duplicates) {
  if (text.size() > kBodyBytesMax) {
    return fail(Reason::kRequestEntityTooLarge, "Request entity too large: limit is " + std::to_string(kBodyBytesMax));
  }
  if (looks_like_json(text)) {  // most of it is; but its duplicates are told by line, as YAML's
    std::vector<std::string> found;
    if (Result<Value> value = parse(text, &found); value && (found.empty() || duplicates == nullptr)) return value;
  }
  if (const auto why = unreadable(text)) return refused("yaml: " + std::string(*why));
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    Builder builder(duplicates);
    parser.HandleNextDocument(builder);
    return builder.take();
  } catch (const Refused& error) {
    return refused(error.why);
  } catch (const YAML::Exception& error) {
    return refused("yaml: line " + std::to_string(error.mark.line + 1) + ": " + std::string(upstream_words(error.msg)));
  }
}

}  // namespace stint::json
