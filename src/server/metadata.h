// The part of metadata that belongs to the server. Pure but for the clock and the dice given to it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/kind.h"
#include "base/clock.h"

namespace stint {

// A random UUID, version 4.
std::string make_uid(Rng& rng);
// `base`, cut to 58 bytes, and five letters or digits that spell no words.
std::string generate_name(std::string_view base, Rng& rng);

// On create: fresh uid and creationTimestamp, generation; drops what a client may not set.
void fill_system_metadata(const Kind& kind, Message& object, std::string_view ns, Rng& rng, WallTime now);
// On update: what a client may not change comes from the old object.
void keep_system_metadata(Message& next, const Message& old);
// Owners named twice are named once; `by_patch`: as the warning words it.
void drop_duplicate_owners(Message& object, bool by_patch, std::vector<std::string>& warnings);
// Generation +1 when `spec` differs in meaning.
void advance_generation(const Kind& kind, Message& next, const Message& old);

}  // namespace stint
