// Where a test lets this process die. A killed process leaves the same world wherever between two changes it dies, so a point stands right
// after each change: files, mounts, namespaces, links, groups, programs, commits. Asleep unless the environment names a trace:
//   STINT_CRASH_TRACE  a file. Once it exists, each point passed is a line in it.
//   STINT_CRASH_AT     which line is the last one: then this process kills itself, as kill -9 would. 0 or nothing: none.
// test/faults goes through all of them. Any thread.
#pragma once

#include <string_view>

namespace stint {

// `change` and `object` tell the reader of the trace what was changed.
void crash_point(std::string_view change, std::string_view object);

}  // namespace stint
