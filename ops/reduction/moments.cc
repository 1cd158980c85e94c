#include "ops/reduction/moments.h"

#include <string_view>

#include "core/config.h"
#include "core/error.h"
#include "ops/math/arithmetic.h"
#include "ops/math/cast.h"
#include "ops/reduction/reduce.h"

namespace keel {
namespace {

Tensor variance(std::string_view function, const Tensor& x, const Axes& axis, bool keepdims) {
  if (!x.defined()) fail(function, ": x is an empty tensor handle");
  axis.mask(function, x.rank());  // For an error in this function's name.
  const Tensor values = x.dtype().is_bool() ? cast(x, floatx()) : x;
  return mean(square(values - mean(values, axis, true)), axis, keepdims);
}

}  // namespace

Tensor var(const Tensor& x, const Axes& axis, bool keepdims) {
  // Differences from the mean have signs.
  if (x.defined() && x.dtype().is_integer() && !x.dtype().is_signed()) {
    fail("var: x is ", x.dtype(), "; accepted are signed dtypes and bool");
  }
  return variance("var", x, axis, keepdims);
}

Tensor std(const Tensor& x, const Axes& axis, bool keepdims) {
  if (x.defined() && x.dtype().is_integer()) {
    fail("std: x is ", x.dtype(), "; accepted are floating dtypes and bool");
  }
  return sqrt(variance("std", x, axis, keepdims));
}

}  // namespace keel
