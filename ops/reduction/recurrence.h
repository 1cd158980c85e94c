// Linear recurrences along an axis: what exact gradients of products are made of.
#ifndef KEEL_OPS_REDUCTION_RECURRENCE_H_
#define KEEL_OPS_REDUCTION_RECURRENCE_H_

#include <cstdint>

#include "core/tensor.h"

namespace keel {

// At each element of `x` the product of those before it along `axis` (of those after it, where
// `backwards`); 1 at the first. All its gradients are exact where elements are 0. x: a floating dtype.
// ValueError otherwise, or where the axis is out of range.
Tensor product_before(const Tensor& x, int64_t axis, bool backwards);

}  // namespace keel

#endif  // KEEL_OPS_REDUCTION_RECURRENCE_H_
