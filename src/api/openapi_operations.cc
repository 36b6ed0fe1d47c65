#include "api/openapi_operations.h"

namespace stint {
namespace {

constexpr OpenApiParameter kPretty{"pretty", "string", "If true, the answer is indented."};
constexpr OpenApiParameter kNamespace{"namespace", "string", "The namespace of the object.", true};
constexpr OpenApiParameter kName{"name", "string", "The name of the object.", true};

constexpr OpenApiParameter kWriteParameters[] = {
    {"dryRun", "string", "With All the request goes all the way, but nothing is stored."},
    {"fieldManager", "string", "The name under which the client's changes are recorded; at most 128 characters."},
    {"fieldValidation", "string",
     "What to do about unknown and duplicate fields: Ignore drops them, Warn drops them with a warning, Strict refuses the request."},
};
constexpr OpenApiParameter kForce{"force", "boolean", "Takes over fields that others manage; for apply patches only."};

constexpr OpenApiParameter kListParameters[] = {
    {"allowWatchBookmarks", "boolean", "Asks a watch for BOOKMARK events."},
    {"continue", "string", "The token from the page before, to get the next one."},
    {"fieldSelector", "string", "Restricts the answer to objects with these field values."},
    {"labelSelector", "string", "Restricts the answer to objects with these labels."},
    {"limit", "integer", "The most objects in one page; the list's metadata then tells how to go on."},
    {"resourceVersion", "string", "The state of the store that the answer must show."},
    {"resourceVersionMatch", "string", "How resourceVersion is meant: Exact or NotOlderThan."},
    {"sendInitialEvents", "boolean", "A watch starts with the present objects and a bookmark after them."},
    {"timeoutSeconds", "integer", "How long a list or a watch may last."},
    {"watch", "boolean", "Streams changes instead of answering with a list."},
};

constexpr OpenApiParameter kDeleteParameters[] = {
    {"dryRun", "string", "With All the request goes all the way, but nothing is deleted."},
    {"gracePeriodSeconds", "integer", "How long the object may take to end; 0 means at once."},
    {"orphanDependents", "boolean", "Superseded by propagationPolicy; at most one of the two may be set."},
    {"propagationPolicy", "string", "What becomes of dependents: Orphan, Background or Foreground."},
};

constexpr OpenApiParameter kExecParameters[] = {
    {"command", "string", "A word of the command; once for each."},
    {"container", "string", "In which container; may be left out when the pod has one only."},
    {"stderr", "boolean", "Standard error is wanted."},
    {"stdin", "boolean", "Standard input will be sent."},
    {"stdout", "boolean", "Standard output is wanted."},
    {"tty", "boolean", "The command gets a terminal."},
};

constexpr OpenApiParameter kAttachParameters[] = {
    {"container", "string", "To which container; may be left out when the pod has one only."},
    {"stderr", "boolean", "Standard error is wanted."},
    {"stdin", "boolean", "Standard input will be sent."},
    {"stdout", "boolean", "Standard output is wanted."},
    {"tty", "boolean", "The client has a terminal, as the container has."},
};

constexpr OpenApiParameter kForwardParameters[] = {
    {"ports", "integer", "The ports to connect to, where the protocol does not name them."},
};
constexpr OpenApiParameter kProxyParameters[] = {
    {"path", "string", "The path that is asked of the node or the pod."},
};

// "batch" and "v1" as the identifiers of operations spell them: "BatchV1".
std::string capitalized(std::string_view text) {
  std::string out(text);
  if (!out.empty() && out[0] >= 'a' && out[0] <= 'z') out[0] = static_cast<char>(out[0] - 32);
  return out;
}

std::string group_identifier(const Kind& kind) {
  std::string_view group = kind.group.empty() ? "core" : kind.group.substr(0, kind.group.find('.'));
  return capitalized(group) + capitalized(kind.version);
}

std::string prefix_of(const Kind& kind) {
  return (kind.group.empty() ? "/api/" : "/apis/" + std::string(kind.group) + "/") + std::string(kind.version) + "/";
}

struct VerbWords {
  std::string_view verb, method, action, id, description;
  std::vector<int> codes;
};
const VerbWords* words_of(std::string_view verb) {
  static const VerbWords kWords[] = {
      {"get", "get", "get", "read", "read a ", {200}},
      {"list", "get", "list", "list", "list or watch objects of kind ", {200}},
      {"create", "post", "post", "create", "create a ", {200, 201, 202}},
      {"update", "put", "put", "replace", "replace a ", {200, 201}},
      {"patch", "patch", "patch", "patch", "change parts of a ", {200, 201}},
      {"delete", "delete", "delete", "delete", "delete a ", {200, 202}},
      {"deletecollection", "delete", "deletecollection", "delete", "delete many objects of kind ", {200}},
  };
  for (const VerbWords& words : kWords) {
    if (words.verb == verb) return &words;
  }
  return nullptr;
}

void add_verb_details(std::string_view verb, OpenApiOperation& operation) {
  auto add = [&](std::span<const OpenApiParameter> parameters) {
    operation.parameters.insert(operation.parameters.end(), parameters.begin(), parameters.end());
  };
  if (verb == "create" || verb == "update") {
    operation.body = OpenApiBody::kObject;
    add(kWriteParameters);
  } else if (verb == "patch") {
    operation.body = OpenApiBody::kPatch;
    add(kWriteParameters);
    operation.parameters.push_back(kForce);
  } else if (verb == "list") {
    operation.result = OpenApiResult::kList;
    add(kListParameters);
  } else if (verb == "delete") {
    operation.body = OpenApiBody::kDeleteOptions;
    operation.result = operation.kind->returns_deleted_object ? OpenApiResult::kObject : OpenApiResult::kStatus;
    add(kDeleteParameters);
  } else if (verb == "deletecollection") {
    operation.body = OpenApiBody::kDeleteOptions;
    operation.result = OpenApiResult::kStatus;
    add(kDeleteParameters);
    for (const OpenApiParameter& one : kListParameters) {
      if (one.name != "allowWatchBookmarks" && one.name != "watch") operation.parameters.push_back(one);
    }
  }
}

struct Place {
  std::string path;
  bool has_namespace = false;
  bool has_name = false;
  const Subresource* subresource = nullptr;
};

void add_operation(const Kind& kind, const Place& place, std::string_view verb, std::vector<OpenApiOperation>& out) {
  const VerbWords* words = words_of(verb);
  if (words == nullptr) return;
  OpenApiOperation operation;
  operation.path = place.path;
  operation.method = words->method;
  operation.action = words->action;
  operation.kind = &kind;
  operation.object = place.subresource != nullptr ? place.subresource->kind : kind.kind;
  if (place.subresource != nullptr) operation.type = place.subresource->type;
  operation.id = std::string(words->id) + group_identifier(kind) + (verb == "deletecollection" ? "Collection" : "") +
                 (place.has_namespace ? "Namespaced" : "") + std::string(kind.kind) +
                 (place.subresource != nullptr ? capitalized(place.subresource->name) : "") +
                 (kind.namespaced && !place.has_namespace ? "ForAllNamespaces" : "");
  operation.description = std::string(words->description) + std::string(operation.object);
  if (place.subresource != nullptr) {
    operation.description = std::string(words->description) + std::string(kind.kind) + ": its " + std::string(place.subresource->name);
  }
  operation.codes = words->codes;
  add_verb_details(verb, operation);
  if (place.subresource != nullptr && place.subresource->name == "log") operation.result = OpenApiResult::kText;
  const auto connect = place.subresource != nullptr ? connect_parameters(place.subresource->name) : std::span<const OpenApiParameter>();
  if (!connect.empty()) {
    operation.action = "connect";
    operation.body = OpenApiBody::kNone;
    operation.result = OpenApiResult::kText;
    operation.parameters.assign(connect.begin(), connect.end());
  }
  if (place.has_name) operation.parameters.push_back(kName);
  if (place.has_namespace) operation.parameters.push_back(kNamespace);
  operation.parameters.push_back(kPretty);
  out.push_back(std::move(operation));
}

void add_kind(const Kind& kind, std::vector<OpenApiOperation>& out) {
  std::string plural(kind.plural);
  std::string base = prefix_of(kind) + (kind.namespaced ? "namespaces/{namespace}/" : "") + plural;
  if (kind.namespaced && kind.has_verb("list")) add_operation(kind, {prefix_of(kind) + plural}, "list", out);
  Place collection{base, kind.namespaced};
  for (std::string_view verb : {"list", "create", "deletecollection"}) {
    if (kind.has_verb(verb)) add_operation(kind, collection, verb, out);
  }
  Place object{base + "/{name}", kind.namespaced, true};
  for (std::string_view verb : {"get", "update", "patch", "delete"}) {
    if (kind.has_verb(verb)) add_operation(kind, object, verb, out);
  }
  for (const Subresource& subresource : kind.subresources) {
    Place place{object.path + "/" + std::string(subresource.name), kind.namespaced, true, &subresource};
    for (std::string_view verb : {"get", "create", "update", "patch", "delete"}) {
      std::string listed = "," + std::string(subresource.verbs) + ",";
      if (listed.find("," + std::string(verb) + ",") != listed.npos) add_operation(kind, place, verb, out);
    }
  }
}

}  // namespace

std::span<const OpenApiParameter> connect_parameters(std::string_view subresource) {
  if (subresource == "attach") return kAttachParameters;
  if (subresource == "exec") return kExecParameters;
  if (subresource == "portforward") return kForwardParameters;
  if (subresource == "proxy") return kProxyParameters;
  return {};
}

std::vector<OpenApiOperation> openapi_operations(std::string_view group, std::string_view version) {
  std::vector<OpenApiOperation> all;
  for (const Kind& kind : kinds()) {
    if (kind.group == group && kind.version == version) add_kind(kind, all);
  }
  return all;
}

}  // namespace stint
