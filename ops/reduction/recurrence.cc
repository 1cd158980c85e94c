#include "ops/reduction/recurrence.h"

#include <string_view>

#include "core/op.h"
#include "ops/math/arithmetic.h"
#include "ops/reduction/scan_kernel.h"
#include "ops/reduction/scan_shape.h"

namespace keel {
namespace {

// The adjoint of y at each element: λ[t] = dy[t + 1] + a[t + 1]·λ[t + 1], a recurrence backwards.
Tensor adjoint(const Tensor& a, const Tensor& dy, int axis, bool backwards);

// y[0] = 0, y[t] = a[t - 1]·y[t - 1] + b[t - 1]; inputs are a and b.
class Recurrence final : public OpOf<Recurrence> {
 public:
  static constexpr std::string_view kName = "recurrence";
  int axis;
  bool backwards;

  auto fields() const { return std::tie(axis, backwards); }
  Signatures infer(SignatureSpan in) const override { return {{in[0].dtype, in[0].shape}}; }
  void run(const Exec& exec, Views in, Views out) const override {
    recurrence(exec.pool, scan_shape(*in[0].shape, axis, backwards), in[0].dtype, 0, in[0].data,
               in[1].data, out[0].data);
  }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    const Tensor lambda = adjoint(y.input(0), dy, axis, backwards);
    return {lambda * y, lambda};
  }
};

// The same with y[0] = 1 and no b.
class ProductBefore final : public OpOf<ProductBefore> {
 public:
  static constexpr std::string_view kName = "product_before";
  int axis;
  bool backwards;

  auto fields() const { return std::tie(axis, backwards); }
  Signatures infer(SignatureSpan in) const override { return {{in[0].dtype, in[0].shape}}; }
  void run(const Exec& exec, Views in, Views out) const override {
    recurrence(exec.pool, scan_shape(*in[0].shape, axis, backwards), in[0].dtype, 1, in[0].data,
               nullptr, out[0].data);
  }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    return {adjoint(y.input(0), dy, axis, backwards) * y};
  }
};

Tensor adjoint(const Tensor& a, const Tensor& dy, int axis, bool backwards) {
  return make<Recurrence>({a, dy}, axis, !backwards);
}

}  // namespace

Tensor product_before(const Tensor& x, int64_t axis, bool backwards) {
  if (!x.dtype().is_floating()) {
    fail("product_before: x is ", x.dtype(), "; accepted are floating dtypes");
  }
  return make<ProductBefore>({x}, check_axis("product_before", axis, x.rank()), backwards);
}

}  // namespace keel
