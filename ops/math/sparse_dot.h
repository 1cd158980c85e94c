// Products with a sparse operand.
#ifndef KEEL_OPS_MATH_SPARSE_DOT_H_
#define KEEL_OPS_MATH_SPARSE_DOT_H_

#include "core/tensor.h"

namespace keel {

// x · y for a sparse matrix x: [m, k] and a matrix y: [k, n]; the dot() of those. Gradients reach y
// and the elements of x that are given.
Tensor sparse_dot(const Tensor& x, const Tensor& y);

}  // namespace keel

#endif  // KEEL_OPS_MATH_SPARSE_DOT_H_
