#include "ops/array/arange.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/array.h"
#include "core/in_name_of.h"
#include "core/op.h"
#include "core/structure.h"
#include "ops/math/math.h"

namespace keel {

namespace {

// first, first + step … before `end`, by the rules of arange().
Array sequence(double first, double end, double step, DType dtype) {
  if (!std::isfinite(first) || !std::isfinite(end) || !std::isfinite(step) || step == 0) {
    fail("arange: start ", first, ", stop ", end, ", step ", step,
         "; accepted are finite numbers and a step other than 0");
  }
  const double count = std::ceil((end - first) / step);
  if (count < 0) fail("arange: start ", first, ", stop ", end, ", step ", step, "; the step leads away from stop");
  if (!(count < 0x1p62)) {
    fail("arange: start ", first, ", stop ", end, ", step ", step, " make ", count, " elements");
  }
  Array values = in_name_of([&] { return Array({static_cast<int64_t>(count)}, dtype); }, "arange: stop ", end);
  visit_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    T* const out = reinterpret_cast<T*>(values.bytes_begin());
    for (int64_t i = 0; i < values.elements(); ++i) {
      out[i] = convert_element<T>(first + static_cast<double>(i) * step);
    }
  });
  return values;
}

// Inputs: start, stop and step.
class Arange final : public OpOf<Arange> {
 public:
  static constexpr std::string_view kName = "arange";
  static constexpr std::string_view kNoGradient = "the number of its elements has no slope";
  DType dtype;
  auto fields() const { return std::tie(dtype); }
  bool shapes_at_run_time() const override { return true; }
  Signatures infer(SignatureSpan in) const override {
    for (const Signature& s : in) {
      if (s.shape.rank() != 0 || s.dtype != in[0].dtype || s.dtype.is_bool()) {
        fail("arange: start, stop and step are ", in[0].dtype, in[0].shape, ", ", in[1].dtype, in[1].shape, ", ",
             in[2].dtype, in[2].shape, "; accepted are numeric scalars of one dtype");
      }
    }
    return {{dtype, Shape{None}}};
  }
  std::vector<Array> run_shaped(const Exec&, Views in) const override {
    const auto number = [&](int i) {
      return visit_dtype(in[i].dtype, [&](auto zero) { return convert_element<double>(*in[i].as<decltype(zero)>()); });
    };
    return {sequence(number(0), number(1), number(2), dtype)};
  }
};

void check_dtype(DType dtype) {
  if (dtype.is_bool()) fail("arange: dtype is bool; accepted are numeric dtypes");
}

}  // namespace

Tensor arange(double start, std::optional<double> stop, double step, std::optional<DType> dtype) {
  const double first = stop.has_value() ? start : 0;
  // NaN goes through, to be refused.
  const double end = stop.has_value() ? *stop : start < 0 ? 0 : start;
  const auto is_whole = [](double x) { return std::trunc(x) == x; };
  const bool whole = is_whole(first) && is_whole(end) && is_whole(step);
  const DType result = dtype.value_or(whole ? DType::kInt32 : DType::kFloat32);
  check_dtype(result);
  return constant_tensor(sequence(first, end, step, result));
}

Tensor arange(const Tensor& start, const Tensor& stop, const Tensor& step, std::optional<DType> dtype) {
  if (!start.defined()) fail("arange: start is an empty tensor handle");
  const DType result = dtype.value_or(start.dtype());
  check_dtype(result);
  return make<Arange>({start, stop, step}, result);
}

Tensor arange(const Tensor& stop, std::optional<DType> dtype) {
  if (!stop.defined()) fail("arange: stop is an empty tensor handle");
  const Tensor zero = scalar(0, stop.dtype());
  return arange(zero, maximum(zero, stop), scalar(1, stop.dtype()), dtype);
}

}  // namespace keel
