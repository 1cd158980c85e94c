// Products with at most four rows: B is read once, at the speed of memory.
#if defined(KEEL_OPS_MATH_GEMV_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_OPS_MATH_GEMV_INL_H_
#undef KEEL_OPS_MATH_GEMV_INL_H_
#else
#define KEEL_OPS_MATH_GEMV_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include "core/threads.h"
#include "hwy/cache_control.h"
#include "ops/math/gemm_driver-inl.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

constexpr int kMaxVectorRows = 4;
// Columns summed at a time: four rows of floats are 16 KiB of sums in the first-level cache, and
// each row of B is read a page at a time (256 columns measured 20 % slower from memory).
constexpr int64_t kVectorCols = 1024;

// A widened and dense: [m][k] if B is transposed, [k][m] otherwise.
template <typename S>
HWY_INLINE void GatherA(const S* a, int64_t row_step, int64_t k_step, int64_t m, int64_t k,
                        bool by_row, ComputeType<S>* to) {
  for (int64_t i = 0; i < m; ++i) {
    ComputeType<S>* row = to + (by_row ? i * k : i);
    if (k_step == 1 && (by_row || m == 1)) {
      WidenRow(a + i * row_step, k, row);
      continue;
    }
    const int64_t step = by_row ? 1 : m;
    for (int64_t j = 0; j < k; ++j) row[j * step] = Widen(a[i * row_step + j * k_step]);
  }
}

// Whether B of `rows` that lie ld apart is too large for the caches near a core.
template <typename S>
HWY_INLINE bool LiesInMemory(int64_t rows, int64_t ld) {
  return rows * ld * static_cast<int64_t>(sizeof(S)) > (int64_t{4} << 20);
}

// sums[i][0, cols) (+)= A[i][k .. k + kDepth) · B rows k .. k + kDepth. `a`: [kDepth][kM].
// kAhead: fetch the same columns of later rows, for a B that lies in memory: every row is another page, where
// the hardware's own prefetch starts anew. Two times kDepth rows later and into the second-level cache took
// 0.7 of the time that the next kDepth rows into the first took.
template <typename S, int kM, int kDepth, bool kAhead>
HWY_INLINE void AddRows(const ComputeType<S>* HWY_RESTRICT a, const S* HWY_RESTRICT b, int64_t ld,
                        int64_t cols, bool first, ComputeType<S>* HWY_RESTRICT sums) {
  using T = ComputeType<S>;
  const hn::ScalableTag<T> d;
  constexpr int64_t kLanes = kLanesOf<T>;
  using V = hn::Vec<decltype(d)>;
  V va[kDepth][kM];
  HWY_UNROLL(8)
  for (int r = 0; r < kDepth; ++r) {
    HWY_UNROLL(4)
    for (int i = 0; i < kM; ++i) va[r][i] = hn::Set(d, a[r * kM + i]);
  }
  int64_t j = 0;
  for (; j + kLanes <= cols; j += kLanes) {
    V acc[kM];
    HWY_UNROLL(4)
    for (int i = 0; i < kM; ++i) {
      acc[i] = first ? hn::Zero(d) : hn::LoadU(d, sums + i * kVectorCols + j);
    }
    HWY_UNROLL(8)
    for (int r = 0; r < kDepth; ++r) {
      const V vb = LoadWide(d, b + r * ld + j);
      if (kAhead) __builtin_prefetch(b + (r + 2 * kDepth) * ld + j, 0, 2);
      HWY_UNROLL(4)
      for (int i = 0; i < kM; ++i) acc[i] = MultiplyAdd(va[r][i], vb, acc[i]);
    }
    HWY_UNROLL(4)
    for (int i = 0; i < kM; ++i) hn::StoreU(acc[i], d, sums + i * kVectorCols + j);
  }
  for (; j < cols; ++j) {
    for (int i = 0; i < kM; ++i) {
      T sum = first ? T{0} : sums[i * kVectorCols + j];
      for (int r = 0; r < kDepth; ++r) sum += a[r * kM + i] * Widen(b[r * ld + j]);
      sums[i * kVectorCols + j] = sum;
    }
  }
}

// sums[i][0, cols) = A · B for B [k, n]. `a`: [k][kM].
template <typename S, int kM>
HWY_NOINLINE void VectorRows(const ComputeType<S>* a, const S* b, int64_t ld, int64_t k,
                             int64_t cols, ComputeType<S>* sums) {
  constexpr int kDepth = kM == 1 ? 8 : 4;
  int64_t r = 0;
  if (LiesInMemory<S>(k, ld)) {
    for (; r + 3 * kDepth <= k; r += kDepth) {
      AddRows<S, kM, kDepth, true>(a + r * kM, b + r * ld, ld, cols, r == 0, sums);
    }
  }
  for (; r + kDepth <= k; r += kDepth) {
    AddRows<S, kM, kDepth, false>(a + r * kM, b + r * ld, ld, cols, r == 0, sums);
  }
  for (; r < k; ++r) AddRows<S, kM, 1, false>(a + r * kM, b + r * ld, ld, cols, r == 0, sums);
}

#if HWY_TARGET != HWY_SCALAR
// The two halves of a vector added, down to 16 bytes.
template <class V, class D = hn::DFromV<V>>
HWY_INLINE auto Fold(V x) {
  if constexpr (sizeof(hn::TFromD<D>) * hn::MaxLanes(D()) > 16) {
    const hn::Half<D> half;
    return Fold(hn::Add(hn::LowerHalf(half, x), hn::UpperHalf(half, x)));
  } else {
    return x;
  }
}
#endif  // HWY_TARGET != HWY_SCALAR

// total[n] = the sum of x[n]'s lanes, for four vectors.
template <class V, typename T = hn::TFromV<V>>
HWY_INLINE void SumLanes(const V* x, T* total) {
#if HWY_TARGET != HWY_SCALAR
  if constexpr (sizeof(T) == 4) {
    const hn::FixedTag<T, 4> d;
    const hn::FixedTag<double, 2> wide;
    const auto a = Fold(x[0]), b = Fold(x[1]), c = Fold(x[2]), e = Fold(x[3]);
    const auto ab = hn::Add(hn::InterleaveLower(d, a, b), hn::InterleaveUpper(d, a, b));
    const auto ce = hn::Add(hn::InterleaveLower(d, c, e), hn::InterleaveUpper(d, c, e));
    const auto low = hn::InterleaveLower(wide, hn::BitCast(wide, ab), hn::BitCast(wide, ce));
    const auto high = hn::InterleaveUpper(wide, hn::BitCast(wide, ab), hn::BitCast(wide, ce));
    hn::Store(hn::Add(hn::BitCast(d, low), hn::BitCast(d, high)), d, total);
    return;
  }
#endif
  for (int n = 0; n < 4; ++n) {
    const hn::DFromV<V> d;
    HWY_ALIGN T lanes[hn::MaxLanes(d)];
    hn::Store(x[n], d, lanes);
    for (size_t width = hn::MaxLanes(d) / 2; width > 0; width /= 2) {
      for (size_t lane = 0; lane < width; ++lane) lanes[lane] += lanes[lane + width];
    }
    total[n] = lanes[0];
  }
}

// sums[i][0, cols) = A · Bᵀ for B stored [n, k]: dot products. `a` points at kM rows of k. kAhead: fetch the
// same part of the rows that come next, as in AddRows().
template <typename S, int kM, bool kAhead>
HWY_NOINLINE void VectorDots(const ComputeType<S>* const* a, const S* b, int64_t ld, int64_t k,
                             int64_t cols, ComputeType<S>* sums, int64_t sums_step) {
  using T = ComputeType<S>;
  const hn::ScalableTag<T> d;
  constexpr int64_t kLanes = kLanesOf<T>;
  using V = hn::Vec<decltype(d)>;
  // Four rows of B times kM rows of A, and twice as deep if that leaves too few chains.
  constexpr int kN = 4, kChains = kM == 1 ? 2 : 1;
  for (int64_t j = 0; j < cols; j += kN) {
    const S* row[kN];  // Past the last row, the last one again.
    for (int64_t n = 0; n < kN; ++n) row[n] = b + std::min(j + n, cols - 1) * ld;
    V acc[kN][kM][kChains];
    HWY_UNROLL(4)
    for (int n = 0; n < kN; ++n) {
      HWY_UNROLL(4)
      for (int i = 0; i < kM; ++i) {
        HWY_UNROLL(2)
        for (int c = 0; c < kChains; ++c) acc[n][i][c] = hn::Zero(d);
      }
    }
    int64_t p = 0;
    for (; p + kChains * kLanes <= k; p += kChains * kLanes) {
      HWY_UNROLL(2)
      for (int c = 0; c < kChains; ++c) {
        V va[kM];
        HWY_UNROLL(4)
        for (int i = 0; i < kM; ++i) va[i] = hn::LoadU(d, a[i] + p + c * kLanes);
        HWY_UNROLL(4)
        for (int n = 0; n < kN; ++n) {
          const V vb = LoadWide(d, row[n] + p + c * kLanes);
          if (kAhead) __builtin_prefetch(row[n] + kN * ld + p + c * kLanes, 0, 2);
          HWY_UNROLL(4)
          for (int i = 0; i < kM; ++i) acc[n][i][c] = MultiplyAdd(va[i], vb, acc[n][i][c]);
        }
      }
    }
    for (; p < k; p += kLanes) {  // What is left, the last vector perhaps in part.
      const int64_t count = k - p;
      const auto load = [&](const auto* from) HWY_ATTR {
        return count >= kLanes ? LoadWide(d, from) : LoadWidePart(d, from, count);
      };
      V va[kM];
      HWY_UNROLL(4)
      for (int i = 0; i < kM; ++i) va[i] = load(a[i] + p);
      HWY_UNROLL(4)
      for (int n = 0; n < kN; ++n) {
        const V vb = load(row[n] + p);
        HWY_UNROLL(4)
        for (int i = 0; i < kM; ++i) acc[n][i][0] = MultiplyAdd(va[i], vb, acc[n][i][0]);
      }
    }
    for (int i = 0; i < kM; ++i) {
      V sum[kN];
      HWY_UNROLL(4)
      for (int n = 0; n < kN; ++n) {
        sum[n] = acc[n][i][0];
        if (kChains == 2) sum[n] = hn::Add(sum[n], acc[n][i][kChains - 1]);
      }
      HWY_ALIGN T total[kN];
      SumLanes(sum, total);
      for (int64_t n = 0; n < kN && j + n < cols; ++n) sums[i * sums_step + j + n] = total[n];
    }
  }
}

// VectorRows() and VectorDots() for any number of rows from 1 to 4.
template <typename S, int kM = kMaxVectorRows>
HWY_INLINE void AnyRows(int64_t m, const ComputeType<S>* a, const S* b, int64_t ld, int64_t k,
                        int64_t cols, ComputeType<S>* sums) {
  if (m == kM) {
    VectorRows<S, kM>(a, b, ld, k, cols, sums);
  } else if constexpr (kM > 1) {
    AnyRows<S, kM - 1>(m, a, b, ld, k, cols, sums);
  }
}
template <typename S, int kM = kMaxVectorRows>
HWY_INLINE void AnyDots(int64_t m, const ComputeType<S>* const* a, const S* b, int64_t ld, int64_t k,
                        int64_t cols, ComputeType<S>* sums, int64_t sums_step, bool ahead = false) {
  if (m == kM) {
    if (ahead) {
      VectorDots<S, kM, true>(a, b, ld, k, cols, sums, sums_step);
    } else {
      VectorDots<S, kM, false>(a, b, ld, k, cols, sums, sums_step);
    }
  } else if constexpr (kM > 1) {
    AnyDots<S, kM - 1>(m, a, b, ld, k, cols, sums, sums_step, ahead);
  }
}

// to[0, cols) = sums (+ to).
template <typename S>
HWY_INLINE void FinishRow(ComputeType<S>* sums, int64_t cols, bool accumulate, S* to) {
  for (int64_t j = 0; accumulate && j < cols; ++j) sums[j] += Widen(to[j]);
  NarrowRow(sums, cols, to);
}

// Whether C has so few columns that a tile would leave lanes idle, and k is long enough for the
// lanes to run along it instead: a classifier's last layer. Ten columns take 0.8 of a tile's time.
template <typename T>
HWY_INLINE bool FewColumns(int64_t n, int64_t k) {
  return RoundUp(n, 4) <= 3 * kLanesOf<T> / 4 && k >= 8 * kLanesOf<T>;
}
constexpr int64_t kMostFewColumns = 16;  // FewColumns() asks for at most 12.

// Scratch of one task of RunFewColumns(), in elements of ComputeType<S>.
template <typename S, class Rows>
HWY_INLINE int64_t FewColumnsElements(const Cut& cut, const Rows& a) {
  return RoundUp(a.block_elements(cut.task_rows, cut.depth), 16) +
         (cut.task_rows + kMaxVectorRows) * kMostFewColumns;
}

// C of few columns; b: B transposed, [n, k], rows ldb apart. `slots` are FewColumnsElements() each.
template <typename S, class Rows, class Out>
HWY_INLINE void RunFewColumns(const Cut& cut, const Rows& a, const ComputeType<S>* b, int64_t ldb,
                              const Out& out, bool accumulate, const RowsDone* rows_done,
                              ScratchSlots& slots, const ThreadPool& pool) {
  using T = ComputeType<S>;
  const int64_t cost = cut.task_rows * cut.k * (2 * cut.n + 32);
  pool.parallel_for(CeilDiv(cut.m, cut.task_rows), CeilDiv(1 << 20, cost),
                    [&](int64_t begin, int64_t end) {
    const ScratchSlots::Lease lease(slots);
    T* slot = reinterpret_cast<T*>(lease.data());
    T* total = slot + RoundUp(a.block_elements(cut.task_rows, cut.depth), 16);
    T* sums = total + cut.task_rows * kMostFewColumns;
    const T* a_rows[kMaxTaskRows + kTileRows];
    for (int64_t task = begin; task < end; ++task) {
      const int64_t row = task * cut.task_rows, rows = std::min(cut.task_rows, cut.m - row);
      for (int64_t k0 = 0; k0 < cut.k; k0 += cut.depth) {
        const int64_t depth = std::min(cut.depth, cut.k - k0);
        a.block(row, rows, k0, depth, slot, a_rows);
        for (int64_t i = 0; i < rows; i += kMaxVectorRows) {
          const int64_t count = std::min<int64_t>(kMaxVectorRows, rows - i);
          T* to = k0 == 0 ? total + i * kMostFewColumns : sums;
          AnyDots<T>(count, a_rows + i, b + k0, ldb, depth, cut.n, to, kMostFewColumns);
          if (k0 == 0) continue;
          for (int64_t j = 0; j < count * kMostFewColumns; ++j) {
            if (j % kMostFewColumns < cut.n) total[i * kMostFewColumns + j] += sums[j];
          }
        }
      }
      for (int64_t i = 0; i < rows; ++i) {
        FinishRow(total + i * kMostFewColumns, cut.n, accumulate, out.row(row + i));
      }
      if (rows_done != nullptr) (*rows_done)(row, row + rows);
    }
  });
}

// C [m, n] for 1 <= m <= 4 and n, k >= 1. `gathered`: m * k; slots of m * kVectorCols.
template <typename S>
HWY_INLINE void RunVector(int64_t m, int64_t n, int64_t k, const S* a, int64_t a_row_step,
                          int64_t a_k_step, const S* b, int64_t ldb, bool dots, S* c, int64_t ldc,
                          bool accumulate, ComputeType<S>* gathered, ScratchSlots& slots, const ThreadPool& pool) {
  using T = ComputeType<S>;
  if (a_k_step == 1 && m == 1 && !kIsNarrow<S>) {
    gathered = reinterpret_cast<T*>(const_cast<S*>(a));  // Read only.
  } else {
    GatherA(a, a_row_step, a_k_step, m, k, dots, gathered);
  }
  // At least 256 KiB of B per piece, in whole lines of columns.
  int64_t grain = RoundUp(CeilDiv(int64_t{1} << 18, k * static_cast<int64_t>(sizeof(S))), 64);
  grain = std::min(std::max(grain, dots ? int64_t{64} : kVectorCols / 4), kVectorCols);
  if (!dots && n >= 4 * kVectorCols) grain = kVectorCols;
  pool.parallel_for(n, grain, [&](int64_t begin, int64_t end) {
    const ScratchSlots::Lease lease(slots);
    T* sums = reinterpret_cast<T*>(lease.data());
    const int64_t cols = end - begin;
    if (dots) {
      const T* rows[kMaxVectorRows];
      for (int64_t i = 0; i < m; ++i) rows[i] = gathered + i * k;
      AnyDots<S>(m, rows, b + begin * ldb, ldb, k, cols, sums, kVectorCols, LiesInMemory<S>(n, ldb));
    } else {
      AnyRows<S>(m, gathered, b + begin, ldb, k, cols, sums);
    }
    for (int64_t i = 0; i < m; ++i) {
      FinishRow(sums + i * kVectorCols, cols, accumulate, c + i * ldc + begin);
    }
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_MATH_GEMV_INL_H_
