// Channels as lanes of vectors: what the passes of a depthwise convolution have in common.
#if defined(KEEL_OPS_CONV_DEPTHWISE_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_OPS_CONV_DEPTHWISE_LANES_INL_H_
#undef KEEL_OPS_CONV_DEPTHWISE_LANES_INL_H_
#else
#define KEEL_OPS_CONV_DEPTHWISE_LANES_INL_H_
#endif

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "core/narrow_float-inl.h"
#include "ops/conv/layout-inl.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

// Says that x is better kept than read again: where it is an operand of several multiply-adds, GCC
// would else give each of them the memory that x was loaded from, and loads are what is short.
template <class V>
HWY_INLINE void StayInRegister(V& x) {
#if HWY_COMPILER_GCC_ACTUAL && HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR
  asm("" : "+v"(x.raw));
#else
  (void)x;
#endif
}

// Reads ahead, but leaves the first level to what is in use.
HWY_INLINE void PrefetchLevel2(const void* p) {
#if HWY_COMPILER_GCC  // And clang.
  __builtin_prefetch(p, /*write=*/0, /*locality=*/2);
#else
  (void)p;
#endif
}

// The vectors that cover some channels. Where they do not divide, the last vector overlaps its
// neighbour; where there are fewer than lanes, it is the only one and a part.
template <typename T>
struct LaneVectors {
  static constexpr int64_t kLanes = kLanesOf<T>;
  int64_t channels;

  bool part() const { return channels < kLanes; }
  int64_t count() const { return CeilDiv(channels, kLanes); }
  int64_t lane(int64_t vector) const {
    return std::max<int64_t>(std::min(vector * kLanes, channels - kLanes), 0);
  }
};

// How the lanes of a vector are read from a pixel: they lie side by side.
template <typename S, bool kPartial>
struct SideBySide {
  static constexpr bool kPart = kPartial;  // Fewer channels than lanes.
  using T = ComputeType<S>;
  using D = hn::ScalableTag<T>;
  int64_t channels;

  struct Load {
    int64_t n;
    HWY_INLINE hn::Vec<D> operator()(const S* from) const {
      return kPart ? LoadWidePart(D(), from, n) : LoadWide(D(), from);
    }
  };
  HWY_INLINE Load vector(int64_t) const { return {channels}; }
  HWY_INLINE int64_t image_channel(int64_t lane) const { return lane; }
};

// Or each image channel is for `repeat` lanes in a row.
template <typename S, bool kPartial>
struct Repeating {
  static constexpr bool kPart = kPartial;
  using T = ComputeType<S>;
  using D = hn::ScalableTag<T>;
  using Index = hwy::MakeSigned<T>;
  int64_t channels, repeat;
  const Index* table;  // What FillTable() made.

  // For each vector, which of the loaded channels each lane takes.
  static void FillTable(int64_t channels, int64_t repeat, Index* to) {
    const LaneVectors<T> vectors{channels};
    for (int64_t v = 0; v < vectors.count(); ++v) {
      const int64_t lane = vectors.lane(v);
      for (int64_t i = 0; i < kLanesOf<T>; ++i) {
        *to++ = static_cast<Index>((lane + i) / repeat - lane / repeat);
      }
    }
  }

  struct Load {
    decltype(hn::SetTableIndices(D(), static_cast<const Index*>(nullptr))) indices;
    int64_t n;  // Channels that are there.
    HWY_INLINE hn::Vec<D> operator()(const S* from) const {
      const auto x = n < kLanesOf<T> ? LoadWidePart(D(), from, n) : LoadWide(D(), from);
      return hn::TableLookupLanes(x, indices);
    }
  };
  HWY_INLINE Load vector(int64_t v) const {
    const int64_t lane = LaneVectors<T>{channels}.lane(v);
    return {hn::SetTableIndices(D(), table + v * kLanesOf<T>), channels / repeat - lane / repeat};
  }
  HWY_INLINE int64_t image_channel(int64_t lane) const { return lane / repeat; }
};

// Some columns, [low, high), of an axis.
struct Span {
  int64_t low = 0, high = 0;
};

// A window that moves along one axis: tap t of place g is at g * stride + offset + t * step.
struct WindowAxis {
  int64_t size, places, stride, offset, taps, step;

  // The taps of place g that are inside [0, size).
  HWY_INLINE Span taps_at(int64_t g) const {
    const int64_t at = g * stride + offset;
    if (taps == 0) return {0, 0};
    const int64_t low = at >= 0 ? 0 : std::min(taps, CeilDiv(-at, step));
    const int64_t high = at >= size ? 0 : std::min(taps, (size - 1 - at) / step + 1);
    return {low, std::max(low, high)};
  }
  // The places where tap t is inside; all where there are no taps.
  HWY_INLINE Span places_of(int64_t t) const {
    const int64_t at = offset + t * step;
    const int64_t low = at >= 0 ? 0 : std::min(places, CeilDiv(-at, stride));
    const int64_t high = at >= size ? 0 : std::min(places, (size - 1 - at) / stride + 1);
    return {low, std::max(low, high)};
  }
  // The places where all taps are inside; {places, places} if there are none.
  HWY_INLINE Span inner_places() const {
    if (taps == 0) return {0, places};
    const Span first = places_of(0), last = places_of(taps - 1);
    const int64_t low = std::max(first.low, last.low), high = std::min(first.high, last.high);
    return low < high ? Span{low, high} : Span{places, places};
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_CONV_DEPTHWISE_LANES_INL_H_
