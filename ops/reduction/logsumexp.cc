#include "ops/reduction/logsumexp.h"

#include <algorithm>
#include <limits>
#include <string_view>

#include "core/op.h"
#include "core/structure.h"
#include "ops/math/arithmetic.h"
#include "ops/math/comparison.h"
#include "ops/math/exponential.h"
#include "ops/reduction/logsumexp_kernel.h"
#include "ops/reduction/reduce.h"
#include "ops/reduction/reduction_op.h"

namespace keel {
namespace {

// Over the axes from `axis` on, which stay with size 1. One kernel reads each piece of a row twice while L1
// holds it; composed of reductions it would come from memory twice.
class LogSumExp final : public OpOf<LogSumExp> {
 public:
  static constexpr std::string_view kName = "logsumexp";
  int axis;

  auto fields() const { return std::tie(axis); }
  Signatures infer(SignatureSpan in) const override {
    Shape out = in[0].shape;
    for (int a = axis; a < out.rank(); ++a) out[a] = 1;
    return {{in[0].dtype, out}};
  }
  size_t scratch_bytes(SignatureSpan in, SignatureSpan) const override {
    return logsumexp_scratch_bytes(rows(in[0].shape), length(in[0].shape));
  }
  void run(const Exec& exec, Views in, Views out) const override {
    const Shape& x = *in[0].shape;
    logsumexp_rows(in[0], rows(x), length(x), out[0], exec.scratch, exec.pool);
  }
  Tensors gradient(const Tensor& y, const Tensor& dy) const { return {dy * exp(y.input(0) - y)}; }

 private:
  int64_t rows(const Shape& x) const {
    int64_t n = 1;
    for (int a = 0; a < axis; ++a) n *= x[a];
    return n;
  }
  int64_t length(const Shape& x) const {
    int64_t n = 1;
    for (int a = axis; a < x.rank(); ++a) n *= x[a];
    return n;
  }
};

// Over any axes, which stay with size 1: two passes over x once the plan has fused them.
Tensor composed(const Tensor& x, const Axes& axis) {
  const Tensor most = stop_gradient(max(x, axis, true));
  // inf - inf is NaN: where the largest is infinite (or all are -inf), nothing is taken out.
  const Tensor finite = less(abs(most), std::numeric_limits<double>::infinity());
  const Tensor taken = where(finite, most, full_like(most, 0, x.dtype()));
  return log(sum(exp(x - taken), axis, true)) + taken;
}

}  // namespace

Tensor logsumexp(const Tensor& x, const Axes& axis, bool keepdims) {
  if (!x.defined()) fail("logsumexp: x is an empty tensor handle");
  if (!x.dtype().is_floating()) {
    fail("logsumexp: x is ", x.dtype(), "; accepted are floating dtypes");
  }
  const std::vector<bool> reduced = axis.mask("logsumexp", x.rank());
  const auto first = std::find(reduced.begin(), reduced.end(), true);
  const bool last_axes = std::find(first, reduced.end(), false) == reduced.end() && first != reduced.end();
  const Tensor y = last_axes ? make<LogSumExp>({x}, static_cast<int>(first - reduced.begin()))
                             : composed(x, axis);
  return keepdims ? y : drop_axes(y, reduced);
}

}  // namespace keel
