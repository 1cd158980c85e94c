// Exponential functions of vectors, for micro-ops and kernels that need them inside.
//
// Highway 1.0.3's own Exp and Tanh take half as long again, and leave out NaN and what over- and
// underflows.
#if defined(KEEL_OPS_MATH_EXPONENTIAL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_OPS_MATH_EXPONENTIAL_INL_H_
#undef KEEL_OPS_MATH_EXPONENTIAL_INL_H_
#else
#define KEEL_OPS_MATH_EXPONENTIAL_INL_H_
#endif

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "hwy/contrib/math/math-inl.h"
#include "hwy/highway.h"
#include "ops/math/bounds-inl.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <typename T>
struct ExpConstants;
template <>
struct ExpConstants<float> {
  static constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;  // High: 9 bits.
  static constexpr float kMagic = 12582912.0f;  // 1.5 · 2^23: added to n, leaves n in the low bits.
  static constexpr int kFraction = 23, kBias = 127;
  static constexpr float kSafe = 87;                      // exp(±x) is a normal number to here.
  static constexpr float kLowest = -104, kHighest = 89;   // exp is 0 below, infinite above.
  static constexpr float kTanhEnd = 18.1f;                // tanh(x/2) is 1 to the last bit from here.
  // (e^r - 1 - r) / r², |r| ≤ ln 2 / 2, interpolated at Chebyshev's nodes: e^r to 2^-26.5.
  static constexpr float kSeries[] = {0.5f, 0.16666573f, 0.04166655f, 0.0083637739f, 0.0013926927f};
};
template <>
struct ExpConstants<double> {
  static constexpr double kLn2High = 6.93145751953125e-1, kLn2Low = 1.42860682030941723212e-6;
  static constexpr double kMagic = 6755399441055744.0;  // 1.5 · 2^52
  static constexpr int kFraction = 52, kBias = 1023;
  static constexpr double kSafe = 708, kLowest = -746, kHighest = 710, kTanhEnd = 38.2;
  // e^r to 2^-55.5.
  static constexpr double kSeries[] = {0.5,
                                       0.16666666666666669,
                                       0.04166666666662064,
                                       0.008333333333329793,
                                       0.0013888888918939168,
                                       0.00019841269864380513,
                                       2.4801518641395993e-05,
                                       2.75572664186123e-06,
                                       2.7621338669142925e-07,
                                       2.510134692835034e-08};
};

// x = n·ln 2 + r with whole n, |r| ≤ ln 2 / 2; `power` has n in its low bits. Returns e^r - 1, to an
// ULP. x as for exp().
template <class D, class V = hn::Vec<D>>
HWY_INLINE V ReduceExp(D d, V x, V& power) {
  using C = ExpConstants<hn::TFromD<D>>;
  using T = hn::TFromD<D>;
  power = hn::MulAdd(x, hn::Set(d, T(1.4426950408889634)), hn::Set(d, C::kMagic));
  const V n = hn::Sub(power, hn::Set(d, C::kMagic));
  const V r = hn::NegMulAdd(n, hn::Set(d, C::kLn2Low), hn::NegMulAdd(n, hn::Set(d, C::kLn2High), x));
  constexpr size_t kTerms = sizeof(C::kSeries) / sizeof(T);
  V series = hn::Set(d, C::kSeries[kTerms - 1]);
  for (size_t k = kTerms - 1; k-- > 0;) series = hn::MulAdd(series, r, hn::Set(d, C::kSeries[k]));
  return hn::MulAdd(hn::Mul(series, r), r, r);
}

// 2^n, where `power` has n in its low bits and the result is normal.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V PowerOfTwo(D d, V power) {
  using C = ExpConstants<hn::TFromD<D>>;
  const hn::RebindToSigned<D> di;
  using TI = hn::TFromD<decltype(di)>;
  const auto biased = hn::Add(hn::BitCast(di, power), hn::Set(di, TI{C::kBias}));
  return hn::BitCast(d, hn::ShiftLeft<C::kFraction>(biased));
}

#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3

// AVX-512 multiplies by any power of 2, with gradual underflow and infinity, in one instruction, and looks
// up 16 floats in another, which leaves a short polynomial: half the time of what other targets do.

HWY_INLINE hn::Vec512<float> TimesPowerOfTwo(hn::Vec512<float> y, hn::Vec512<float> n) {
  return {_mm512_scalef_ps(y.raw, n.raw)};  // Of n's floor.
}
HWY_INLINE hn::Vec512<double> TimesPowerOfTwo(hn::Vec512<double> y, hn::Vec512<double> n) {
  return {_mm512_scalef_pd(y.raw, n.raw)};
}

// 2^(k/16).
HWY_ALIGN constexpr float kRootsOfTwo[16] = {
    1.0f,           0x1.0b5586p+0f, 0x1.172b84p+0f, 0x1.2387a6p+0f, 0x1.306fe0p+0f, 0x1.3dea64p+0f,
    0x1.4bfdaep+0f, 0x1.5ab07ep+0f, 0x1.6a09e6p+0f, 0x1.7a1148p+0f, 0x1.8ace54p+0f, 0x1.9c4918p+0f,
    0x1.ae89fap+0f, 0x1.c199bep+0f, 0x1.d5818ep+0f, 0x1.ea4afap+0f};

// exp of x no less than kLowest, to 1 ULP.
HWY_INLINE hn::Vec512<float> ExpAbove(hn::Full512<float> d, hn::Vec512<float> x) {
  using V = hn::Vec512<float>;
  using C = ExpConstants<float>;
  // x = n·ln 2 + r, with n a multiple of 1/16: its fraction is in the low bits of `bits`.
  const V magic = hn::Set(d, C::kMagic / 16);
  const V bits = hn::MulAdd(x, hn::Set(d, 1.44269504f), magic);
  const V n = hn::Sub(bits, magic);
  const V r = hn::NegMulAdd(n, hn::Set(d, C::kLn2Low), hn::NegMulAdd(n, hn::Set(d, C::kLn2High), x));
  const V root{_mm512_permutexvar_ps(_mm512_castps_si512(bits.raw), hn::Load(d, kRootsOfTwo).raw)};
  // e^r - 1 for |r| ≤ ln 2 / 32, to 2^-26.7 of e^r.
  const V one = hn::Set(d, 1.0f);
  const V series = hn::MulAdd(hn::MulAdd(r, hn::Set(d, 1.0f / 6), hn::Set(d, 0.5f)), r, one);
  return TimesPowerOfTwo(hn::MulAdd(root, hn::Mul(series, r), root), n);
}

HWY_INLINE hn::Vec512<double> ExpAbove(hn::Full512<double> d, hn::Vec512<double> x) {
  hn::Vec512<double> power;
  const auto y = hn::Add(ReduceExp(d, x, power), hn::Set(d, 1.0));
  return TimesPowerOfTwo(y, hn::Sub(power, hn::Set(d, ExpConstants<double>::kMagic)));
}

// e to the power x, to 1 ULP: with gradual underflow, infinity and NaN.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V ExpOf(D d, V x) {
  using C = ExpConstants<hn::TFromD<D>>;
  return ExpAbove(d, AtLeast(hn::Set(d, C::kLowest), AtMost(hn::Set(d, C::kHighest), x)));
}

// The same for x ≤ 0, where results that are no normal numbers may be 0.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V ExpOfNegative(D d, V x) {
  return ExpAbove(d, AtLeast(hn::Set(d, ExpConstants<hn::TFromD<D>>::kLowest), x));
}

#else

// exp of lanes all within ±kSafe.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V ExpInside(D d, V x) {
  using T = hn::TFromD<D>;
  const hn::RebindToSigned<D> di;
  V power;
  const V y = hn::Add(ReduceExp(d, x, power), hn::Set(d, T(1)));
  constexpr int kFraction = ExpConstants<T>::kFraction;
  return hn::BitCast(d, hn::Add(hn::BitCast(di, y), hn::ShiftLeft<kFraction>(hn::BitCast(di, power))));
}

// exp of anything, with gradual underflow, infinity and NaN.
template <class D, class V = hn::Vec<D>>
HWY_NOINLINE V ExpAnywhere(D d, V x) {
  using T = hn::TFromD<D>;
  using C = ExpConstants<T>;
  const hn::RebindToSigned<D> di;
  const V high = hn::Set(d, C::kHighest), low = hn::Set(d, C::kLowest);
  V power;
  const V y = hn::Add(ReduceExp(d, AtLeast(low, AtMost(high, x)), power), hn::Set(d, T(1)));
  // 2^n in two factors, as it may be no normal number. What the magic number put in the upper bits
  // is taken out first, so that n can be halved.
  const auto n = hn::Sub(hn::BitCast(di, power), hn::BitCast(di, hn::Set(d, C::kMagic)));
  const auto half = hn::ShiftRight<1>(n);
  const V once = hn::Mul(y, PowerOfTwo(d, hn::BitCast(d, half)));
  const V all = hn::Mul(once, PowerOfTwo(d, hn::BitCast(d, hn::Sub(n, half))));
  const V infinity = hn::Set(d, std::numeric_limits<T>::infinity());
  const V bounded = hn::IfThenElse(hn::Ge(x, high), infinity, all);
  return hn::IfThenElse(hn::IsNaN(x), x, bounded);
}

// e to the power x, to 1 ULP. Lanes that are all of moderate size, as they mostly are, go a shorter
// way.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V ExpOf(D d, V x) {
  const auto inside = hn::Lt(hn::Abs(x), hn::Set(d, ExpConstants<hn::TFromD<D>>::kSafe));
  if (HWY_LIKELY(hn::AllTrue(d, inside))) return ExpInside(d, x);
  return ExpAnywhere(d, x);
}

// The same for x ≤ 0, where results that are no normal numbers may be 0.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V ExpOfNegative(D d, V x) {
  using T = hn::TFromD<D>;
  const V least = hn::Set(d, -ExpConstants<T>::kSafe);
  const auto vanishes = hn::Lt(x, least);  // No NaN does.
  V power;
  const V y = hn::Add(ReduceExp(d, AtLeast(least, x), power), hn::Set(d, T(1)));
  return hn::IfThenZeroElse(vanishes, hn::Mul(y, PowerOfTwo(d, power)));
}

#endif

// The hyperbolic tangent, to 3 ULP: (e^2|x| - 1) / (e^2|x| + 1), without cancellation.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V TanhOf(D d, V x) {
  using T = hn::TFromD<D>;
  const V one = hn::Set(d, T(1)), end = hn::Set(d, ExpConstants<T>::kTanhEnd);
  const V size = hn::Abs(x);
  V power;
  const V r = ReduceExp(d, AtMost(end, hn::Add(size, size)), power);
  const V two_n = PowerOfTwo(d, power);
  const V minus_one = hn::MulAdd(r, two_n, hn::Sub(two_n, one));
  const V y = hn::Div(minus_one, hn::Add(minus_one, hn::Set(d, T(2))));
  return hn::CopySignToAbs(y, x);
}

// 1 / (1 + e^-x), to 3 ULP; from e^-|x|, which does not overflow.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V SigmoidOf(D d, V x) {
  using T = hn::TFromD<D>;
  const V one = hn::Set(d, T(1));
  const V e = ExpOf(d, hn::Neg(hn::Abs(x)));
  const V top = hn::IfThenElse(hn::Lt(x, hn::Zero(d)), e, one);
  return hn::Div(top, hn::Add(one, e));
}

// The natural logarithm, to 1 ULP: -inf of 0, NaN below.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V LogOf(D d, V x) {
  using T = hn::TFromD<D>;
  const V infinity = hn::Set(d, std::numeric_limits<T>::infinity());
  const V y = hn::Log(d, x);
  const V high = hn::IfThenElse(hn::Eq(x, infinity), infinity, y);
  const V zero = hn::IfThenElse(hn::Eq(x, hn::Zero(d)), hn::Neg(infinity), high);
  // Negative numbers and NaN.
  const V nan = hn::Set(d, std::numeric_limits<T>::quiet_NaN());
  return hn::IfThenElse(hn::Ge(x, hn::Zero(d)), zero, nan);
}

// Sine and cosine, to 3 ULP. Angles beyond what Highway reduces exactly go to the C library.
template <class D, class V = hn::Vec<D>, class Fast, class Exact>
HWY_INLINE V Trigonometric(D d, V x, Fast fast, Exact exact) {
  using T = hn::TFromD<D>;
  const auto near = hn::Lt(hn::Abs(x), hn::Set(d, T(39000)));
  const V y = fast(x);
  if (HWY_LIKELY(hn::AllTrue(d, near))) return y;
  // Lane by lane: what one gets must not depend on its neighbours.
  constexpr size_t kLanes = hn::MaxLanes(D());
  HWY_ALIGN T lanes[kLanes];
  hn::Store(x, d, lanes);
  for (T& lane : lanes) lane = exact(lane);
  return hn::IfThenElse(near, y, hn::Load(d, lanes));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V SinOf(D d, V x) {
  using T = hn::TFromD<D>;
  const V y = Trigonometric(
      d, x, [d](V v) HWY_ATTR { return hn::Sin(d, v); }, [](T v) { return std::sin(v); });
  return hn::IfThenElse(hn::Eq(x, hn::Zero(d)), x, y);  // The sign of zero.
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V CosOf(D d, V x) {
  using T = hn::TFromD<D>;
  return Trigonometric(
      d, x, [d](V v) HWY_ATTR { return hn::Cos(d, v); }, [](T v) { return std::cos(v); });
}

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_MATH_EXPONENTIAL_INL_H_
