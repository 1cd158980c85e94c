// Matrix products.
#ifndef KEEL_OPS_MATH_DOT_H_
#define KEEL_OPS_MATH_DOT_H_

#include "core/tensor.h"

namespace keel {

// The product of x: [..., k] and y: [..., k, n], summed over the last axis of x and the last
// but one of y, as Theano has it: (2, 3) · (4, 3, 5) gives (2, 4, 5). Both of one dtype: floating, int32
// or int64; narrow floats are summed in float32. ValueError where x is a scalar, y has
// fewer than two axes, or the summed sizes differ. Source: keras.backend.dot.
Tensor dot(const Tensor& x, const Tensor& y);

}  // namespace keel

#endif  // KEEL_OPS_MATH_DOT_H_
