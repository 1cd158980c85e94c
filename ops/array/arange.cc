#include "ops/array/arange.h"

#include <algorithm>
#include <cmath>

#include "core/array.h"
#include "core/structure.h"

namespace keel {

Tensor arange(double start, std::optional<double> stop, double step, DType dtype) {
  const double first = stop.has_value() ? start : 0, end = stop.value_or(start);
  if (!std::isfinite(first) || !std::isfinite(end) || !std::isfinite(step) || step == 0) {
    fail("arange: start ", first, ", stop ", end, ", step ", step,
         "; accepted are finite numbers and a step other than 0");
  }
  if (dtype.is_bool()) fail("arange: dtype is bool; accepted are numeric dtypes");
  const double count = std::max(0.0, std::ceil((end - first) / step));
  if (!(count < 0x1p62)) {
    fail("arange: start ", first, ", stop ", end, ", step ", step, " make ", count, " elements");
  }
  Array values({static_cast<int64_t>(count)}, dtype);
  visit_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    T* const out = reinterpret_cast<T*>(values.bytes_begin());
    for (int64_t i = 0; i < values.elements(); ++i) {
      out[i] = convert_element<T>(first + static_cast<double>(i) * step);
    }
  });
  return constant_tensor(values);
}

}  // namespace keel
