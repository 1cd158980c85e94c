// The gradient of a depthwise convolution w.r.t. its kernel, and the calls of all three passes.
#if defined(KEEL_OPS_CONV_DEPTHWISE_GRADIENT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_OPS_CONV_DEPTHWISE_GRADIENT_INL_H_
#undef KEEL_OPS_CONV_DEPTHWISE_GRADIENT_INL_H_
#else
#define KEEL_OPS_CONV_DEPTHWISE_GRADIENT_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include "ops/conv/depthwise_call.h"
#include "ops/conv/depthwise_kernel-inl.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

// A rectangle of places of y, and where x and dy have its first one; steps in elements.
template <typename S>
struct DepthwiseArea {
  const S* x;
  const S* dy;
  int64_t rows, cols;
  int64_t x_row, x_place, dy_row, dy_place;
};

// Adds to sums[r * sums_row + c * kLanes] what tap (r, c) of a tile gets from an area, one vector of
// lanes. Nine accumulators hide the latency of a multiply-add. kSlide: taps are as far apart as places, so
// that a pixel of x serves several places; then four of them take 22 loads for 36 multiply-adds, not 40.
template <int kRows, int kCols, bool kSlide, bool kPart, class Load, typename S>
HWY_NOINLINE void DepthwiseTile(const Load& load, const DepthwiseArea<S>& area, int64_t n,
                                int64_t tap_row, int64_t tap_col, ComputeType<S>* sums,
                                int64_t sums_row) {
  using T = ComputeType<S>;
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  V acc[kRows][kCols];
  HWY_UNROLL(3)
  for (int r = 0; r < kRows; ++r) {
    HWY_UNROLL(3)
    for (int c = 0; c < kCols; ++c) acc[r][c] = hn::Zero(d);
  }
  const SideBySide<S, kPart> lanes{n};
  const auto load_dy = lanes.vector(0);
  for (int64_t i = 0; i < area.rows; ++i) {
    const S* x = area.x + i * area.x_row;
    const S* dy = area.dy + i * area.dy_row;
    int64_t j = 0;
    if constexpr (kSlide) {
      constexpr int kPlaces = 4;
      for (; j + kPlaces <= area.cols; j += kPlaces) {
        V g[kPlaces];
        HWY_UNROLL(4)
        for (int place = 0; place < kPlaces; ++place, dy += area.dy_place) {
          g[place] = load_dy(dy);
          StayInRegister(g[place]);
        }
        HWY_UNROLL(3)
        for (int r = 0; r < kRows; ++r) {
          const S* pixel = x + r * tap_row;
          HWY_UNROLL(8)
          for (int at = 0; at < kPlaces + kCols - 1; ++at, pixel += area.x_place) {
            V value = load(pixel);
            StayInRegister(value);
            HWY_UNROLL(3)
            for (int c = 0; c < kCols; ++c) {
              if (at < c || at - c >= kPlaces) continue;
              acc[r][c] = hn::MulAdd(g[at - c], value, acc[r][c]);
            }
          }
        }
        x += kPlaces * area.x_place;
      }
    }
    for (; j < area.cols; ++j, x += area.x_place, dy += area.dy_place) {
      const V g = load_dy(dy);
      HWY_UNROLL(3)
      for (int r = 0; r < kRows; ++r) {
        HWY_UNROLL(3)
        for (int c = 0; c < kCols; ++c) {
          acc[r][c] = hn::MulAdd(g, load(x + r * tap_row + c * tap_col), acc[r][c]);
        }
      }
    }
  }
  HWY_UNROLL(3)
  for (int r = 0; r < kRows; ++r) {
    HWY_UNROLL(3)
    for (int c = 0; c < kCols; ++c) {
      T* to = sums + r * sums_row + c * kLanesOf<T>;
      hn::StoreU(hn::Add(acc[r][c], hn::LoadU(d, to)), d, to);
    }
  }
}

// One tile of the taps, its sides up to three.
template <bool kPart, class Load, typename S, int kRows = 3, int kCols = 3>
HWY_INLINE void DepthwiseTileOf(int64_t rows, int64_t cols, const Load& load,
                                const DepthwiseArea<S>& area, int64_t n, int64_t tap_row,
                                int64_t tap_col, ComputeType<S>* sums, int64_t sums_row) {
  if constexpr (kRows > 1) {
    if (rows < kRows) {
      return DepthwiseTileOf<kPart, Load, S, kRows - 1, kCols>(rows, cols, load, area, n, tap_row,
                                                               tap_col, sums, sums_row);
    }
  }
  if constexpr (kCols > 1) {
    if (cols < kCols) {
      return DepthwiseTileOf<kPart, Load, S, kRows, kCols - 1>(rows, cols, load, area, n, tap_row,
                                                               tap_col, sums, sums_row);
    }
  }
  if (kCols > 1 && tap_col == area.x_place) {
    DepthwiseTile<kRows, kCols, (kCols > 1), kPart>(load, area, n, tap_row, tap_col, sums, sums_row);
  } else {
    DepthwiseTile<kRows, kCols, false, kPart>(load, area, n, tap_row, tap_col, sums, sums_row);
  }
}

// A convolution as this pass sees it.
template <typename S>
struct DepthwiseSums {
  const S* x;
  const S* dy;
  int64_t batch, channels, lanes;
  WindowAxis axis[3];
  bool fetch;  // x and dy are in no cache.
};

// Fetches what comes into sight when the rows after these take their place: `x` is where the lowest tap of the
// first place in a row lies.
template <typename S>
HWY_INLINE void FetchRowsAhead(const DepthwiseArea<S>& area, Span cols, const S* x, const S* dy) {
  for (int64_t r = area.rows; r < 2 * area.rows; ++r) {
    for (int64_t c = cols.low; c < cols.high; ++c) {
      PrefetchLevel2(x + r * area.x_row + c * area.x_place);
      PrefetchLevel2(dy + r * area.dy_row + c * area.dy_place);
    }
  }
}

// Rows [first, first + count) of y, all in one plane; of them the taps of plane t0 and rows `taps`
// (which see all of them), the sums of those at `sums`: [taps..., kLanes], for vector v.
template <class Lanes, typename S>
HWY_INLINE void SumDepthwiseRows(const Lanes& lanes, const DepthwiseSums<S>& p, int64_t first,
                                 int64_t count, int64_t t0, Span taps, Span cols, int64_t v,
                                 ComputeType<S>* sums) {
  using T = ComputeType<S>;
  const WindowAxis &up = p.axis[1], &along = p.axis[2];
  const int64_t g1 = first % up.places, g0 = first / up.places % p.axis[0].places;
  const int64_t b = first / up.places / p.axis[0].places;
  const int64_t d = g0 * p.axis[0].stride + p.axis[0].offset + t0 * p.axis[0].step;
  const int64_t h = g1 * up.stride + up.offset;
  const int64_t lane = LaneVectors<T>{p.lanes}.lane(v), row = along.size * p.channels;
  const auto load = lanes.vector(v);
  const int64_t tap_row = up.step * row, tap_col = along.step * p.channels;
  const int64_t sums_row = along.taps * kLanesOf<T>;
  const S* x = p.x + ((b * p.axis[0].size + d) * up.size + h) * row + along.offset * p.channels +
               lanes.image_channel(lane);
  const S* dy = p.dy + first * along.places * p.lanes + lane;
  DepthwiseArea<S> area{nullptr, nullptr,        count,                         0,
                        up.stride * row, along.stride * p.channels, along.places * p.lanes, p.lanes};
  // Taps [r, r + rows) x [c, c + wide) over places [low, high).
  const auto tile = [&](int64_t r, int64_t rows, int64_t c, int64_t wide, int64_t low, int64_t high) {
    if (low >= high) return;
    area.x = x + r * tap_row + c * tap_col + low * area.x_place;
    area.dy = dy + low * p.lanes;
    area.cols = high - low;
    DepthwiseTileOf<Lanes::kPart>(rows, wide, load, area, p.lanes, tap_row, tap_col,
                                  sums + r * sums_row + c * kLanesOf<T>, sums_row);
  };
  const Span inner = along.inner_places();
  if (p.fetch && t0 == 0) FetchRowsAhead(area, cols, x + (taps.high - 1) * tap_row, dy);
  const Span here{std::max(inner.low, cols.low), std::min(inner.high, cols.high)};
  for (int64_t r = taps.low; r < taps.high; r += 3) {
    for (int64_t c = 0; c < along.taps; c += 3) {
      tile(r, std::min<int64_t>(3, taps.high - r), c, std::min<int64_t>(3, along.taps - c), here.low,
           here.high);
    }
  }
  // What each tap sees besides.
  if (cols.low >= inner.low && cols.high <= inner.high) return;
  for (int64_t c = 0; c < along.taps; ++c) {
    const Span seen = along.places_of(c);
    const Span before{std::max(seen.low, cols.low), std::min({seen.high, cols.high, inner.low})};
    const Span after{std::max({seen.low, cols.low, inner.high}), std::min(seen.high, cols.high)};
    for (int64_t r = taps.low; r < taps.high; ++r) {
      tile(r, 1, c, 1, before.low, before.high);
      tile(r, 1, c, 1, after.low, after.high);
    }
  }
}

// Rows [first, last) of y, which may span images.
template <class Lanes, typename S>
HWY_INLINE void SumDepthwisePart(const Lanes& lanes, const DepthwiseSums<S>& p, int64_t first,
                                 int64_t last, ComputeType<S>* sums) {
  using T = ComputeType<S>;
  constexpr int64_t kCols = 16;  // With kDepthwiseRows of them, one vector each, a half of L1.
  const WindowAxis& up = p.axis[1];
  const int64_t vectors = LaneVectors<T>{p.lanes}.count();
  const int64_t row_sums = up.taps * p.axis[2].taps * kLanesOf<T>;
  const Span inner = up.inner_places();
  for (int64_t row = first, count; row < last; row += count) {
    const int64_t g1 = row % up.places;
    const bool inside = inner.low <= g1 && g1 < inner.high;
    count = inside ? std::min({kDepthwiseRows, last - row, inner.high - g1}) : 1;
    const Span t1 = up.taps_at(g1);
    const Span t0 = p.axis[0].taps_at(row / up.places % p.axis[0].places);
    for (int64_t col = 0; col < p.axis[2].places; col += kCols) {
      const Span cols{col, std::min(col + kCols, p.axis[2].places)};
      for (int64_t v = 0; v < vectors; ++v) {
        for (int64_t t = t0.low; t < t0.high; ++t) {
          SumDepthwiseRows(lanes, p, row, count, t, t1, cols, v,
                           sums + (v * p.axis[0].taps + t) * row_sums);
        }
      }
    }
  }
}

// In how many parts the rows are summed, from the shape alone.
template <typename T>
HWY_INLINE int64_t DepthwiseParts(const ConvShape& s) {
  const int64_t rows = s.batch * s.out[0] * s.out[1], taps = Volume(s.kernel);
  const int64_t work = s.out[2] * s.out_channels * std::min<int64_t>(taps, 1 << 20);
  const int64_t sums = RoundUp(s.out_channels, kLanesOf<T>) * taps;
  const int64_t most = std::max<int64_t>((int64_t{4} << 20) / sums, 1);
  return std::clamp<int64_t>(CeilDiv(rows * work, 1 << 19), 1, std::min({rows, most, int64_t{64}}));
}

template <typename T>
HWY_INLINE int64_t DepthwisePartElements(const ConvShape& s) {
  return Volume(s.kernel) * RoundUp(s.out_channels, kLanesOf<T>);
}

template <typename S>
HWY_NOINLINE void DepthwiseKernelGradient(const ConvShape& s, const S* x, const S* dy, S* dw,
                                          void* scratch, const ThreadPool& pool) {
  using T = ComputeType<S>;
  ScratchCursor cursor(scratch);
  const int64_t parts = DepthwiseParts<T>(s), size = DepthwisePartElements<T>(s);
  T* sums = cursor.take<T>(parts * size);
  const int64_t rows = s.batch * s.out[0] * s.out[1];
  const DepthwiseSums<S> p{x, dy, s.batch, s.in_channels, s.out_channels,
                           {ForwardAxis(s, 0), ForwardAxis(s, 1), ForwardAxis(s, 2)},
                           WorthFetching<S>(s.batch * Volume(s.in) * s.in_channels,
                                            kDepthwiseRows * s.stride[1] * s.in[2] * s.in_channels)};
  WithLanes<S>(s, cursor, [&](const auto& lanes) {
    pool.parallel_for(parts, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        std::fill_n(sums + i * size, size, T{0});
        SumDepthwisePart(lanes, p, i * rows / parts, (i + 1) * rows / parts, sums + i * size);
      }
    });
  });
  // The parts in order; from [vector, tap, lane] to [tap, channel].
  const LaneVectors<T> vectors{s.out_channels};
  const int64_t taps = Volume(s.kernel), n = std::min(s.out_channels, kLanesOf<T>);
  const hn::ScalableTag<T> d;
  for (int64_t v = 0; v < vectors.count(); ++v) {
    for (int64_t t = 0; t < taps; ++t) {
      const T* from = sums + (v * taps + t) * kLanesOf<T>;
      auto sum = hn::LoadU(d, from);
      for (int64_t i = 1; i < parts; ++i) sum = hn::Add(sum, hn::LoadU(d, from + i * size));
      S* to = dw + t * s.out_channels + vectors.lane(v);
      if (vectors.part()) {
        StoreLanes<true>(d, sum, n, to);
      } else {
        StoreLanes<false>(d, sum, n, to);
      }
    }
  }
}

// ------------------------------------------------------------------------------ any of the three

template <typename S>
HWY_INLINE size_t DepthwiseBytes(const ConvShape& s, int threads) {
  using T = ComputeType<S>;
  const int64_t x = s.batch * Volume(s.in) * s.in_channels, y = s.batch * Volume(s.out) * s.out_channels;
  if (x == 0 || y == 0 || Volume(s.kernel) == 0) return 0;
  const size_t weights = BytesOf<T>(DepthwiseWeights<T>(s)), table = BytesOf<T>(TableElements<T>(s));
  const size_t rows = MultiplierOf(s) == 1
                          ? 0
                          : ScratchSlots::total_bytes(BytesOf<T>(s.in[2] * s.out_channels), threads);
  const size_t sums = BytesOf<T>(DepthwiseParts<T>(s) * DepthwisePartElements<T>(s));
  return std::max({weights + table, weights + rows, sums + table}) +
         (s.channels_first ? BytesOf<S>(x) + BytesOf<S>(y) : 0);
}

template <typename S>
HWY_INLINE void DepthwiseRun(const DepthwiseCall<S>& call) {
  const ConvShape& s = call.shape;
  const ThreadPool& pool = call.pool;
  const int64_t x_size = s.batch * Volume(s.in) * s.in_channels;
  const int64_t y_size = s.batch * Volume(s.out) * s.out_channels;
  const bool forward = call.pass == ConvPass::kForward, back = call.pass == ConvPass::kInputGradient;
  if (x_size == 0 || y_size == 0 || Volume(s.kernel) == 0) {
    const int64_t size = forward ? y_size : back ? x_size : DepthwiseWeights<S>(s);
    for (int64_t i = 0; i < size; ++i) Narrow(ComputeType<S>{0}, call.result[i]);
    return;
  }
  ScratchCursor cursor(call.scratch);
  const S* image = call.image;
  const S* other = call.other;
  S* result = call.result;
  if (s.channels_first) {
    S* x = cursor.take<S>(x_size);
    S* y = cursor.take<S>(y_size);
    const auto last = [&](const S* from, int64_t channels, const Spatial& size, S* to) {
      TransposeAll(from, s.batch, channels, Volume(size), to, pool);
      return to;
    };
    if (back) {
      image = last(image, s.out_channels, s.out, y);
      result = x;
    } else {
      image = last(image, s.in_channels, s.in, x);
      if (forward) {
        result = y;
      } else {
        other = last(other, s.out_channels, s.out, y);
      }
    }
  }
  if (forward) {
    DepthwiseForward(s, image, other, result, cursor.rest(), pool);
  } else if (back) {
    DepthwiseInputGradient(s, image, other, result, cursor.rest(), pool);
  } else {
    DepthwiseKernelGradient(s, image, other, result, cursor.rest(), pool);
  }
  if (s.channels_first && forward) {
    TransposeAll(result, s.batch, Volume(s.out), s.out_channels, call.result, pool);
  } else if (s.channels_first && back) {
    TransposeAll(result, s.batch, Volume(s.in), s.in_channels, call.result, pool);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_CONV_DEPTHWISE_GRADIENT_INL_H_
