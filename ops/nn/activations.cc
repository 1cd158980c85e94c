#include "core/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/nn/activations.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "core/loops/micro_op-inl.h"
#include "hwy/contrib/math/math-inl.h"
#include "ops/math/bounds-inl.h"
#include "ops/nn/activations.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

// e^x below, NaN kept; both of Highway's functions want a bounded argument.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V SoftplusOf(D d, V x) {
  using T = hn::TFromD<D>;
  const V least = hn::Set(d, T(sizeof(T) == 4 ? -150 : -800));
  const V tail = hn::Log1p(d, hn::Exp(d, hn::Max(hn::Neg(hn::Abs(x)), least)));
  const V sum = hn::Add(hn::Max(x, hn::Zero(d)), tail);
  return hn::IfThenElse(hn::IsNaN(x), x, sum);
}

// e^x − 1 for x ≤ 0, for elu.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Expm1Of(D d, V x) {
  using T = hn::TFromD<D>;
  const V least = hn::Set(d, T(sizeof(T) == 4 ? -88 : -700));
  return hn::IfThenElse(hn::IsNaN(x), x, hn::Expm1(d, hn::Max(x, least)));
}

KEEL_MICRO_OP_1(Relu, kAllLanes, AtLeast(hn::Zero(d), a))  // NaN stays.
KEEL_MICRO_OP_1(Softplus, kFloatLanes, SoftplusOf(d, a))
KEEL_MICRO_OP_1(Expm1, kFloatLanes, Expm1Of(d, a))

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <cmath>
#include <string_view>
#include <tuple>

#include "core/elementwise.h"
#include "core/structure.h"
#include "ops/math/math.h"

namespace keel {

KEEL_EXPORT_MICRO_OP(Relu, "relu", 1, "(a < 0 ? 0 : a)", 1)
KEEL_EXPORT_MICRO_OP(Softplus, "softplus", 1, "((a > 0 ? a : 0) + log1p(exp(-fabs(a))))", 20)
KEEL_EXPORT_MICRO_OP(Expm1, "expm1", 1, "expm1(a)", 10)

namespace {

class Relu final : public ElementwiseOp<Relu> {
 public:
  static constexpr std::string_view kName = "relu";
  const MicroOp* micro_op() const override { return &kRelu; }
  // By the result: x need not be kept.
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    return {where(greater(y, 0), dy, scalar(0, dy.dtype()))};
  }
};

class Softplus final : public ElementwiseOp<Softplus> {
 public:
  static constexpr std::string_view kName = "softplus";
  const MicroOp* micro_op() const override { return &kSoftplus; }
  Tensors gradient(const Tensor& y, const Tensor& dy) const { return {dy * sigmoid(y.input(0))}; }
};

class Expm1 final : public ElementwiseOp<Expm1> {
 public:
  static constexpr std::string_view kName = "expm1";
  const MicroOp* micro_op() const override { return &kExpm1; }
  Tensors gradient(const Tensor& y, const Tensor& dy) const { return {dy * (y + 1)}; }
};

// Input 0, the composed softsign of input 1, with a gradient of its own: of the quotient it would be the
// difference of two numbers that become equal where x is large, and of two infinite ones in the end.
class Softsign final : public OpOf<Softsign> {
 public:
  static constexpr std::string_view kName = "softsign";
  auto fields() const { return std::tie(); }
  Signatures infer(SignatureSpan in) const override { return {in[0]}; }
  bool reads_only_shape(int i) const override { return i != 0; }
  int forwards(SignatureSpan, SignatureSpan) const override { return 0; }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    return {Tensor(), dy / square(abs(y.input(1)) + 1)};
  }
};

void check_floating(std::string_view function, const Tensor& x) {
  if (!x.dtype().is_floating()) {
    fail(function, ": x is ", x.dtype(), "; accepted are floating dtypes");
  }
}

}  // namespace

Tensor relu(const Tensor& x, const ReluOptions& options) {
  const double alpha = options.alpha, threshold = options.threshold;
  if (std::isnan(alpha) || std::isnan(threshold)) {
    fail("relu: alpha is ", alpha, " and threshold is ", threshold, "; NaN is not accepted");
  }
  if (options.max_value.has_value() && !(*options.max_value >= 0)) {
    fail("relu: max_value is ", *options.max_value, "; accepted are numbers from 0 on");
  }
  if (alpha == 0 && threshold == 0 && !options.max_value.has_value()) return make<Relu>({x});
  check_floating("relu", x);
  Tensor above = x;
  if (alpha == 0 && threshold == 0) above = make<Relu>({x});
  if (options.max_value.has_value()) above = minimum(above, *options.max_value);
  if (alpha == 0 && threshold == 0) return above;
  const Tensor below = alpha == 0       ? scalar(0, x.dtype())
                       : threshold == 0 ? x * alpha
                                        : (x - threshold) * alpha;
  return where(less_equal(x, threshold), below, above);
}

Tensor elu(const Tensor& x, double alpha) {
  check_floating("elu", x);
  // Above 0 the other branch sees 0: e^x would overflow, and its slope with it.
  const Tensor below = make<Expm1>({minimum(x, 0)});
  return where(greater(x, 0), x, alpha == 1 ? below : below * alpha);
}

Tensor softplus(const Tensor& x) { return make<Softplus>({x}); }

Tensor softsign(const Tensor& x) {
  check_floating("softsign", x);
  return make<Softsign>({x / (abs(x) + 1), x});
}

Tensor hard_sigmoid(const Tensor& x) {
  check_floating("hard_sigmoid", x);
  return clip(x * 0.2 + 0.5, 0, 1);
}

}  // namespace keel
#endif  // HWY_ONCE
