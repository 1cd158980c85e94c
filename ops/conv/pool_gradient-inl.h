// The gradients of pooling for one storage type and one target.
#if defined(KEEL_OPS_CONV_POOL_GRADIENT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_OPS_CONV_POOL_GRADIENT_INL_H_
#undef KEEL_OPS_CONV_POOL_GRADIENT_INL_H_
#else
#define KEEL_OPS_CONV_POOL_GRADIENT_INL_H_
#endif

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "ops/conv/pool_lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

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
template <typename S, PoolPass kPass, int kV, bool kPart, typename Index, typename Sums>
HWY_INLINE void PoolBackVectors(const PoolShape& s, const Window& window, const Index* index,
                                const S* dy, int64_t n, bool once, Sums* sums, int64_t sums_step) {
  using T = ComputeType<S>;
  using L = Lanes<S, kV, kPart>;
  const typename L::D d;
  typename L::V dv[kV];
  HWY_UNROLL(4)
  for (int v = 0; v < kV; ++v) dv[v] = L::Load(dy, v, n);
  if constexpr (kPass == PoolPass::kMaxGradient) {
    constexpr int64_t kLanes = kLanesOf<T>;
    const TapTag<T> di;
    hn::Vec<TapTag<T>> taken[kV];
    HWY_UNROLL(4)
    for (int v = 0; v < kV; ++v) taken[v] = LoadTaps(di, index + v * kLanes, kPart ? n : kLanes);
    hn::TFromD<TapTag<T>> count = 0;
    EachTap(s, window, [&](int64_t pixel) HWY_ATTR {
      Sums* to = sums + pixel * sums_step;
      const auto tap = hn::Set(di, count++);
      HWY_UNROLL(4)
      for (int v = 0; v < kV; ++v) {
        auto part = hn::IfThenElseZero(hn::RebindMask(d, hn::Eq(taken[v], tap)), dv[v]);
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

// All channels of one window. `index` is not read for an average.
template <typename S, PoolPass kPass, typename Index, typename Sums>
HWY_INLINE void PoolBackWindow(const PoolShape& s, const Window& window, const Index* index,
                               const S* dy, int64_t channels, bool once, Sums* sums,
                               int64_t sums_step) {
  constexpr int64_t kLanes = kLanesOf<ComputeType<S>>;
  const auto vectors = [&](auto count, auto part, int64_t c) HWY_ATTR {
    PoolBackVectors<S, kPass, decltype(count)::value, decltype(part)::value>(
        s, window, index == nullptr ? nullptr : index + c, dy + c, channels - c, once, sums + c,
        sums_step);
  };
  int64_t c = 0;
  for (; c + 4 * kLanes <= channels; c += 4 * kLanes) {
    vectors(std::integral_constant<int, 4>(), std::false_type(), c);
  }
  for (; c + kLanes <= channels; c += kLanes) {
    vectors(std::integral_constant<int, 1>(), std::false_type(), c);
  }
  if (c < channels) vectors(std::integral_constant<int, 1>(), std::true_type(), c);
}

template <typename S, PoolPass kPass, typename Index>
HWY_NOINLINE void PoolBackward(const PoolShape& s, const S* dy, const Index* index, S* dx,
                               void* scratch, const ThreadPool& pool) {
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
            const int64_t at =
                (((batch * s.out[0] + i) * s.out[1] + j) * s.out[2] + k) * s.channels + c0;
            const Index* taps = index == nullptr ? nullptr : index + at;
            if (wide_sums) {
              PoolBackWindow<S, kPass>(s, window, taps, dy + at, channels, false, wide, channels);
            } else {
              PoolBackWindow<S, kPass>(s, window, taps, dy + at, channels, cut.once, to, s.channels);
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

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_CONV_POOL_GRADIENT_INL_H_
