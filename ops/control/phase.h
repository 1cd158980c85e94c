// What differs between training and testing.
#ifndef KEEL_OPS_CONTROL_PHASE_H_
#define KEEL_OPS_CONTROL_PHASE_H_

#include <optional>
#include <type_traits>
#include <utility>

#include "core/tensor.h"
#include "ops/control/switch.h"

namespace keel {

// A learning phase given explicitly: a number or bool (0 = test, 1 = train), a scalar tensor, or
// nothing, which stands for learning_phase().
class Training {
 public:
  Training() = default;
  Training(std::nullopt_t) {}  // NOLINT: implicit by design
  template <typename T, typename = std::enable_if_t<std::is_arithmetic_v<T>>>
  Training(T value) : fixed_(static_cast<double>(value)) {}  // NOLINT
  Training(Tensor value) : tensor_(std::move(value)) {}      // NOLINT
  // Whether nothing was given.
  bool absent() const { return !fixed_.has_value() && !tensor_.defined(); }
  // For `if (training)`: whether it is 1; false where nothing was given. ValueError for a tensor, which
  // has no value before the graph runs.
  explicit operator bool() const;
  // The number that was given, if it was one; ValueError, in the name of `function`, unless 0 or 1.
  std::optional<bool> fixed(std::string_view function) const;
  const Tensor& tensor() const { return tensor_; }

 private:
  std::optional<double> fixed_;
  Tensor tensor_;
};

// `x` in the train phase, `alt` in the test phase: tensors, or callables of which only the chosen one
// runs. A fixed `training` picks when the graph is built and never calls the other. With `training`
// absent the result depends on learning_phase() and says so (uses_learning_phase). ValueError where
// the two differ in dtype or shape. Source: keras.backend.in_train_phase; LEARNING_PHASE.md 6 to 10.
Tensor in_train_phase(const Branch& x, const Branch& alt, const Training& training = {});
// The reverse: `x` in the test phase, `alt` in the train phase. Source: keras.backend.in_test_phase.
Tensor in_test_phase(const Branch& x, const Branch& alt, const Training& training = {});

}  // namespace keel

#endif  // KEEL_OPS_CONTROL_PHASE_H_
