// Variables: tensors whose value lasts from call to call.
#ifndef KEEL_CORE_VARIABLE_H_
#define KEEL_CORE_VARIABLE_H_

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/op.h"
#include "core/tensor.h"

namespace keel {

// The storage of one variable. Thread-safe.
class VariableState {
 public:
  VariableState(Array value, std::string name) : name_(std::move(name)), value_(std::move(value)) {}

  const std::string& name() const { return name_; }
  // The value as it is now. It shares memory with the variable only until either changes.
  Array value() const;
  // Replaces the value by one of the same shape and dtype (the caller has checked).
  void assign(Array value);
  // An array to compute the next value into: the memory of the value before the present one where
  // nobody holds that any more, so that training steps need no allocation.
  Array take_spare();
  // Held by a call from before it reads the variable until it has assigned to it, so that calls
  // that update one variable come one after the other.
  std::mutex& update_mutex() { return update_mutex_; }

  // A call that overwrites the value holds this while it does, and nobody reads or replaces it meanwhile.
  std::mutex& value_mutex() { return mutex_; }
  // Then: where to write the next value. In the memory of the present one, if that is what the caller has
  // read, which he gives up, and nobody else holds it.
  Array memory_of_next(Array& read);
  // Then: makes it the value.
  void replace(Array next);

 private:
  const std::string name_;
  std::mutex update_mutex_;
  mutable std::mutex mutex_;
  Array value_, spare_;
};

// A projection applied to a variable after an optimizer's update, such as a norm constraint.
using Constraint = std::function<Tensor(const Tensor&)>;

// A handle to a variable; as a tensor it stands for the variable's value at the start of a call.
class Variable : public Tensor {
 public:
  Variable() = default;
  // `value` is copied where somebody else holds it too.
  Variable(Array value, std::string name, Constraint constraint = nullptr);

  const std::string& name() const { return checked_state().name(); }
  Array value() const { return checked_state().value(); }
  const Constraint& constraint() const { return checked_state(), *constraint_; }
  const std::shared_ptr<VariableState>& state() const { return state_; }

 private:
  const VariableState& checked_state() const {
    if (state_ == nullptr) internal::fail_empty_tensor();
    return *state_;
  }

  std::shared_ptr<VariableState> state_;
  std::shared_ptr<Constraint> constraint_;
};

// Instantiates a variable with the given initial value, converted to `dtype`: floatx() where that is
// absent, whatever the value's own. Source: keras.backend.variable.
struct VariableOptions {
  std::optional<DType> dtype = std::nullopt;
  std::string name = "";
  Constraint constraint = nullptr;
};
Variable variable(const Array& value, const VariableOptions& options = {});

// The variable that `x` is a handle to, or nothing.
std::shared_ptr<VariableState> variable_state(const Tensor& x);

// The value of a variable. Source: keras.backend.get_value.
Array get_value(const Tensor& x);
// The values of several variables. Source: keras.backend.batch_get_value.
std::vector<Array> batch_get_value(const Tensors& ops);
// Sets a variable from an array of its shape, converted to its dtype. ValueError where `x` is no
// variable or the shapes differ; then nothing changes. Source: keras.backend.set_value.
void set_value(const Tensor& x, const Array& value);
// Sets many variables: all of them, or (where one does not fit) none.
// Source: keras.backend.batch_set_value.
void batch_set_value(const std::vector<std::pair<Tensor, Array>>& tuples);

}  // namespace keel

#endif  // KEEL_CORE_VARIABLE_H_
