// Running sums and products.
#ifndef KEEL_OPS_REDUCTION_CUMULATIVE_H_
#define KEEL_OPS_REDUCTION_CUMULATIVE_H_

#include <cstdint>

#include "core/tensor.h"

namespace keel {

// The sums, and the products, of the elements up to each along `axis`: of x's shape and dtype. Floats
// are accumulated in float64; integers wrap. The gradient of cumprod() is NaN where an element is 0.
// ValueError for bools, or where the axis is out of range. Source: keras.backend.cumsum, cumprod.
Tensor cumsum(const Tensor& x, int64_t axis = 0);
Tensor cumprod(const Tensor& x, int64_t axis = 0);

}  // namespace keel

#endif  // KEEL_OPS_REDUCTION_CUMULATIVE_H_
