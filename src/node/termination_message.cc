#include "node/termination_message.h"

#include <fstream>

#include "node/log_file.h"

namespace stint {

std::string read_termination_message(const std::string& path, const std::string& log_path) {
  constexpr std::streamsize kFileBytesMax = 4096;
  constexpr int64_t kLogLinesMax = 80;
  constexpr size_t kLogBytesMax = 2048;
  std::string text(kFileBytesMax, '\0');
  std::ifstream in(path, std::ios::binary);
  in.read(text.data(), kFileBytesMax);
  text.resize(static_cast<size_t>(in.gcount()));
  if (text.empty() && !log_path.empty()) return read_log_tail(log_path, kLogLinesMax, kLogBytesMax);
  return text;
}

}  // namespace stint
