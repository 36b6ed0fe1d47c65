// GET of a collection. Which state is shown, and in how many pages, is upstream's table of resourceVersion,
// resourceVersionMatch, limit and continue.
#include "server/continue_token.h"
#include "server/errors.h"
#include "server/selection.h"
#include "server/usage_metrics.h"

namespace stint {

namespace {

constexpr std::string_view kNotOlderThan = "NotOlderThan";
constexpr std::string_view kExact = "Exact";

// The state and the stretch of keys to show.
struct Plan {
  std::optional<Revision> exactly;
  Revision not_older = 0;
  size_t limit = 0;         // 0: all
  std::string start_after;  // a key
};

Result<void> validate(const Request& request) {
  static constexpr std::string_view kMatches[] = {kExact, kNotOlderThan, ""};
  FieldErrors errors;
  const std::string& match = request.resource_version_match;
  if (!match.empty()) {
    constexpr std::string_view kField = "resourceVersionMatch";
    const std::string field(kField);
    if (request.resource_version.empty()) errors.forbidden(field, "resourceVersionMatch is forbidden unless resourceVersion is provided");
    if (!request.continue_token.empty()) errors.forbidden(field, "resourceVersionMatch is forbidden when continue is provided");
    if (match != kExact && match != kNotOlderThan) errors.not_supported(field, match, kMatches);
    if (match == kExact && request.resource_version == "0") {
      errors.forbidden(field, "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
    }
  }
  if (request.send_initial_events) errors.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list");
  if (!errors.empty()) return fail(invalid("ListOptions.meta.k8s.io", "", errors));
  return {};
}

Result<Plan> plan_of(const Request& request, const std::string& prefix) {
  Plan plan{.limit = request.limit};
  if (!request.continue_token.empty()) {
    if (!request.resource_version.empty() && request.resource_version != "0") {
      return fail(Reason::kBadRequest, "specifying resource version is not allowed when using continue");
    }
    TRY(ContinueToken token, decode_continue_token(request.continue_token));
    plan.exactly = token.revision;
    plan.start_after = prefix + token.last_key;
    return plan;
  }
  const auto parsed = parse_resource_version(request.resource_version);
  if (!parsed) return fail(Reason::kBadRequest, "invalid resource version: " + parsed.error().message);
  const auto revision = *parsed;
  if (!revision) return plan;
  if (*revision == 0) {
    plan.limit = 0;
  } else if (request.resource_version_match == kExact || (request.resource_version_match.empty() && request.limit > 0)) {
    plan.exactly = revision;
  } else {
    plan.not_older = *revision;
  }
  return plan;
}

// A page of a state that is compacted by now. With a continue token the client may go on in the latest state instead.
Error expired(const Request& request, const std::string& last_key) {
  if (request.continue_token.empty()) {
    return {.reason = Reason::kExpired, .message = "The resourceVersion for the provided list is too old."};
  }
  return {.reason = Reason::kExpired,
          .message =
              "The provided continue parameter is too old to display a consistent list result. The continue token of this answer "
              "lists the rest as it is now, which may not fit what was listed before.",
          .continue_token = encode_continue_token({.last_key = last_key})};
}

// Appends what matches; false once the limit is reached.
Result<void> append_matching(Core& core, const Selection& selection, const Range& range, std::vector<Object>& items) {
  items.reserve(items.size() + range.entries.size());
  for (const Entry& entry : range.entries) {
    TRY(Object object, core.registry.cache().decode(*selection.kind, entry.key, *entry.value, entry.mod_revision));
    if (selection.everything() || selection.matches(*object)) items.push_back(std::move(object));
  }
  return {};
}

// Reads pages of the store until the limit of matches is reached or the keys end.
Result<Answer> read(Core& core, const Request& request, const Selection& selection, Plan plan) {
  Answer answer{.kind = selection.kind, .is_list = true};
  RangeOptions options{.prefix = selection.prefix, .start_after = plan.start_after, .revision = plan.exactly};
  options.counts_remaining = selection.everything();  // the others are not told, and a rare match takes many pages
  while (true) {
    // Never more than can still be shown, so that the last key read is the last one of the page.
    options.limit = plan.limit == 0 ? 0 : plan.limit - answer.items.size();
    auto range = core.registry.store().range(options);
    if (!range && range.error().reason == Reason::kExpired) {
      return fail(expired(request, plan.start_after.empty() ? "" : plan.start_after.substr(selection.prefix.size())));
    }
    if (!range) return fail(std::move(range).error());
    TRY_VOID(append_matching(core, selection, *range, answer.items));
    answer.resource_version = std::to_string(range->revision);
    if (range->remaining == 0) return answer;
    options.start_after = range->entries.back().key;
    options.revision = range->revision;
    if (answer.items.size() < plan.limit) continue;
    answer.continue_token =
        encode_continue_token({.revision = range->revision, .last_key = options.start_after.substr(selection.prefix.size())});
    if (selection.everything()) answer.remaining = static_cast<int64_t>(range->remaining);
    return answer;
  }
}

// `fieldSelector=metadata.name=x` in the latest state is a look-up.
Result<Answer> read_single(Core& core, const Request& request, const Selection& selection) {
  Answer answer{.kind = selection.kind, .is_list = true};
  answer.resource_version = std::to_string(core.registry.store().revision());
  TRY(auto stored, core.registry.find(*selection.kind, request.ns, selection.fields.name()));
  if (stored && selection.matches(*stored->object)) answer.items.push_back(std::move(stored->object));
  return answer;
}

}  // namespace

Task<Result<Answer>> list_objects(Core& core, const Request& request) {
  if (is_usage_metrics(*request.kind)) co_return list_usage_metrics(core, request);
  CO_TRY_VOID(validate(request));
  CO_TRY(const Selection selection, Selection::from(request));
  CO_TRY(Plan plan, plan_of(request, selection.prefix));
  if (plan.not_older > 0) CO_TRY_VOID(co_await reach_revision(core, plan.not_older));
  if (plan.exactly) CO_TRY_VOID(co_await reach_revision(core, *plan.exactly));
  const bool one_key = selection.single() && (!request.kind->namespaced || !request.ns.empty());
  if (one_key && !plan.exactly && plan.start_after.empty()) co_return read_single(core, request, selection);
  co_return read(core, request, selection, std::move(plan));
}

}  // namespace stint
