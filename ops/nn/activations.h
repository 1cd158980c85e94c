// Activations, element by element; exp(), tanh() and sigmoid() are in ops/math. All fuse with what
// surrounds them.
#ifndef KEEL_OPS_NN_ACTIVATIONS_H_
#define KEEL_OPS_NN_ACTIVATIONS_H_

#include <optional>

#include "core/tensor.h"
#include "ops/math/exponential.h"

namespace keel {

// Arguments of relu().
struct ReluOptions {
  double alpha = 0;                               // Slope below the threshold.
  std::optional<double> max_value = std::nullopt; // Where it saturates.
  double threshold = 0;
};

// max(x, 0); in general max_value for x ≥ max_value, x above the threshold, alpha · (x − threshold)
// up to it. NaN stays NaN. Any numeric dtype, a floating one where options are used. The slope at the
// threshold is alpha. ValueError where an option is NaN or max_value is negative. Source:
// keras.backend.relu.
Tensor relu(const Tensor& x, const ReluOptions& options = {});

// x where it is positive, else alpha · (exp(x) − 1), without loss for small x. The slope at 0 is
// alpha. Floating dtypes. Source: keras.backend.elu.
Tensor elu(const Tensor& x, double alpha = 1);

// log(1 + exp(x)), neither overflowing nor losing small results: 4 ULP. Floating dtypes. Source:
// keras.backend.softplus.
Tensor softplus(const Tensor& x);

// x / (1 + |x|). Floating dtypes. Source: keras.backend.softsign.
Tensor softsign(const Tensor& x);

// 0.2 · x + 0.5 within [0, 1]. The slope is 0.2 at both ends. Floating dtypes. Source:
// keras.backend.hard_sigmoid.
Tensor hard_sigmoid(const Tensor& x);

}  // namespace keel

#endif  // KEEL_OPS_NN_ACTIVATIONS_H_
