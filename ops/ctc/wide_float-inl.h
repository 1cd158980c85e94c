// Vectors of floating-point numbers whose exponent has a whole integer to itself: products over a
// million steps neither underflow nor overflow, and keep the full precision that logarithms would
// lose; adding and multiplying them takes no exp() or log().
#if defined(KEEL_OPS_CTC_WIDE_FLOAT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_OPS_CTC_WIDE_FLOAT_INL_H_
#undef KEEL_OPS_CTC_WIDE_FLOAT_INL_H_
#else
#define KEEL_OPS_CTC_WIDE_FLOAT_INL_H_
#endif

#include <cstdint>
#include <type_traits>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Per lane m · 2^e. `m` is 0, with e = kZeroExponent after normalize(), or of a magnitude in [1, 2)
// after normalize() and in [1, 36) where nothing cancels before.
template <typename T>
struct Wide {
  using D = hn::ScalableTag<T>;
  using DI = hn::RebindToSigned<D>;
  using DU = hn::RebindToUnsigned<D>;
  using V = hn::Vec<D>;
  using VI = hn::Vec<DI>;
  using Int = hn::TFromD<DI>;

  static constexpr int kMantissaBits = sizeof(T) == 4 ? 23 : 52;
  static constexpr Int kBias = sizeof(T) == 4 ? 127 : 1023;
  static constexpr Int kExponentMask = (2 * kBias + 1) << kMantissaBits;
  // So low that beside it every other number counts in full; the sum of four of them does not overflow.
  static constexpr Int kZeroExponent = -(Int{1} << 28) * (sizeof(T) == 4 ? 1 : Int{1} << 30);

  V m;
  VI e;

  static HWY_INLINE Wide zero() { return {hn::Zero(D()), hn::Set(DI(), kZeroExponent)}; }
  static HWY_INLINE Wide load(const T* m, const Int* e) {
    return {hn::LoadU(D(), m), hn::LoadU(DI(), e)};
  }
  HWY_INLINE void store(T* to_m, Int* to_e) const {
    hn::StoreU(m, D(), to_m);
    hn::StoreU(e, DI(), to_e);
  }
};

// The same number with |m| in [1, 2). Magnitudes of m below the smallest normal number become 0.
template <typename T>
HWY_INLINE Wide<T> normalize(const Wide<T>& x) {
  using W = Wide<T>;
  constexpr typename W::D d;
  constexpr typename W::DI di;
  constexpr typename W::DU du;
  const auto mask = hn::Set(di, W::kExponentMask);
  const auto bits = hn::BitCast(di, x.m);
  const auto field = hn::BitCast(di, hn::ShiftRight<W::kMantissaBits>(hn::BitCast(du, hn::And(bits, mask))));
  const auto is_zero = hn::Eq(field, hn::Zero(di));
  const auto one = hn::BitCast(di, hn::Set(d, T(1)));
  const auto m = hn::BitCast(d, hn::Or(hn::AndNot(mask, bits), one));
  return {hn::IfThenZeroElse(hn::RebindMask(d, is_zero), m),
          hn::IfThenElse(is_zero, hn::Set(di, W::kZeroExponent),
                         hn::Add(x.e, hn::Sub(field, hn::Set(di, W::kBias))))};
}

// Finite numbers as wide ones, normalized; denormal numbers too.
template <typename T>
HWY_INLINE Wide<T> widen(hn::Vec<hn::ScalableTag<T>> x) {
  using W = Wide<T>;
  constexpr typename W::D d;
  constexpr typename W::DI di;
  constexpr int kShift = 64;
  const auto tiny = hn::Lt(hn::Abs(x), hn::Set(d, sizeof(T) == 4 ? T(0x1p-100) : T(0x1p-1000)));
  const auto scaled = hn::IfThenElse(tiny, hn::Mul(x, hn::Set(d, T(0x1p64))), x);
  const auto shift = hn::IfThenElseZero(hn::RebindMask(di, tiny), hn::Set(di, -kShift));
  return normalize<T>({scaled, shift});
}

// 2^k for k ≤ 0; 0 where that is not a normal number.
template <typename T>
HWY_INLINE hn::Vec<hn::ScalableTag<T>> exp2_down(typename Wide<T>::VI k) {
  using W = Wide<T>;
  constexpr typename W::DI di;
  const auto field = hn::Max(hn::Add(k, hn::Set(di, W::kBias)), hn::Zero(di));
  return hn::BitCast(typename W::D(), hn::ShiftLeft<W::kMantissaBits>(field));
}

// Sums and products, not normalized.
template <typename T>
HWY_INLINE Wide<T> add(const Wide<T>& a, const Wide<T>& b) {
  const auto e = hn::Max(a.e, b.e);
  return {hn::MulAdd(b.m, exp2_down<T>(hn::Sub(b.e, e)), hn::Mul(a.m, exp2_down<T>(hn::Sub(a.e, e)))), e};
}
template <typename T>
HWY_INLINE Wide<T> add(const Wide<T>& a, const Wide<T>& b, const Wide<T>& c) {
  const auto e = hn::Max(hn::Max(a.e, b.e), c.e);
  const auto ab = hn::MulAdd(b.m, exp2_down<T>(hn::Sub(b.e, e)), hn::Mul(a.m, exp2_down<T>(hn::Sub(a.e, e))));
  return {hn::MulAdd(c.m, exp2_down<T>(hn::Sub(c.e, e)), ab), e};
}
template <typename T>
HWY_INLINE Wide<T> mul(const Wide<T>& a, const Wide<T>& b) {
  return {hn::Mul(a.m, b.m), hn::Add(a.e, b.e)};
}

// `a` where the mask says so, else 0.
template <typename T, class M>
HWY_INLINE Wide<T> if_then_else_zero(M mask, const Wide<T>& a) {
  constexpr typename Wide<T>::DI di;
  return {hn::IfThenElseZero(mask, a.m),
          hn::IfThenElse(hn::RebindMask(di, mask), a.e, hn::Set(di, Wide<T>::kZeroExponent))};
}

// As plain numbers: 0 and infinity where the exponent does not fit.
template <typename T>
HWY_INLINE hn::Vec<hn::ScalableTag<T>> narrow(const Wide<T>& x) {
  using W = Wide<T>;
  constexpr typename W::DI di;
  // Two factors, since 2^e alone may not fit where m · 2^e does.
  const auto e = hn::Min(hn::Max(x.e, hn::Set(di, 2 - 2 * W::kBias)), hn::Set(di, 2 * W::kBias));
  const auto half = hn::ShiftRight<1>(e), bias = hn::Set(di, W::kBias);
  const auto a = hn::ShiftLeft<W::kMantissaBits>(hn::Add(half, bias));
  const auto b = hn::ShiftLeft<W::kMantissaBits>(hn::Add(hn::Sub(e, half), bias));
  return hn::Mul(hn::Mul(x.m, hn::BitCast(typename W::D(), a)), hn::BitCast(typename W::D(), b));
}

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_CTC_WIDE_FLOAT_INL_H_
