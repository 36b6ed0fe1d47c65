#include "api/kind.h"

namespace stint {
namespace {

// Whether a comma list holds the word.
bool lists(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    size_t comma = list.find(',');
    if (list.substr(0, comma) == word) return true;
    if (comma == list.npos) return false;
    list.remove_prefix(comma + 1);
  }
  return false;
}

std::string with_group(std::string_view name, std::string_view group) {
  std::string text(name);
  if (!group.empty()) {
    text += '.';
    text += group;
  }
  return text;
}

}  // namespace

std::string Kind::api_version() const {
  if (group.empty()) return std::string(version);
  return std::string(group) + "/" + std::string(version);
}

std::string Kind::qualified_plural() const { return with_group(plural, group); }
std::string Kind::qualified_kind() const { return with_group(kind, group); }

std::unique_ptr<Message> Kind::make() const {
  const Message* prototype = google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor());
  return std::unique_ptr<Message>(prototype->New());
}

bool Subresource::has_verb(std::string_view verb) const { return lists(verbs, verb); }
bool Kind::has_verb(std::string_view verb) const { return lists(verbs, verb); }

const Subresource* Kind::subresource(std::string_view name) const {
  for (const Subresource& one : subresources) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

}  // namespace stint
