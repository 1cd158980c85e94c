#include "ops/reduction/cumulative.h"

#include <string_view>

#include "core/op.h"
#include "ops/math/arithmetic.h"
#include "ops/reduction/scan_kernel.h"
#include "ops/reduction/scan_shape.h"

namespace keel {
namespace {

class CumSum final : public OpOf<CumSum> {
 public:
  static constexpr std::string_view kName = "cumsum";
  int axis;
  bool backwards;

  auto fields() const { return std::tie(axis, backwards); }
  Signatures infer(SignatureSpan in) const override { return {{in[0].dtype, in[0].shape}}; }
  size_t scratch_bytes(SignatureSpan in, SignatureSpan) const override {
    return running_sum_scratch_bytes(scan_shape(in[0].shape, axis, backwards));
  }
  void run(const Exec& exec, Views in, Views out) const override {
    running_sum(exec.pool, scan_shape(*in[0].shape, axis, backwards), in[0].dtype, in[0].data,
                out[0].data, exec.scratch);
  }
  Tensors gradient(const Tensor&, const Tensor& dy) const { return {make<CumSum>({dy}, axis, !backwards)}; }
};

class CumProd final : public OpOf<CumProd> {
 public:
  static constexpr std::string_view kName = "cumprod";
  int axis;

  auto fields() const { return std::tie(axis); }
  Signatures infer(SignatureSpan in) const override { return {{in[0].dtype, in[0].shape}}; }
  void run(const Exec& exec, Views in, Views out) const override {
    running_product(exec.pool, scan_shape(*in[0].shape, axis, false), in[0].dtype, in[0].data,
                    out[0].data);
  }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    return {make<CumSum>({y * dy}, axis, true) / y.input(0)};
  }
};

int check(std::string_view function, const Tensor& x, int64_t axis) {
  if (!x.defined()) fail(function, ": x is an empty tensor handle");
  if (x.dtype().is_bool()) fail(function, ": x is bool; accepted are numeric dtypes");
  return check_axis(function, axis, x.rank());
}

}  // namespace

Tensor cumsum(const Tensor& x, int64_t axis) { return make<CumSum>({x}, check("cumsum", x, axis), false); }

Tensor cumprod(const Tensor& x, int64_t axis) { return make<CumProd>({x}, check("cumprod", x, axis)); }

}  // namespace keel
