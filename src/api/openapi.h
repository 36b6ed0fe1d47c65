// OpenAPI documents of everything served, made from the descriptors, the options of api/stint/options.proto and the comments
// of the .proto files. kubectl validates, explains and applies by them. Making one takes tens of milliseconds and a few
// megabytes that are free again afterwards, so callers keep the text. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stint {

// "api/v1", "apis/batch/v1" …: the documents of OpenAPI v3.
std::vector<std::string> openapi_v3_paths();

struct OpenApiDocuments {
  std::vector<std::pair<std::string, std::string>> v3;  // path → compact JSON, in the order of openapi_v3_paths()
  std::string v2;                                       // Swagger 2.0 as compact JSON
  std::string v2_protobuf;                              // the same for older clients
};
OpenApiDocuments make_openapi_documents(std::string_view version);

}  // namespace stint
