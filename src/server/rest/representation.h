// The form of an answer: negotiated from Accept, and how an Answer becomes its bytes. Loop thread only.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "server/rest/query.h"
#include "server/rest/reply.h"
#include "server/server.h"
#include "wire/http.h"

namespace stint::rest {

enum class Shape { kObject, kTable, kPartialMetadata };
enum class Endpoint { kObject, kList, kWatch, kDocument };  // a document has no other shape

struct Representation {
  BodyFormat format = BodyFormat::kJson;
  Shape shape = Shape::kObject;
  std::string meta_version = "v1";  // of meta.k8s.io: "v1" or "v1beta1", for tables and partial metadata
  bool is_list = false;             // partial metadata of a list is asked for
  bool pretty = false;

  std::string_view content_type() const;
  std::string_view stream_content_type() const;  // of a watch
  // The form of one object in it. REQUIRES: no table. YAML is made of JSON.
  Form form() const;
};

// Upstream's router compares media types alone, letter by letter, before anything is negotiated.
inline constexpr std::string_view kMediaTypes[] = {"application/json", "application/yaml", "application/vnd.kubernetes.protobuf"};
Result<void> check_media_types(const http::Request& request, std::span<const std::string_view> produced);
// kNotAcceptable when no clause can be satisfied. Except of documents, the media types are checked too.
Result<Representation> negotiate(const http::Request& request, const Query& query, Endpoint endpoint);

// Gives an error's Status the form that the client takes, JSON if it takes none. Other replies stay.
Result<void> present_error(const http::Request& request, const Query& query, Reply& reply);

// A compact JSON document in the representation's format, JSON or YAML (protobuf is encoded from messages, see answer_body).
Result<http::Body> in_format(http::Body compact_json, const Representation& representation);

// The body of an answer, put together from the encodings that the server keeps. `include_object` is the query's, checked here:
// kBadRequest.
Result<http::Body> answer_body(Server& server, const Request& request, const Answer& answer, const Representation& representation,
                               std::string_view include_object, WallTime now);

// Of a watch, before it begins. kBadRequest.
Result<void> check_include_object(const Representation& representation, std::string_view include_object);

// One object, or bookmark, of a watch as a table in compact JSON; `first`: it shows its columns.
Result<std::string> watched_table(const Kind& kind, const Object& object, const Representation& representation,
                                  std::string_view include_object, bool first, WallTime now);

}  // namespace stint::rest
