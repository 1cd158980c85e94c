#include "core/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/reduction/scan_kernel.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

#include <algorithm>
#include <type_traits>

#include "ops/reduction/scan_kernel.h"

#ifndef KEEL_OPS_REDUCTION_SCAN_ONCE_
#define KEEL_OPS_REDUCTION_SCAN_ONCE_
namespace keel {

// Elements of a row that are one piece of work where rows are few and long.
constexpr int64_t kScanChunk = 8192;
// Rows that are scanned side by side: one addition waits for the one before it, those of other rows
// do not.
constexpr int kSideBySide = 4;

// Whether the rows of a sum are cut into chunks.
inline bool is_chunked(const ScanShape& shape) {
  return shape.inner == 1 && shape.n >= 2 * kScanChunk && shape.outer < 16;
}
inline int64_t chunks_of(const ScanShape& shape) { return (shape.n + kScanChunk - 1) / kScanChunk; }

}  // namespace keel
#endif  // KEEL_OPS_REDUCTION_SCAN_ONCE_

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// What T is accumulated in: float64, or the unsigned integer of its size, which wraps.
template <typename T, bool kFloat = std::is_floating_point_v<T> || std::is_same_v<T, float16> ||
                                    std::is_same_v<T, bfloat16>>
struct SumOf {
  using type = double;
};
template <typename T>
struct SumOf<T, false> {
  using type = std::make_unsigned_t<T>;
};

template <typename T>
HWY_INLINE typename SumOf<T>::type Widen(T x) {
  if constexpr (std::is_same_v<T, float16> || std::is_same_v<T, bfloat16>) {
    return to_float(x);
  } else {
    return static_cast<typename SumOf<T>::type>(x);
  }
}
template <typename T, typename Sum>
HWY_INLINE T Narrow(Sum x) {
  if constexpr (std::is_same_v<T, float16>) {
    return to_float16(static_cast<float>(x));
  } else if constexpr (std::is_same_v<T, bfloat16>) {
    return to_bfloat16(static_cast<float>(x));
  } else {
    return static_cast<T>(x);
  }
}

struct AddTo {
  template <typename V>
  HWY_INLINE V operator()(V a, V b) const {
    if constexpr (std::is_arithmetic_v<V>) {
      return static_cast<V>(a + b);
    } else {
      return hn::Add(a, b);
    }
  }
};
struct MultiplyBy {
  template <typename V>
  HWY_INLINE V operator()(V a, V b) const {
    if constexpr (std::is_integral_v<V>) {  // Bytes would be multiplied as ints, which overflow.
      return static_cast<V>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
    } else if constexpr (std::is_arithmetic_v<V>) {
      return a * b;
    } else {
      return hn::Mul(a, b);
    }
  }
};

// Vectors of T as vectors of what they are accumulated in, where Highway has both.
template <typename T>
constexpr bool kVectors = std::is_floating_point_v<T>;

template <class D, typename T>
HWY_INLINE hn::Vec<D> LoadWide(D d, const T* from) {
  if constexpr (std::is_same_v<T, double>) {
    return hn::LoadU(d, from);
  } else {
    return hn::PromoteTo(d, hn::LoadU(hn::Rebind<T, D>(), from));
  }
}
template <class D, typename T>
HWY_INLINE void StoreNarrow(D d, hn::Vec<D> v, T* to) {
  if constexpr (std::is_same_v<T, double>) {
    hn::StoreU(v, d, to);
  } else {
    const hn::Rebind<T, D> narrow;
    hn::StoreU(hn::DemoteTo(narrow, v), narrow, to);
  }
}

// kRows rows, `stride` elements from one element to the next (below 0: backwards), from `carry` on.
template <int kRows, typename T, class Combine, typename Sum>
HWY_INLINE void ScanRows(Combine combine, int64_t n, int64_t stride, const T* const* x, T* const* out,
                         Sum* carry) {
  Sum sum[kRows];
  for (int r = 0; r < kRows; ++r) sum[r] = carry[r];
  for (int64_t t = 0; t < n; ++t) {
    for (int r = 0; r < kRows; ++r) {
      sum[r] = combine(sum[r], Widen(x[r][t * stride]));
      out[r][t * stride] = Narrow<T>(sum[r]);
    }
  }
  for (int r = 0; r < kRows; ++r) carry[r] = sum[r];
}

// One row of floats, from `carry` on: each vector is scanned by itself, in as many steps as its lanes
// take to double, so that only one addition waits for the vector before. Groups of floats do not
// overflow a double, whatever the order.
template <bool kBackwards, class Combine>
HWY_INLINE void ScanVectors(Combine combine, int64_t n, const float* x, float* out, double carry) {
  const hn::ScalableTag<double> d;
  const hn::RebindToSigned<decltype(d)> di;
  using V = hn::Vec<decltype(d)>;
  constexpr int64_t kLanes = hn::MaxLanes(d);
  constexpr int kMostSteps = 3;
  const auto lane = hn::Iota(di, 0);
  decltype(hn::IndicesFromVec(d, lane)) from[kMostSteps];
  hn::Mask<decltype(d)> gets[kMostSteps];
  for (int k = 0; k < kMostSteps; ++k) {
    const auto span = hn::Set(di, (int64_t{1} << k) % kLanes);
    from[k] = hn::IndicesFromVec(d, hn::Max(hn::Sub(lane, span), hn::Zero(di)));
    gets[k] = hn::RebindMask(d, hn::Not(hn::Lt(lane, hn::Set(di, int64_t{1} << k))));
  }
  const auto last = hn::IndicesFromVec(d, hn::Set(di, kLanes - 1));
  V before = hn::Set(d, carry);
  int64_t t = 0;
  for (; t + kLanes <= n; t += kLanes) {
    const int64_t at = kBackwards ? 1 - t - kLanes : t;
    V v = LoadWide(d, x + at);
    if (kBackwards) v = hn::Reverse(d, v);
    HWY_UNROLL(3)
    for (int k = 0; k < kMostSteps; ++k) {
      if (int64_t{1} << k >= kLanes) break;
      v = hn::IfThenElse(gets[k], combine(hn::TableLookupLanes(v, from[k]), v), v);
    }
    V y = combine(before, v);
    before = combine(before, hn::TableLookupLanes(v, last));
    if (kBackwards) y = hn::Reverse(d, y);
    StoreNarrow(d, y, out + at);
  }
  double sum = hn::GetLane(before);
  for (; t < n; ++t) {
    const int64_t at = kBackwards ? -t : t;
    sum = combine(sum, static_cast<double>(x[at]));
    out[at] = static_cast<float>(sum);
  }
}

// Rows begin, …, end - 1, where `row(i)` says at which element row i begins.
template <typename T, class Combine, class Begin, class Carry>
HWY_INLINE void ScanManyRows(Combine combine, int64_t begin, int64_t end, int64_t stride, const T* x,
                             T* out, Begin row, Carry carry) {
  using Sum = typename SumOf<T>::type;
  int64_t i = begin;
  if constexpr (std::is_same_v<T, float>) {
    if (stride == 1 || stride == -1) {
      for (; i < end; ++i) {
        const auto [offset, length] = row(i);
        if (stride == 1) {
          ScanVectors<false>(combine, length, x + offset, out + offset, carry(i));
        } else {
          ScanVectors<true>(combine, length, x + offset, out + offset, carry(i));
        }
      }
    }
  }
  for (; i + kSideBySide <= end; i += kSideBySide) {
    const T* from[kSideBySide];
    T* to[kSideBySide];
    Sum sums[kSideBySide];
    int64_t n[kSideBySide];
    for (int r = 0; r < kSideBySide; ++r) {
      const auto [offset, length] = row(i + r);
      from[r] = x + offset;
      to[r] = out + offset;
      sums[r] = carry(i + r);
      n[r] = length;
    }
    const int64_t common = *std::min_element(n, n + kSideBySide);
    ScanRows<kSideBySide>(combine, common, stride, from, to, sums);
    for (int r = 0; r < kSideBySide; ++r) {
      const T* rest = from[r] + common * stride;
      T* rest_out = to[r] + common * stride;
      ScanRows<1>(combine, n[r] - common, stride, &rest, &rest_out, sums + r);
    }
  }
  for (; i < end; ++i) {
    const auto [offset, length] = row(i);
    const T* from = x + offset;
    T* to = out + offset;
    Sum sum = carry(i);
    ScanRows<1>(combine, length, stride, &from, &to, &sum);
  }
}

struct Row {
  int64_t offset, length;
};

// Columns side by side, a block of them at a time, `stride` elements from one row to the next.
template <typename T, class Combine>
void ScanColumns(Combine combine, double start, int64_t n, int64_t stride, int64_t columns, const T* x,
                 T* out) {
  const hn::ScalableTag<double> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t c = 0;
  auto several = [&](auto vectors) HWY_ATTR {
    constexpr int kVectors = decltype(vectors)::value;
    for (; c + kVectors * lanes <= columns; c += kVectors * lanes) {
      hn::Vec<decltype(d)> sum[kVectors];
      for (int k = 0; k < kVectors; ++k) sum[k] = hn::Set(d, start);
      for (int64_t t = 0; t < n; ++t) {
        for (int k = 0; k < kVectors; ++k) {
          const int64_t at = t * stride + c + k * lanes;
          sum[k] = combine(sum[k], LoadWide(d, x + at));
          StoreNarrow(d, sum[k], out + at);
        }
      }
    }
  };
  several(std::integral_constant<int, 8>());
  several(std::integral_constant<int, 1>());
  if (c < columns) {
    ScanManyRows(combine, c, columns, stride, x, out, [&](int64_t i) { return Row{i, n}; },
                 [&](int64_t) { return start; });
  }
}

template <typename T, class Combine>
void Scan(const ThreadPool& pool, const ScanShape& s, Combine combine, typename SumOf<T>::type start,
          const T* x, T* out) {
  using Sum = typename SumOf<T>::type;
  constexpr int64_t kPieceElements = 1 << 15;
  constexpr int64_t kColumns = 256;
  const int64_t stride = s.backwards ? -s.inner : s.inner;
  const int64_t origin = s.backwards ? (s.n - 1) * s.inner : 0;
  if constexpr (kVectors<T>) {
    if (s.inner >= static_cast<int64_t>(hn::Lanes(hn::ScalableTag<double>()))) {
      const int64_t blocks = (s.inner + kColumns - 1) / kColumns;
      const int64_t grain = std::max<int64_t>(1, kPieceElements / (s.n * std::min(s.inner, kColumns)));
      pool.parallel_for(s.outer * blocks, grain, [&](int64_t begin, int64_t end) HWY_ATTR {
        for (int64_t i = begin; i < end; ++i) {
          const int64_t c = i % blocks * kColumns, at = i / blocks * s.n * s.inner + origin + c;
          ScanColumns(combine, start, s.n, stride, std::min(kColumns, s.inner - c), x + at, out + at);
        }
      });
      return;
    }
  }
  // A multiple of what is scanned side by side.
  const int64_t grain = std::max<int64_t>(1, kPieceElements / (s.n * kSideBySide)) * kSideBySide;
  pool.parallel_for(s.outer * s.inner, grain, [&](int64_t begin, int64_t end) HWY_ATTR {
    ScanManyRows(
        combine, begin, end, stride, x, out,
        [&](int64_t i) { return Row{i / s.inner * s.n * s.inner + origin + i % s.inner, s.n}; },
        [&](int64_t) -> Sum { return start; });
  });
}

// The sum of n elements in four parts.
template <typename T>
HWY_INLINE typename SumOf<T>::type Total(const T* x, int64_t n) {
  using Sum = typename SumOf<T>::type;
  Sum sum[kSideBySide] = {};
  int64_t i = 0;
  for (; i + kSideBySide <= n; i += kSideBySide) {
    for (int k = 0; k < kSideBySide; ++k) sum[k] = static_cast<Sum>(sum[k] + Widen(x[i + k]));
  }
  for (; i < n; ++i) sum[0] = static_cast<Sum>(sum[0] + Widen(x[i]));
  return static_cast<Sum>(static_cast<Sum>(sum[0] + sum[1]) + static_cast<Sum>(sum[2] + sum[3]));
}

// Long rows: the totals of chunks, their running sums, and then each chunk from there.
template <typename T>
void ScanChunks(const ThreadPool& pool, const ScanShape& s, const T* x, T* out, void* scratch) {
  using Sum = typename SumOf<T>::type;
  Sum* const before = static_cast<Sum*>(scratch);
  const int64_t chunks = chunks_of(s), stride = s.backwards ? -1 : 1;
  // Where chunk i begins, in the direction of the scan.
  const auto row = [&](int64_t i) {
    const int64_t first = i % chunks * kScanChunk, base = i / chunks * s.n;
    const int64_t length = std::min(kScanChunk, s.n - first);
    return Row{base + (s.backwards ? s.n - 1 - first : first), length};
  };
  pool.parallel_for(s.outer * chunks, 1, [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t i = begin; i < end; ++i) {
      const Row r = row(i);
      before[i] = Total(x + (s.backwards ? r.offset - r.length + 1 : r.offset), r.length);
    }
  });
  for (int64_t o = 0; o < s.outer; ++o) {
    Sum sum = 0;
    for (int64_t c = 0; c < chunks; ++c) {
      const Sum total = before[o * chunks + c];
      before[o * chunks + c] = sum;
      sum = static_cast<Sum>(sum + total);
    }
  }
  pool.parallel_for(s.outer * chunks, kSideBySide, [&](int64_t begin, int64_t end) HWY_ATTR {
    ScanManyRows(AddTo(), begin, end, stride, x, out, row, [&](int64_t i) { return before[i]; });
  });
}

// Calls f(T{}) for every dtype that can be scanned.
template <typename F>
void VisitNumbers(DType dtype, F&& f) {
  visit_dtype(dtype, [&](auto zero) HWY_ATTR {
    if constexpr (!std::is_same_v<decltype(zero), bool>) f(zero);
  });
}

void RunningSum(const ThreadPool& pool, const ScanShape& shape, DType dtype, const void* x, void* out,
                std::byte* scratch) {
  VisitNumbers(dtype, [&](auto zero) HWY_ATTR {
    using T = decltype(zero);
    const T* const from = static_cast<const T*>(x);
    if (is_chunked(shape)) {
      ScanChunks(pool, shape, from, static_cast<T*>(out), scratch);
    } else {
      Scan(pool, shape, AddTo(), 0, from, static_cast<T*>(out));
    }
  });
}

void RunningProduct(const ThreadPool& pool, const ScanShape& shape, DType dtype, const void* x,
                    void* out) {
  VisitNumbers(dtype, [&](auto zero) HWY_ATTR {
    using T = decltype(zero);
    Scan(pool, shape, MultiplyBy(), 1, static_cast<const T*>(x), static_cast<T*>(out));
  });
}

template <typename T>
void RecurrenceOf(const ThreadPool& pool, const ScanShape& s, double initial, const T* a, const T* b,
                  T* out) {
  const int64_t stride = s.backwards ? -s.inner : s.inner;
  const int64_t origin = s.backwards ? (s.n - 1) * s.inner : 0;
  const hn::ScalableTag<double> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  // A piece is as many columns of one outer index as a vector holds; the last may be fewer.
  const int64_t blocks = (s.inner + lanes - 1) / lanes;
  const int64_t grain = std::max<int64_t>(1, (int64_t{1} << 14) / (s.n * std::min(s.inner, lanes)));
  pool.parallel_for(s.outer * blocks, grain, [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t c = i % blocks * lanes, at = i / blocks * s.n * s.inner + origin + c;
      const int64_t columns = std::min(lanes, s.inner - c);
      if constexpr (kVectors<T>) {
        if (columns == lanes) {
          auto h = hn::Set(d, initial);
          for (int64_t t = 0; t < s.n; ++t) {
            const int64_t k = at + t * stride;
            const auto factor = LoadWide(d, a + k);
            const auto term = b == nullptr ? hn::Zero(d) : LoadWide(d, b + k);
            StoreNarrow(d, h, out + k);
            h = b == nullptr ? hn::Mul(factor, h) : hn::MulAdd(factor, h, term);
          }
          continue;
        }
      }
      for (int64_t column = 0; column < columns; ++column) {
        double h = initial;
        for (int64_t t = 0; t < s.n; ++t) {
          const int64_t k = at + column + t * stride;
          const double factor = Widen(a[k]), term = b == nullptr ? 0 : Widen(b[k]);
          out[k] = Narrow<T>(h);
          h = b == nullptr ? factor * h : factor * h + term;
        }
      }
    }
  });
}

void Recurrence(const ThreadPool& pool, const ScanShape& shape, DType dtype, double initial,
                const void* a, const void* b, void* out) {
  visit_dtype(dtype, [&](auto zero) HWY_ATTR {
    using T = decltype(zero);
    if constexpr (!std::is_integral_v<T>) {
      RecurrenceOf(pool, shape, initial, static_cast<const T*>(a), static_cast<const T*>(b),
                   static_cast<T*>(out));
    }
  });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace keel {
namespace {

HWY_EXPORT(RunningSum);
HWY_EXPORT(RunningProduct);
HWY_EXPORT(Recurrence);

bool is_empty(const ScanShape& s) { return s.outer == 0 || s.n == 0 || s.inner == 0; }

}  // namespace

size_t running_sum_scratch_bytes(const ScanShape& shape) {
  return is_chunked(shape) ? static_cast<size_t>(shape.outer * chunks_of(shape)) * sizeof(double) : 0;
}

void running_sum(const ThreadPool& pool, const ScanShape& shape, DType dtype, const void* x, void* out,
                 std::byte* scratch) {
  if (!is_empty(shape)) HWY_DYNAMIC_DISPATCH(RunningSum)(pool, shape, dtype, x, out, scratch);
}

void running_product(const ThreadPool& pool, const ScanShape& shape, DType dtype, const void* x,
                     void* out) {
  if (!is_empty(shape)) HWY_DYNAMIC_DISPATCH(RunningProduct)(pool, shape, dtype, x, out);
}

void recurrence(const ThreadPool& pool, const ScanShape& shape, DType dtype, double initial,
                const void* a, const void* b, void* out) {
  if (!is_empty(shape)) HWY_DYNAMIC_DISPATCH(Recurrence)(pool, shape, dtype, initial, a, b, out);
}

}  // namespace keel
#endif  // HWY_ONCE
