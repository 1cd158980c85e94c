// Variance and standard deviation.
#ifndef KEEL_OPS_REDUCTION_MOMENTS_H_
#define KEEL_OPS_REDUCTION_MOMENTS_H_

#include "core/arguments.h"
#include "core/tensor.h"

namespace keel {

// The variance of the population: the mean of the squared distances from the mean. x: a floating
// dtype, bools, which become floatx(), or signed integers, whose means are truncated as those of mean()
// are. Axes as in sum(). ValueError for unsigned integers. Source: keras.backend.var.
Tensor var(const Tensor& x, const Axes& axis = {}, bool keepdims = false);

// Its square root; the gradient where all elements are equal is NaN. ValueError for integers. Source:
// keras.backend.std.
Tensor std(const Tensor& x, const Axes& axis = {}, bool keepdims = false);

}  // namespace keel

#endif  // KEEL_OPS_REDUCTION_MOMENTS_H_
