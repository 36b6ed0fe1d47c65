// What the server says about itself: discovery, OpenAPI and version. Texts are made on first use and kept. Loop thread only.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/loop.h"
#include "server/rest/query.h"
#include "server/rest/reply.h"

namespace stint::rest {

class Documents {
 public:
  Documents(Loop& loop, std::string program_version, std::string server_address);

  // Nothing when the path names no document. `path` is decoded.
  Task<std::optional<Reply>> find(http::Request request, Query query, std::string path);

 private:
  struct Document {
    std::shared_ptr<const std::string> text;
    std::string hash;  // upper-case hexadecimal SHA-512
  };
  static Document document_of(std::string text);

  Result<Reply> discovery(const http::Request& request, const Query& query, std::string_view path);
  Reply aggregated(const http::Request& request, bool core);
  Task<std::optional<Reply>> openapi(http::Request request, Query query, std::string path);
  Reply openapi_v2(const http::Request& request) const;
  Reply openapi_v3(const Query& query, const http::Request& request, const Document& document, const std::string& path);
  Task<void> make_openapi();
  std::string git_version() const;
  std::string version_text() const;

  Loop& loop_;
  std::string program_version_;
  std::string server_address_;
  Document aggregated_core_;
  Document aggregated_groups_;
  std::map<std::string, Document> openapi_v3_;  // "api/v1" …; empty until asked for
  Document openapi_v2_;
  Document openapi_v2_protobuf_;
  Document openapi_index_;
};

}  // namespace stint::rest
