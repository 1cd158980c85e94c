// Pooling for one storage type and one target: vectors run over the channels.
#if defined(KEEL_OPS_CONV_POOL_KERNEL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_OPS_CONV_POOL_KERNEL_INL_H_
#undef KEEL_OPS_CONV_POOL_KERNEL_INL_H_
#else
#define KEEL_OPS_CONV_POOL_KERNEL_INL_H_
#endif

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "ops/conv/pool_gradient-inl.h"
#include "ops/conv/pool_lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

// No number of the largest element is wanted.
struct NoIndex {};

// The largest elements of a window into y, and their numbers into index, where those are not null: of
// equal ones the first, of NaNs likewise. A maximum that minds NaN takes five instructions an element.
// Unless kCareful this one does not, and adds the elements up beside: true if their sum is NaN (or they
// hold infinities of both signs), and then the results are wrong.
template <typename S, typename Index, int kV, bool kPart, bool kCareful>
HWY_INLINE bool LargestVectors(const PoolShape& s, const Window& window, const S* x, int64_t n, S* y,
                               Index* index) {
  using T = ComputeType<S>;
  using L = Lanes<S, kV, kPart>;
  const typename L::D d;
  const TapTag<T> di;
  constexpr int64_t kLanes = kLanesOf<T>;
  constexpr bool kIndex = !std::is_same_v<Index, NoIndex>;
  constexpr bool kSum = std::is_floating_point_v<T> && !kCareful;
  typename L::V best[kV], sum[kV];
  hn::Vec<TapTag<T>> taken[kV];
  HWY_UNROLL(4)
  for (int v = 0; v < kV; ++v) {
    best[v] = hn::Set(d, LowestOf<T>());
    sum[v] = hn::Zero(d);
    taken[v] = hn::Zero(di);
  }
  hn::TFromD<TapTag<T>> count = 0;
  EachTap(s, window, [&](int64_t pixel) HWY_ATTR {
    const S* from = x + pixel * s.channels;
    const auto tap = hn::Set(di, count++);
    HWY_UNROLL(4)
    for (int v = 0; v < kV; ++v) {
      const auto value = L::Load(from, v, n);
      if constexpr (kSum) sum[v] = hn::Add(sum[v], value);
      if constexpr (kCareful) {
        // Larger or a NaN, unless there is a NaN already.
        const auto larger = hn::And(hn::Not(hn::Le(value, best[v])), hn::Eq(best[v], best[v]));
        best[v] = hn::IfThenElse(larger, value, best[v]);
        if (kIndex) taken[v] = hn::IfThenElse(hn::RebindMask(di, larger), tap, taken[v]);
      } else {
        const auto larger = hn::RebindMask(di, hn::Gt(value, best[v]));
        if (kIndex) taken[v] = hn::IfThenElse(larger, tap, taken[v]);
        best[v] = hn::Max(best[v], value);
      }
    }
  });
  HWY_UNROLL(4)
  for (int v = 0; v < kV; ++v) {
    if constexpr (kIndex) StoreTaps(di, taken[v], kPart ? n : kLanes, index + v * kLanes);
    if (!kIndex || y != nullptr) L::Store(best[v], v, n, y);
  }
  if constexpr (kSum) {
    HWY_UNROLL(4)
    for (int v = 1; v < kV; ++v) sum[0] = hn::Add(sum[0], sum[v]);
    return !hn::AllFalse(d, hn::IsNaN(sum[0]));
  }
  return false;
}

template <typename S, typename Index, int kV, bool kPart>
HWY_NOINLINE void CarefulVectors(const PoolShape& s, const Window& window, const S* x, int64_t n, S* y,
                                 Index* index) {
  LargestVectors<S, Index, kV, kPart, true>(s, window, x, n, y, index);
}

// Some channels of one output pixel, into y and index where those are not null.
template <typename S, PoolPass kPass, typename Index, int kV, bool kPart>
HWY_INLINE void PoolVectors(const PoolShape& s, const Window& window, const S* x, int64_t n, S* y,
                            Index* index) {
  if constexpr (kPass == PoolPass::kMax) {
    const bool doubtful = LargestVectors<S, Index, kV, kPart, false>(s, window, x, n, y, index);
    if constexpr (!std::is_integral_v<S>) {
      if (HWY_UNLIKELY(doubtful)) CarefulVectors<S, Index, kV, kPart>(s, window, x, n, y, index);
    }
  } else {
    using T = ComputeType<S>;
    using L = Lanes<S, kV, kPart>;
    const typename L::D d;
    typename L::V sum[kV];
    HWY_UNROLL(4)
    for (int v = 0; v < kV; ++v) sum[v] = hn::Zero(d);
    EachTap(s, window, [&](int64_t pixel) HWY_ATTR {
      const S* from = x + pixel * s.channels;
      HWY_UNROLL(4)
      for (int v = 0; v < kV; ++v) sum[v] = hn::Add(sum[v], L::Load(from, v, n));
    });
    const auto count = hn::Set(d, static_cast<T>(std::max<int64_t>(window.count(), 1)));
    HWY_UNROLL(4)
    for (int v = 0; v < kV; ++v) L::Store(hn::Div(sum[v], count), v, n, y);
  }
}

template <typename S, PoolPass kPass, typename Index>
HWY_NOINLINE void PoolForward(const PoolShape& s, const S* x, S* y, Index* index,
                              const ThreadPool& pool) {
  constexpr int64_t kLanes = kLanesOf<ComputeType<S>>;
  const int64_t rows = s.batch * s.out[0] * s.out[1];
  Spatial inside;
  for (int i = 0; i < 3; ++i) inside[i] = std::min(s.window[i], s.in[i]);
  const int64_t work = s.out[2] * s.channels * std::clamp<int64_t>(Volume(inside), 1, 1 << 20);
  pool.parallel_for(rows, CeilDiv(1 << 16, work), [&](int64_t begin, int64_t end) {
    Window window;
    for (int64_t row = begin; row < end; ++row) {
      const S* image = x + row / (s.out[0] * s.out[1]) * Volume(s.in) * s.channels;
      SetAxis(s, 0, row / s.out[1] % s.out[0], window);
      SetAxis(s, 1, row % s.out[1], window);
      const int64_t first = row * s.out[2] * s.channels;
      for (int64_t w = 0; w < s.out[2]; ++w) {
        SetAxis(s, 2, w, window);
        const int64_t at = first + w * s.channels;
        const auto vectors = [&](auto count, auto part, int64_t c) HWY_ATTR {
          PoolVectors<S, kPass, Index, decltype(count)::value, decltype(part)::value>(
              s, window, image + c, s.channels - c, y == nullptr ? nullptr : y + at + c,
              index == nullptr ? nullptr : index + at + c);
        };
        int64_t c = 0;
        for (; c + 4 * kLanes <= s.channels; c += 4 * kLanes) {
          vectors(std::integral_constant<int, 4>(), std::false_type(), c);
        }
        for (; c + kLanes <= s.channels; c += kLanes) {
          vectors(std::integral_constant<int, 1>(), std::false_type(), c);
        }
        if (c < s.channels) vectors(std::integral_constant<int, 1>(), std::true_type(), c);
      }
    }
  });
}

template <typename S>
HWY_INLINE size_t PoolBytes(const PoolShape& s, int threads) {
  using T = ComputeType<S>;
  const int64_t x = s.batch * Volume(s.in) * s.channels;
  const int64_t y = s.batch * Volume(s.out) * s.channels;
  if (x == 0 || y == 0) return 0;
  const GradientCut cut = CutGradient<T>(s);
  const size_t layout = s.channels_first ? BytesOf<S>(x) + BytesOf<S>(y) : 0;
  return layout + (kIsNarrow<S> && !cut.once
                       ? ScratchSlots::total_bytes(BytesOf<T>(Volume(s.in) * cut.channels), threads)
                       : 0);
}

template <typename S, PoolPass kPass>
HWY_INLINE void PoolRun(const PoolCall<S>& call) {
  using T = ComputeType<S>;
  constexpr bool kForward = kPass == PoolPass::kMax || kPass == PoolPass::kAverage;
  const PoolShape& s = call.shape;
  const int64_t in = s.batch * Volume(s.in) * s.channels;
  const int64_t out = s.batch * Volume(s.out) * s.channels;
  if (in == 0 || out == 0) {
    const T value = kPass == PoolPass::kMax ? LowestOf<T>() : T{0};
    const int64_t size = call.result == nullptr ? 0 : kForward ? out : in;
    for (int64_t i = 0; i < size; ++i) Narrow(value, call.result[i]);
    return;
  }
  const S* from = call.from;
  S* result = call.result;
  ScratchCursor cursor(call.scratch);
  if (s.channels_first) {
    S* last = cursor.take<S>(kForward ? in : out);
    TransposeAll(from, s.batch, s.channels, Volume(kForward ? s.in : s.out), last, call.pool);
    from = last;
    result = cursor.take<S>(kForward ? out : in);
  }
  const auto run = [&](auto* index) {
    if constexpr (kForward) {
      PoolForward<S, kPass>(s, from, result, index, call.pool);
    } else {
      PoolBackward<S, kPass>(s, from, index, result, cursor.rest(), call.pool);
    }
  };
  constexpr bool kIndex = kPass == PoolPass::kMaxGradient ||
                          (kPass == PoolPass::kMax && !std::is_integral_v<S>);
  if constexpr (kIndex) {
    if (call.index != nullptr && has_byte_index(s.window)) {
      run(static_cast<uint8_t*>(call.index));
    } else if (call.index != nullptr) {
      run(static_cast<int32_t*>(call.index));
    }
  }
  if constexpr (kPass != PoolPass::kMaxGradient) {
    if (call.index == nullptr) run(static_cast<NoIndex*>(nullptr));
  }
  if (s.channels_first && call.result != nullptr) {
    TransposeAll(result, s.batch, Volume(kForward ? s.out : s.in), s.channels, call.result,
                 call.pool);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_CONV_POOL_KERNEL_INL_H_
