// bazel run --config=fuzz //testing/fuzz:math_fuzzer -- -max_total_time=60
#include <cstddef>
#include <cstdint>

#include "testing/fuzz/drive.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  keel::fuzz::drive(keel::fuzz::family(), data, size);
  return 0;
}
