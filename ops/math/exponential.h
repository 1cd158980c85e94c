// Transcendental functions, element by element. Floating dtypes; float16 and bfloat16 are computed in
// float32. Errors are at most 4 ULP unless said otherwise.
#ifndef KEEL_OPS_MATH_EXPONENTIAL_H_
#define KEEL_OPS_MATH_EXPONENTIAL_H_

#include "core/tensor.h"

namespace keel {

// e to the power x. Source: keras.backend.exp.
Tensor exp(const Tensor& x);
// The natural logarithm: -inf at 0, NaN below. Source: keras.backend.log.
Tensor log(const Tensor& x);
// Sine and cosine of x in radians. Source: keras.backend.sin, cos.
Tensor sin(const Tensor& x);
Tensor cos(const Tensor& x);
// The hyperbolic tangent. Source: keras.backend.tanh.
Tensor tanh(const Tensor& x);
// 1 / (1 + exp(-x)). Source: keras.backend.sigmoid.
Tensor sigmoid(const Tensor& x);

}  // namespace keel

#endif  // KEEL_OPS_MATH_EXPONENTIAL_H_
