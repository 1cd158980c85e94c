#include "ops/nn/softmax.h"

#include <string_view>
#include <tuple>

#include "core/op.h"
#include "ops/math/math.h"
#include "ops/nn/softmax_kernel.h"
#include "ops/reduction/reduce.h"

namespace keel {
namespace {

// The extents before, along and after `axis`.
struct Layout {
  int64_t outer = 1, k = 1, inner = 1;
  Layout(const Shape& shape, int axis) : k(shape[axis]) {
    for (int i = 0; i < shape.rank(); ++i) (i < axis ? outer : inner) *= i == axis ? 1 : shape[i];
  }
};

// The gradient of a softmax. One kernel keeps each row in cache for both of its passes; composed of a
// reduction and an element-wise loop it would read y and dy from memory twice.
class SoftmaxGradient final : public OpOf<SoftmaxGradient> {
 public:
  static constexpr std::string_view kName = "softmax_gradient";
  int axis;
  auto fields() const { return std::tie(axis); }
  Signatures infer(SignatureSpan in) const override { return {{in[0].dtype, in[0].shape}}; }
  void run(const Exec& exec, Views in, Views out) const override {
    const Layout l(*in[0].shape, axis);
    softmax_backward(in[0], in[1], l.outer, l.k, l.inner, out[0], exec.pool);
  }
  // Of y · (dy − Σ dy·y).
  Tensors gradient(const Tensor& dx, const Tensor& g) const {
    const Tensor &y = dx.input(0), &dy = dx.input(1);
    return {g * (dy - sum(dy * y, axis, true)) - dy * sum(g * y, axis, true),
            make<SoftmaxGradient>({y, g}, axis)};
  }
};

class Softmax final : public OpOf<Softmax> {
 public:
  static constexpr std::string_view kName = "softmax";
  int axis;
  auto fields() const { return std::tie(axis); }
  Signatures infer(SignatureSpan in) const override { return {{in[0].dtype, in[0].shape}}; }
  void run(const Exec& exec, Views in, Views out) const override {
    const Layout l(*in[0].shape, axis);
    softmax_forward(in[0], l.outer, l.k, l.inner, out[0], exec.pool);
  }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    return {make<SoftmaxGradient>({y, dy}, axis)};
  }
};

}  // namespace

Tensor softmax(const Tensor& x, int64_t axis) {
  if (!x.dtype().is_floating()) {
    fail("softmax: x is ", x.dtype(), "; accepted are floating dtypes");
  }
  return make<Softmax>({x}, check_axis("softmax", axis, x.rank()));
}

namespace internal {

Tensor softmax_logits(const Tensor& y, int axis) {
  const auto* op = op_as<Softmax>(y);
  return op != nullptr && op->axis == axis ? y.input(0) : Tensor();
}

}  // namespace internal
}  // namespace keel
