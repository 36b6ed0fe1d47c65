// gzip of a body. Pure; any thread.
#pragma once

#include "wire/body.h"

namespace stint::http {

struct Request;

// Whether the client takes gzip, and it saves something: not if the client is on this machine.
bool wants_gzip(const Request& request);

// At the quickest level, as upstream; higher ones cost much and save little.
Body gzipped(const Body& body);

}  // namespace stint::http
