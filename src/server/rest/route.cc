#include "server/rest/route.h"

namespace stint::rest {
namespace {

// Whether the verb goes with one object, a collection, or a collection over all namespaces.
bool fits_path(Verb verb, const RequestInfo& info, const Kind& kind) {
  bool on_collection = info.name.empty();
  bool across_namespaces = kind.namespaced && info.ns.empty();
  if (across_namespaces) return verb == Verb::kList || verb == Verb::kWatch;
  if (verb == Verb::kCreate) return on_collection || !info.subresource.empty();
  if (verb == Verb::kUpdate || verb == Verb::kPatch) return !on_collection;
  return true;
}

}  // namespace

std::optional<Verb> verb_of(std::string_view name) {
  constexpr std::pair<std::string_view, Verb> kVerbs[] = {
      {"get", Verb::kGet},       {"list", Verb::kList},   {"watch", Verb::kWatch},   {"create", Verb::kCreate},
      {"update", Verb::kUpdate}, {"patch", Verb::kPatch}, {"delete", Verb::kDelete}, {"deletecollection", Verb::kDeleteCollection}};
  for (const auto& [known, verb] : kVerbs) {
    if (known == name) return verb;
  }
  return std::nullopt;
}

Target route(const RequestInfo& info) {
  Target target;
  const Kind* kind = find_kind(info.group, info.version, info.resource);
  if (kind == nullptr || info.too_deep) return target;
  // A path with a namespace leads to a namespaced kind, or to that namespace: what is allowed in one must reach no other.
  const bool is_own_namespace = info.resource == "namespaces" && info.name == info.ns;
  if (!kind->namespaced && !info.ns.empty() && !is_own_namespace) return target;
  const Subresource* subresource = kind->subresource(info.subresource);
  if (!info.subresource.empty() && subresource == nullptr) return target;
  if (kind->namespaced && info.ns.empty() && !info.name.empty()) return target;
  target.kind = kind;
  auto verb = verb_of(info.verb);
  target.verb = verb.value_or(Verb::kGet);
  target.allowed =
      verb && fits_path(*verb, info, *kind) && (subresource != nullptr ? subresource->has_verb(info.verb) : kind->has_verb(info.verb));
  return target;
}

}  // namespace stint::rest
