// Rows of a storage type to and from the type that kernels compute in: float16 and bfloat16
// compute in float, every other type in itself.
#if defined(KEEL_CORE_NARROW_FLOAT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_CORE_NARROW_FLOAT_INL_H_
#undef KEEL_CORE_NARROW_FLOAT_INL_H_
#else
#define KEEL_CORE_NARROW_FLOAT_INL_H_
#endif

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <typename S>
constexpr bool kIsNarrow = std::is_same_v<S, hwy::float16_t> || std::is_same_v<S, hwy::bfloat16_t>;
template <typename S>
using ComputeType = std::conditional_t<kIsNarrow<S>, float, S>;

// One float16 or bfloat16, exactly.
HWY_INLINE float Widen(hwy::bfloat16_t x) {
  uint16_t half;
  std::memcpy(&half, &x, 2);
  const uint32_t bits = static_cast<uint32_t>(half) << 16;
  float wide;
  std::memcpy(&wide, &bits, 4);
  return wide;
}
HWY_INLINE float Widen(hwy::float16_t x) {
  uint16_t half;
  std::memcpy(&half, &x, 2);
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t exponent = (half >> 10) & 31, mantissa = half & 1023;
  float wide;
  if (exponent == 0) {
    wide = std::ldexp(static_cast<float>(mantissa), -24);
    return sign ? -wide : wide;
  }
  const uint32_t bits = sign | ((exponent == 31 ? 255 : exponent + 112) << 23) | (mantissa << 13);
  std::memcpy(&wide, &bits, 4);
  return wide;
}
template <typename T>
HWY_INLINE T Widen(T x) {
  return x;
}

// The nearest narrow value, ties to even; NaN stays NaN, overflow becomes infinity.
HWY_INLINE void Narrow(float x, hwy::bfloat16_t& to) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  const uint16_t half = x != x ? static_cast<uint16_t>((bits >> 16) | 0x40)
                               : static_cast<uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
  std::memcpy(static_cast<void*>(&to), &half, 2);
}
HWY_INLINE void Narrow(float x, hwy::float16_t& to) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  const uint16_t sign = static_cast<uint16_t>((bits >> 16) & 0x8000);
  const uint32_t magnitude = bits & 0x7FFFFFFF;
  uint16_t half;
  if (magnitude > 0x7F800000) {
    half = 0x7E00;
  } else if (magnitude >= 0x477FF000) {  // 65520 and up rounds to infinity.
    half = 0x7C00;
  } else if (magnitude < 0x38800000) {  // Subnormal: count units of 2^-24; the addition rounds.
    float shifted;
    std::memcpy(&shifted, &magnitude, 4);
    shifted += 0.5f;  // One unit of 0.5f's mantissa is 2^-24.
    uint32_t sum;
    std::memcpy(&sum, &shifted, 4);
    half = static_cast<uint16_t>(sum - 0x3F000000);
  } else {
    half = static_cast<uint16_t>((magnitude - 0x38000000 + 0xFFF + ((magnitude >> 13) & 1)) >> 13);
  }
  half |= sign;
  std::memcpy(static_cast<void*>(&to), &half, 2);
}
template <typename T>
HWY_INLINE void Narrow(T x, T& to) {
  to = x;
}

#if HWY_TARGET != HWY_SCALAR
template <class D>
HWY_INLINE hn::Vec<D> WidenVector(D d, const hwy::bfloat16_t* from) {
  const hn::RebindToUnsigned<D> du;
  const hn::Rebind<uint16_t, D> d16;
  return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(
                            du, hn::LoadU(d16, reinterpret_cast<const uint16_t*>(from)))));
}
template <class D>
HWY_INLINE hn::Vec<D> WidenVector(D d, const hwy::float16_t* from) {
  const hn::Rebind<hwy::float16_t, D> d16;
  return hn::PromoteTo(d, hn::LoadU(d16, from));
}
template <class D>
HWY_INLINE void NarrowVector(D, hn::Vec<D> x, hwy::bfloat16_t* to) {
  const hn::RebindToUnsigned<D> du;
  const hn::Rebind<uint16_t, D> d16;
  const auto bits = hn::BitCast(du, x);
  const auto upper = hn::ShiftRight<16>(bits);
  const auto tie = hn::And(upper, hn::Set(du, 1u));
  const auto rounded = hn::ShiftRight<16>(hn::Add(bits, hn::Add(tie, hn::Set(du, 0x7FFFu))));
  const auto nan = hn::Or(upper, hn::Set(du, 0x40u));
  const auto half = hn::IfThenElse(hn::RebindMask(du, hn::IsNaN(x)), nan, rounded);
  // Values below 2^16 survive the saturating step from signed to unsigned as they are.
  const hn::RebindToSigned<D> di;
  hn::StoreU(hn::DemoteTo(d16, hn::BitCast(di, half)), d16, reinterpret_cast<uint16_t*>(to));
}
template <class D>
HWY_INLINE void NarrowVector(D, hn::Vec<D> x, hwy::float16_t* to) {
  const hn::Rebind<hwy::float16_t, D> d16;
  hn::StoreU(hn::DemoteTo(d16, x), d16, to);
}
#endif  // HWY_TARGET != HWY_SCALAR

// A vector of ComputeType<S>, widened from `from`; the Part form reads `n` elements, fewer than a
// vector, and leaves the other lanes zero.
template <typename S, class D>
HWY_INLINE hn::Vec<D> LoadWide(D d, const S* from) {
#if HWY_TARGET == HWY_SCALAR
  return hn::Set(d, Widen(*from));
#else
  if constexpr (kIsNarrow<S>) {
    return WidenVector(d, from);
  } else {
    return hn::LoadU(d, from);
  }
#endif
}
template <typename S, class D>
HWY_INLINE hn::Vec<D> LoadWidePart(D d, const S* from, int64_t n) {
  if constexpr (kIsNarrow<S>) {
    HWY_ALIGN float wide[hn::MaxLanes(d)] = {};
    for (int64_t i = 0; i < n; ++i) wide[i] = Widen(from[i]);
    return hn::Load(d, wide);
  } else {
    return hn::MaskedLoad(hn::FirstN(d, static_cast<size_t>(n)), d, from);
  }
}

// Stores a vector of ComputeType<S>, rounded; the Part form only the first `n` lanes.
template <typename S, class D>
HWY_INLINE void StoreNarrow(D d, hn::Vec<D> x, S* to) {
#if HWY_TARGET == HWY_SCALAR
  (void)d;
  Narrow(hn::GetLane(x), *to);
#else
  if constexpr (kIsNarrow<S>) {
    NarrowVector(d, x, to);
  } else {
    hn::StoreU(x, d, to);
  }
#endif
}
template <typename S, class D>
HWY_INLINE void StoreNarrowPart(D d, hn::Vec<D> x, S* to, int64_t n) {
  if constexpr (kIsNarrow<S>) {
    HWY_ALIGN float wide[hn::MaxLanes(d)];
    hn::Store(x, d, wide);
    for (int64_t i = 0; i < n; ++i) Narrow(wide[i], to[i]);
  } else {
    hn::BlendedStore(x, hn::FirstN(d, static_cast<size_t>(n)), d, to);
  }
}

// to[0, n) = from[0, n), widened. No overlap.
template <typename S>
HWY_INLINE void WidenRow(const S* HWY_RESTRICT from, int64_t n, ComputeType<S>* HWY_RESTRICT to) {
  if constexpr (!kIsNarrow<S>) {
    const hn::ScalableTag<S> d;
    constexpr int64_t kLanes = hn::MaxLanes(d);
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes) hn::StoreU(hn::LoadU(d, from + i), d, to + i);
    if (i < n) {
      const auto mask = hn::FirstN(d, static_cast<size_t>(n - i));
      hn::BlendedStore(hn::MaskedLoad(mask, d, from + i), mask, d, to + i);
    }
  } else {
    int64_t i = 0;
#if HWY_TARGET != HWY_SCALAR
    const hn::ScalableTag<float> d;
    constexpr int64_t kLanes = hn::MaxLanes(d);
    for (; i + kLanes <= n; i += kLanes) hn::StoreU(WidenVector(d, from + i), d, to + i);
#endif
    for (; i < n; ++i) to[i] = Widen(from[i]);
  }
}

// to[0, n) = from[0, n), rounded to nearest even. No overlap.
template <typename S>
HWY_INLINE void NarrowRow(const ComputeType<S>* HWY_RESTRICT from, int64_t n, S* HWY_RESTRICT to) {
  if constexpr (!kIsNarrow<S>) {
    WidenRow<S>(from, n, to);
  } else {
    int64_t i = 0;
#if HWY_TARGET != HWY_SCALAR
    const hn::ScalableTag<float> d;
    constexpr int64_t kLanes = hn::MaxLanes(d);
    for (; i + kLanes <= n; i += kLanes) NarrowVector(d, hn::LoadU(d, from + i), to + i);
#endif
    for (; i < n; ++i) Narrow(from[i], to[i]);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_CORE_NARROW_FLOAT_INL_H_
