#include "ops/ctc/arguments.h"

#include "core/error.h"
#include "ops/math/cast.h"

namespace keel {

void check_ctc_predictions(std::string_view function, const Signature& y_pred) {
  const Shape& y = y_pred.shape;
  if (!y_pred.dtype.is_floating() || y.rank() != 3 || y[1] == 0 || y[2] == 0) {
    fail(function, ": y_pred is of dtype ", y_pred.dtype, " and shape ", y,
         "; accepted are floating dtypes and (samples, steps, classes), at least one step and class");
  }
}

void check_ctc_lengths(std::string_view function, std::string_view argument, const Shape& lengths, int64_t samples) {
  const bool column = lengths.rank() == 2 && may_equal(lengths[1], 1);
  if (!(lengths.rank() == 1 || column) || !may_equal(lengths[0], samples)) {
    fail(function, ": ", argument, " has shape ", lengths, "; accepted are ", Shape{samples, 1}, " and ",
         Shape{samples});
  }
}

void check_ctc_length_values(std::string_view function, std::string_view argument, const int64_t* lengths, int64_t n,
                             int64_t most, std::string_view what) {
  for (int64_t i = 0; i < n; ++i) {
    if (lengths[i] < 0 || lengths[i] > most) {
      fail(function, ": ", argument, " of sample ", i, " is ", lengths[i], "; accepted are 0 to ", most, ", the number of ",
           what);
    }
  }
}

Tensor as_int64(std::string_view function, std::string_view argument, const Tensor& x) {
  if (x.dtype().is_bool()) fail(function, ": ", argument, " is bool; accepted are numbers");
  return x.dtype() == DType::kInt64 ? x : cast(x, DType::kInt64);
}

}  // namespace keel
