#include "core/assign.h"

namespace keel {

Tensor assign(std::string_view function, const Tensor& x, const Tensor& value, bool additive) {
  auto variable = variable_state(x);
  if (variable == nullptr) fail(function, ": x is ", x, ", not a variable");
  if (!value.defined()) fail(function, ": the new value is an empty tensor handle");
  if (value.dtype() != x.dtype()) {
    fail(function, ": variable '", variable->name(), "' is ", x.dtype(), ", the new value ",
         value.dtype());
  }
  // What is added may be broadcast, as long as the sum has the variable's shape.
  const Shape result = additive ? broadcast(function, x.shape(), value.shape()) : value.shape();
  if (!fits(x.shape(), result)) {
    fail(function, ": variable '", variable->name(), "' has shape ", x.shape(), ", the new value ",
         value.shape());
  }
  return make<AssignOp>({x, value}, internal::Identity<VariableState>{std::move(variable)}, additive);
}

}  // namespace keel
