// Matrix products.
#ifndef KEEL_OPS_MATH_DOT_H_
#define KEEL_OPS_MATH_DOT_H_

#include <cstdint>
#include <optional>
#include <utility>

#include "core/tensor.h"

namespace keel {

// The product of x: [..., k] and y: [..., k, n], summed over the last axis of x and the last
// but one of y, as Theano has it: (2, 3) · (4, 3, 5) gives (2, 4, 5). Both of one dtype: floating, int32
// or int64; narrow floats are summed in float32. A product of matrices of which x is sparse takes time by
// x's elements, and has a gradient for y and, where those are, for x. ValueError where x is a scalar, y
// has fewer than two axes, or the summed sizes differ. Source: keras.backend.dot.
Tensor dot(const Tensor& x, const Tensor& y);

// The axes that batch_dot() sums over: one of both (`1`), one of each (`{1, 2}`), or, where nothing is
// given, the last of x and the last but one of y (its last, if it has two).
class DotAxes {
 public:
  DotAxes() = default;
  DotAxes(std::nullopt_t) {}                                              // NOLINT
  DotAxes(int64_t axis) : x_(axis), y_(axis) {}                           // NOLINT
  DotAxes(int axis) : DotAxes(static_cast<int64_t>(axis)) {}              // NOLINT
  DotAxes(int64_t x, int64_t y) : x_(x), y_(y) {}
  DotAxes(std::pair<int64_t, int64_t> axes) : x_(axes.first), y_(axes.second) {}  // NOLINT

  std::optional<int64_t> x() const { return x_; }
  std::optional<int64_t> y() const { return y_; }

 private:
  std::optional<int64_t> x_, y_;
};

// For each element of the batch, which is axis 0 of both, the sum over one axis of x and one of y:
// [batch, other axes of x, other axes of y], or [batch, 1] where none are left. Negative axes count
// from the last. Both of one dtype: floating, int32 or int64; narrow floats are summed in float32. No
// operand is transposed in memory. ValueError where one has fewer than two axes, an axis is out of range
// or the batch, or batches or summed sizes differ (when fed, if they are not known before).
// Source: keras.backend.batch_dot.
Tensor batch_dot(const Tensor& x, const Tensor& y, const DotAxes& axes = {});

}  // namespace keel

#endif  // KEEL_OPS_MATH_DOT_H_
