// Depthwise convolutions forward and back to the input, for one storage type and one target.
#if defined(KEEL_OPS_CONV_DEPTHWISE_KERNEL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_OPS_CONV_DEPTHWISE_KERNEL_INL_H_
#undef KEEL_OPS_CONV_DEPTHWISE_KERNEL_INL_H_
#else
#define KEEL_OPS_CONV_DEPTHWISE_KERNEL_INL_H_
#endif

#include <cstdint>
#include <type_traits>

#include "ops/conv/conv_phases-inl.h"
#include "ops/conv/depthwise_pass-inl.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

// ------------------------------------------------------------------------------------- forward

HWY_INLINE int64_t MultiplierOf(const ConvShape& s) { return s.out_channels / s.in_channels; }

// Elements of the tables of Repeating, which have as many bytes each as T.
template <typename T>
HWY_INLINE int64_t TableElements(const ConvShape& s) {
  return MultiplierOf(s) == 1 ? 0 : RoundUp(s.out_channels, kLanesOf<T>);
}

template <typename T>
HWY_INLINE int64_t DepthwiseWeights(const ConvShape& s) {
  return Volume(s.kernel) * s.out_channels;
}

// Calls body(lanes) with the way in which the lanes of x are read.
template <typename S, class Body>
HWY_INLINE void WithLanes(const ConvShape& s, ScratchCursor& cursor, const Body& body) {
  using T = ComputeType<S>;
  using Index = typename Repeating<S, false>::Index;
  const int64_t channels = s.out_channels, repeat = MultiplierOf(s);
  const bool part = LaneVectors<T>{channels}.part();
  if (repeat == 1) {
    part ? body(SideBySide<S, true>{channels}) : body(SideBySide<S, false>{channels});
    return;
  }
  Index* table = cursor.take<Index>(TableElements<T>(s));
  Repeating<S, false>::FillTable(channels, repeat, table);
  if (part) {
    body(Repeating<S, true>{channels, repeat, table});
  } else {
    body(Repeating<S, false>{channels, repeat, table});
  }
}

HWY_INLINE WindowAxis ForwardAxis(const ConvShape& s, int i) {
  return {s.in[i], s.out[i], s.stride[i], -s.pad[i], s.kernel[i], s.dilation[i]};
}

template <typename S>
HWY_NOINLINE void DepthwiseForward(const ConvShape& s, const S* x, const S* w, S* y, void* scratch,
                                   const ThreadPool& pool) {
  using T = ComputeType<S>;
  ScratchCursor cursor(scratch);
  const T* weights;
  if constexpr (kIsNarrow<S>) {
    T* wide = cursor.take<T>(DepthwiseWeights<T>(s));
    WidenRow(w, DepthwiseWeights<T>(s), wide);
    weights = wide;
  } else {
    weights = w;
  }
  const int64_t n = s.out_channels, row = s.out[2] * n;
  const DepthwisePass<S, S> pass{
      x, s.batch, s.in_channels, {ForwardAxis(s, 0), ForwardAxis(s, 1), ForwardAxis(s, 2)},
      weights, n, y, Volume(s.out) * n, {s.out[1] * row, row, n}};
  WithLanes<S>(s, cursor, [&](const auto& lanes) { RunDepthwise(lanes, pass, pool); });
}

// ------------------------------------------------------------------------------ input gradient

// to[c] = the sum of from[c * repeat, (c + 1) * repeat), rounded.
template <typename S>
HWY_INLINE void SumGroups(const ComputeType<S>* from, int64_t channels, int64_t repeat, S* to) {
  using T = ComputeType<S>;
  const hn::ScalableTag<T> d;
  const hn::RebindToSigned<decltype(d)> di;
  const auto index = hn::Mul(hn::Iota(di, 0), hn::Set(di, static_cast<hn::TFromD<decltype(di)>>(repeat)));
  int64_t c = 0;
  for (; c + kLanesOf<T> <= channels; c += kLanesOf<T>, from += kLanesOf<T> * repeat) {
    auto sum = hn::GatherIndex(d, from, index);
    for (int64_t m = 1; m < repeat; ++m) sum = hn::Add(sum, hn::GatherIndex(d, from + m, index));
    StoreNarrow(d, sum, to + c);
  }
  for (; c < channels; ++c, from += repeat) {
    T sum = from[0];
    for (int64_t m = 1; m < repeat; ++m) sum += from[m];
    Narrow(sum, to[c]);
  }
}

// dx of a phase where several lanes share a channel: a row of lanes, and then their sums.
template <class Lanes, typename S>
HWY_NOINLINE void RunDepthwiseSums(const Lanes& lanes, DepthwisePass<S, ComputeType<S>> p, S* to,
                                   int64_t to_channels, ScratchSlots& slots, const ThreadPool& pool) {
  using T = ComputeType<S>;
  const int64_t rows = p.batch * p.axis[0].places * p.axis[1].places;
  const int64_t repeat = p.lanes / to_channels, vectors = LaneVectors<T>{p.lanes}.count();
  pool.parallel_for(rows, CeilDiv(1 << 15, p.axis[2].places * p.lanes), [&](int64_t begin, int64_t end) {
    const ScratchSlots::Lease lease(slots);
    T* sums = reinterpret_cast<T*>(lease.data());
    for (int64_t row = begin; row < end; ++row) {
      const int64_t g1 = row % p.axis[1].places, g0 = row / p.axis[1].places % p.axis[0].places;
      const int64_t b = row / p.axis[1].places / p.axis[0].places;
      DepthwisePass<S, T> one = p;
      // Wherever the row goes, RowOf() must come to `sums`.
      one.to = sums;
      one.to_batch = one.to_step[0] = one.to_step[1] = 0;
      one.to_step[2] = p.lanes;
      DepthwiseRows(lanes, one, row, 1, 0, vectors);
      S* out = to + b * p.to_batch + g0 * p.to_step[0] + g1 * p.to_step[1];
      for (int64_t i = 0; i < p.axis[2].places; ++i) {
        SumGroups(sums + i * p.lanes, to_channels, repeat, out + i * p.to_step[2]);
      }
    }
  });
}

template <typename S>
HWY_NOINLINE void DepthwiseInputGradient(const ConvShape& s, const S* dy, const S* w, S* dx,
                                         void* scratch, const ThreadPool& pool) {
  using T = ComputeType<S>;
  ScratchCursor cursor(scratch);
  const int64_t lanes = s.out_channels, channels = s.in_channels;
  T* weights = cursor.take<T>(DepthwiseWeights<T>(s));
  const int64_t row = s.in[2] * channels, plane = s.in[1] * row;
  for (int64_t i = 0; i < Volume(s.stride); ++i) {
    const Phase phase = PhaseOf(s, i);
    if (Volume(phase.count) == 0) continue;
    for (int64_t t = 0; t < Volume(phase.taps); ++t) {
      WidenRow(w + KernelTap(s, phase, t) * lanes, lanes, weights + t * lanes);
    }
    const auto axis = [&](int a) {
      return WindowAxis{s.out[a], phase.count[a], 1, phase.offset[a], phase.taps[a], phase.step[a]};
    };
    S* first = dx + (phase.first[0] * s.in[1] + phase.first[1]) * row + phase.first[2] * channels;
    const auto run = [&](const auto& how) {
      const auto pass = [&](auto* to) {
        return DepthwisePass<S, std::remove_pointer_t<decltype(to)>>{
            dy, s.batch, lanes, {axis(0), axis(1), axis(2)}, weights, lanes, to, s.in[0] * plane,
            {s.stride[0] * plane, s.stride[1] * row, s.stride[2] * channels}};
      };
      if (channels == lanes) {
        RunDepthwise(how, pass(first), pool);
      } else {
        ScratchSlots slots(cursor.rest(), BytesOf<T>(s.in[2] * lanes), pool.threads());
        RunDepthwiseSums(how, pass(static_cast<T*>(nullptr)), first, channels, slots, pool);
      }
    };
    if (LaneVectors<T>{lanes}.part()) {
      run(SideBySide<S, true>{lanes});
    } else {
      run(SideBySide<S, false>{lanes});
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_CONV_DEPTHWISE_KERNEL_INL_H_
