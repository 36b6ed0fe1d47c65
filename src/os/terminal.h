// Pseudo-terminals, and writing to descriptors that do not block. Any thread.
#pragma once

#include <string_view>

#include "base/result.h"
#include "os/descriptor.h"

namespace stint::os {

struct Terminal {
  Descriptor master;  // does not block
  Descriptor slave;   // for the program
};
Result<Terminal> open_terminal();
Result<void> set_terminal_size(int fd, int columns, int rows);

// For a program's standard input: the write end does not block, the program's end does.
Result<Pipe> make_input_pipe();
// How much was taken; 0: nothing can be taken now. An error: nobody reads it any more.
Result<size_t> write_available(int fd, std::string_view bytes);
// A descriptor that is readable while `fd` can take bytes or has failed, for loops that wait for readable ones only.
Result<Descriptor> writable_signal(int fd);

}  // namespace stint::os
