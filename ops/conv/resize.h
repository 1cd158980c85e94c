// Images and volumes of other sizes.
#ifndef KEEL_OPS_CONV_RESIZE_H_
#define KEEL_OPS_CONV_RESIZE_H_

#include <cstdint>
#include <string>

#include "core/arguments.h"
#include "core/tensor.h"

namespace keel {

// x: [N, H, W, C] (or [N, C, H, W]) as [N, H·height_factor, W·width_factor, C]. `interpolation` is
// "nearest", each pixel as often as the factors say, or "bilinear": row i lies at i / height_factor between
// the rows of x, columns likewise, and past the last row or column is that one again (no half-pixel
// centres). Any dtype, "bilinear" floating ones, which are computed in float32 where narrower.
// Differentiable any number of times. ValueError where x is not of rank 4, a factor is below 1, a size
// overflows or the interpolation is another. Source: keras.backend.resize_images.
Tensor resize_images(const Tensor& x, int64_t height_factor, int64_t width_factor,
                     DataFormat data_format = {}, const std::string& interpolation = "nearest");

// x: [N, D, H, W, C] (or [N, C, D, H, W]) with each element as often as the factors say. Errors likewise.
// Source: keras.backend.resize_volumes.
Tensor resize_volumes(const Tensor& x, int64_t depth_factor, int64_t height_factor, int64_t width_factor,
                      DataFormat data_format = {});

}  // namespace keel

#endif  // KEEL_OPS_CONV_RESIZE_H_
