// Comparison, logic and choice, element by element. Operands broadcast by NumPy's rule and have one
// dtype; a plain number takes the dtype of the tensor beside it. ValueError where they do not fit, and
// for a number that integers do not hold, such as 0.5.
#ifndef KEEL_OPS_MATH_COMPARISON_H_
#define KEEL_OPS_MATH_COMPARISON_H_

#include "core/tensor.h"

namespace keel {

// Bool tensors of what the names say; comparisons with NaN are false, but for not_equal. Source:
// keras.backend.equal, not_equal, greater, greater_equal, less, less_equal.
Tensor equal(const Tensor& x, const Tensor& y);
Tensor equal(const Tensor& x, double y);
Tensor not_equal(const Tensor& x, const Tensor& y);
Tensor not_equal(const Tensor& x, double y);
Tensor greater(const Tensor& x, const Tensor& y);
Tensor greater(const Tensor& x, double y);
Tensor greater_equal(const Tensor& x, const Tensor& y);
Tensor greater_equal(const Tensor& x, double y);
Tensor less(const Tensor& x, const Tensor& y);
Tensor less(const Tensor& x, double y);
Tensor less_equal(const Tensor& x, const Tensor& y);
Tensor less_equal(const Tensor& x, double y);

// Of bool tensors.
Tensor logical_and(const Tensor& x, const Tensor& y);
Tensor logical_or(const Tensor& x, const Tensor& y);
Tensor logical_not(const Tensor& x);

// x where the bool tensor `condition` is true, y elsewhere. The gradient goes to the one chosen alone:
// a NaN in the other's does not leak.
Tensor where(const Tensor& condition, const Tensor& x, const Tensor& y);

}  // namespace keel

#endif  // KEEL_OPS_MATH_COMPARISON_H_
