// Normalization of rows by their own moments, as one op.
#ifndef KEEL_OPS_NN_ROW_NORMALIZATION_H_
#define KEEL_OPS_NN_ROW_NORMALIZATION_H_

#include "core/tensor.h"

namespace keel::internal {

// (x − mean) / √(var + epsilon) · gamma + beta where `mean` and `var` are the moments that mean() and var()
// take of x over its last axes, with keepdims, and gamma and beta (or empty handles) have the shape of
// those axes: a layer normalization. One kernel reads x once, composed it is read four times. An empty
// handle where they are anything else.
Tensor normalized_rows(const Tensor& x, const Tensor& mean, const Tensor& var, const Tensor& beta,
                       const Tensor& gamma, double epsilon);

}  // namespace keel::internal

#endif  // KEEL_OPS_NN_ROW_NORMALIZATION_H_
