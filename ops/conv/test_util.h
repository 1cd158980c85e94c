// For tests of the family's ops: data formats, images.
#ifndef KEEL_OPS_CONV_TEST_UTIL_H_
#define KEEL_OPS_CONV_TEST_UTIL_H_

#include <cstdint>
#include <string>

#include "core/shape.h"

namespace keel::testing_util {

constexpr const char* kFormats[] = {"channels_last", "channels_first"};

// The shape of n images of h × w pixels of c channels.
inline Shape image(const char* format, int64_t n, int64_t h, int64_t w, int64_t c) {
  return std::string(format) == "channels_last" ? Shape{n, h, w, c} : Shape{n, c, h, w};
}

}  // namespace keel::testing_util

#endif  // KEEL_OPS_CONV_TEST_UTIL_H_
