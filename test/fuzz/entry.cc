// What libFuzzer calls.
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  stint::fuzz::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
