#include "core/simd_targets.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/math/arithmetic.cc"
#include "hwy/foreach_target.h"

#include "core/loops/micro_op-inl.h"
#include "ops/math/arithmetic.h"
#include "ops/math/combining.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

// Keeps a NaN of either operand, which x86's own maximum does not.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V MaxOrNaN(D d, V a, V b) {
  if constexpr (hwy::IsFloat<hn::TFromD<D>>()) {
    (void)d;
    return hn::IfThenElse(hn::Or(hn::Gt(a, b), hn::IsNaN(a)), a, b);
  } else {
    return hn::IfThenElse(hn::Gt(a, b), a, b);
  }
}
template <class D, class V = hn::Vec<D>>
HWY_INLINE V MinOrNaN(D d, V a, V b) {
  if constexpr (hwy::IsFloat<hn::TFromD<D>>()) {
    (void)d;
    return hn::IfThenElse(hn::Or(hn::Lt(a, b), hn::IsNaN(a)), a, b);
  } else {
    return hn::IfThenElse(hn::Lt(a, b), a, b);
  }
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V SignOf(D d, V a) {
  const V zero = hn::Zero(d), one = hn::Set(d, hn::TFromD<D>(1));
  const V positive = hn::IfThenElseZero(hn::Gt(a, zero), one);
  if constexpr (std::is_signed_v<hn::TFromD<D>>) {
    const V either = hn::IfThenElse(hn::Lt(a, zero), hn::Neg(one), positive);
    return hn::IfThenElse(hn::Eq(a, a), either, a);
  } else {
    return positive;
  }
}

// Lane by lane through the C library: exact where a product of logarithms is not.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V PowOf(D d, V a, V b) {
  using T = hn::TFromD<D>;
  constexpr size_t kLanes = hn::MaxLanes(D());
  HWY_ALIGN T x[kLanes], y[kLanes];
  hn::Store(a, d, x);
  hn::Store(b, d, y);
  for (size_t i = 0; i < kLanes; ++i) x[i] = std::pow(x[i], y[i]);
  return hn::Load(d, x);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V ProductOf(D d, V a, V b) {
  using T = hn::TFromD<D>;
  if constexpr (sizeof(T) == 8 && !hwy::IsFloat<T>()) {  // AVX2 has no such instruction.
    constexpr size_t kLanes = hn::MaxLanes(D());
    HWY_ALIGN uint64_t x[kLanes], y[kLanes];
    const hn::RebindToUnsigned<D> du;
    hn::Store(hn::BitCast(du, a), du, x);
    hn::Store(hn::BitCast(du, b), du, y);
    for (size_t i = 0; i < kLanes; ++i) x[i] *= y[i];
    return hn::BitCast(d, hn::Load(du, x));
  } else {
    (void)d;
    return hn::Mul(a, b);
  }
}

KEEL_MICRO_OP_2(Subtract, kAllLanes, hn::Sub(a, b))
KEEL_COMBINE(Multiply, kAllLanes, ProductOf(d, a, b))
KEEL_MICRO_OP_2(Divide, kFloatLanes, hn::Div(a, b))
KEEL_MICRO_OP_1(Negate, kSignedLanes, hn::Neg(a))
KEEL_MICRO_OP_1(Abs, kAllLanes, hn::IfThenElse(hn::Lt(a, hn::Zero(d)), hn::Sub(hn::Zero(d), a), a))
KEEL_MICRO_OP_1(Square, kAllLanes, ProductOf(d, a, a))
KEEL_MICRO_OP_1(Sqrt, kFloatLanes, hn::Sqrt(MaxOrNaN(d, a, hn::Zero(d))))
KEEL_MICRO_OP_1(Sign, kAllLanes, SignOf(d, a))
KEEL_MICRO_OP_1(Round, kFloatLanes, hn::Round(a))
KEEL_MICRO_OP_2(Pow, kFloatLanes, PowOf(d, a, b))
KEEL_COMBINE(Maximum, kAllLanes, MaxOrNaN(d, a, b))
KEEL_COMBINE(Minimum, kAllLanes, MinOrNaN(d, a, b))

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "core/elementwise.h"
#include "core/structure.h"
#include "ops/math/cast.h"
#include "ops/math/comparison.h"
#include "ops/math/exponential.h"
#include "ops/math/number.h"

namespace keel {

KEEL_EXPORT_MICRO_OP(Subtract, "sub", 2, "a - b")
KEEL_EXPORT_MICRO_OP(Multiply, "mul", 2, "a * b")
KEEL_EXPORT_MICRO_OP(Divide, "div", 2, "a / b", 4)
KEEL_EXPORT_MICRO_OP(Negate, "neg", 1, "-a")
KEEL_EXPORT_MICRO_OP(Abs, "abs", 1, "a < 0 ? -a : a")
KEEL_EXPORT_MICRO_OP(Square, "square", 1, "a * a")
KEEL_EXPORT_MICRO_OP(Sqrt, "sqrt", 1, "sqrt(a < 0 ? 0 : a)", 4)
KEEL_EXPORT_MICRO_OP(Sign, "sign", 1, "a > 0 ? 1 : a < 0 ? -1 : a")
KEEL_EXPORT_MICRO_OP(Round, "round", 1, "rint(a)")
KEEL_EXPORT_MICRO_OP(Pow, "pow", 2, "pow(a, b)", 100)
KEEL_EXPORT_MICRO_OP(Maximum, "max", 2, "a > b || a != a ? a : b", 2)
KEEL_EXPORT_MICRO_OP(Minimum, "min", 2, "a < b || a != a ? a : b", 2)

namespace {

// Whether an operand is known to be the plain number `value`.
bool is_number(const Signature& s, double value) {
  return s.value != nullptr && s.value->elements() == 1 && s.value->element<double>(0) == value;
}

class Subtract final : public ElementwiseOp<Subtract> {
 public:
  static constexpr std::string_view kName = "subtract";
  const MicroOp* micro_op() const override { return &kSubtract; }
  int forwards(SignatureSpan in, SignatureSpan out) const override {
    return is_number(in[1], 0) && in[0].shape == out[0].shape ? 0 : -1;
  }
  Tensors gradient(const Tensor&, const Tensor& dy) const { return {dy, -dy}; }
};

class Multiply final : public ElementwiseOp<Multiply> {
 public:
  static constexpr std::string_view kName = "multiply";
  const MicroOp* micro_op() const override { return &kMultiply; }
  int forwards(SignatureSpan in, SignatureSpan out) const override {
    for (int i : {0, 1}) {
      if (is_number(in[1 - i], 1) && in[i].shape == out[0].shape) return i;
    }
    return -1;
  }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    return {dy * y.input(1), dy * y.input(0)};
  }
};

class Divide final : public ElementwiseOp<Divide> {
 public:
  static constexpr std::string_view kName = "divide";
  const MicroOp* micro_op() const override { return &kDivide; }
  int forwards(SignatureSpan in, SignatureSpan out) const override {
    return is_number(in[1], 1) && in[0].shape == out[0].shape ? 0 : -1;
  }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    return {dy / y.input(1), -dy * y / y.input(1)};
  }
};

class Negate final : public ElementwiseOp<Negate> {
 public:
  static constexpr std::string_view kName = "negative";
  const MicroOp* micro_op() const override { return &kNegate; }
  Tensors gradient(const Tensor&, const Tensor& dy) const { return {-dy}; }
};

class Abs final : public ElementwiseOp<Abs> {
 public:
  static constexpr std::string_view kName = "abs";
  const MicroOp* micro_op() const override { return &kAbs; }
  Tensors gradient(const Tensor& y, const Tensor& dy) const { return {dy * sign(y.input(0))}; }
};

class Square final : public ElementwiseOp<Square> {
 public:
  static constexpr std::string_view kName = "square";
  const MicroOp* micro_op() const override { return &kSquare; }
  Tensors gradient(const Tensor& y, const Tensor& dy) const { return {dy * (2 * y.input(0))}; }
};

class Sqrt final : public ElementwiseOp<Sqrt> {
 public:
  static constexpr std::string_view kName = "sqrt";
  const MicroOp* micro_op() const override { return &kSqrt; }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    const Tensor& x = y.input(0);
    return {where(less(x, 0), full_like(x, 0, x.dtype()), dy * 0.5 / y)};
  }
};

class Sign final : public ElementwiseOp<Sign> {
 public:
  static constexpr std::string_view kName = "sign";
  const MicroOp* micro_op() const override { return &kSign; }
  Tensors gradient(const Tensor& y, const Tensor&) const {
    return {full_like(y.input(0), 0, y.dtype())};
  }
};

class Round final : public ElementwiseOp<Round> {
 public:
  static constexpr std::string_view kName = "round";
  static constexpr std::string_view kNoGradient = "it is constant between its steps";
  const MicroOp* micro_op() const override { return &kRound; }
};

class Pow final : public ElementwiseOp<Pow> {
 public:
  static constexpr std::string_view kName = "pow";
  const MicroOp* micro_op() const override { return &kPow; }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    const Tensor &x = y.input(0), &a = y.input(1);
    const Tensor positive = greater(x, 0);
    const Tensor logarithm = log(where(positive, x, full_like(x, 1, x.dtype())));
    return {dy * a * pow(x, a - 1), dy * y * logarithm};
  }
};

// What maximum and minimum share: the whole gradient goes to the operand chosen.
template <typename D>
class Choice : public ElementwiseOp<D> {
 public:
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    const Tensor chosen = D::first_wins(y.input(0), y.input(1));
    const Tensor zero = scalar(0, dy.dtype());
    return {where(chosen, dy, zero), where(chosen, zero, dy)};
  }
};

class Maximum final : public Choice<Maximum> {
 public:
  static constexpr std::string_view kName = "maximum";
  const MicroOp* micro_op() const override { return &kMaximum; }
  static Tensor first_wins(const Tensor& x, const Tensor& y) { return greater_equal(x, y); }
};

class Minimum final : public Choice<Minimum> {
 public:
  static constexpr std::string_view kName = "minimum";
  const MicroOp* micro_op() const override { return &kMinimum; }
  static Tensor first_wins(const Tensor& x, const Tensor& y) { return less_equal(x, y); }
};

// x to a whole power by repeated squaring.
Tensor whole_power(const Tensor& x, int64_t a) {
  Tensor result, square_of = x;
  for (; a > 0; a /= 2) {
    if (a % 2 == 1) result = result.defined() ? result * square_of : square_of;
    if (a > 1) square_of = square(square_of);
  }
  return result;
}

constexpr double kMostProducts = 8;  // Powers above that go to the C library.

}  // namespace

Tensor operator+(const Tensor& x, const Tensor& y) { return add(x, y); }
Tensor operator+(const Tensor& x, double y) { return add(x, number_like("add", y, x)); }
Tensor operator+(double x, const Tensor& y) { return add(number_like("add", x, y), y); }
Tensor operator-(const Tensor& x, const Tensor& y) { return make<Subtract>({x, y}); }
Tensor operator-(const Tensor& x, double y) { return x - number_like("subtract", y, x); }
Tensor operator-(double x, const Tensor& y) { return number_like("subtract", x, y) - y; }
Tensor operator*(const Tensor& x, const Tensor& y) { return make<Multiply>({x, y}); }
Tensor operator*(const Tensor& x, double y) { return x * number_like("multiply", y, x); }
Tensor operator*(double x, const Tensor& y) { return number_like("multiply", x, y) * y; }

Tensor operator/(const Tensor& x, const Tensor& y) {
  if (x.defined() && y.defined() && x.dtype() == y.dtype() && x.dtype().is_integer()) {
    return make<Divide>({cast(x, "float64"), cast(y, "float64")});
  }
  return make<Divide>({x, y});
}
Tensor operator/(const Tensor& x, double y) {
  if (x.defined() && x.dtype().is_integer()) return cast(x, "float64") / y;
  return x / number_like("divide", y, x);
}
Tensor operator/(double x, const Tensor& y) {
  if (y.defined() && y.dtype().is_integer()) return x / cast(y, "float64");
  return number_like("divide", x, y) / y;
}
Tensor operator-(const Tensor& x) { return make<Negate>({x}); }

Tensor abs(const Tensor& x) { return make<Abs>({x}); }
Tensor square(const Tensor& x) { return make<Square>({x}); }
Tensor sqrt(const Tensor& x) { return make<Sqrt>({x}); }
Tensor sign(const Tensor& x) { return make<Sign>({x}); }

Tensor round(const Tensor& x) {
  return x.defined() && !x.dtype().is_floating() ? identity(x) : make<Round>({x});
}

Tensor pow(const Tensor& x, double a) {
  const bool whole = a >= 0 && std::floor(a) == a;
  if (x.defined() && !x.dtype().is_floating()) {
    if (!whole || a > 1e9) {
      fail("pow: a is ", a, " but x is ", x.dtype(), "; integers accept whole powers from 0");
    }
    return a == 0 ? full_like(x, 1, x.dtype()) : whole_power(x, static_cast<int64_t>(a));
  }
  const Tensor exponent = number_like("pow", a, x);
  if (whole && a > 0 && a <= kMostProducts) return whole_power(x, static_cast<int64_t>(a));
  return make<Pow>({x, exponent});
}

Tensor pow(const Tensor& x, const Tensor& a) { return make<Pow>({x, a}); }

Tensor maximum(const Tensor& x, const Tensor& y) { return make<Maximum>({x, y}); }
Tensor maximum(const Tensor& x, double y) { return maximum(x, number_like("maximum", y, x)); }
Tensor minimum(const Tensor& x, const Tensor& y) { return make<Minimum>({x, y}); }
Tensor minimum(const Tensor& x, double y) { return minimum(x, number_like("minimum", y, x)); }

Tensor clip(const Tensor& x, double min_value, double max_value) {
  if (!x.defined()) fail("clip: an empty tensor handle was given");
  max_value = std::max(min_value, max_value);
  // A bound that no element is beyond is none.
  double least = -std::numeric_limits<double>::infinity(), most = -least;
  if (x.dtype().is_integer()) {
    visit_dtype(x.dtype(), [&](auto zero) {
      least = convert_element<double>(std::numeric_limits<decltype(zero)>::lowest());
      most = convert_element<double>(std::numeric_limits<decltype(zero)>::max());
    });
  }
  const Tensor raised = min_value <= least ? x : maximum(x, min_value);
  return max_value >= most ? raised : minimum(raised, max_value);
}

}  // namespace keel
#endif  // HWY_ONCE
