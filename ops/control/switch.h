// Choices: between branches of which one runs, and element by element.
#ifndef KEEL_OPS_CONTROL_SWITCH_H_
#define KEEL_OPS_CONTROL_SWITCH_H_

#include <functional>
#include <type_traits>
#include <utility>

#include "core/tensor.h"

namespace keel {

// What a choice may yield: a tensor, or a callable that makes one. Of callables only the one chosen
// runs, with its random ops, prints and updates.
class Branch {
 public:
  Branch(Tensor value) : value_(std::move(value)) {}  // NOLINT: implicit by design
  template <typename F, typename = std::enable_if_t<std::is_invocable_r_v<Tensor, F>>>
  Branch(F make) : make_(std::move(make)) {}  // NOLINT

  bool is_callable() const { return make_ != nullptr; }
  // The tensor; calls the callable.
  Tensor value() const { return make_ != nullptr ? make_() : value_; }

 private:
  Tensor value_;
  std::function<Tensor()> make_;
};

// `then_expression` where `condition` (bool or integer) is not 0, else `else_expression`. Both have
// one dtype and shape. A scalar condition chooses at run time: only the branch taken runs, and
// gradients flow through it alone. A condition of rank 1 or more selects element by element, aligned
// on the left and broadcast to the right: (batch,) chooses rows; then both sides run. ValueError
// where the condition has more axes than the expressions, or these do not agree. Source:
// keras.backend.switch, whose name C++ keeps for itself.
Tensor switch_(const Tensor& condition, const Branch& then_expression, const Branch& else_expression);

}  // namespace keel

#endif  // KEEL_OPS_CONTROL_SWITCH_H_
