// What a POST leads to. Loop thread only.
#pragma once

#include "server/pipeline.h"

namespace stint {

using CreateHandler = Task<Result<Answer>> (*)(Core& core, Request request);

// Of stored kinds create_object; of subresources and of kinds that are only asked and answered, the function that does it. Null: there is
// none.
CreateHandler create_handler(const Kind& kind, std::string_view subresource);

}  // namespace stint
