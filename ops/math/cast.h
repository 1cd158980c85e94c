// Conversion between dtypes.
#ifndef KEEL_OPS_MATH_CAST_H_
#define KEEL_OPS_MATH_CAST_H_

#include "core/tensor.h"

namespace keel {

// x converted to `dtype`: a float becomes an integer by truncation, saturated, NaN as 0; integers
// wrap; anything but 0 becomes true; float16 and bfloat16 are rounded to nearest even. Gradients flow
// between floating dtypes. Source: keras.backend.cast.
Tensor cast(const Tensor& x, DType dtype);

}  // namespace keel

#endif  // KEEL_OPS_MATH_CAST_H_
