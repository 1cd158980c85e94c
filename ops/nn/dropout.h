// Dropout.
#ifndef KEEL_OPS_NN_DROPOUT_H_
#define KEEL_OPS_NN_DROPOUT_H_

#include <cstdint>
#include <optional>

#include "core/shape.h"
#include "core/tensor.h"

namespace keel {

// Arguments of dropout().
struct DropoutOptions {
  // The shape in which to decide what to drop; broadcasts to that of x. A None is x's own size.
  std::optional<Shape> noise_shape = std::nullopt;
  std::optional<uint64_t> seed = std::nullopt;  // The session's next where absent.
};

// x with a fraction `level` of its entries, chosen anew at every call, set to 0 and the others
// multiplied by 1 / (1 − level). The gradient uses the call's own choice. A level of 0 gives x itself.
// Floating dtypes. ValueError where level is not in [0, 1) or noise_shape does not broadcast. Source:
// keras.backend.dropout.
Tensor dropout(const Tensor& x, double level, const DropoutOptions& options = {});

}  // namespace keel

#endif  // KEEL_OPS_NN_DROPOUT_H_
