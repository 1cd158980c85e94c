// The windows of pooling, and vectors of neighbouring channels.
#if defined(KEEL_OPS_CONV_POOL_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_OPS_CONV_POOL_LANES_INL_H_
#undef KEEL_OPS_CONV_POOL_LANES_INL_H_
#else
#define KEEL_OPS_CONV_POOL_LANES_INL_H_
#endif

#include <algorithm>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "core/narrow_float-inl.h"
#include "ops/conv/layout-inl.h"
#include "ops/conv/pool_call.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

// The elements of one window that are inside the image: [low, high) along each axis.
struct Window {
  Spatial low, high;
  int64_t count() const {
    return (high[0] - low[0]) * (high[1] - low[1]) * (high[2] - low[2]);
  }
};

HWY_INLINE void SetAxis(const PoolShape& s, int axis, int64_t at, Window& window) {
  const int64_t from = at * s.stride[axis] - s.pad[axis];
  window.low[axis] = std::clamp<int64_t>(from, 0, s.in[axis]);
  window.high[axis] = std::clamp<int64_t>(from + s.window[axis], window.low[axis], s.in[axis]);
}

// Calls body(pixel) for each element of the window, in order: its pixel within the image.
template <class Body>
HWY_INLINE void EachTap(const PoolShape& s, const Window& window, const Body& body) {
  for (int64_t d = window.low[0]; d < window.high[0]; ++d) {
    for (int64_t h = window.low[1]; h < window.high[1]; ++h) {
      const int64_t row = (d * s.in[1] + h) * s.in[2];
      for (int64_t w = row + window.low[2]; w < row + window.high[2]; ++w) body(w);
    }
  }
}

template <typename T>
constexpr T LowestOf() {
  return std::is_integral_v<T> ? std::numeric_limits<T>::lowest()
                               : static_cast<T>(-std::numeric_limits<T>::infinity());
}

// kV vectors of neighbouring channels; kPart: a single one of `n` lanes.
template <typename S, int kV, bool kPart>
struct Lanes {
  using T = ComputeType<S>;
  using D = hn::ScalableTag<T>;
  using V = hn::Vec<D>;
  template <typename From>
  static HWY_INLINE V Load(const From* from, int v, int64_t n) {
    return kPart ? LoadWidePart(D(), from, n) : LoadWide(D(), from + v * kLanesOf<T>);
  }
  template <typename To>
  static HWY_INLINE void Store(V x, int v, int64_t n, To* to) {
    if constexpr (kPart) {
      StoreNarrowPart(D(), x, to, n);
    } else {
      StoreNarrow(D(), x, to + v * kLanesOf<T>);
    }
  }
};

// The numbers of taps of neighbouring channels, lane by lane.
template <typename T>
using TapTag = hn::RebindToSigned<hn::ScalableTag<T>>;

template <typename Index, class D, class V = hn::Vec<D>>
HWY_INLINE void StoreTaps(D d, V taps, int64_t n, Index* to) {
  constexpr int64_t kLanes = hn::MaxLanes(d);
#if HWY_TARGET != HWY_SCALAR
  if constexpr (sizeof(hn::TFromD<D>) == 4) {
    if (n == kLanes) {
      const hn::Rebind<Index, D> narrow;
      if constexpr (sizeof(Index) == 4) {
        hn::StoreU(taps, narrow, to);
      } else {
        hn::StoreU(hn::DemoteTo(narrow, taps), narrow, to);
      }
      return;
    }
  }
#endif
  HWY_ALIGN hn::TFromD<D> lanes[kLanes];
  hn::Store(taps, d, lanes);
  for (int64_t i = 0; i < n; ++i) to[i] = static_cast<Index>(lanes[i]);
}

template <typename Index, class D>
HWY_INLINE hn::Vec<D> LoadTaps(D d, const Index* from, int64_t n) {
  constexpr int64_t kLanes = hn::MaxLanes(d);
#if HWY_TARGET != HWY_SCALAR
  if constexpr (sizeof(hn::TFromD<D>) == 4) {
    if (n == kLanes) {
      const hn::Rebind<Index, D> narrow;
      if constexpr (sizeof(Index) == 4) {
        return hn::LoadU(narrow, from);
      } else {
        return hn::PromoteTo(d, hn::LoadU(narrow, from));
      }
    }
  }
#endif
  HWY_ALIGN hn::TFromD<D> lanes[kLanes] = {};
  for (int64_t i = 0; i < n; ++i) lanes[i] = from[i];
  return hn::Load(d, lanes);
}

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_CONV_POOL_LANES_INL_H_
