#include "ops/math/number.h"

#include <cmath>
#include <limits>
#include <type_traits>

#include "core/structure.h"

namespace keel {
namespace {

bool holds(DType dtype, double value) {
  return visit_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_integral_v<T>) {
      using Limits = std::numeric_limits<T>;
      // The highest of 64 bits is no double; what follows it is.
      return std::trunc(value) == value && value >= static_cast<double>(Limits::min()) &&
             value < static_cast<double>(Limits::max() / 2 + 1) * 2;
    } else {
      return true;
    }
  });
}

}  // namespace

Tensor number_like(std::string_view function, double value, const Tensor& x) {
  if (!x.defined()) fail(function, ": an empty tensor handle was given");
  if (!holds(x.dtype(), value)) {
    fail(function, ": ", value, " is no ", x.dtype(), ", the dtype of the tensor that it meets; cast that");
  }
  return scalar(value, x.dtype());
}

}  // namespace keel
