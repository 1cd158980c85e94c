// For tests of ops: values, and graphs fed with what was unknown when they were built.
#ifndef KEEL_OPS_ARRAY_TEST_UTIL_H_
#define KEEL_OPS_ARRAY_TEST_UTIL_H_

#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/function.h"
#include "core/graph.h"
#include "core/threads.h"

namespace keel::testing_util {

// 0, 1, 2 … in this shape.
inline Array iota(const Shape& shape, DType dtype = DType::kFloat32) {
  Array values(shape, DType::kInt64);
  std::iota(values.mutable_data<int64_t>(), values.mutable_data<int64_t>() + values.elements(), 0);
  return values.cast(dtype);
}

// f(x), where every dimension of x is unknown until it is fed.
inline Array fed_unknown(const std::function<Tensor(const Tensor&)>& f, const Array& x) {
  const Tensor input = placeholder({.ndim = x.rank(), .dtype = x.dtype()});
  return function({input}, {f(input)})({x})[0];
}

// f(x) with x known, after checking that it is the same where x is fed unknown, and that the shape
// inferred for unknown dimensions fits.
inline Array both_ways(const std::function<Tensor(const Tensor&)>& f, const Array& x) {
  const Tensor known = f(constant(x, {.dtype = x.dtype()}));
  const Array value = eval(known);
  const Tensor input = placeholder({.ndim = x.rank(), .dtype = x.dtype()});
  const Tensor unknown = f(input);
  const Array fed = function({input}, {unknown})({x})[0];
  if (known.shape() != value.shape()) fail("inferred ", known.shape(), ", computed ", value.shape());
  if (!fits(value.shape(), unknown.shape())) {
    fail("inferred ", unknown.shape(), " unfed, computed ", value.shape());
  }
  if (fed.shape() != value.shape() || fed.to_vector<double>() != value.to_vector<double>()) {
    fail("known: ", value, ", fed: ", fed);
  }
  return value;
}

}  // namespace keel::testing_util

#endif  // KEEL_OPS_ARRAY_TEST_UTIL_H_
