#include <google/protobuf/descriptor.pb.h>

#include "api/openapi_schema.h"

// The descriptors of api/*.proto with their comments, embedded by api/CMakeLists.txt. The classes' own descriptors have none.
extern "C" const char stint_kind_descriptors[];
extern "C" const char stint_kind_descriptors_end[];

namespace stint {
namespace {

// A comment of several lines as one text; an empty line starts a paragraph.
std::string unwrapped(std::string_view comment) {
  std::string out;
  while (!comment.empty()) {
    size_t end = comment.find('\n');
    std::string_view line = comment.substr(0, end);
    comment = end == comment.npos ? std::string_view() : comment.substr(end + 1);
    while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
    while (!line.empty() && line.back() == ' ') line.remove_suffix(1);
    if (line.empty()) {
      if (!out.empty() && !out.ends_with('\n')) out += "\n\n";
      continue;
    }
    if (!out.empty() && !out.ends_with('\n')) out += ' ';
    out += line;
  }
  while (out.ends_with('\n')) out.pop_back();
  return out;
}

// The name that a location's path leads to: [4, message] or [4, message, 2, field]; "" for anything else.
std::string name_at(const google::protobuf::FileDescriptorProto& file, const google::protobuf::RepeatedField<int>& path) {
  constexpr int kMessages = 4, kFields = 2;  // field numbers of FileDescriptorProto.message_type and DescriptorProto.field
  if (path.size() < 2 || path[0] != kMessages) return "";
  const auto& message = file.message_type(path[1]);
  std::string name = file.package() + "." + message.name();
  if (path.size() == 2) return name;
  if (path.size() == 4 && path[2] == kFields) return name + "." + message.field(path[3]).name();
  return "";
}

}  // namespace

Descriptions read_descriptions() {
  google::protobuf::FileDescriptorSet set;
  Descriptions descriptions;
  auto size = static_cast<int>(stint_kind_descriptors_end - stint_kind_descriptors);
  if (!set.ParseFromArray(stint_kind_descriptors, size)) std::abort();  // built in: broken means a broken program
  for (const auto& file : set.file()) {
    if (!file.package().starts_with("k8s.io.")) continue;
    for (const auto& location : file.source_code_info().location()) {
      if (!location.has_leading_comments()) continue;
      std::string name = name_at(file, location.path());
      if (!name.empty()) descriptions[name] = unwrapped(location.leading_comments());
    }
  }
  return descriptions;
}

}  // namespace stint
