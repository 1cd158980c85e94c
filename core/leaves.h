// The ops that nothing flows into: placeholders, constants and variables.
#ifndef KEEL_CORE_LEAVES_H_
#define KEEL_CORE_LEAVES_H_

#include <memory>
#include <optional>
#include <string>

#include "core/op.h"
#include "core/variable.h"

namespace keel {

namespace internal {

// An array or a variable as an attribute: equal when it is the same one.
template <typename T>
struct Identity {
  std::shared_ptr<T> object;
  friend bool operator==(const Identity& a, const Identity& b) { return a.object == b.object; }
  template <typename H>
  friend H AbslHashValue(H h, const Identity& i) {
    return H::combine(std::move(h), i.object.get());
  }
};
inline std::ostream& operator<<(std::ostream& out, const Identity<Array>& constant) {
  if (constant.object->elements() <= 8) return out << *constant.object;
  return out << constant.object->shape();
}
inline std::ostream& operator<<(std::ostream& out, const Identity<VariableState>& variable) {
  return out << variable.object->name();
}

}  // namespace internal

// Filled in by the caller of a function, or `default_value` where the caller leaves it out.
class PlaceholderOp final : public OpOf<PlaceholderOp> {
 public:
  static constexpr std::string_view kName = "placeholder";
  static constexpr std::string_view kNoGradient = "it has no inputs";
  std::string name_;
  DType dtype;
  Shape shape;
  internal::Identity<Array> default_value;  // Null where there is none.
  bool is_learning_phase = false;
  bool is_keras_tensor = false;

  auto fields() const { return std::tie(name_, dtype, shape); }
  bool stateful() const override { return true; }
  bool is_layer_output() const override { return is_keras_tensor; }
  Signatures infer(SignatureSpan) const override { return {{dtype, shape}}; }
};

// A value fixed when the graph is built.
class ConstantOp final : public OpOf<ConstantOp> {
 public:
  static constexpr std::string_view kName = "constant";
  static constexpr std::string_view kNoGradient = "it has no inputs";
  internal::Identity<Array> value;

  auto fields() const { return std::tie(value); }
  Signatures infer(SignatureSpan) const override {
    return {{value.object->dtype(), value.object->shape(), value.object.get()}};
  }
};

// A variable's value at the start of the call.
class VariableOp final : public OpOf<VariableOp> {
 public:
  static constexpr std::string_view kName = "variable";
  static constexpr std::string_view kNoGradient = "it has no inputs";
  internal::Identity<VariableState> state;

  auto fields() const { return std::tie(state); }
  bool stateful() const override { return true; }
  Signatures infer(SignatureSpan) const override {
    const Array value = state.object->value();
    return {{value.dtype(), value.shape()}};
  }
};

}  // namespace keel

#endif  // KEEL_CORE_LEAVES_H_
