// Cross-entropies between predictions and targets.
#ifndef KEEL_OPS_NN_CROSSENTROPY_H_
#define KEEL_OPS_NN_CROSSENTROPY_H_

#include <cstdint>

#include "core/tensor.h"

namespace keel {

// Arguments of the cross-entropies between classes.
struct CategoricalCrossentropyOptions {
  bool from_logits = false;
  int64_t axis = -1;  // The axis of classes.
};

// Σ target · −log p along the axis of classes, which the result lacks. p is softmax(output) where
// `from_logits`; else output / Σ output, clipped to [epsilon(), 1 − epsilon()]. An output that is the
// result of softmax() is taken by its logits, which loses nothing: one kernel computes log-softmax and
// the sum, and the gradient is one pass, p · Σ target − target. target: as output, shape and (floating)
// dtype. ValueError where these differ or the axis is out of range. Source:
// keras.backend.categorical_crossentropy.
Tensor categorical_crossentropy(const Tensor& target, const Tensor& output,
                                const CategoricalCrossentropyOptions& options = {});

// −log p[label] for the label of each row, a row being what lies along the axis of classes. output: of
// a floating dtype. target: as many labels as output has rows, in any shape and any numeric dtype
// (fractions are cut off). The result has the shape of output without the axis of classes. p is softmax(output) where `from_logits` or
// where output is the result of softmax(); else output clipped to [epsilon(), 1 − epsilon()] and
// divided by its sum. ValueError where the numbers of labels and rows differ or the axis is out of
// range, and, when it is computed, where a label is not in [0, classes). Source:
// keras.backend.sparse_categorical_crossentropy.
Tensor sparse_categorical_crossentropy(const Tensor& target, const Tensor& output,
                                       const CategoricalCrossentropyOptions& options = {});

// Arguments of binary_crossentropy().
struct CrossentropyOptions {
  bool from_logits = false;
};

// −target · log p − (1 − target) · log(1 − p), element by element. p is sigmoid(output) where
// `from_logits` or where output is the result of sigmoid(); else output clipped to [epsilon(),
// 1 − epsilon()]. One floating dtype; shapes broadcast, but logits and targets must have one shape, else
// ValueError. Source: keras.backend.binary_crossentropy.
Tensor binary_crossentropy(const Tensor& target, const Tensor& output,
                           const CrossentropyOptions& options = {});

}  // namespace keel

#endif  // KEEL_OPS_NN_CROSSENTROPY_H_
