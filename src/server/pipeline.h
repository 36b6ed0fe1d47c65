// The verbs behind Server::handle and Server::watch, one file each, and what their steps share. Loop thread only.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/registry.h"
#include "server/server.h"

namespace stint {

struct Core {
  Core(Loop& l, Store& store, ServerOptions options);
  Loop& loop;
  Registry registry;
  Authorizer authorizer;
  ServiceAccountTokens account_tokens;
  Authenticator authenticator;
  const std::string api_host;  // where pods reach this API, "" nowhere
  const int api_port;
  const UsageSource* usage = nullptr;  // null: nobody measures
};

// How often a write that met somebody else's is tried again on what it finds then.
inline constexpr int kConflictRetriesMax = 5;
inline constexpr std::chrono::milliseconds kConflictPause{1};  // doubled each time

// REQUIRES, for those that borrow the request: it lives until the task ends.
Task<Result<Answer>> get_object(Core& core, const Request& request);                           // get.cc
Task<Result<Answer>> list_objects(Core& core, const Request& request);                         // list.cc
Task<Result<std::unique_ptr<ObjectWatch>>> watch_objects(Core& core, const Request& request);  // watch.cc
Task<Result<Answer>> create_object(Core& core, Request request);                               // create.cc
Task<Result<Answer>> bind_pod(Core& core, Request request);                                    // binding.cc
Task<Result<Answer>> bind_named_pod(Core& core, Request request);                              // binding.cc
Task<Result<Answer>> evict_pod(Core& core, Request request);                                   // eviction.cc
Task<Result<Answer>> create_token(Core& core, Request request);                                // token_request.cc
Task<Result<Answer>> update_object(Core& core, Request request);                               // update.cc; also patches
Task<Result<Answer>> delete_object(Core& core, Request request);                               // delete.cc
Task<Result<Answer>> delete_collection(Core& core, Request request);                           // delete_collection.cc

std::string_view verb_name(Verb verb);

// Forgets states as upstream does: every five minutes those that were past five minutes ago. (compaction.cc)
Task<void> keep_compacted(Core& core);
// A write that turns out to make the object needs that right too: kForbidden. (create.cc)
Result<void> authorize_create(Core& core, const Request& request);

// What strict decoding found becomes warnings, or the sentence returned, as the request asks; "" is no error. (body.cc)
std::string strict_fault(const Request& request, const std::vector<std::string>& faults, std::vector<std::string>& warnings);

// The object's name and namespace are the URL's. (body.cc)
Result<void> check_place(const Request& request, const Message& object);

// The body belongs to this URL, and what strict decoding found becomes an error or warnings. (body.cc)
Result<void> check_body(const Request& request, std::vector<std::string>& warnings);

// A Job's pods outlive it unless the client says otherwise: tells those who said nothing. (delete.cc)
void warn_of_default_propagation(const Request& request, std::vector<std::string>& warnings);

// The object that a PATCH makes of the current one, without defaults. (patch.cc)
Result<std::unique_ptr<Message>> patched_object(const Request& request, const Message& current, std::vector<std::string>& warnings);

// One resourceVersion as a parameter; nothing when it is empty. kNone when it is no number, as upstream. (resource_version.cc)
Result<std::optional<Revision>> parse_resource_version(std::string_view text);
// Waits up to three seconds until the store has reached the revision; kTimeout when it has not.
Task<Result<void>> reach_revision(Core& core, Revision revision);

// What a system has from the start: its namespaces, made again when they go, its roles, the Service of this API. Sets `ready` once the
// first attempt is over; never ends. (bootstrap.cc)
Task<void> keep_system_objects(Core& core, Event& ready);

}  // namespace stint
