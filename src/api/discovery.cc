#include "api/discovery.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "api/json.h"

namespace stint {
namespace {

json::Array split(std::string_view comma_list) {
  json::Array words;
  while (!comma_list.empty()) {
    size_t comma = comma_list.find(',');
    words.emplace_back(comma_list.substr(0, comma));
    comma_list = comma == comma_list.npos ? "" : comma_list.substr(comma + 1);
  }
  return words;
}

std::string api_version_of(GroupVersion gv) {
  return gv.group.empty() ? std::string(gv.version) : std::string(gv.group) + "/" + std::string(gv.version);
}

bool belongs(const Kind& kind, GroupVersion gv) { return kind.group == gv.group && kind.version == gv.version; }

json::Value version_entry(GroupVersion gv) { return json::Members{{"groupVersion", api_version_of(gv)}, {"version", gv.version}}; }

// The members of an APIGroup after its type line.
void add_group_members(std::string_view group, json::Members& out) {
  json::Array versions;
  for (GroupVersion gv : served_group_versions()) {
    if (gv.group == group) versions.push_back(version_entry(gv));
  }
  out["name"] = group;
  out["versions"] = versions;
  out["preferredVersion"] = versions.front();
}

bool is_served(std::string_view group) {
  for (GroupVersion gv : served_group_versions()) {
    if (gv.group == group) return true;
  }
  return false;
}

json::Value resource_entry(const Kind& kind) {
  json::Members entry{{"name", kind.plural},
                      {"singularName", kind.singular},
                      {"namespaced", kind.namespaced},
                      {"kind", kind.kind},
                      {"verbs", split(kind.verbs)}};
  if (!kind.short_names.empty()) entry["shortNames"] = split(kind.short_names);
  if (!kind.categories.empty()) entry["categories"] = split(kind.categories);
  if (kind.is_stored()) entry["storageVersionHash"] = storage_version_hash(kind);
  return entry;
}

json::Value subresource_entry(const Kind& kind, const Subresource& sub) {
  json::Members entry{
      {"name", std::string(kind.plural) + "/" + std::string(sub.name)}, {"singularName", ""}, {"namespaced", kind.namespaced}};
  if (sub.type != nullptr) {
    entry["group"] = sub.type->group;
    entry["version"] = sub.type->version;
  }
  entry["kind"] = sub.kind;
  entry["verbs"] = split(sub.verbs);
  return entry;
}

// Group and version are only told where they are not those of the resource.
json::Value response_kind(std::string_view kind, const Kind* type = nullptr) {
  return json::Members{{"group", type != nullptr ? type->group : ""}, {"version", type != nullptr ? type->version : ""}, {"kind", kind}};
}

json::Value aggregated_resource(const Kind& kind) {
  json::Members entry{{"resource", kind.plural},
                      {"responseKind", response_kind(kind.kind)},
                      {"scope", kind.namespaced ? "Namespaced" : "Cluster"},
                      {"singularResource", kind.singular},
                      {"verbs", split(kind.verbs)}};
  if (!kind.short_names.empty()) entry["shortNames"] = split(kind.short_names);
  if (!kind.categories.empty()) entry["categories"] = split(kind.categories);
  json::Array subresources;
  for (const Subresource& sub : kind.subresources) {
    subresources.push_back(
        json::Members{{"subresource", sub.name}, {"responseKind", response_kind(sub.kind, sub.type)}, {"verbs", split(sub.verbs)}});
  }
  if (!subresources.empty()) entry["subresources"] = std::move(subresources);
  return entry;
}

json::Value aggregated_version(GroupVersion gv) {
  json::Array resources;
  for (const Kind& kind : kinds()) {
    if (belongs(kind, gv)) resources.push_back(aggregated_resource(kind));
  }
  return json::Members{{"version", gv.version}, {"resources", std::move(resources)}, {"freshness", "Current"}};
}

}  // namespace

std::vector<GroupVersion> served_group_versions() {
  std::vector<GroupVersion> all;
  for (const Kind& kind : kinds()) {
    GroupVersion gv{kind.group, kind.version};
    if (std::find(all.begin(), all.end(), gv) == all.end()) all.push_back(gv);
  }
  return all;
}

std::string api_versions_text(std::string_view server_address) {
  json::Array versions;
  for (GroupVersion gv : served_group_versions()) {
    if (gv.group.empty()) versions.emplace_back(gv.version);
  }
  json::Value address = json::Members{{"clientCIDR", "0.0.0.0/0"}, {"serverAddress", server_address}};
  return json::to_text(json::Members{
      {"kind", "APIVersions"}, {"versions", std::move(versions)}, {"serverAddressByClientCIDRs", json::Array{std::move(address)}}});
}

std::string api_group_list_text() {
  json::Array groups;
  std::string_view last;
  for (GroupVersion gv : served_group_versions()) {
    if (gv.group.empty() || gv.group == last) continue;
    last = gv.group;
    json::Members group;
    add_group_members(gv.group, group);
    groups.emplace_back(std::move(group));
  }
  return json::to_text(json::Members{{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(groups)}});
}

std::string api_group_text(std::string_view group) {
  if (group.empty() || !is_served(group)) return "";
  json::Members out{{"kind", "APIGroup"}, {"apiVersion", "v1"}};
  add_group_members(group, out);
  return json::to_text(out);
}

std::string api_resource_list_text(GroupVersion gv) {
  json::Array resources;
  for (const Kind& kind : kinds()) {
    if (!belongs(kind, gv)) continue;
    resources.push_back(resource_entry(kind));
    for (const Subresource& sub : kind.subresources) resources.push_back(subresource_entry(kind, sub));
  }
  if (resources.empty()) return "";
  json::Members out{{"kind", "APIResourceList"}};
  if (!gv.group.empty()) out["apiVersion"] = "v1";  // the core list never had it
  out["groupVersion"] = api_version_of(gv);
  out["resources"] = std::move(resources);
  return json::to_text(out);
}

std::string aggregated_discovery_text(bool core, std::string_view version) {
  json::Array items;
  std::vector<GroupVersion> all = served_group_versions();
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].group.empty() != core) continue;
    if (i > 0 && all[i - 1].group == all[i].group) continue;
    json::Array versions;
    for (size_t j = i; j < all.size() && all[j].group == all[i].group; ++j) versions.push_back(aggregated_version(all[j]));
    json::Members metadata;
    if (!core) metadata["name"] = all[i].group;
    items.push_back(json::Members{{"metadata", std::move(metadata)}, {"versions", std::move(versions)}});
  }
  return json::to_text(json::Members{{"kind", "APIGroupDiscoveryList"},
                                     {"apiVersion", "apidiscovery.k8s.io/" + std::string(version)},
                                     {"metadata", json::Members{}},
                                     {"items", std::move(items)}});
}

std::string storage_version_hash(const Kind& kind) {
  const Kind* stored = &kind;
  for (const Kind& other : kinds()) {  // of two shapes in one store the first is the stored one
    if (other.storage_resource != kind.storage_resource) continue;
    stored = &other;
    break;
  }
  std::string name = std::string(stored->group) + "/" + std::string(stored->version) + "/" + std::string(stored->kind);
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(name.data()), name.size(), digest);
  unsigned char text[16];
  int size = EVP_EncodeBlock(text, digest, 8);
  return std::string(reinterpret_cast<char*>(text), static_cast<size_t>(size));
}

}  // namespace stint
