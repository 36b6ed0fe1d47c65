// What a list or a watch asks for: the place and the selectors, parsed. Pure; any thread.
#pragma once

#include "api/selector.h"
#include "server/pipeline.h"

namespace stint {

struct Selection {
  const Kind* kind = nullptr;
  std::string prefix;  // of the keys that can match; a whole key when the field selector gives the name
  LabelSelector labels;
  FieldSelector fields;

  static Result<Selection> from(const Request& request) {
    Selection selection{.kind = request.kind};
    TRY(selection.labels, LabelSelector::parse(request.label_selector));
    TRY(selection.fields, FieldSelector::parse(request.field_selector, *request.kind));
    selection.prefix = selection.single() && (!request.kind->namespaced || !request.ns.empty())
                           ? Registry::key(*request.kind, request.ns, selection.fields.name())
                           : Registry::prefix(*request.kind, request.kind->namespaced ? request.ns : "");
    return selection;
  }
  bool single() const { return !fields.name().empty(); }
  bool everything() const { return labels.empty() && fields.empty(); }
  bool matches(const Message& object) const {
    return (labels.empty() || labels.matches(meta(object).labels())) && (fields.empty() || fields.matches(object));
  }
};

}  // namespace stint
