#include "core/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/math/sparse_kernel.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>

#include "hwy/cache_control.h"
#include "ops/math/gemm_tile-inl.h"
#include "ops/math/sparse_call.h"
#include "ops/math/sparse_kernel.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {
namespace {

// Elements of a row after which a partial sum is put aside, so that errors do not grow with their number.
constexpr int64_t kPartialSum = 256;
// Elements ahead of the present one whose rows of B are fetched: they lie anywhere.
constexpr int64_t kAhead = 4;

// kVectors vectors of columns of row i, from `column` on; the last has `left` lanes where that is not 0.
template <int kVectors, typename S>
HWY_INLINE void SumColumns(const SparseRows<S>& rows, int64_t i, int64_t column, int64_t left, S* to) {
  using T = ComputeType<S>;
  const hn::ScalableTag<T> d;
  constexpr int64_t kLanes = kLanesOf<T>;
  using V = hn::Vec<decltype(d)>;
  V sums[kVectors];
  HWY_UNROLL(8)
  for (int v = 0; v < kVectors; ++v) sums[v] = hn::Zero(d);
  const int64_t end = rows.first[i + 1];
  for (int64_t begin = rows.first[i]; begin < end; begin += kPartialSum) {
    const int64_t stop = std::min(begin + kPartialSum, end);
    V partial[kVectors];
    HWY_UNROLL(8)
    for (int v = 0; v < kVectors; ++v) partial[v] = hn::Zero(d);
    for (int64_t e = begin; e < stop; ++e) {
      hwy::Prefetch(rows.row(std::min(e + kAhead, end - 1)) + column);
      const V value = hn::Set(d, Widen(rows.values[rows.position(e)]));
      const S* from = rows.row(e) + column;
      HWY_UNROLL(8)
      for (int v = 0; v < kVectors; ++v) {
        const V x = v + 1 == kVectors && left != 0 ? LoadWidePart(d, from + v * kLanes, left)
                                                   : LoadWide(d, from + v * kLanes);
        partial[v] = MultiplyAdd(value, x, partial[v]);
      }
    }
    HWY_UNROLL(8)
    for (int v = 0; v < kVectors; ++v) sums[v] = hn::Add(sums[v], partial[v]);
  }
  HWY_UNROLL(8)
  for (int v = 0; v < kVectors; ++v) {
    if (v + 1 == kVectors && left != 0) {
      StoreNarrowPart(d, sums[v], to + v * kLanes, left);
    } else {
      StoreNarrow(d, sums[v], to + v * kLanes);
    }
  }
}

template <typename S>
void SumRows(const SparseRows<S>& rows, S* c, const ThreadPool& pool) {
  constexpr int64_t kLanes = kLanesOf<ComputeType<S>>;
  // Pieces of some 30 µs, were the elements spread evenly.
  const int64_t work = (rows.first[rows.count] / std::max<int64_t>(rows.count, 1) + 1) * (rows.n + 16);
  pool.parallel_for(rows.count, std::max<int64_t>(1, (int64_t{1} << 18) / work), [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t i = begin; i < end; ++i) {
      S* to = c + i * rows.n;
      int64_t j = 0;
      for (; j + 8 * kLanes <= rows.n; j += 8 * kLanes) SumColumns<8>(rows, i, j, 0, to + j);
      for (; j + 2 * kLanes <= rows.n; j += 2 * kLanes) SumColumns<2>(rows, i, j, 0, to + j);
      for (; j + kLanes <= rows.n; j += kLanes) SumColumns<1>(rows, i, j, 0, to + j);
      if (j < rows.n) SumColumns<1>(rows, i, j, rows.n - j, to + j);
    }
  });
}

// a · b over n elements.
template <typename S>
HWY_INLINE ComputeType<S> DotRows(const S* a, const S* b, int64_t n) {
  using T = ComputeType<S>;
  const hn::ScalableTag<T> d;
  constexpr int64_t kLanes = kLanesOf<T>;
  auto sum0 = hn::Zero(d), sum1 = hn::Zero(d);
  int64_t j = 0;
  for (; j + 2 * kLanes <= n; j += 2 * kLanes) {
    sum0 = MultiplyAdd(LoadWide(d, a + j), LoadWide(d, b + j), sum0);
    sum1 = MultiplyAdd(LoadWide(d, a + j + kLanes), LoadWide(d, b + j + kLanes), sum1);
  }
  for (; j < n; j += kLanes) {
    const int64_t left = std::min(n - j, kLanes);
    if (left == kLanes) {
      sum0 = MultiplyAdd(LoadWide(d, a + j), LoadWide(d, b + j), sum0);
    } else {
      sum1 = MultiplyAdd(LoadWidePart(d, a + j, left), LoadWidePart(d, b + j, left), sum1);
    }
  }
  HWY_ALIGN T lanes[kLanes];
  hn::Store(hn::Add(sum0, sum1), d, lanes);
  T sum{};
  for (int64_t i = 0; i < kLanes; ++i) sum = static_cast<T>(sum + lanes[i]);
  return sum;
}

template <typename S>
int64_t Sample(const SparseShape& shape, const int64_t* indices, const S* a, const S* b, int64_t n, S* values,
               const ThreadPool& pool) {
  std::atomic<int64_t> bad{std::numeric_limits<int64_t>::max()};
  const int64_t grain = std::max<int64_t>(1, (int64_t{1} << 17) / (n + 16));
  pool.parallel_for(shape.count, grain, [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t i = begin; i < end; ++i) {
      const auto row = static_cast<uint64_t>(indices[2 * i]), column = static_cast<uint64_t>(indices[2 * i + 1]);
      if (row < static_cast<uint64_t>(shape.rows) && column < static_cast<uint64_t>(shape.columns)) {
        Narrow(DotRows(a + row * n, b + column * n, n), values[i]);
      } else if (row == static_cast<uint64_t>(shape.rows)) {
        values[i] = S{};
      } else {
        int64_t least = bad.load();
        while (i < least && !bad.compare_exchange_weak(least, i)) {
        }
        return;
      }
    }
  });
  return bad == std::numeric_limits<int64_t>::max() ? -1 : bad.load();
}

// HWY_EXPORT takes no templates.
#define KEEL_SPARSE_TYPE(name, S)                                                                   \
  void SumRows##name(const SparseRows<S>& rows, S* c, const ThreadPool& pool) { SumRows(rows, c, pool); } \
  int64_t Sample##name(const SparseShape& shape, const int64_t* indices, const S* a, const S* b,    \
                       int64_t n, S* values, const ThreadPool& pool) {                              \
    return Sample(shape, indices, a, b, n, values, pool);                                           \
  }
KEEL_SPARSE_TYPE(Float, float)
KEEL_SPARSE_TYPE(Double, double)
KEEL_SPARSE_TYPE(Float16, hwy::float16_t)
KEEL_SPARSE_TYPE(Bfloat16, hwy::bfloat16_t)
KEEL_SPARSE_TYPE(Int32, int32_t)
KEEL_SPARSE_TYPE(Int64, int64_t)
#undef KEEL_SPARSE_TYPE

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace keel {
namespace {

// first[r]: the first element of row r. Returns -1, or the first index that is out of range or order.
int64_t find_rows(const SparseShape& shape, const int64_t* indices, int64_t* first) {
  int64_t next = 0, last_column = -1, count = shape.count;  // `next`: the row after the present one.
  while (count > 0 && indices[2 * count - 2] == shape.rows) --count;  // Padding.
  for (int64_t i = 0; i < count; ++i) {
    const int64_t row = indices[2 * i], column = indices[2 * i + 1];
    if (row >= next && row < shape.rows) {
      while (next <= row) first[next++] = i;
      last_column = -1;
    }
    if (row < 0 || row != next - 1 || column <= last_column || column >= shape.columns) return i;
    last_column = column;
  }
  while (next <= shape.rows) first[next++] = count;
  return -1;
}

// The elements of each column, in order of their rows: a counting sort.
int64_t find_columns(const SparseShape& shape, const int64_t* indices, int64_t* first, int64_t* positions) {
  std::fill_n(first, shape.columns + 1, 0);
  int64_t row = 0, last_column = -1, count = shape.count;
  while (count > 0 && indices[2 * count - 2] == shape.rows) --count;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t now = indices[2 * i], column = indices[2 * i + 1];
    if (now > row) last_column = -1;
    if (now < row || now >= shape.rows || column <= last_column || column >= shape.columns) return i;
    row = now;
    last_column = column;
    ++first[column];
  }
  // first[c] becomes the end of column c, and, while positions are filled in from the last, its begin.
  int64_t end = 0;
  for (int64_t c = 0; c < shape.columns; ++c) first[c] = end += first[c];
  first[shape.columns] = end;
  for (int64_t i = count - 1; i >= 0; --i) positions[--first[indices[2 * i + 1]]] = i;
  return -1;
}

// Calls sum_rows(rows) with what the product adds up.
template <typename T, typename F>
int64_t product(const SparseShape& shape, bool transposed, const int64_t* indices, const T* values, const T* b,
                int64_t n, void* scratch, F sum_rows) {
  auto* first = static_cast<int64_t*>(scratch);
  auto* positions = transposed ? first + shape.columns + 1 : nullptr;
  const int64_t bad = transposed ? find_columns(shape, indices, first, positions) : find_rows(shape, indices, first);
  if (bad >= 0) return bad;
  if (n == 0) return -1;
  sum_rows({transposed ? shape.columns : shape.rows, first, positions, indices, transposed ? 0 : 1, values, b, n});
  return -1;
}

}  // namespace

size_t sparse_product_scratch_bytes(const SparseShape& shape, bool transposed) {
  const int64_t numbers = transposed ? shape.columns + 1 + shape.count : shape.rows + 1;
  return static_cast<size_t>(numbers) * sizeof(int64_t);
}

#define KEEL_SPARSE_TYPE(name, S)                                                                     \
  namespace {                                                                                         \
  HWY_EXPORT(SumRows##name);                                                                          \
  HWY_EXPORT(Sample##name);                                                                           \
  }                                                                                                   \
  template <>                                                                                         \
  int64_t sparse_product<S>(const SparseShape& shape, bool transposed, const int64_t* indices,        \
                            const S* values, const S* b, int64_t n, S* c, void* scratch,              \
                            const ThreadPool& pool) {                                                 \
    return product(shape, transposed, indices, values, b, n, scratch, [&](const SparseRows<S>& rows) { \
      HWY_DYNAMIC_DISPATCH(SumRows##name)(rows, c, pool);                                             \
    });                                                                                               \
  }                                                                                                   \
  template <>                                                                                         \
  int64_t sampled_product<S>(const SparseShape& shape, const int64_t* indices, const S* a, const S* b, \
                             int64_t n, S* values, const ThreadPool& pool) {                          \
    return HWY_DYNAMIC_DISPATCH(Sample##name)(shape, indices, a, b, n, values, pool);                 \
  }
KEEL_SPARSE_TYPE(Float, float)
KEEL_SPARSE_TYPE(Double, double)
KEEL_SPARSE_TYPE(Float16, hwy::float16_t)
KEEL_SPARSE_TYPE(Bfloat16, hwy::bfloat16_t)
KEEL_SPARSE_TYPE(Int32, int32_t)
KEEL_SPARSE_TYPE(Int64, int64_t)
#undef KEEL_SPARSE_TYPE

}  // namespace keel
#endif  // HWY_ONCE
