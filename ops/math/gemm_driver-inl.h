// What every product built on the register tile shares: B packed whole, C cut into tasks by shape,
// and the walk of one task over the blocks of k. Matrix products and convolutions differ in where
// the rows of A and C come from; that is the template parameters `Rows`, `Right` and `Out`:
//
//   struct Rows {                       // The left operand.
//     static constexpr bool kCols;      // Layout handed to the tile.
//     // Elements of scratch that block() may write for `rows` x `depth`.
//     int64_t block_elements(int64_t rows, int64_t depth) const;
//     // Points to[0, rows) at A[first + i][k0 ...] and returns the tile's a_step.
//     int64_t block(int64_t first, int64_t rows, int64_t k0, int64_t depth, T* scratch,
//                   const T** to) const;
//   };
//   struct Right {                      // The right operand.
//     int64_t block_elements(int64_t depth, int64_t cols) const;
//     // The panels of B[k0, k0 + depth)[col, col + cols), col a multiple of their width.
//     Panels<T> block(int64_t k0, int64_t depth, int64_t col, int64_t cols, T* scratch) const;
//     // Optional: what to fetch for the block from (k0, col) on while the one before it runs.
//     Ahead ahead(int64_t k0, int64_t col) const;
//   };
//   struct Out { S* row(int64_t i) const; };   // Row i of C.
#if defined(KEEL_OPS_MATH_GEMM_DRIVER_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_OPS_MATH_GEMM_DRIVER_INL_H_
#undef KEEL_OPS_MATH_GEMM_DRIVER_INL_H_
#else
#define KEEL_OPS_MATH_GEMM_DRIVER_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include "core/scratch_slots.h"
#include "core/threads.h"
#include "hwy/cache_control.h"
#include "ops/math/gemm_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

// Rows of C that a task works on at a time: with kBlockDepth, 128 KiB of A in the second-level
// cache. A multiple of every kTileRows would be 24·k; the odd edge tile costs less than 1 %.
constexpr int64_t kMaxTaskRows = 128;
constexpr int64_t kMaxTaskCols = 512;

// How a product is cut, from its shape alone.
struct Cut {
  int64_t m, n, k;
  int64_t depth;  // Of each block of k but the last.
  int64_t blocks;
  int64_t task_rows, task_cols;
  int64_t row_tasks, col_tasks;
  // Whether tasks follow one another down the columns of C. What is written by one thread and read by
  // others costs as much again; so threads that pack B should each keep to its own columns.
  bool by_columns = false;

  int64_t row_of(int64_t task) const { return (by_columns ? task % row_tasks : task / col_tasks) * task_rows; }
  int64_t col_of(int64_t task) const { return (by_columns ? task / row_tasks : task % col_tasks) * task_cols; }
};

constexpr int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Whether C is so small and k so long that its sum may be cut.
HWY_INLINE bool SplitsSum(const Cut& cut) { return cut.blocks >= 8 && cut.m * cut.n <= 64 * 1024; }

template <typename T>
HWY_INLINE Cut CutOf(int64_t m, int64_t n, int64_t k) {
  Cut cut;
  cut.m = m;
  cut.n = n;
  cut.k = k;
  cut.blocks = std::max<int64_t>(CeilDiv(k, kBlockDepth), 1);
  // Blocks of equal depth: a last block of a few k would touch all of C for little.
  cut.depth = std::max<int64_t>(CeilDiv(k, cut.blocks), 1);
  cut.blocks = std::max<int64_t>(CeilDiv(k, cut.depth), 1);
  constexpr int64_t kWidth = kPanelCols<T>;
  cut.task_rows = std::min(RoundUp(kMaxTaskRows, kTileRows), RoundUp(std::max<int64_t>(m, 1), kTileRows));
  cut.task_cols = std::min(kMaxTaskCols, RoundUp(std::max<int64_t>(n, 1), kWidth));
  // Enough tasks for the threads to finish together: 16 of at least 20 µs of work, and up to 48
  // of at least 80. Rows give way first: a task copies its rows of A for its own columns, and
  // that is paid back by 128 of them.
  for (;;) {
    const int64_t tasks = CeilDiv(m, cut.task_rows) * CeilDiv(n, cut.task_cols);
    const int64_t flops = 2 * cut.task_rows * cut.task_cols * k;
    if (flops < (int64_t{1} << 21) || tasks >= 48) break;
    if (tasks >= 16 && (flops < (int64_t{1} << 23) || cut.task_rows <= 64)) break;
    // A long sum is better cut itself (SplitParts).
    if (cut.task_rows <= 64 && cut.task_cols <= 64 && SplitsSum(cut)) break;
    int64_t& side = cut.task_rows > 64    ? cut.task_rows
                    : cut.task_cols > 128 ? cut.task_cols
                    : cut.task_rows > 32  ? cut.task_rows
                    : cut.task_cols > 64  ? cut.task_cols
                    : cut.task_rows > 16  ? cut.task_rows
                                          : cut.task_cols;
    const int64_t step = &side == &cut.task_rows ? kTileRows : kWidth;
    const int64_t half = RoundUp(CeilDiv(side, 2), step);
    if (half == side) break;
    side = half;
  }
  // Tasks of equal size.
  cut.task_rows = RoundUp(CeilDiv(m, std::max<int64_t>(CeilDiv(m, cut.task_rows), 1)), kTileRows);
  cut.task_cols = RoundUp(CeilDiv(n, std::max<int64_t>(CeilDiv(n, cut.task_cols), 1)), kWidth);
  cut.task_rows = std::max<int64_t>(cut.task_rows, kTileRows);
  cut.task_cols = std::max<int64_t>(cut.task_cols, kWidth);
  cut.row_tasks = CeilDiv(m, cut.task_rows);
  cut.col_tasks = CeilDiv(n, cut.task_cols);
  return cut;
}

// All of B as the tile reads it. Packed: blocks of k one after the other, PackedCols(n) wide,
// each of panels [depth][NR]. In place: B's own rows, with only the narrow last panel packed.
template <typename T>
struct PackedB {
  const T* packed = nullptr;
  const T* in_place = nullptr;
  int64_t ld = 0;  // Of in_place.
  int64_t n = 0;

  int64_t block_elements(int64_t, int64_t) const { return 0; }
  HWY_INLINE Panels<T> block(int64_t k0, int64_t depth, int64_t col, int64_t, T*) const {
    constexpr int64_t kWidth = kPanelCols<T>;
    const int64_t full = n / kWidth, left = full - col / kWidth;
    const int64_t last_cols = PackedCols<T>(n) - full * kWidth;
    if (in_place != nullptr) {
      return {in_place + k0 * ld + col, kWidth, ld, packed + k0 * last_cols, left};
    }
    const T* first = packed + k0 * PackedCols<T>(n);
    return {first + col * depth, kWidth * depth, kWidth, first + full * kWidth * depth, left};
  }
};

// `panels` full panels, side by side in B [depth, ...] with rows `ld` apart, one after the other.
template <typename S>
HWY_INLINE void PackPanels(const S* HWY_RESTRICT from, int64_t ld, int64_t depth, int64_t panels,
                           ComputeType<S>* HWY_RESTRICT to) {
  constexpr int64_t kWidth = kPanelCols<ComputeType<S>>;
  constexpr int64_t kLine = 64 / sizeof(S), kAhead = 8;
  for (int64_t k = 0; k < depth; ++k) {
    const S* row = from + k * ld;
    // Every row is another page, where the hardware's own prefetch starts anew.
    const S* ahead = from + std::min(k + kAhead, depth - 1) * ld;
    for (int64_t j = 0; j < panels; ++j) {
      for (int64_t i = 0; i < kWidth; i += kLine) hwy::Prefetch(ahead + j * kWidth + i);
      WidenRow(row + j * kWidth, kWidth, to + (j * depth + k) * kWidth);
    }
  }
}

// A dense right operand, [k, n] or transposed [n, k] with rows `ld` apart, that each task packs for
// itself, block by block: nobody else needs it, or it is too large to be held twice. Or, `in_place`, it is read where
// it lies, but for a narrow last panel: for tasks of few rows, which do not pay packing back. Neither narrow numbers
// nor a transposed operand can be.
template <typename S>
struct OwnB {
  using T = ComputeType<S>;
  const S* b = nullptr;
  int64_t ld = 0;
  bool transposed = false, in_place = false;

  int64_t block_elements(int64_t depth, int64_t cols) const {
    return (in_place ? kPanelCols<T> : PackedCols<T>(cols)) * depth;
  }
  // Rows of narrow numbers take fewer lines, and transposed ones lie elsewhere.
  Ahead ahead(int64_t k0, int64_t col) const {
    if (transposed || in_place || kIsNarrow<S>) return {};
    return {reinterpret_cast<const char*>(b + k0 * ld + col), ld * static_cast<int64_t>(sizeof(S))};
  }
  HWY_INLINE Panels<T> block(int64_t k0, int64_t depth, int64_t col, int64_t cols,
                             T* scratch) const {
    constexpr int64_t kWidth = kPanelCols<T>;
    const int64_t full = cols / kWidth, edge = cols - full * kWidth;
    T* last = scratch + (in_place ? 0 : full * kWidth * depth);
    const S* from = transposed ? b + col * ld + k0 : b + k0 * ld + col;
    if (in_place) {
      // Nothing to pack.
    } else if (transposed) {
      for (int64_t j = 0; j < full; ++j) {
        PackPanel(from + j * kWidth * ld, ld, true, depth, kWidth, kWidth,
                  scratch + j * depth * kWidth);
      }
    } else {
      PackPanels(from, ld, depth, full, scratch);
    }
    if (edge != 0) {
      PackPanel(from + full * kWidth * (transposed ? ld : 1), ld, transposed, depth, edge,
                RoundUp(edge, kLanesOf<T>), last);
    }
    if constexpr (!kIsNarrow<S>) {
      if (in_place) return {from, kWidth, ld, last, full};
    }
    return {scratch, kWidth * depth, kWidth, last, full};
  }
};

// Scratch of one task, in elements of ComputeType<S>; at least task_cols.
template <typename S, class Rows, class Right>
HWY_INLINE int64_t TaskElements(const Cut& cut, const Rows& a, const Right& b) {
  return RoundUp(a.block_elements(cut.task_rows, cut.depth), 16) +
         RoundUp(b.block_elements(cut.depth, cut.task_cols), 16) +
         (kIsNarrow<S> ? cut.task_rows : 1) * cut.task_cols;
}

// One task: the part of C from (row, col) on, over blocks [first_block, end_block) of k. `slot` has
// TaskElements().
template <typename S, class Rows, class Right, class Out>
HWY_INLINE void RunTask(const Cut& cut, const Rows& a, const Right& b, const Out& out, int64_t row, int64_t col, int64_t first_block,
                        int64_t end_block, bool accumulate, ComputeType<S>* slot) {
  using T = ComputeType<S>;
  const int64_t rows = std::min(cut.task_rows, cut.m - row);
  const int64_t cols = std::min(cut.task_cols, cut.n - col);
  const T* a_rows[kMaxTaskRows + kTileRows];
  T* c_rows[kMaxTaskRows + kTileRows];
  T* b_slot = slot + RoundUp(a.block_elements(cut.task_rows, cut.depth), 16);
  T* wide = b_slot + RoundUp(b.block_elements(cut.depth, cut.task_cols), 16);
  for (int64_t i = 0; i < rows; ++i) {
    if constexpr (kIsNarrow<S>) {
      c_rows[i] = wide + i * cut.task_cols;
      if (accumulate) WidenRow(out.row(row + i) + col, cols, c_rows[i]);
    } else {
      c_rows[i] = out.row(row + i) + col;
    }
  }
  for (int64_t block = first_block; block < end_block; ++block) {
    const int64_t k0 = block * cut.depth;
    const int64_t depth = std::min(cut.depth, cut.k - k0);
    const int64_t a_step = a.block(row, rows, k0, depth, slot, a_rows);
    const bool add = accumulate || block > first_block;
    const Panels<T> panels = b.block(k0, depth, col, cols, b_slot);
    if constexpr (requires { typename Rows::Sums; }) {
      typename Rows::Sums sums;
      a.sums(row, rows, k0, depth, sums);
      BlockOfTiles<T, Rows::kCols>(a_rows, a_step, rows, [&](int64_t i, int64_t) { return sums.tile(i); },
                                   panels, c_rows, cols, add);
    } else {
      Ahead ahead;
      if constexpr (requires { b.ahead(k0, col); }) {
        if (block + 1 < end_block) ahead = b.ahead(k0 + depth, col);
      }
      Block<T, Rows::kCols>(a_rows, a_step, rows, depth, panels, c_rows, cols, add, ahead);
    }
  }
  if constexpr (kIsNarrow<S>) {
    for (int64_t i = 0; i < rows; ++i) NarrowRow(c_rows[i], cols, out.row(row + i) + col);
  }
}

// Tells of all rows of C.
HWY_INLINE void TellAll(const Cut& cut, const RowsDone* rows_done, const ThreadPool& pool) {
  if (rows_done == nullptr) return;
  pool.parallel_for(cut.m, CeilDiv(16 * 1024, std::max<int64_t>(cut.n, 1)), *rows_done);
}

// The whole product over the pool. `slots` are TaskElements() each.
template <typename S, class Rows, class Right, class Out>
HWY_INLINE void RunTasks(const Cut& cut, const Rows& a, const Right& b, const Out& out,
                         bool accumulate, const RowsDone* rows_done, ScratchSlots& slots,
                         const ThreadPool& pool) {
  // One thread does all columns of some rows that somebody waits for, if there are rows for all.
  const bool tells = rows_done != nullptr && (cut.col_tasks == 1 || (cut.row_tasks >= 16 && !cut.by_columns));
  const int64_t together = tells ? cut.col_tasks : 1;
  // Pieces of at least 10 µs or so; an element of A costs about as much as 64 operations.
  const int64_t cost = cut.task_rows * std::max<int64_t>(cut.k, 1) * (2 * cut.task_cols + 64);
  pool.parallel_for(cut.row_tasks * cut.col_tasks / together, CeilDiv(1 << 20, cost * together),
                    [&](int64_t begin, int64_t end) {
    const ScratchSlots::Lease lease(slots);
    auto* slot = reinterpret_cast<ComputeType<S>*>(lease.data());
    for (int64_t task = begin * together; task < end * together; ++task) {
      // Neighbours share their rows of A (or columns of B) and, where the columns are few, all of B.
      const int64_t row = cut.row_of(task);
      RunTask<S>(cut, a, b, out, row, cut.col_of(task), 0, cut.blocks, accumulate, slot);
      if (tells && (task + 1) % cut.col_tasks == 0) {
        (*rows_done)(row, std::min(row + cut.task_rows, cut.m));
      }
    }
  });
  if (!tells) TellAll(cut, rows_done, pool);
}

// A sum over k that is long for a small C is cut into `parts` runs of blocks, so that there is
// work for every thread; the parts are added in order.
HWY_INLINE int64_t SplitParts(const Cut& cut) {
  const int64_t tasks = cut.row_tasks * cut.col_tasks;
  if (tasks >= 8 || !SplitsSum(cut)) return 1;
  return std::min<int64_t>(CeilDiv(16, tasks), cut.blocks / 4);
}

// As RunTasks, in `parts` > 1 partial products held in `partial` [parts][m][n].
template <typename S, class Rows, class Right, class Out>
HWY_INLINE void RunSplit(const Cut& cut, int64_t parts, const Rows& a, const Right& b,
                         const Out& out, bool accumulate, const RowsDone* rows_done,
                         ComputeType<S>* partial, ScratchSlots& slots, const ThreadPool& pool) {
  using T = ComputeType<S>;
  struct Partial {
    T* base;
    int64_t n;
    T* row(int64_t i) const { return base + i * n; }
  };
  const int64_t tasks = cut.row_tasks * cut.col_tasks;
  pool.parallel_for(tasks * parts, 1, [&](int64_t begin, int64_t end) {
    const ScratchSlots::Lease lease(slots);
    T* slot = reinterpret_cast<T*>(lease.data());
    for (int64_t i = begin; i < end; ++i) {
      const int64_t task = i % tasks, part = i / tasks;
      RunTask<T>(cut, a, b, Partial{partial + part * cut.m * cut.n, cut.n},
                 cut.row_of(task), cut.col_of(task),
                 cut.blocks * part / parts, cut.blocks * (part + 1) / parts, false, slot);
    }
  });
  pool.parallel_for(cut.m, CeilDiv(16 * 1024, std::max<int64_t>(cut.n, 1)),
                    [&](int64_t begin, int64_t end) {
    const ScratchSlots::Lease lease(slots);
    T* slot = reinterpret_cast<T*>(lease.data());
    const hn::ScalableTag<T> d;
    for (int64_t i = begin; i < end; ++i) {
      T* sum = partial + i * cut.n;  // Into the first part: nobody else reads this row.
      for (int64_t part = 1; part < parts; ++part) {
        const T* from = sum + part * cut.m * cut.n;
        int64_t j = 0;
        for (; j + kLanesOf<T> <= cut.n; j += kLanesOf<T>) {
          hn::StoreU(hn::Add(hn::LoadU(d, sum + j), hn::LoadU(d, from + j)), d, sum + j);
        }
        for (; j < cut.n; ++j) sum[j] += from[j];
      }
      S* to = out.row(i);
      for (int64_t j0 = 0; j0 < cut.n; j0 += cut.task_cols) {
        const int64_t cols = std::min(cut.task_cols, cut.n - j0);
        if (accumulate) {
          T* old = slot;
          WidenRow(to + j0, cols, old);
          for (int64_t j = 0; j < cols; ++j) sum[j0 + j] += old[j];
        }
        NarrowRow(sum + j0, cols, to + j0);
      }
    }
    if (rows_done != nullptr) (*rows_done)(begin, end);
  });
}

// Packs all of B, [k, n] or transposed [n, k] with rows `ld` apart, into `to`, PackedCols(n) * k.
// With `last_only` only the narrow last panel, for a B that is read in place.
template <typename S>
HWY_INLINE void PackAll(const Cut& cut, const S* b, int64_t ld, bool transposed, bool last_only,
                        ComputeType<S>* to, const ThreadPool& pool) {
  using T = ComputeType<S>;
  constexpr int64_t kWidth = kPanelCols<T>;
  const int64_t full = cut.n / kWidth;
  const int64_t last_width = cut.n - full * kWidth;
  const int64_t last_packed = PackedCols<T>(cut.n) - full * kWidth;
  const int64_t row_cols = last_only ? last_packed : PackedCols<T>(cut.n);
  const auto column = [&](int64_t k, int64_t j) { return transposed ? b + j * ld + k : b + k * ld + j; };
  // Four panels at a time: their rows are 512 B of contiguous memory, and 256 columns are work for two threads.
  constexpr int64_t kGroup = 4;
  const int64_t panels = full + (last_width != 0 ? 1 : 0);
  const int64_t first = last_only ? full : 0;
  const int64_t groups = CeilDiv(panels - first, kGroup);
  if (groups == 0 || cut.k == 0) return;
  const int64_t group_bytes = cut.depth * kGroup * kWidth * static_cast<int64_t>(sizeof(T));
  const int64_t grain = std::max<int64_t>(1, (int64_t{1} << 17) / group_bytes);
  pool.parallel_for(cut.blocks * groups, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t k0 = i % cut.blocks * cut.depth;
      const int64_t depth = std::min(cut.depth, cut.k - k0);
      const int64_t p0 = first + i / cut.blocks * kGroup;
      const int64_t p1 = std::min(p0 + kGroup, panels);
      T* block = to + k0 * row_cols;
      const auto panel_at = [&](int64_t p) { return block + (p - first) * kWidth * depth; };
      const int64_t p_full = std::min(p1, full);
      if (transposed) {
        for (int64_t p = p0; p < p_full; ++p) {
          PackPanel(column(k0, p * kWidth), ld, true, depth, kWidth, kWidth, panel_at(p));
        }
      } else {
        PackPanels(column(k0, p0 * kWidth), ld, depth, std::max<int64_t>(p_full - p0, 0),
                   panel_at(p0));
      }
      if (p1 > full) {
        PackPanel(column(k0, full * kWidth), ld, transposed, depth, last_width, last_packed,
                  panel_at(full));
      }
    }
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_MATH_GEMM_DRIVER_INL_H_
