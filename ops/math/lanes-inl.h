// Vectors of the type that kernels compute in, from and to any floating storage type.
#if defined(KEEL_OPS_MATH_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_OPS_MATH_LANES_INL_H_
#undef KEEL_OPS_MATH_LANES_INL_H_
#else
#define KEEL_OPS_MATH_LANES_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include "core/dtype.h"
#include "core/narrow_float-inl.h"
#include "hwy/highway.h"

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

#endif  // KEEL_OPS_MATH_LANES_INL_H_
