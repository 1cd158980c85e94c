// Arithmetic, element by element. Operands broadcast by NumPy's rule and have one dtype; a plain
// number takes the dtype of the tensor beside it. ValueError where shapes or dtypes do not fit, and for
// a number that integers do not hold, such as 0.5. Integers wrap around.
#ifndef KEEL_OPS_MATH_ARITHMETIC_H_
#define KEEL_OPS_MATH_ARITHMETIC_H_

#include "core/tensor.h"

namespace keel {

// x + y, x - y, x · y.
Tensor operator+(const Tensor& x, const Tensor& y);
Tensor operator+(const Tensor& x, double y);
Tensor operator+(double x, const Tensor& y);
Tensor operator-(const Tensor& x, const Tensor& y);
Tensor operator-(const Tensor& x, double y);
Tensor operator-(double x, const Tensor& y);
Tensor operator*(const Tensor& x, const Tensor& y);
Tensor operator*(const Tensor& x, double y);
Tensor operator*(double x, const Tensor& y);
// x / y. Integers are divided as float64, as in TensorFlow.
Tensor operator/(const Tensor& x, const Tensor& y);
Tensor operator/(const Tensor& x, double y);
Tensor operator/(double x, const Tensor& y);
// -x. Signed dtypes.
Tensor operator-(const Tensor& x);

// |x|, with slope 0 at 0. Source: keras.backend.abs.
Tensor abs(const Tensor& x);
// x². Source: keras.backend.square.
Tensor square(const Tensor& x);
// √x; 0 for negative x, as Keras clips them. Floating dtypes. The slope is infinite at 0, and 0 below.
// Source: keras.backend.sqrt.
Tensor sqrt(const Tensor& x);
// -1, 0 or 1; NaN stays NaN. Slope 0. Source: keras.backend.sign.
Tensor sign(const Tensor& x);
// The nearest integer, the even one of two. Source: keras.backend.round.
Tensor round(const Tensor& x);
// x to the power `a`. Small whole powers are products; others to 1 ULP of the C library, with NaN for
// a negative x. An integer x needs a whole power of at least 0. Source: keras.backend.pow.
Tensor pow(const Tensor& x, double a);
Tensor pow(const Tensor& x, const Tensor& a);
// The larger and the smaller of two; NaN if either is. Of equal ones x gets the gradient. Source:
// keras.backend.maximum, minimum.
Tensor maximum(const Tensor& x, const Tensor& y);
Tensor maximum(const Tensor& x, double y);
Tensor minimum(const Tensor& x, const Tensor& y);
Tensor minimum(const Tensor& x, double y);
// x within [min_value, max_value]; a max_value below min_value counts as min_value. The slope is 1 on
// the bounds themselves. Source: keras.backend.clip.
Tensor clip(const Tensor& x, double min_value, double max_value);

}  // namespace keel

#endif  // KEEL_OPS_MATH_ARITHMETIC_H_
