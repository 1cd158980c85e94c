// Pooling for one storage type and one target: vectors run over the channels.
#if defined(KEEL_OPS_CONV_POOL_KERNEL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_OPS_CONV_POOL_KERNEL_INL_H_
#undef KEEL_OPS_CONV_POOL_KERNEL_INL_H_
#else
#define KEEL_OPS_CONV_POOL_KERNEL_INL_H_
#endif

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "ops/conv/layout-inl.h"
#include "ops/conv/pool_call.h"
#include "ops/math/narrow_float-inl.h"

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

template <class D, class V = hn::Vec<D>>
HWY_INLINE hn::Mask<D> IsNaNOf(D d, V x) {
  if constexpr (std::is_floating_point_v<hn::TFromD<D>>) {
    return hn::IsNaN(x);
  } else {
    return hn::FirstN(d, 0);
  }
}

template <typename T>
HWY_INLINE T NaNOf() {
  return std::is_floating_point_v<T> ? std::numeric_limits<T>::quiet_NaN() : T{0};
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

// The largest elements of a window, and where it holds a NaN: two instructions an element, where
// a maximum that keeps NaN takes five.
template <typename S, int kV, bool kPart, class L = Lanes<S, kV, kPart>>
HWY_INLINE void Largest(const PoolShape& s, const Window& window, const S* x, int64_t n,
                        typename L::V* best, hn::Mask<typename L::D>* nan) {
  const typename L::D d;
  HWY_UNROLL(4)
  for (int v = 0; v < kV; ++v) {
    best[v] = hn::Set(d, LowestOf<ComputeType<S>>());
    nan[v] = hn::FirstN(d, 0);
  }
  EachTap(s, window, [&](int64_t pixel) HWY_ATTR {
    const S* from = x + pixel * s.channels;
    HWY_UNROLL(4)
    for (int v = 0; v < kV; ++v) {
      const auto value = L::Load(from, v, n);
      nan[v] = hn::Or(nan[v], IsNaNOf(d, value));
      best[v] = hn::Max(best[v], value);
    }
  });
}

// Some channels of one output pixel.
template <typename S, PoolPass kPass, int kV, bool kPart>
HWY_INLINE void PoolVectors(const PoolShape& s, const Window& window, const S* x, int64_t n,
                            S* y) {
  using T = ComputeType<S>;
  using L = Lanes<S, kV, kPart>;
  const typename L::D d;
  typename L::V acc[kV];
  if constexpr (kPass == PoolPass::kMax) {
    hn::Mask<typename L::D> nan[kV];
    Largest<S, kV, kPart>(s, window, x, n, acc, nan);
    HWY_UNROLL(4)
    for (int v = 0; v < kV; ++v) {
      L::Store(hn::IfThenElse(nan[v], hn::Set(d, NaNOf<T>()), acc[v]), v, n, y);
    }
  } else {
    HWY_UNROLL(4)
    for (int v = 0; v < kV; ++v) acc[v] = hn::Zero(d);
    EachTap(s, window, [&](int64_t pixel) HWY_ATTR {
      const S* from = x + pixel * s.channels;
      HWY_UNROLL(4)
      for (int v = 0; v < kV; ++v) acc[v] = hn::Add(acc[v], L::Load(from, v, n));
    });
    const auto count = hn::Set(d, static_cast<T>(std::max<int64_t>(window.count(), 1)));
    HWY_UNROLL(4)
    for (int v = 0; v < kV; ++v) L::Store(hn::Div(acc[v], count), v, n, y);
  }
}

template <typename S, PoolPass kPass>
HWY_NOINLINE void PoolForward(const PoolShape& s, const S* x, S* y, const ThreadPool& pool) {
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
      S* to = y + row * s.out[2] * s.channels;
      for (int64_t w = 0; w < s.out[2]; ++w, to += s.channels) {
        SetAxis(s, 2, w, window);
        int64_t c = 0;
        for (; c + 4 * kLanes <= s.channels; c += 4 * kLanes) {
          PoolVectors<S, kPass, 4, false>(s, window, image + c, 0, to + c);
        }
        for (; c + kLanes <= s.channels; c += kLanes) {
          PoolVectors<S, kPass, 1, false>(s, window, image + c, 0, to + c);
        }
        if (c < s.channels) {
          PoolVectors<S, kPass, 1, true>(s, window, image + c, s.channels - c, to + c);
        }
      }
    }
  });
}

// How the gradient is cut. A task owns the elements of dx that its windows reach: whole planes of
// an axis along which windows do not overlap, or else all of an image for some channels.
struct GradientCut {
  int axis;        // Cut along this axis, or -1.
  int64_t planes;  // Outputs along it per task.
  int64_t pieces;  // Along it.
  int64_t channels, channel_pieces;
  bool once;    // No element is in two windows.
  bool covers;  // Every element is in a window.
};

template <typename T>
HWY_INLINE GradientCut CutGradient(const PoolShape& s) {
  GradientCut cut{-1, 0, 1, s.channels, 1, true, true};
  for (int i = 0; i < 3; ++i) {
    cut.once = cut.once && (s.window[i] <= s.stride[i] || s.out[i] == 1);
    cut.covers = cut.covers && s.window[i] >= s.stride[i] && s.pad[i] >= 0 &&
                 s.out[i] * s.stride[i] - s.pad[i] >= s.in[i];
  }
  for (int i = 2; i >= 0; --i) {
    if (s.out[i] > 1 && s.window[i] <= s.stride[i]) cut.axis = i;
  }
  if (cut.axis == 2) cut.axis = -1;  // Too fine: the rows would be cut.
  const int64_t image = Volume(s.in) * s.channels;
  if (cut.axis >= 0) {
    cut.planes = CeilDiv(1 << 15, CeilDiv(image, s.out[cut.axis]));
    cut.pieces = CeilDiv(s.out[cut.axis], cut.planes);
  } else if (image > (1 << 15)) {
    cut.channels = std::min(RoundUp(std::max<int64_t>((1 << 15) / Volume(s.in), 1),
                                    4 * kLanesOf<T>), s.channels);
    cut.channel_pieces = CeilDiv(s.channels, cut.channels);
  }
  return cut;
}

// Adds (or, where no element is in two windows, sets) one window's part of dx for some channels.
// `sums` is where dx is summed: dx itself, or in float if S is narrow.
template <typename S, PoolPass kPass, int kV, bool kPart, typename Sums>
HWY_INLINE void PoolBackVectors(const PoolShape& s, const Window& window, const S* x, const S* dy,
                                int64_t n, bool once, Sums* sums, int64_t sums_step) {
  using T = ComputeType<S>;
  using L = Lanes<S, kV, kPart>;
  const typename L::D d;
  using M = hn::Mask<typename L::D>;
  typename L::V dv[kV];
  HWY_UNROLL(4)
  for (int v = 0; v < kV; ++v) dv[v] = L::Load(dy, v, n);
  if constexpr (kPass == PoolPass::kMaxGradient) {
    typename L::V best[kV];
    M nan[kV];
    Largest<S, kV, kPart>(s, window, x, n, best, nan);
    M open[kV];  // Lanes whose largest element is still to come.
    HWY_UNROLL(4)
    for (int v = 0; v < kV; ++v) open[v] = hn::FirstN(d, hn::Lanes(d));
    EachTap(s, window, [&](int64_t pixel) HWY_ATTR {
      Sums* to = sums + pixel * sums_step;
      HWY_UNROLL(4)
      for (int v = 0; v < kV; ++v) {
        const auto value = L::Load(x + pixel * s.channels, v, n);
        // Where there is a NaN, the first of them; elsewhere the first of the largest.
        const M is_best = hn::Or(hn::AndNot(nan[v], hn::Eq(value, best[v])), hn::IsNaN(value));
        const M taken = hn::And(open[v], is_best);
        open[v] = hn::AndNot(is_best, open[v]);
        auto part = hn::IfThenElseZero(taken, dv[v]);
        if (!once) part = hn::Add(part, L::Load(to, v, n));
        L::Store(part, v, n, to);
      }
    });
  } else {
    const auto count = hn::Set(d, static_cast<T>(std::max<int64_t>(window.count(), 1)));
    HWY_UNROLL(4)
    for (int v = 0; v < kV; ++v) dv[v] = hn::Div(dv[v], count);
    EachTap(s, window, [&](int64_t pixel) HWY_ATTR {
      Sums* to = sums + pixel * sums_step;
      HWY_UNROLL(4)
      for (int v = 0; v < kV; ++v) {
        L::Store(once ? dv[v] : hn::Add(dv[v], L::Load(to, v, n)), v, n, to);
      }
    });
  }
}

// All channels of one window.
template <typename S, PoolPass kPass, typename Sums>
HWY_INLINE void PoolBackWindow(const PoolShape& s, const Window& window, const S* x, const S* dy,
                               int64_t channels, bool once, Sums* sums, int64_t sums_step) {
  constexpr int64_t kLanes = kLanesOf<ComputeType<S>>;
  int64_t c = 0;
  for (; c + 4 * kLanes <= channels; c += 4 * kLanes) {
    PoolBackVectors<S, kPass, 4, false>(s, window, x + c, dy + c, 0, once, sums + c, sums_step);
  }
  for (; c + kLanes <= channels; c += kLanes) {
    PoolBackVectors<S, kPass, 1, false>(s, window, x + c, dy + c, 0, once, sums + c, sums_step);
  }
  if (c < channels) {
    PoolBackVectors<S, kPass, 1, true>(s, window, x + c, dy + c, channels - c, once, sums + c,
                                       sums_step);
  }
}

template <typename S, PoolPass kPass>
HWY_NOINLINE void PoolBackward(const PoolShape& s, const S* x, const S* dy, S* dx, void* scratch,
                               const ThreadPool& pool) {
  using T = ComputeType<S>;
  const GradientCut cut = CutGradient<T>(s);
  const int64_t tasks = cut.pieces * cut.channel_pieces;
  const bool wide_sums = kIsNarrow<S> && !cut.once;
  ScratchSlots slots(scratch, wide_sums ? BytesOf<T>(Volume(s.in) * cut.channels) : 0,
                     pool.threads());
  pool.parallel_for(s.batch * tasks, 1, [&](int64_t begin, int64_t end) {
    const ScratchSlots::Lease lease(slots);
    T* wide = reinterpret_cast<T*>(lease.data());
    for (int64_t task = begin; task < end; ++task) {
      const int64_t batch = task / tasks, piece = task % tasks / cut.channel_pieces;
      const int64_t c0 = task % cut.channel_pieces * cut.channels;
      const int64_t channels = std::min(cut.channels, s.channels - c0);
      S* to = dx + batch * Volume(s.in) * s.channels + c0;
      // The average reads no x.
      const S* image = x == nullptr ? to : x + batch * Volume(s.in) * s.channels + c0;
      // The task's outputs, and the elements of dx that it owns.
      Spatial out0 = {0, 0, 0}, out1 = s.out, in0 = {0, 0, 0}, in1 = s.in;
      if (cut.axis >= 0) {
        const int a = cut.axis;
        out0[a] = piece * cut.planes;
        out1[a] = std::min(out0[a] + cut.planes, s.out[a]);
        const auto edge = [&](int64_t at) {
          return std::clamp<int64_t>(at * s.stride[a] - s.pad[a], 0, s.in[a]);
        };
        in0[a] = piece == 0 ? 0 : edge(out0[a]);
        in1[a] = piece + 1 == cut.pieces ? s.in[a] : edge(out1[a]);
      }
      const auto each_owned = [&](const auto& body) {
        for (int64_t i = in0[0]; i < in1[0]; ++i) {
          for (int64_t j = in0[1]; j < in1[1]; ++j) {
            for (int64_t k = in0[2]; k < in1[2]; ++k) body((i * s.in[1] + j) * s.in[2] + k);
          }
        }
      };
      if (!(cut.once && cut.covers)) {
        each_owned([&](int64_t pixel) {
          if (wide_sums) {
            std::fill_n(wide + pixel * channels, channels, T{0});
          } else {
            std::memset(static_cast<void*>(to + pixel * s.channels), 0,
                        static_cast<size_t>(channels) * sizeof(S));
          }
        });
      }
      Window window;
      for (int64_t i = out0[0]; i < out1[0]; ++i) {
        SetAxis(s, 0, i, window);
        for (int64_t j = out0[1]; j < out1[1]; ++j) {
          SetAxis(s, 1, j, window);
          for (int64_t k = out0[2]; k < out1[2]; ++k) {
            SetAxis(s, 2, k, window);
            const S* from =
                dy + (((batch * s.out[0] + i) * s.out[1] + j) * s.out[2] + k) * s.channels + c0;
            if (wide_sums) {
              PoolBackWindow<S, kPass>(s, window, image, from, channels, false, wide, channels);
            } else {
              PoolBackWindow<S, kPass>(s, window, image, from, channels, cut.once, to, s.channels);
            }
          }
        }
      }
      if (wide_sums) {
        if constexpr (kIsNarrow<S>) {
          each_owned([&](int64_t pixel) HWY_ATTR {
            NarrowRow(wide + pixel * channels, channels, to + pixel * s.channels);
          });
        }
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
  const size_t layout = s.channels_first ? 2 * BytesOf<S>(x) + BytesOf<S>(y) : 0;
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
    for (int64_t i = 0; i < (kForward ? out : in); ++i) Narrow(value, call.result[i]);
    return;
  }
  const S* x = call.x;
  const S* dy = call.dy;
  S* result = call.result;
  ScratchCursor cursor(call.scratch);
  if (s.channels_first) {
    const auto last = [&](const S* from, const Spatial& size, int64_t elements) {
      S* to = cursor.take<S>(elements);
      TransposeAll(from, s.batch, s.channels, Volume(size), to, call.pool);
      return to;
    };
    if (x != nullptr) x = last(x, s.in, in);
    if (dy != nullptr) dy = last(dy, s.out, out);
    result = cursor.take<S>(kForward ? out : in);
  }
  if constexpr (kForward) {
    PoolForward<S, kPass>(s, x, result, call.pool);
  } else {
    PoolBackward<S, kPass>(s, x, dy, result, cursor.rest(), call.pool);
  }
  if (s.channels_first) {
    TransposeAll(result, s.batch, Volume(kForward ? s.out : s.in), s.channels, call.result,
                 call.pool);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_CONV_POOL_KERNEL_INL_H_
