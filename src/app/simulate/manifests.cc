#include "app/simulate/manifests.h"

#include "api/codec.h"
#include "api/json.h"

namespace stint::simulate {
namespace {

Request create_request(const Kind& kind, std::string ns, DecodedBody body) {
  Request request{.user = system_user("stint-admin"), .verb = Verb::kCreate, .kind = &kind, .ns = std::move(ns)};
  request.body = std::move(body);
  request.field_validation = FieldValidation::kStrict;
  request.field_manager = "stint-simulate";
  return request;
}

Result<void> ensure_namespace(VirtualCluster& cluster, const std::string& ns) {
  if (cluster.await(cluster.admin().get(kind_of<corev1::Namespace>(), "", ns))) return {};
  return cluster.make_namespace(ns);
}

Result<void> create_object(VirtualCluster& cluster, const json::Value& document, BodyFormat format, std::string_view text) {
  if (!document.is_object()) return fail(Reason::kBadRequest, "a document is no object");
  const std::string_view api_version = document.string_at("apiVersion"), name = document.string_at("kind");
  if (api_version.empty()) return fail(Reason::kBadRequest, "apiVersion is not set");
  if (name.empty()) return fail(Reason::kBadRequest, "kind is not set");
  if (const json::Value* items = document.find("items"); name.ends_with("List") && items != nullptr && items->is_array()) {
    for (const json::Value& item : items->as_array()) {
      TRY_VOID(create_object(cluster, item, BodyFormat::kJson, json::to_text(item)));
    }
    return {};
  }
  const Kind* kind = find_kind_by_name(api_version, name);
  if (kind == nullptr || !kind->has_verb("create")) {
    return fail(Reason::kNotFound, "no matches for kind \"" + std::string(name) + "\" in version \"" + std::string(api_version) + "\"");
  }
  TRY(DecodedBody body, decode_body(format, text, *kind->make(), kind->kind, kind->api_version()));
  std::string ns;
  if (kind->namespaced) {
    ns = meta(*body.message).namespace_().empty() ? "default" : meta(*body.message).namespace_();
    TRY_VOID(ensure_namespace(cluster, ns));
  } else if (kind == &kind_of<corev1::Namespace>() && !meta(*body.message).name().empty()) {
    return ensure_namespace(cluster, meta(*body.message).name());
  }
  TRY_VOID(cluster.await(cluster.server().handle(create_request(*kind, std::move(ns), std::move(body)))));
  return {};
}

}  // namespace

std::vector<std::string> split_documents(std::string_view text) {
  std::vector<std::string> documents(1);
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size() - 1) + 1;
    const std::string_view line = text.substr(start, end - start);
    const std::string_view mark = line.substr(0, line.find_last_not_of(" \t\r\n") + 1);
    if (mark == "---" || mark.starts_with("--- "))
      documents.emplace_back();
    else
      documents.back() += line;
    start = end;
  }
  std::erase_if(documents, [](const std::string& document) {
    for (size_t start = 0; start < document.size();) {
      const size_t end = std::min(document.find('\n', start), document.size());
      const size_t first = document.find_first_not_of(" \t\r", start);
      if (first < end && document[first] != '#') return false;
      start = end + 1;
    }
    return true;
  });
  return documents;
}

Result<void> create_objects(VirtualCluster& cluster, std::string_view text) {
  for (const std::string& document : split_documents(text)) {
    TRY(const json::Value value, json::parse_yaml(document));
    TRY_VOID(create_object(cluster, value, BodyFormat::kYaml, document));
  }
  return {};
}

}  // namespace stint::simulate
