// Schemas of OpenAPI from message descriptors, and every schema that they refer to. Pure; one writer a document, one thread.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "api/json.h"

namespace stint {

enum class OpenApiDialect { kV2, kV3 };

// The comment above each message and field of the declared kinds, by full name ("k8s.io.api.batch.v1.JobSpec.suspend").
using Descriptions = std::map<std::string, std::string>;
Descriptions read_descriptions();

// "io.k8s.api.batch.v1.Job": the name under which clients know a message.
std::string schema_name(const google::protobuf::Descriptor& type);

class SchemaWriter {
 public:
  SchemaWriter(OpenApiDialect dialect, const Descriptions& descriptions) : dialect_(dialect), descriptions_(descriptions) {}

  // A reference to the type's schema, which schemas() then holds.
  json::Value reference(const google::protobuf::Descriptor& type);
  // Makes the type an object of its own, with kind and apiVersion.
  void add_kind(const google::protobuf::Descriptor& type, std::string_view group, std::string_view version, std::string_view kind);
  // The same for a type that has a name among the kinds but no such members: WatchEvent.
  void add_named(const google::protobuf::Descriptor& type, std::string_view group, std::string_view version, std::string_view kind);
  // A schema that has no message.
  void add(std::string name, json::Value schema) { extra_[std::move(name)] = std::move(schema); }
  json::Value reference(std::string_view name) const;

  // Everything referred to so far, by name.
  json::Members schemas();

 private:
  json::Value schema_of(const google::protobuf::Descriptor& type);
  void add_properties(const google::protobuf::Descriptor& type, json::Members& properties, json::Array& required);
  json::Value property(const google::protobuf::FieldDescriptor& field);
  json::Value value_schema(const google::protobuf::FieldDescriptor& field);
  void describe(const std::string& full_name, json::Members& schema) const;

  OpenApiDialect dialect_;
  const Descriptions& descriptions_;
  std::deque<const google::protobuf::Descriptor*> wanted_;
  std::set<const google::protobuf::Descriptor*> known_;
  std::map<const google::protobuf::Descriptor*, json::Array> names_;  // x-kubernetes-group-version-kind
  std::set<const google::protobuf::Descriptor*> kinds_;               // those with kind and apiVersion
  std::map<std::string, json::Value> extra_;
};

json::Members group_version_kind(std::string_view group, std::string_view version, std::string_view kind);

}  // namespace stint
