// The pass that a depthwise convolution is forward and back to the input, for one storage type and one target.
#if defined(KEEL_OPS_CONV_DEPTHWISE_PASS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_OPS_CONV_DEPTHWISE_PASS_INL_H_
#undef KEEL_OPS_CONV_DEPTHWISE_PASS_INL_H_
#else
#define KEEL_OPS_CONV_DEPTHWISE_PASS_INL_H_
#endif

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "core/streaming.h"
#include "hwy/cache_control.h"
#include "ops/conv/depthwise_lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

// Each channel of the image seen by a window of its own weights; lanes are the channels of the
// result. Result row (b, g0, g1) has the places of axis 2 `to_step[2]` elements apart.
template <typename S, typename Out>
struct DepthwisePass {
  using T = ComputeType<S>;
  const S* image;  // [batch, size..., channels]
  int64_t batch, channels;
  WindowAxis axis[3];
  const T* weights;  // [taps..., lanes]
  int64_t lanes;
  Out* to;
  int64_t to_batch, to_step[3];
};

// One row of the result: the taps that it sees, the first of them at place 0, lane 0.
template <typename S, typename Out>
struct DepthwiseRow {
  const S* image;
  const ComputeType<S>* weights;
  int64_t planes, rows;
  Out* to;
};

// What rows of one pass have in common, in elements.
struct DepthwiseSteps {
  int64_t image_plane, image_row, image_tap, image_place;  // To the next tap of axis 0, 1, 2; place.
  int64_t weight_plane, weight_row;
  int64_t lanes;
  int64_t to_place;
  int64_t next_rows;  // From a row to the one as many on as are worked on side by side; 0: not to fetch.
  int64_t new_rows;   // Rows of the image that come into sight from row to row.
  bool stream;        // Stores go past the caches.
};

constexpr int64_t kDepthwiseRows = 4;  // Rows side by side, so that they share what they read.
// Images of at least kStreamedBytes are in no cache and fetched ahead of their use, as results are written past them.
// But what lies further ahead would push out of a level-2 cache what is there for use.
constexpr int64_t kFetchAhead = 1 << 18;
constexpr int64_t kLine = 64;

// Whether to fetch, from an image of `size` elements, what lies `ahead` of those in use.
template <typename S>
HWY_INLINE bool WorthFetching(int64_t size, int64_t ahead) {
  constexpr auto kSize = static_cast<int64_t>(sizeof(S));
  return size >= kStreamedBytes / kSize && ahead <= kFetchAhead / kSize;
}

// Whether vectors fill whole cache lines of a large result; where all rows go to one place, it is not large.
template <typename S, typename Out>
HWY_INLINE bool Streams(const DepthwisePass<S, Out>& p) {
  constexpr auto kOut = static_cast<int64_t>(sizeof(Out));
  if (!std::is_same_v<Out, ComputeType<S>> || kLanesOf<Out> * kOut != kLine || p.to_batch == 0) return false;
  int64_t steps = p.lanes | p.to_batch;
  for (int64_t step : p.to_step) steps |= step;
  const int64_t places = p.batch * p.axis[0].places * p.axis[1].places * p.axis[2].places;
  return steps % kLanesOf<Out> == 0 && is_streamed(p.to, places * p.lanes * kOut, kLine);
}

template <typename S, typename Out>
HWY_INLINE DepthwiseSteps StepsOf(const DepthwisePass<S, Out>& p) {
  const int64_t row = p.axis[2].size * p.channels, next_rows = kDepthwiseRows * p.axis[1].stride * row;
  const bool fetch = WorthFetching<S>(p.batch * p.axis[0].size * p.axis[1].size * row, next_rows);
  return {p.axis[0].step * p.axis[1].size * row, p.axis[1].step * row, p.axis[2].step * p.channels,
          p.axis[2].stride * p.channels, p.axis[1].taps * p.axis[2].taps * p.lanes,
          p.axis[2].taps * p.lanes, p.lanes, p.to_step[2],
          fetch ? next_rows : 0, std::min(p.axis[1].stride, p.axis[1].taps), Streams(p)};
}

template <typename S, typename Out>
HWY_INLINE DepthwiseRow<S, Out> RowOf(const DepthwisePass<S, Out>& p, int64_t row) {
  const int64_t g1 = row % p.axis[1].places, g0 = row / p.axis[1].places % p.axis[0].places;
  const int64_t b = row / p.axis[1].places / p.axis[0].places;
  const Span t0 = p.axis[0].taps_at(g0), t1 = p.axis[1].taps_at(g1);
  const int64_t d = g0 * p.axis[0].stride + p.axis[0].offset + t0.low * p.axis[0].step;
  const int64_t h = g1 * p.axis[1].stride + p.axis[1].offset + t1.low * p.axis[1].step;
  return {p.image + (((b * p.axis[0].size + d) * p.axis[1].size + h) * p.axis[2].size +
                     p.axis[2].offset) * p.channels,
          p.weights + (t0.low * p.axis[1].taps + t1.low) * p.axis[2].taps * p.lanes,
          t0.high - t0.low, t1.high - t1.low,
          p.to + b * p.to_batch + g0 * p.to_step[0] + g1 * p.to_step[1]};
}

template <typename T, bool kPart>
HWY_INLINE hn::Vec<hn::ScalableTag<T>> LoadWeights(const T* from, int64_t n) {
  const hn::ScalableTag<T> d;
  return kPart ? LoadWidePart(d, from, n) : hn::LoadU(d, from);
}

template <bool kPart, typename Out, class D>
HWY_INLINE void StoreLanes(D d, hn::Vec<D> x, int64_t n, Out* to) {
  if constexpr (kPart) {
    StoreNarrowPart(d, x, to, n);
  } else {
    StoreNarrow(d, x, to);
  }
}

// kCols neighbouring places that see all taps of axis 2, one vector of lanes. kTaps taps (0: as many
// as `taps` says) which lie side by side and kStride apart from place to place: then a pixel is loaded
// once for all that see it.
template <int kCols, int kTaps, int kStride, bool kPart, class Load, typename S, typename Out>
HWY_INLINE void DepthwiseColumns(const Load& load, const DepthwiseSteps& step, int64_t taps,
                                 const DepthwiseRow<S, Out>& row, int64_t n, const S* image,
                                 const ComputeType<S>* weights, Out* to) {
  using T = ComputeType<S>;
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  V acc[kCols];
  HWY_UNROLL(8)
  for (int c = 0; c < kCols; ++c) acc[c] = hn::Zero(d);
  for (int64_t p = 0; p < row.planes; ++p, image += step.image_plane, weights += step.weight_plane) {
    const S* line = image;
    const T* w = weights;
    for (int64_t r = 0; r < row.rows; ++r, line += step.image_row, w += step.weight_row) {
      if constexpr (kTaps > 0) {
        V wv[kTaps];
        HWY_UNROLL(8)
        for (int t = 0; t < kTaps; ++t) wv[t] = LoadWeights<T, kPart>(w + t * step.lanes, n);
        const S* pixel = line;
        HWY_UNROLL(32)
        for (int j = 0; j < (kCols - 1) * kStride + kTaps; ++j, pixel += step.image_tap) {
          V x = load(pixel);
          StayInRegister(x);
          HWY_UNROLL(8)
          for (int t = 0; t < kTaps; ++t) {
            if (j < t || (j - t) % kStride != 0 || (j - t) / kStride >= kCols) continue;
            acc[(j - t) / kStride] = hn::MulAdd(x, wv[t], acc[(j - t) / kStride]);
          }
        }
      } else {
        const S* tap = line;
        for (int64_t t = 0; t < taps; ++t, tap += step.image_tap) {
          const V wv = LoadWeights<T, kPart>(w + t * step.lanes, n);
          HWY_UNROLL(8)
          for (int c = 0; c < kCols; ++c) {
            acc[c] = hn::MulAdd(load(tap + c * step.image_place), wv, acc[c]);
          }
        }
      }
    }
  }
  if constexpr (!kPart && std::is_same_v<Out, T>) {
    if (step.stream) {
      HWY_UNROLL(8)
      for (int c = 0; c < kCols; ++c) hn::Stream(acc[c], d, to + c * step.to_place);
      return;
    }
  }
  HWY_UNROLL(8)
  for (int c = 0; c < kCols; ++c) StoreLanes<kPart>(d, acc[c], n, to + c * step.to_place);
}

// Fetches kPixels, one vector of lanes, that come into sight when the rows after these take the place of a row
// whose first pixel in sight is `image`: a walk by vectors is nothing that a machine would foresee.
template <int kPixels, typename S>
HWY_INLINE void FetchAhead(const DepthwiseSteps& step, int64_t rows, const S* image) {
  const S* last = image + step.next_rows + (rows - 1) * step.image_row;
  for (int64_t r = 0; r < step.new_rows; ++r, last -= step.image_row) {
    HWY_UNROLL(16)
    for (int i = 0; i < kPixels; ++i) PrefetchLevel2(last + i * step.image_tap);
  }
}

// Places [col, col + kCols) of some rows, vectors [v0, v1) of the lanes. The taps of axis 2 are those
// of `taps`.
template <int kCols, int kTaps, int kStride, class Lanes, typename S, typename Out>
HWY_NOINLINE void DepthwiseBlock(const Lanes& lanes, const DepthwiseSteps& step, Span taps,
                                 const DepthwiseRow<S, Out>* rows, int64_t count, int64_t col,
                                 int64_t v0, int64_t v1) {
  const LaneVectors<ComputeType<S>> vectors{lanes.channels};
  const int64_t from = col * step.image_place + taps.low * step.image_tap;
  for (int64_t v = v0; v < v1; ++v) {
    const auto load = lanes.vector(v);
    const int64_t lane = vectors.lane(v);
    for (int64_t r = 0; r < count; ++r) {
      const S* image = rows[r].image + from + lanes.image_channel(lane);
      if constexpr (kTaps > 0) {
        if (step.next_rows > 0) {
          FetchAhead<kCols * kStride>(step, rows[r].rows, image + (kTaps - kStride) * step.image_tap);
        }
      }
      DepthwiseColumns<kCols, kTaps, kStride, Lanes::kPart>(
          load, step, taps.high - taps.low, rows[r], lanes.channels, image,
          rows[r].weights + taps.low * step.lanes + lane, rows[r].to + col * step.to_place + lane);
    }
  }
}

// The same for kCols places inside, the usual windows by kernels of their own.
template <int kCols, class Lanes, typename S, typename Out>
HWY_INLINE void DepthwiseInner(const Lanes& lanes, const DepthwiseSteps& step,
                               const WindowAxis& axis, const DepthwiseRow<S, Out>* rows,
                               int64_t count, int64_t col, int64_t v0, int64_t v1) {
  const Span taps{0, axis.taps};
  const auto go = [&](auto kernel) { kernel(lanes, step, taps, rows, count, col, v0, v1); };
  if constexpr (!Lanes::kPart && HWY_TARGET != HWY_SCALAR) {
    if (axis.step == 1 && axis.stride == 1) {
      if (axis.taps == 3) return go(DepthwiseBlock<kCols, 3, 1, Lanes, S, Out>);
      if (axis.taps == 5) return go(DepthwiseBlock<kCols, 5, 1, Lanes, S, Out>);
      if (axis.taps == 7) return go(DepthwiseBlock<kCols, 7, 1, Lanes, S, Out>);
    }
    if (axis.step == 1 && axis.stride == 2) {
      if (axis.taps == 3) return go(DepthwiseBlock<kCols, 3, 2, Lanes, S, Out>);
      if (axis.taps == 5) return go(DepthwiseBlock<kCols, 5, 2, Lanes, S, Out>);
    }
  }
  go(DepthwiseBlock<kCols, 0, 0, Lanes, S, Out>);
}

// All places of up to kDepthwiseRows rows.
template <class Lanes, typename S, typename Out>
HWY_INLINE void DepthwiseRows(const Lanes& lanes, const DepthwisePass<S, Out>& p, int64_t first,
                              int64_t count, int64_t v0, int64_t v1) {
  const DepthwiseSteps step = StepsOf(p);
  DepthwiseRow<S, Out> rows[kDepthwiseRows];
  for (int64_t r = 0; r < count; ++r) rows[r] = RowOf(p, first + r);
  const WindowAxis& axis = p.axis[2];
  const Span inner = axis.inner_places();
  // Blocks at the end overlap what is done already.
  for (int64_t col = 0; col < axis.places;) {
    const int64_t left = inner.high - col;
    if (col < inner.low || left <= 0) {
      DepthwiseBlock<1, 0, 0>(lanes, step, axis.taps_at(col), rows, count, col, v0, v1);
      ++col;
    } else if (inner.high - inner.low >= 8 && left > 4) {
      col = std::min(col, inner.high - 8);
      DepthwiseInner<8>(lanes, step, axis, rows, count, col, v0, v1);
      col += 8;
    } else if (inner.high - inner.low >= 4) {
      col = std::min(col, inner.high - 4);
      DepthwiseInner<4>(lanes, step, axis, rows, count, col, v0, v1);
      col += 4;
    } else {
      DepthwiseBlock<1, 0, 0>(lanes, step, Span{0, axis.taps}, rows, count, col, v0, v1);
      ++col;
    }
  }
}

// How a pass is cut: by rows, and by lanes where the rows are few.
struct DepthwiseCut {
  int64_t rows, task_rows, row_tasks;
  int64_t vectors, task_vectors, lane_tasks;
};

template <typename T>
HWY_INLINE DepthwiseCut CutDepthwise(int64_t rows, int64_t row_places, int64_t lanes, int64_t taps) {
  constexpr int64_t kTask = 1 << 18;  // Multiply-adds: some 5 microseconds.
  DepthwiseCut cut;
  cut.rows = rows;
  cut.vectors = LaneVectors<T>{lanes}.count();
  const int64_t work = row_places * lanes * std::clamp<int64_t>(taps, 1, 1 << 20);
  cut.task_rows = std::min(RoundUp(CeilDiv(kTask, work), kDepthwiseRows), rows);
  cut.row_tasks = CeilDiv(rows, cut.task_rows);
  cut.task_rows = CeilDiv(rows, cut.row_tasks);
  const int64_t pieces = std::min(CeilDiv(16, cut.row_tasks), CeilDiv(cut.task_rows * work, kTask));
  cut.task_vectors = RoundUp(CeilDiv(cut.vectors, std::max<int64_t>(pieces, 1)), 4);
  cut.lane_tasks = CeilDiv(cut.vectors, cut.task_vectors);
  return cut;
}

template <class Lanes, typename S, typename Out>
HWY_NOINLINE void RunDepthwise(const Lanes& lanes, const DepthwisePass<S, Out>& p,
                               const ThreadPool& pool) {
  const int64_t taps = p.axis[0].taps * p.axis[1].taps * p.axis[2].taps;
  const DepthwiseCut cut = CutDepthwise<ComputeType<S>>(
      p.batch * p.axis[0].places * p.axis[1].places, p.axis[2].places, p.lanes, taps);
  pool.parallel_for(cut.row_tasks * cut.lane_tasks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t first = task / cut.lane_tasks * cut.task_rows;
      const int64_t last = std::min(first + cut.task_rows, cut.rows);
      const int64_t v0 = task % cut.lane_tasks * cut.task_vectors;
      const int64_t v1 = std::min(v0 + cut.task_vectors, cut.vectors);
      for (int64_t row = first; row < last; row += kDepthwiseRows) {
        DepthwiseRows(lanes, p, row, std::min(kDepthwiseRows, last - row), v0, v1);
      }
    }
    if (Streams(p)) hwy::FlushStream();
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_CONV_DEPTHWISE_PASS_INL_H_
