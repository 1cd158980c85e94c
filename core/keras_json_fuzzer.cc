// bazel run --config=fuzz //core:keras_json_fuzzer -- -max_total_time=60
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "core/keras_json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<std::string> warnings;
  const keel::KerasSettings settings =
      keel::parse_keras_json({reinterpret_cast<const char*>(data), size}, "keras.json", &warnings);
  if (keel::floatx_error(settings.floatx) || keel::epsilon_error(settings.epsilon) ||
      keel::image_data_format_error(settings.image_data_format)) {
    std::abort();
  }
  for (const std::string& warning : warnings) {
    for (const char c : warning) {
      if (c < ' ') std::abort();
    }
  }
  return 0;
}
