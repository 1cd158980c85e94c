#include "core/simd_targets.h"

#include <algorithm>
#include <cmath>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/nn/statistics_kernel.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "ops/math/lanes-inl.h"
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

// Rows of a tile, and the most bytes it should have: half of L1.
constexpr int64_t kTileBytes = 16384, kMinTileRows = 16, kMaxTileRows = 128;

// `width` vectors of channels from `x` on, over `rows` rows `step` apart: their mean and sum of
// squares around it. `last`: lanes that mean something where there is one vector; of several all do. Loops
// over vectors are unrolled, or GCC at -O2 would keep the sums in memory.
template <int width, typename S>
HWY_INLINE void TileColumns(const S* x, int64_t rows, int64_t step, int64_t last, Lanes<S>* mean,
                            Lanes<S>* squares) {
  using T = ComputeType<S>;
  constexpr Tag<S> d;
  constexpr int64_t N = kLanesOf<S>;
  const auto load = [&](const S* row, int v) HWY_ATTR {
    return width > 1 || last == N ? Load(row + v * N) : LoadSome(row + v * N, last, T(0));
  };
  // Two sums each: the tile is short, and additions take their time.
  Lanes<S> a[width], b[width];
  HWY_UNROLL(4)
  for (int v = 0; v < width; ++v) a[v] = b[v] = hn::Zero(d);
  int64_t r = 0;
  for (; r + 2 <= rows; r += 2) {
    HWY_UNROLL(4)
    for (int v = 0; v < width; ++v) {
      a[v] = hn::Add(a[v], load(x + r * step, v));
      b[v] = hn::Add(b[v], load(x + (r + 1) * step, v));
    }
  }
  if (r < rows) {
    HWY_UNROLL(4)
    for (int v = 0; v < width; ++v) a[v] = hn::Add(a[v], load(x + r * step, v));
  }
  const auto scale = hn::Set(d, T(1) / static_cast<T>(rows));
  HWY_UNROLL(4)
  for (int v = 0; v < width; ++v) {
    mean[v] = hn::Mul(hn::Add(a[v], b[v]), scale);
    a[v] = b[v] = hn::Zero(d);
  }
  for (r = 0; r + 2 <= rows; r += 2) {
    HWY_UNROLL(4)
    for (int v = 0; v < width; ++v) {
      const auto x0 = hn::Sub(load(x + r * step, v), mean[v]);
      const auto x1 = hn::Sub(load(x + (r + 1) * step, v), mean[v]);
      a[v] = hn::MulAdd(x0, x0, a[v]);
      b[v] = hn::MulAdd(x1, x1, b[v]);
    }
  }
  if (r < rows) {
    HWY_UNROLL(4)
    for (int v = 0; v < width; ++v) {
      const auto x0 = hn::Sub(load(x + r * step, v), mean[v]);
      a[v] = hn::MulAdd(x0, x0, a[v]);
    }
  }
  HWY_UNROLL(4)
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

// As TileColumns: the sums of dy and of dy · (x − mean).
template <int width, typename S>
HWY_INLINE void TileProducts(const S* dy, const S* x, const S* mean, int64_t rows, int64_t step,
                             int64_t last, Lanes<S>* sums, Lanes<S>* products) {
  using T = ComputeType<S>;
  constexpr Tag<S> d;
  constexpr int64_t N = kLanesOf<S>;
  const auto load = [&](const S* row, int v) HWY_ATTR {
    return width > 1 || last == N ? Load(row + v * N) : LoadSome(row + v * N, last, T(0));
  };
  Lanes<S> centre[width], a[width], b[width];
  HWY_UNROLL(4)
  for (int v = 0; v < width; ++v) {
    centre[v] = load(mean, v);
    a[v] = b[v] = hn::Zero(d);
  }
  for (int64_t r = 0; r < rows; ++r) {
    HWY_UNROLL(4)
    for (int v = 0; v < width; ++v) {
      const auto g = load(dy + r * step, v);
      a[v] = hn::Add(a[v], g);
      b[v] = hn::MulAdd(g, hn::Sub(load(x + r * step, v), centre[v]), b[v]);
    }
  }
  HWY_UNROLL(4)
  for (int v = 0; v < width; ++v) {
    sums[v] = a[v];
    products[v] = b[v];
  }
}

// Rows [begin, end) of dy and x: [rows, groups], into sums and products: [groups].
template <typename S>
void ProductsOfRows(const S* dy, const S* x, const S* mean, int64_t begin, int64_t end, int64_t groups,
                    ComputeType<S>* sums, ComputeType<S>* products) {
  using T = ComputeType<S>;
  constexpr int64_t N = kLanesOf<S>;
  for (int64_t row = begin; row < end; row += kMaxTileRows) {
    const int64_t rows = std::min(kMaxTileRows, end - row);
    const auto columns = [&](auto width, int64_t at, int64_t last) HWY_ATTR {
      constexpr int kWidth = decltype(width)::value;
      Lanes<S> a[kWidth], b[kWidth];
      TileProducts<kWidth>(dy + row * groups + at, x + row * groups + at, mean + at, rows, groups, last,
                           a, b);
      for (int v = 0; v < kWidth; ++v) {
        T *old_sums = sums + at + v * N, *old_products = products + at + v * N;
        const int64_t count = v + 1 < kWidth ? N : last;
        if (row != begin) {
          a[v] = hn::Add(a[v], LoadSome(old_sums, count, T(0)));
          b[v] = hn::Add(b[v], LoadSome(old_products, count, T(0)));
        }
        StoreCount<T>(a[v], count, old_sums);
        StoreCount<T>(b[v], count, old_products);
      }
    };
    int64_t at = 0;
    for (; at + 4 * N <= groups; at += 4 * N) columns(std::integral_constant<int, 4>(), at, N);
    for (; at < groups; at += N) {
      columns(std::integral_constant<int, 1>(), at, std::min(N, groups - at));
    }
  }
}

// Contiguous elements around one mean.
template <typename S>
void ProductsOfStretch(const S* dy, const S* x, ComputeType<S> mean, int64_t n, ComputeType<S>* sum,
                       ComputeType<S>* product) {
  using T = ComputeType<S>;
  constexpr Tag<S> d;
  constexpr int64_t N = kLanesOf<S>;
  const auto centre = hn::Set(d, mean);
  Lanes<S> a[4], b[4];
  HWY_UNROLL(4)
  for (int v = 0; v < 4; ++v) a[v] = b[v] = hn::Zero(d);
  const auto add = [&](int v, Lanes<S> g, Lanes<S> value) HWY_ATTR {
    a[v] = hn::Add(a[v], g);
    b[v] = hn::MulAdd(g, hn::Sub(value, centre), b[v]);
  };
  int64_t i = 0;
  for (; i + 4 * N <= n; i += 4 * N) {
    HWY_UNROLL(4)
    for (int v = 0; v < 4; ++v) add(v, Load(dy + i + v * N), Load(x + i + v * N));
  }
  for (; i + N <= n; i += N) add(0, Load(dy + i), Load(x + i));
  if (i < n) add(1, LoadSome(dy + i, n - i, T(0)), LoadSome(x + i, n - i, T(0)));
  *sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(a[0], a[1]), hn::Add(a[2], a[3]))));
  *product = hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(b[0], b[1]), hn::Add(b[2], b[3]))));
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

// The sum of one group's parts.
template <typename T, typename S>
void SumParts(const T* of_parts, int64_t parts, int64_t step, S* sum) {
  double total = 0;
  for (int64_t i = 0; i < parts; ++i) total += static_cast<double>(of_parts[i * step]);
  Narrow(static_cast<ComputeType<S>>(total), *sum);
}

// The two passes of both entries, from the end of x to its begin: what reads x next begins where this
// ends, and finds that part of a large x in the caches. rows(begin, end, two results of [groups]) takes a
// piece of rows, stretch(offset, length, group, two results) a part of an inner row; finish(group, the
// first part's first result, parts, distance of the parts, distance of the results, count of elements of
// part i) puts a group together.
template <typename T, class Rows, class StretchOf, class Finish>
void InParts(const StatisticsShape& s, void* scratch, const ThreadPool& pool, const Rows& rows,
             const StretchOf& stretch_of, const Finish& finish) {
  if (s.groups == 0) return;
  const Parts parts = parts_of(s);
  T* results = static_cast<T*>(scratch);
  if (s.inner == 1) {
    // Scratch: [parts, 2, groups].
    pool.parallel_for(parts.count, 1, [&](int64_t begin, int64_t end) HWY_ATTR {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t part = parts.count - 1 - i, row = part * parts.length;
        T* to = results + part * 2 * s.groups;
        rows(row, std::min(row + parts.length, s.outer), to, to + s.groups);
      }
    });
    const auto count = [&](int64_t i) { return std::min(parts.length, s.outer - i * parts.length); };
    pool.parallel_for(s.groups, 1024, [&](int64_t begin, int64_t end) HWY_ATTR {
      for (int64_t g = begin; g < end; ++g) {
        finish(g, results + g, parts.count, 2 * s.groups, s.groups, count);
      }
    });
    return;
  }
  // Scratch: [groups, parts, 2]; parts are [outer, stretches].
  const int64_t stretches = s.outer == 0 ? 0 : parts.count / s.outer;
  const auto count = [&](int64_t part) {
    return std::min(kStretch, s.inner - part % stretches * kStretch);
  };
  const int64_t length = std::clamp<int64_t>(s.inner, 1, kStretch);
  const int64_t all = s.groups * parts.count;
  pool.parallel_for(all, std::max<int64_t>(1, kPieceElements / length),
                    [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t i = all - 1 - begin; i > all - 1 - end; --i) {
      // In the order of memory: [outer, groups, stretches].
      const int64_t stretch = i % stretches, group = i / stretches % s.groups;
      const int64_t row = i / stretches / s.groups;
      const int64_t part = row * stretches + stretch;
      T* to = results + (group * parts.count + part) * 2;
      stretch_of((row * s.groups + group) * s.inner + stretch * kStretch, count(part), group, to, to + 1);
    }
  });
  pool.parallel_for(s.groups, std::max<int64_t>(1, 1024 / std::max<int64_t>(parts.count, 1)),
                    [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t g = begin; g < end; ++g) {
      finish(g, results + g * parts.count * 2, parts.count, 2, 1, count);
    }
  });
}

template <typename S>
void Statistics(const S* x, const StatisticsShape& s, S* mean, S* variance, void* scratch,
                const ThreadPool& pool) {
  using T = ComputeType<S>;
  InParts<T>(
      s, scratch, pool,
      [&](int64_t begin, int64_t end, T* m, T* q) HWY_ATTR { PieceOfRows(x, begin, end, s.groups, m, q); },
      [&](int64_t at, int64_t n, int64_t, T* m, T* q) HWY_ATTR { Stretch(x + at, n, m, q); },
      [&](int64_t g, const T* first, int64_t parts, int64_t step, int64_t other, const auto& count) {
        Combine(first, first + other, parts, step, count, mean + g, variance + g);
      });
}

template <typename S>
void GradientSums(const S* dy, const S* x, const S* mean, const StatisticsShape& s, S* sums,
                  S* products, void* scratch, const ThreadPool& pool) {
  using T = ComputeType<S>;
  InParts<T>(
      s, scratch, pool,
      [&](int64_t begin, int64_t end, T* a, T* b) HWY_ATTR {
        ProductsOfRows(dy, x, mean, begin, end, s.groups, a, b);
      },
      [&](int64_t at, int64_t n, int64_t g, T* a, T* b) HWY_ATTR {
        ProductsOfStretch(dy + at, x + at, Widen(mean[g]), n, a, b);
      },
      [&](int64_t g, const T* first, int64_t parts, int64_t step, int64_t other, const auto&) {
        SumParts(first, parts, step, sums + g);
        SumParts(first + other, parts, step, products + g);
      });
}

void DoGradientSums(const View& dy, const View& x, const View& mean, const StatisticsShape& s,
                    const View& sums, const View& products, void* scratch, const ThreadPool& pool) {
  VisitFloats(x.dtype, [&](auto zero) HWY_ATTR {
    using S = decltype(zero);
    GradientSums(dy.as<S>(), x.as<S>(), mean.as<S>(), s, sums.as<S>(), products.as<S>(), scratch, pool);
  });
}

void DoStatistics(const View& x, const StatisticsShape& s, const View& mean, const View& variance,
                  void* scratch, const ThreadPool& pool) {
  VisitFloats(x.dtype, [&](auto zero) HWY_ATTR {
    using S = decltype(zero);
    Statistics(x.as<S>(), s, mean.as<S>(), variance.as<S>(), scratch, pool);
  });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace keel {
namespace {

HWY_EXPORT(DoStatistics);
HWY_EXPORT(DoGradientSums);

}  // namespace

size_t batch_statistics_scratch_bytes(const StatisticsShape& shape) {
  const int64_t numbers = checked_multiply(checked_multiply(parts_of(shape).count, shape.groups), 2);
  return static_cast<size_t>(checked_multiply(numbers, sizeof(double)));
}

void batch_statistics(const View& x, const StatisticsShape& shape, const View& mean,
                      const View& variance, void* scratch, const ThreadPool& pool) {
  HWY_DYNAMIC_DISPATCH(DoStatistics)(x, shape, mean, variance, scratch, pool);
}

void batch_gradient_sums(const View& dy, const View& x, const View& mean, const StatisticsShape& shape,
                         const View& sums, const View& products, void* scratch,
                         const ThreadPool& pool) {
  HWY_DYNAMIC_DISPATCH(DoGradientSums)(dy, x, mean, shape, sums, products, scratch, pool);
}

}  // namespace keel
#endif  // HWY_ONCE
