#include "ops/reduction/logsumexp.h"

#include <limits>

#include "core/structure.h"
#include "ops/math/arithmetic.h"
#include "ops/math/comparison.h"
#include "ops/math/exponential.h"
#include "ops/reduction/reduce.h"
#include "ops/reduction/reduction_op.h"

namespace keel {

// Two passes over x once the plan has fused them: the maximum, then the sum.
Tensor logsumexp(const Tensor& x, const Axes& axis, bool keepdims) {
  if (!x.defined()) fail("logsumexp: x is an empty tensor handle");
  if (!x.dtype().is_floating()) {
    fail("logsumexp: x is ", x.dtype(), "; accepted are floating dtypes");
  }
  const std::vector<bool> reduced = axis.mask("logsumexp", x.rank());
  const Tensor most = stop_gradient(max(x, axis, true));
  // inf - inf is NaN: where the largest is infinite (or all are -inf), nothing is taken out.
  const Tensor finite = less(abs(most), std::numeric_limits<double>::infinity());
  const Tensor taken = where(finite, most, full_like(most, 0, x.dtype()));
  const Tensor y = log(sum(exp(x - taken), axis, true)) + taken;
  return keepdims ? y : drop_axes(y, reduced);
}

}  // namespace keel
