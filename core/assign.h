// Assignments to variables, as nodes.
#ifndef KEEL_CORE_ASSIGN_H_
#define KEEL_CORE_ASSIGN_H_

#include "core/leaves.h"

namespace keel {

// Gives a variable a new value at the end of the call: input 1, or the value it has by then plus
// input 1. Input 0 is the variable. The output is the new value.
class AssignOp final : public OpOf<AssignOp> {
 public:
  static constexpr std::string_view kName = "assign";
  static constexpr std::string_view kNoGradient = "an assignment is not differentiated through";
  internal::Identity<VariableState> variable;
  bool additive = false;

  auto fields() const { return std::tie(variable, additive); }
  bool stateful() const override { return true; }
  Signatures infer(SignatureSpan in) const override { return {in[0]}; }
};

// An assignment node, after checking that `x` is a variable and `value` of its dtype and shape
// (unknown dimensions are checked when the plan is made); `function` names the caller in errors.
Tensor assign(std::string_view function, const Tensor& x, const Tensor& value, bool additive);

}  // namespace keel

#endif  // KEEL_CORE_ASSIGN_H_
