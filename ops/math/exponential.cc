#include "core/simd_targets.h"

#include <cmath>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/math/exponential.cc"
#include "hwy/foreach_target.h"

#include "core/loops/micro_op-inl.h"
#include "hwy/contrib/math/math-inl.h"
#include "ops/math/exponential.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

// Highway's functions are exact to a few ULP inside their domains; these see to the rest of the line.

template <class D, class V = hn::Vec<D>>
HWY_INLINE V ExpOf(D d, V x) {
  using T = hn::TFromD<D>;
  constexpr bool kSingle = sizeof(T) == 4;
  // Above, the result overflows; below, it is 0 even as a denormal.
  const V highest = hn::Set(d, static_cast<T>(kSingle ? 88.7228391 : 709.782712893384));
  const V lowest = hn::Set(d, static_cast<T>(kSingle ? -103.97 : -745.13));
  const V y = hn::Exp(d, hn::Min(hn::Max(x, lowest), highest));
  const V high = hn::IfThenElse(hn::Gt(x, highest), hn::Set(d, std::numeric_limits<T>::infinity()), y);
  const V low = hn::IfThenElse(hn::Lt(x, lowest), hn::Zero(d), high);
  return hn::IfThenElse(hn::IsNaN(x), x, low);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V LogOf(D d, V x) {
  using T = hn::TFromD<D>;
  const V infinity = hn::Set(d, std::numeric_limits<T>::infinity());
  const V y = hn::Log(d, x);
  const V high = hn::IfThenElse(hn::Eq(x, infinity), infinity, y);
  const V zero = hn::IfThenElse(hn::Eq(x, hn::Zero(d)), hn::Neg(infinity), high);
  // Negative numbers and NaN.
  return hn::IfThenElse(hn::Ge(x, hn::Zero(d)), zero, hn::Set(d, std::numeric_limits<T>::quiet_NaN()));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V TanhOf(D d, V x) {
  const V bound = hn::Set(d, hn::TFromD<D>(20));  // tanh is 1 to the last bit from there.
  const V y = hn::Tanh(d, hn::Min(hn::Max(x, hn::Neg(bound)), bound));
  return hn::IfThenElse(hn::IsNaN(x), x, y);
}

// Angles beyond what Highway reduces exactly go to the C library.
template <class D, class V = hn::Vec<D>, class Fast, class Exact>
HWY_INLINE V Trigonometric(D d, V x, Fast fast, Exact exact) {
  using T = hn::TFromD<D>;
  const auto near = hn::Lt(hn::Abs(x), hn::Set(d, T(39000)));
  if (HWY_LIKELY(hn::AllTrue(d, near))) return fast(x);
  constexpr size_t kLanes = hn::MaxLanes(D());
  HWY_ALIGN T lanes[kLanes];
  hn::Store(x, d, lanes);
  for (T& lane : lanes) lane = exact(lane);
  return hn::Load(d, lanes);
}
template <class D, class V = hn::Vec<D>>
HWY_INLINE V SinOf(D d, V x) {
  using T = hn::TFromD<D>;
  return Trigonometric(d, x, [d](V v) HWY_ATTR { return hn::Sin(d, v); }, [](T v) { return std::sin(v); });
}
template <class D, class V = hn::Vec<D>>
HWY_INLINE V CosOf(D d, V x) {
  using T = hn::TFromD<D>;
  return Trigonometric(d, x, [d](V v) HWY_ATTR { return hn::Cos(d, v); }, [](T v) { return std::cos(v); });
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V SigmoidOf(D d, V x) {
  const V one = hn::Set(d, hn::TFromD<D>(1));
  return hn::Div(one, hn::Add(one, ExpOf(d, hn::Neg(x))));
}

KEEL_MICRO_OP_1(Exp, kFloatLanes, ExpOf(d, a))
KEEL_MICRO_OP_1(Log, kFloatLanes, LogOf(d, a))
KEEL_MICRO_OP_1(Sin, kFloatLanes, SinOf(d, a))
KEEL_MICRO_OP_1(Cos, kFloatLanes, CosOf(d, a))
KEEL_MICRO_OP_1(Tanh, kFloatLanes, TanhOf(d, a))
KEEL_MICRO_OP_1(Sigmoid, kFloatLanes, SigmoidOf(d, a))

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "core/elementwise.h"
#include "ops/math/arithmetic.h"

namespace keel {

KEEL_EXPORT_MICRO_OP(Exp, "exp", 1, "exp(a)", 8)
KEEL_EXPORT_MICRO_OP(Log, "log", 1, "log(a)", 10)
KEEL_EXPORT_MICRO_OP(Sin, "sin", 1, "sin(a)", 12)
KEEL_EXPORT_MICRO_OP(Cos, "cos", 1, "cos(a)", 12)
KEEL_EXPORT_MICRO_OP(Tanh, "tanh", 1, "tanh(a)", 14)
KEEL_EXPORT_MICRO_OP(Sigmoid, "sigmoid", 1, "1 / (1 + exp(-a))", 12)

namespace {

class Exp final : public ElementwiseOp<Exp> {
 public:
  static constexpr std::string_view kName = "exp";
  const MicroOp* micro_op() const override { return &kExp; }
  Tensors gradient(const Tensor& y, const Tensor& dy) const { return {dy * y}; }
};

class Log final : public ElementwiseOp<Log> {
 public:
  static constexpr std::string_view kName = "log";
  const MicroOp* micro_op() const override { return &kLog; }
  Tensors gradient(const Tensor& y, const Tensor& dy) const { return {dy / y.input(0)}; }
};

class Sin final : public ElementwiseOp<Sin> {
 public:
  static constexpr std::string_view kName = "sin";
  const MicroOp* micro_op() const override { return &kSin; }
  Tensors gradient(const Tensor& y, const Tensor& dy) const { return {dy * cos(y.input(0))}; }
};

class Cos final : public ElementwiseOp<Cos> {
 public:
  static constexpr std::string_view kName = "cos";
  const MicroOp* micro_op() const override { return &kCos; }
  Tensors gradient(const Tensor& y, const Tensor& dy) const { return {-dy * sin(y.input(0))}; }
};

class Tanh final : public ElementwiseOp<Tanh> {
 public:
  static constexpr std::string_view kName = "tanh";
  const MicroOp* micro_op() const override { return &kTanh; }
  Tensors gradient(const Tensor& y, const Tensor& dy) const { return {dy * (1 - square(y))}; }
};

class Sigmoid final : public ElementwiseOp<Sigmoid> {
 public:
  static constexpr std::string_view kName = "sigmoid";
  const MicroOp* micro_op() const override { return &kSigmoid; }
  Tensors gradient(const Tensor& y, const Tensor& dy) const { return {dy * (y * (1 - y))}; }
};

}  // namespace

Tensor exp(const Tensor& x) { return make<Exp>({x}); }
Tensor log(const Tensor& x) { return make<Log>({x}); }
Tensor sin(const Tensor& x) { return make<Sin>({x}); }
Tensor cos(const Tensor& x) { return make<Cos>({x}); }
Tensor tanh(const Tensor& x) { return make<Tanh>({x}); }
Tensor sigmoid(const Tensor& x) { return make<Sigmoid>({x}); }

}  // namespace keel
#endif  // HWY_ONCE
