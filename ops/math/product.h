// What the products of matrices share: their dtypes, and what fits.
#ifndef KEEL_OPS_MATH_PRODUCT_H_
#define KEEL_OPS_MATH_PRODUCT_H_

#include <cstdint>
#include <string_view>

#include "core/dtype.h"
#include "core/error.h"
#include "core/tensor.h"

namespace keel {

// Calls f(T{}) for the types that products exist for.
template <typename F>
decltype(auto) visit_product_type(DType dtype, F&& f) {
  switch (dtype.kind()) {
    case DType::kFloat64: return f(double{});
    case DType::kFloat16: return f(float16{});
    case DType::kBfloat16: return f(bfloat16{});
    case DType::kInt32: return f(int32_t{});
    case DType::kInt64: return f(int64_t{});
    default: return f(float{});
  }
}

// ValueError, in the name of `function`, unless both operands are of one dtype that products exist for.
inline void check_product_dtypes(std::string_view function, DType x, DType y) {
  if (x != y) {
    fail(function, ": x is ", x, " and y ", y, "; dtypes are not promoted, cast one of them");
  }
  if (!x.is_floating() && x != DType::kInt32 && x != DType::kInt64) {
    fail(function, ": x is ", x, "; accepted are floating dtypes, int32 and int64");
  }
}

// ValueError where the sizes `a` and `b` that are summed over cannot be the same.
inline void check_summed(std::string_view function, const Shape& x, const Shape& y, int64_t a, int64_t b) {
  if (a != None && b != None && a != b) {
    fail(function, ": the summed sizes ", a, " and ", b, " differ (x: ", x, ", y: ", y, ')');
  }
}

// ValueError where axis 0 of both cannot be one batch.
inline void check_batches(const Shape& x, const Shape& y) {
  if (x[0] != None && y[0] != None && x[0] != y[0]) {
    fail("batch_dot: x holds a batch of ", x[0], " and y one of ", y[0], " (x: ", x, ", y: ", y, ')');
  }
}

}  // namespace keel

#endif  // KEEL_OPS_MATH_PRODUCT_H_
