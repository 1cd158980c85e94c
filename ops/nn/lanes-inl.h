// Vectors of the type that kernels compute in, from and to any floating storage type.
#if defined(KEEL_OPS_NN_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_OPS_NN_LANES_INL_H_
#undef KEEL_OPS_NN_LANES_INL_H_
#else
#define KEEL_OPS_NN_LANES_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include "core/dtype.h"
#include "hwy/contrib/math/math-inl.h"
#include "hwy/highway.h"
#include "ops/math/narrow_float-inl.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <typename S>
using Tag = hn::ScalableTag<ComputeType<S>>;
template <typename S>
using Lanes = hn::Vec<Tag<S>>;
// Lanes of such a vector.
template <typename S>
constexpr int64_t kLanesOf = hn::MaxLanes(Tag<S>());

// A whole vector from `from`.
template <typename S>
HWY_INLINE Lanes<S> Load(const S* from) {
  constexpr Tag<S> d;
  if constexpr (!kIsNarrow<S>) {
    return hn::LoadU(d, from);
  } else {
#if HWY_TARGET == HWY_SCALAR
    return hn::Set(d, Widen(*from));
#else
    return WidenVector(d, from);
#endif
  }
}

// The first `n` lanes from `from`, the others `fill`.
template <typename S>
HWY_INLINE Lanes<S> LoadSome(const S* from, int64_t n, ComputeType<S> fill) {
  constexpr Tag<S> d;
  if constexpr (!kIsNarrow<S>) {
    const auto mask = hn::FirstN(d, static_cast<size_t>(n));
    return hn::IfThenElse(mask, hn::MaskedLoad(mask, d, from), hn::Set(d, fill));
  } else {
    HWY_ALIGN ComputeType<S> lanes[kLanesOf<S>];
    hn::Store(hn::Set(d, fill), d, lanes);
    for (int64_t i = 0; i < n; ++i) lanes[i] = Widen(from[i]);
    return hn::Load(d, lanes);
  }
}

// Rounds to nearest even.
template <typename S>
HWY_INLINE void Store(Lanes<S> v, S* to) {
  constexpr Tag<S> d;
  if constexpr (!kIsNarrow<S>) {
    hn::StoreU(v, d, to);
  } else {
#if HWY_TARGET == HWY_SCALAR
    Narrow(hn::GetLane(v), *to);
#else
    NarrowVector(d, v, to);
#endif
  }
}

// The first `n` lanes.
template <typename S>
HWY_INLINE void StoreSome(Lanes<S> v, int64_t n, S* to) {
  constexpr Tag<S> d;
  if constexpr (!kIsNarrow<S>) {
    hn::BlendedStore(v, hn::FirstN(d, static_cast<size_t>(n)), d, to);
  } else {
    HWY_ALIGN ComputeType<S> lanes[kLanesOf<S>];
    hn::Store(v, d, lanes);
    for (int64_t i = 0; i < n; ++i) Narrow(lanes[i], to[i]);
  }
}

// e^x for x ≤ 0; NaN stays NaN. At most 2 ULP; float32 results below 2^-126 are 0. For float32 some 18
// instructions where Highway's Exp, which serves the whole line and denormals, takes 28.
template <class D, class V = hn::Vec<D>>
  requires(sizeof(hn::TFromD<D>) == 4)
HWY_INLINE V ExpOfNegative(D d, V x) {
  // Normal results from here on; a NaN is not less.
  const V least = hn::Set(d, -87.33654f);
  const auto vanishes = hn::Lt(x, least);
  const V y = hn::IfThenElse(vanishes, least, x);
  // n = y·log2(e), rounded by what is left of it in the last bits of 1.5·2^23.
  const V shifter = hn::Set(d, 12582912.0f);
  const V bits = hn::MulAdd(y, hn::Set(d, 1.44269504f), shifter);
  const V n = hn::Sub(bits, shifter);
  // r = y − n·log(2) in two steps, the first of them exact.
  const V near = hn::NegMulAdd(n, hn::Set(d, 0.693145752f), y);
  const V r = hn::NegMulAdd(n, hn::Set(d, 1.42860677e-6f), near);
  // e^r = 1 + r + r²·Q(r): 1e-8.
  V q = hn::MulAdd(r, hn::Set(d, 0.001392692661f), hn::Set(d, 0.008363773874f));
  q = hn::MulAdd(q, r, hn::Set(d, 0.04166655011f));
  q = hn::MulAdd(q, r, hn::Set(d, 0.1666657338f));
  q = hn::MulAdd(q, r, hn::Set(d, 0.5f));
  const V one = hn::Set(d, 1.0f);
  const V power = hn::MulAdd(hn::MulAdd(q, r, one), r, one);
  const hn::RebindToSigned<D> di;
  const auto exponent = hn::ShiftLeft<23>(hn::BitCast(di, bits));
  const V scale = hn::BitCast(d, hn::Add(exponent, hn::BitCast(di, one)));
  return hn::IfThenZeroElse(vanishes, hn::Mul(power, scale));
}
template <class D, class V = hn::Vec<D>>
  requires(sizeof(hn::TFromD<D>) == 8)
HWY_INLINE V ExpOfNegative(D d, V x) {
  // Below this the result is 0; Highway's Exp would make an integer of x even if that is infinite.
  return hn::IfThenElse(hn::IsNaN(x), x, hn::Exp(d, hn::Max(x, hn::Set(d, -800.0))));
}

// Calls f(S()) for the floating storage type of `dtype`.
template <class F>
HWY_INLINE void VisitFloats(DType dtype, const F& f) {
  switch (dtype.kind()) {
    case DType::kFloat16: return f(float16());
    case DType::kBfloat16: return f(bfloat16());
    case DType::kFloat32: return f(float());
    default: return f(double());
  }
}

// Calls f(vectors of x, their first index, count of lanes that mean something) for n elements; the
// lanes beyond the end hold `fill`.
template <typename S, class F>
HWY_INLINE void EachVector(const S* x, int64_t n, ComputeType<S> fill, const F& f) {
  int64_t i = 0;
  for (; i + kLanesOf<S> <= n; i += kLanesOf<S>) f(Load(x + i), i, kLanesOf<S>);
  if (i < n) f(LoadSome(x + i, n - i, fill), i, n - i);
}

// Stores `count` lanes, all or some.
template <typename S>
HWY_INLINE void StoreCount(Lanes<S> v, int64_t count, S* to) {
  if (HWY_LIKELY(count == kLanesOf<S>)) {
    Store(v, to);
  } else {
    StoreSome(v, count, to);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_NN_LANES_INL_H_
