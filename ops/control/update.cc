#include "ops/control/update.h"

#include "core/assign.h"
#include "ops/math/math.h"
#include "ops/math/number.h"

namespace keel {

Tensor update(const Tensor& x, const Tensor& new_x) { return assign("update", x, new_x, false); }

Tensor update_add(const Tensor& x, const Tensor& increment) {
  return assign("update_add", x, increment, true);
}

Tensor update_add(const Tensor& x, double increment) {
  return assign("update_add", x, number_like("update_add", increment, x), true);
}

Tensor update_sub(const Tensor& x, const Tensor& decrement) {
  if (!decrement.defined()) fail("update_sub: decrement is an empty tensor handle");
  return assign("update_sub", x, 0 - decrement, true);  // Unsigned dtypes have no negation.
}

Tensor update_sub(const Tensor& x, double decrement) {
  return update_sub(x, number_like("update_sub", decrement, x));
}

Tensor moving_average_update(const Tensor& x, const Tensor& value, double momentum) {
  if (!x.defined() || !value.defined()) fail("moving_average_update: an empty tensor handle was given");
  return assign("moving_average_update", x, x * momentum + value * (1 - momentum), false);
}

}  // namespace keel
