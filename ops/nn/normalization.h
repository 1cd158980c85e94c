// Batch and L2 normalization.
#ifndef KEEL_OPS_NN_NORMALIZATION_H_
#define KEEL_OPS_NN_NORMALIZATION_H_

#include <cstdint>
#include <vector>

#include "core/arguments.h"
#include "core/tensor.h"

namespace keel {

// Arguments of batch_normalization().
struct BatchNormalizationOptions {
  double epsilon = 1e-3;
  int64_t axis = -1;  // The axis of x that vectors run along.
};

// (x − mean) / √(var + epsilon) · gamma + beta, one pass over x. `beta` and `gamma` may be empty handles:
// 0 and 1. Vectors (rank 1) run along `axis`, tensors of higher rank broadcast to x. One floating
// dtype. ValueError where shapes or dtypes do not fit or epsilon is NaN or negative. Source:
// keras.backend.batch_normalization.
Tensor batch_normalization(const Tensor& x, const Tensor& mean, const Tensor& var,
                           const Tensor& beta, const Tensor& gamma,
                           const BatchNormalizationOptions& options = {});

// What normalize_batch_in_training() returns.
struct NormalizedBatch {
  Tensor normalized, mean, variance;
};

// x normalized by its own mean and (the population's) variance over `reduction_axes`, times gamma plus
// beta, which may be empty handles; and those statistics, in the shape of x without the reduced axes,
// which gamma and beta have too. x: a floating dtype. The statistics take one read of x, the rest
// another. A mean far from 0 costs no accuracy. No elements: NaN. ValueError where `reduction_axes` is
// empty, names an axis twice or out of range, or shapes or dtypes do not fit. Source:
// keras.backend.normalize_batch_in_training.
NormalizedBatch normalize_batch_in_training(const Tensor& x, const Tensor& gamma, const Tensor& beta,
                                            const std::vector<int64_t>& reduction_axes,
                                            double epsilon = 1e-3);

// x / √max(Σ x², 1e-12), the sum over `axis`: one, several or all. Floating dtypes. Source:
// keras.backend.l2_normalize.
Tensor l2_normalize(const Tensor& x, const Axes& axis = {});

}  // namespace keel

#endif  // KEEL_OPS_NN_NORMALIZATION_H_
