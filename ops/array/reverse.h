// Axes backwards.
#ifndef KEEL_OPS_ARRAY_REVERSE_H_
#define KEEL_OPS_ARRAY_REVERSE_H_

#include "core/arguments.h"
#include "core/tensor.h"

namespace keel {

// `x` with the order of its elements along `axes` (one or several) reversed. Any dtype. ValueError
// where an axis is out of range or named twice. Source: keras.backend.reverse.
Tensor reverse(const Tensor& x, const Axes& axes);

}  // namespace keel

#endif  // KEEL_OPS_ARRAY_REVERSE_H_
