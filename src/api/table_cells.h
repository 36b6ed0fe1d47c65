// The cells that several kinds' tables share. Pure; any thread.
#pragma once

#include <string>

#include "api/kind.h"

namespace stint {

inline constexpr std::string_view kNone = "<none>";
inline constexpr std::string_view kUnknown = "<unknown>";

// The age of a time, or <unknown> when it is not set.
std::string age(const metav1::Time& since, WallTime now);
std::string age_of(const Message& object, WallTime now);  // of its creation
std::string or_none(std::string_view text);
// "a=b,c=d" in the order of the keys, or <none>.
std::string labels_text(const google::protobuf::Map<std::string, std::string>& labels);
// Regular containers, comma-joined without spaces.
std::string container_names(const corev1::PodSpec& spec);
std::string container_images(const corev1::PodSpec& spec);

// The columns of a kind that has no table of its own.
inline constexpr Column kPlainColumns[] = {
    {.name = "Name", .format = "name", .description = "Name of the object."},
    {.name = "Created At", .type = "date", .description = "When it was made."},
};
void plain_row(const Message& object, WallTime now, Row& row);

}  // namespace stint
