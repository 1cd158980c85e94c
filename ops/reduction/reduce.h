// Sums, products, extremes and logic along axes. `axis`: one, several, or all where none is given; an
// error names one that is out of range or named twice. `keepdims`: reduced axes stay, with size 1.
#ifndef KEEL_OPS_REDUCTION_REDUCE_H_
#define KEEL_OPS_REDUCTION_REDUCE_H_

#include "core/arguments.h"
#include "core/tensor.h"

namespace keel {

// The sum; 0 of nothing. Floats of 16 bits are summed in float32; errors grow with the logarithm of
// the number of elements. Integers wrap. ValueError for bools. Source: keras.backend.sum.
Tensor sum(const Tensor& x, const Axes& axis = {}, bool keepdims = false);

// The mean; NaN of nothing. That of integers is truncated to their dtype (0 of nothing), that of bools
// is of dtype floatx(). Source: keras.backend.mean.
Tensor mean(const Tensor& x, const Axes& axis = {}, bool keepdims = false);

// The product; 1 of nothing. Its gradient is exact where elements are 0. ValueError for bools. Source:
// keras.backend.prod.
Tensor prod(const Tensor& x, const Axes& axis = {}, bool keepdims = false);

// The largest and the smallest element; -inf and inf of nothing (integers: the lowest, the highest);
// NaN where there is one. Elements that tie share the gradient equally. ValueError for bools. Source:
// keras.backend.max, min.
Tensor max(const Tensor& x, const Axes& axis = {}, bool keepdims = false);
Tensor min(const Tensor& x, const Axes& axis = {}, bool keepdims = false);

// Whether any element is other than 0 (NaN is), and whether all are: bool; false and true of nothing.
// x: any dtype. Source: keras.backend.any, all.
Tensor any(const Tensor& x, const Axes& axis = {}, bool keepdims = false);
Tensor all(const Tensor& x, const Axes& axis = {}, bool keepdims = false);

}  // namespace keel

#endif  // KEEL_OPS_REDUCTION_REDUCE_H_
