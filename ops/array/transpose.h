// Axes in another order.
#ifndef KEEL_OPS_ARRAY_TRANSPOSE_H_
#define KEEL_OPS_ARRAY_TRANSPOSE_H_

#include <cstdint>
#include <vector>

#include "core/tensor.h"

namespace keel {

// `x` with its axes in reverse order. Any dtype. A product absorbs a transposed operand. Source:
// keras.backend.transpose.
Tensor transpose(const Tensor& x);

// Axis i of the result is axis pattern[i] of `x`. Any dtype. ValueError unless `pattern` names every
// axis once (negative ones count from the last). Source: keras.backend.permute_dimensions.
Tensor permute_dimensions(const Tensor& x, const std::vector<int64_t>& pattern);

}  // namespace keel

#endif  // KEEL_OPS_ARRAY_TRANSPOSE_H_
