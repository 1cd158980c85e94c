#include "core/simd_targets.h"

#include <algorithm>
#include <cmath>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/nn/statistics_kernel.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "ops/nn/lanes-inl.h"
#include "ops/nn/statistics_kernel.h"

#ifndef KEEL_OPS_NN_STATISTICS_PIECES_
#define KEEL_OPS_NN_STATISTICS_PIECES_
namespace keel {
namespace {

// How the work is cut, by shape alone. Every part of a group (a piece of rows, or a stretch of an
// inner row) leaves its mean and its sum of squares around that in scratch.
struct Parts {
  int64_t length;  // Of a part: rows where inner is 1, else elements of one inner row.
  int64_t count;   // Parts per group.
};

constexpr int64_t kPieceElements = 65536, kStretch = 4096;

inline Parts parts_of(const StatisticsShape& s) {
  if (s.inner == 1) {
    // At least 64 rows, so that scratch stays small beside x.
    const int64_t rows = std::max<int64_t>(64, kPieceElements / std::max<int64_t>(s.groups, 1));
    return {rows, (s.outer + rows - 1) / rows};
  }
  const int64_t stretches = (s.inner + kStretch - 1) / kStretch;
  return {kStretch, s.outer * stretches};
}

}  // namespace
}  // namespace keel
#endif  // KEEL_OPS_NN_STATISTICS_PIECES_

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {
namespace {

const char* Target() { return hwy::TargetName(HWY_TARGET); }

// Rows of a tile, and the most bytes it should have: half of L1.
constexpr int64_t kTileBytes = 16384, kMinTileRows = 16, kMaxTileRows = 128;

// `width` vectors of channels from `x` on, over `rows` rows `step` apart: their mean and sum of
// squares around it. `last`: lanes of the last vector that mean something.
template <int width, typename S>
HWY_INLINE void TileColumns(const S* x, int64_t rows, int64_t step, int64_t last, Lanes<S>* mean,
                            Lanes<S>* squares) {
  using T = ComputeType<S>;
  constexpr Tag<S> d;
  constexpr int64_t N = kLanesOf<S>;
  const auto load = [&](const S* row, int v) HWY_ATTR {
    return v + 1 < width || last == N ? Load(row + v * N) : LoadSome(row + v * N, last, T(0));
  };
  // Two sums each: the tile is short, and additions take their time.
  Lanes<S> a[width], b[width];
  for (int v = 0; v < width; ++v) a[v] = b[v] = hn::Zero(d);
  int64_t r = 0;
  for (; r + 2 <= rows; r += 2) {
    for (int v = 0; v < width; ++v) {
      a[v] = hn::Add(a[v], load(x + r * step, v));
      b[v] = hn::Add(b[v], load(x + (r + 1) * step, v));
    }
  }
  if (r < rows) {
    for (int v = 0; v < width; ++v) a[v] = hn::Add(a[v], load(x + r * step, v));
  }
  const auto scale = hn::Set(d, T(1) / static_cast<T>(rows));
  for (int v = 0; v < width; ++v) {
    mean[v] = hn::Mul(hn::Add(a[v], b[v]), scale);
    a[v] = b[v] = hn::Zero(d);
  }
  for (r = 0; r + 2 <= rows; r += 2) {
    for (int v = 0; v < width; ++v) {
      const auto x0 = hn::Sub(load(x + r * step, v), mean[v]);
      const auto x1 = hn::Sub(load(x + (r + 1) * step, v), mean[v]);
      a[v] = hn::MulAdd(x0, x0, a[v]);
      b[v] = hn::MulAdd(x1, x1, b[v]);
    }
  }
  if (r < rows) {
    for (int v = 0; v < width; ++v) {
      const auto x0 = hn::Sub(load(x + r * step, v), mean[v]);
      a[v] = hn::MulAdd(x0, x0, a[v]);
    }
  }
  for (int v = 0; v < width; ++v) squares[v] = hn::Add(a[v], b[v]);
}

// Rows [begin, end) of x: [rows, groups], into mean and squares: [groups].
template <typename S>
void PieceOfRows(const S* x, int64_t begin, int64_t end, int64_t groups, ComputeType<S>* mean,
                 ComputeType<S>* squares) {
  using T = ComputeType<S>;
  constexpr Tag<S> d;
  constexpr int64_t N = kLanesOf<S>;
  const int64_t tile = std::clamp(kTileBytes / static_cast<int64_t>(sizeof(S)) / groups,
                                  kMinTileRows, kMaxTileRows);
  int64_t before = 0;  // Rows that mean and squares stand for.
  for (int64_t row = begin; row < end; row += tile) {
    const int64_t rows = std::min(tile, end - row);
    const T share = static_cast<T>(rows) / static_cast<T>(before + rows);
    const auto to_mean = hn::Set(d, share), to_squares = hn::Set(d, share * static_cast<T>(before));
    const auto columns = [&](auto width, int64_t at, int64_t last) HWY_ATTR {
      constexpr int kWidth = decltype(width)::value;
      Lanes<S> m[kWidth], q[kWidth];
      TileColumns<kWidth>(x + row * groups + at, rows, groups, last, m, q);
      for (int v = 0; v < kWidth; ++v) {
        T *old_mean = mean + at + v * N, *old_squares = squares + at + v * N;
        const int64_t count = v + 1 < kWidth ? N : last;
        if (before != 0) {
          const auto was = LoadSome(old_mean, count, T(0));
          const auto step = hn::Sub(m[v], was);
          m[v] = hn::MulAdd(step, to_mean, was);
          q[v] = hn::Add(hn::MulAdd(hn::Mul(step, step), to_squares, q[v]),
                         LoadSome(old_squares, count, T(0)));
        }
        StoreCount<T>(m[v], count, old_mean);
        StoreCount<T>(q[v], count, old_squares);
      }
    };
    int64_t at = 0;
    for (; at + 4 * N <= groups; at += 4 * N) columns(std::integral_constant<int, 4>(), at, N);
    for (; at < groups; at += N) {
      columns(std::integral_constant<int, 1>(), at, std::min(N, groups - at));
    }
    before += rows;
  }
}

// A stretch of contiguous elements.
template <typename S>
void Stretch(const S* x, int64_t n, ComputeType<S>* mean, ComputeType<S>* squares) {
  using T = ComputeType<S>;
  constexpr Tag<S> d;
  constexpr int64_t N = kLanesOf<S>;
  const auto sum_of = [&](const auto& f) HWY_ATTR {
    Lanes<S> a = hn::Zero(d), b = a, c = a, e = a;
    int64_t i = 0;
    for (; i + 4 * N <= n; i += 4 * N) {
      a = f(Load(x + i), a);
      b = f(Load(x + i + N), b);
      c = f(Load(x + i + 2 * N), c);
      e = f(Load(x + i + 3 * N), e);
    }
    for (; i + N <= n; i += N) a = f(Load(x + i), a);
    if (i < n) {
      const auto part = f(LoadSome(x + i, n - i, T(0)), hn::Zero(d));
      b = hn::Add(b, hn::IfThenElseZero(hn::FirstN(d, static_cast<size_t>(n - i)), part));
    }
    return hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(a, b), hn::Add(c, e))));
  };
  const T total = sum_of([](auto v, auto sum) HWY_ATTR { return hn::Add(sum, v); });
  *mean = total / static_cast<T>(n);
  const auto centre = hn::Set(d, *mean);
  *squares = sum_of([centre](auto v, auto sum) HWY_ATTR {
    const auto step = hn::Sub(v, centre);
    return hn::MulAdd(step, step, sum);
  });
}

// Puts the parts of one group together; part i stands for count(i) elements and is at i·step.
template <typename T, typename S, class Count>
void Combine(const T* means, const T* squares, int64_t parts, int64_t step, const Count& count,
             S* mean, S* variance) {
  double n = 0, m = 0, q = 0;
  for (int64_t i = 0; i < parts; ++i) {
    const double more = static_cast<double>(count(i));
    const double delta = static_cast<double>(means[i * step]) - m;
    n += more;
    m += delta * (more / n);
    q += static_cast<double>(squares[i * step]) + delta * delta * (more * ((n - more) / n));
  }
  const double none = std::numeric_limits<double>::quiet_NaN();
  Narrow(static_cast<ComputeType<S>>(n == 0 ? none : m), *mean);
  Narrow(static_cast<ComputeType<S>>(n == 0 ? none : q / n), *variance);
}

template <typename S>
void Statistics(const S* x, const StatisticsShape& s, S* mean, S* variance, void* scratch,
                const ThreadPool& pool) {
  using T = ComputeType<S>;
  if (s.groups == 0) return;
  const Parts parts = parts_of(s);
  if (s.inner == 1) {
    // Scratch: [parts, 2, groups].
    T* sums = static_cast<T*>(scratch);
    pool.parallel_for(s.outer, parts.length, [&](int64_t begin, int64_t end) HWY_ATTR {
      T* to = sums + begin / parts.length * 2 * s.groups;
      PieceOfRows(x, begin, end, s.groups, to, to + s.groups);
    });
    pool.parallel_for(s.groups, 1024, [&](int64_t begin, int64_t end) HWY_ATTR {
      for (int64_t g = begin; g < end; ++g) {
        Combine(sums + g, sums + g + s.groups, parts.count, 2 * s.groups,
                [&](int64_t i) { return std::min(parts.length, s.outer - i * parts.length); },
                mean + g, variance + g);
      }
    });
    return;
  }
  // Scratch: [groups, parts, 2]; parts are [outer, stretches].
  const int64_t stretches = s.outer == 0 ? 0 : parts.count / s.outer;
  const auto length = [&](int64_t part) {
    return std::min(kStretch, s.inner - part % stretches * kStretch);
  };
  T* sums = static_cast<T*>(scratch);
  const int64_t grain = std::max<int64_t>(1, kPieceElements / std::min(kStretch, std::max<int64_t>(s.inner, 1)));
  pool.parallel_for(s.groups * parts.count, grain, [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t i = begin; i < end; ++i) {
      // In the order of memory: [outer, groups, stretches].
      const int64_t stretch = i % stretches, group = i / stretches % s.groups;
      const int64_t row = i / stretches / s.groups;
      const int64_t part = row * stretches + stretch;
      T* to = sums + (group * parts.count + part) * 2;
      Stretch(x + (row * s.groups + group) * s.inner + stretch * kStretch, length(part), to, to + 1);
    }
  });
  pool.parallel_for(s.groups, std::max<int64_t>(1, 1024 / std::max<int64_t>(parts.count, 1)),
                    [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t g = begin; g < end; ++g) {
      const T* of_group = sums + g * parts.count * 2;
      Combine(of_group, of_group + 1, parts.count, 2, length, mean + g, variance + g);
    }
  });
}

void DoStatistics(const View& x, const StatisticsShape& s, const View& mean, const View& variance,
                  void* scratch, const ThreadPool& pool) {
  const auto run = [&](auto zero) HWY_ATTR {
    using S = decltype(zero);
    Statistics(x.as<S>(), s, mean.as<S>(), variance.as<S>(), scratch, pool);
  };
  switch (x.dtype.kind()) {
    case DType::kFloat16: return run(float16());
    case DType::kBfloat16: return run(bfloat16());
    case DType::kFloat32: return run(float());
    default: return run(double());
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace keel {
namespace {

HWY_EXPORT(Target);
HWY_EXPORT(DoStatistics);

}  // namespace

const char* statistics_target() { return HWY_DYNAMIC_DISPATCH(Target)(); }

size_t batch_statistics_scratch_bytes(const StatisticsShape& shape) {
  const int64_t numbers = checked_multiply(checked_multiply(parts_of(shape).count, shape.groups), 2);
  return static_cast<size_t>(checked_multiply(numbers, sizeof(double)));
}

void batch_statistics(const View& x, const StatisticsShape& shape, const View& mean,
                      const View& variance, void* scratch, const ThreadPool& pool) {
  HWY_DYNAMIC_DISPATCH(DoStatistics)(x, shape, mean, variance, scratch, pool);
}

}  // namespace keel
#endif  // HWY_ONCE
