// A command in a container that another program runs, with its streams by way of that program. Loop thread only.
#pragma once

#include <memory>
#include <string_view>

#include "api/pod_exec.h"
#include "remote/command_channels.h"

namespace stint {

enum class InputWanted { kYes, kNo };
std::unique_ptr<ExecSession> make_remote_command(Loop& loop, std::unique_ptr<CommandChannels> channels,
                                                 InputWanted input = InputWanted::kYes);

// The exit code that a Status tells; its message as an error when it tells none. Pure.
Result<int> exit_code_of(std::string_view status);

}  // namespace stint
