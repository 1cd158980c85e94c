// Pooling.
#ifndef KEEL_OPS_CONV_POOL_H_
#define KEEL_OPS_CONV_POOL_H_

#include <array>
#include <cstdint>
#include <string>

#include "core/arguments.h"
#include "core/tensor.h"

namespace keel {

// Arguments of pool2d().
struct Pool2dOptions {
  std::array<int64_t, 2> strides = {1, 1};
  Padding padding = {};
  DataFormat data_format = {};   // image_data_format() where absent.
  std::string pool_mode = "max";  // Or "avg".
};
// The largest element, or the mean, of each window of `pool_size` over x: [N, H, W, C] (or [N, C, H, W]):
// [N, H', W', C] with H' as for a convolution of that size. With padding "same" the padding is no part
// of a window: a mean is over the real elements. Floating dtypes; "max" also int32 and int64. Of equal
// elements the first gets the gradient. ValueError where pool_size or a stride is below 1, pool_mode is
// neither "max" nor "avg", or a "valid" window does not fit. Source: keras.backend.pool2d.
Tensor pool2d(const Tensor& x, const std::array<int64_t, 2>& pool_size, const Pool2dOptions& options = {});

// Arguments of pool3d().
struct Pool3dOptions {
  std::array<int64_t, 3> strides = {1, 1, 1};
  Padding padding = {};
  DataFormat data_format = {};
  std::string pool_mode = "max";
};
// The same over x: [N, D, H, W, C]. Source: keras.backend.pool3d.
Tensor pool3d(const Tensor& x, const std::array<int64_t, 3>& pool_size, const Pool3dOptions& options = {});

}  // namespace keel

#endif  // KEEL_OPS_CONV_POOL_H_
