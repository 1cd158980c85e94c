// Sizes along the spatial axes of an image.
#ifndef KEEL_OPS_CONV_SPATIAL_H_
#define KEEL_OPS_CONV_SPATIAL_H_

#include <array>
#include <cstdint>

namespace keel {

// Depth, height, width. What has fewer axes has 1 in the leading ones.
using Spatial = std::array<int64_t, 3>;

}  // namespace keel

#endif  // KEEL_OPS_CONV_SPATIAL_H_
