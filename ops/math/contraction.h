// One axis of a tensor summed against one axis of another, over stacks of matrices.
#ifndef KEEL_OPS_MATH_CONTRACTION_H_
#define KEEL_OPS_MATH_CONTRACTION_H_

#include "core/tensor.h"

namespace keel {

// The sum over axis `x_axis` of `x` and `y_axis` of `y`. If `batched`, axis 0 of both is one batch and
// the result is [batch, other axes of x, other axes of y]; otherwise it is [other axes of x, other
// axes of y]. The axes are in range, and not 0 where batched. ValueError, in the name of dot or
// batch_dot, where dtypes or sizes do not fit. No operand is copied, wherever its summed axis lies.
Tensor contract(const Tensor& x, int x_axis, const Tensor& y, int y_axis, bool batched);

}  // namespace keel

#endif  // KEEL_OPS_MATH_CONTRACTION_H_
