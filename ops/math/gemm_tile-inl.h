// The register tile of every matrix product and convolution, and the panels it reads.
//
// A tile is MR x NR of C. Its A rows are read one scalar at a time and broadcast; its B columns
// come from a panel of NR contiguous columns. A needs no transposition in either layout:
//   rows: A[i][k] lies at rows[i][k], rows anywhere (stored rows of A, or rows copied to scratch);
//   cols: A[i][k] lies at rows[0][k * a_step + i] (A stored transposed, or copied MR at a time).
// One element of C is one chain of multiply-adds in the order of k, whatever tile it falls in.
#if defined(KEEL_OPS_MATH_GEMM_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_OPS_MATH_GEMM_TILE_INL_H_
#undef KEEL_OPS_MATH_GEMM_TILE_INL_H_
#else
#define KEEL_OPS_MATH_GEMM_TILE_INL_H_
#endif

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "core/narrow_float-inl.h"
#include "core/transpose_tile-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_AVX3
// 16 accumulators of 32 registers. Per k it issues 16 multiply-adds against 10 loads, so the one
// 512-bit multiply-add a cycle of Zen 4 is the limit; powers of two leave no edge tiles.
constexpr int kTileRows = 8;
#elif HWY_TARGET == HWY_AVX2
constexpr int kTileRows = 6;  // 12 accumulators, 2 of B and 1 broadcast: 15 of 16 registers.
#else
constexpr int kTileRows = 4;
#endif
constexpr int kTileVectors = 2;

template <typename T>
constexpr int64_t kLanesOf = static_cast<int64_t>(hn::MaxLanes(hn::ScalableTag<T>()));
template <typename T>
constexpr int64_t kPanelCols = kTileVectors * kLanesOf<T>;
// k per block: a panel of B (2 vectors x 256) fills the 32 KiB first-level cache. 192 measured 3 %
// slower at 2048^3, as C is touched more often; 320 to 512 no faster.
constexpr int64_t kBlockDepth = 256;

template <class V>
HWY_INLINE V MultiplyAdd(V a, V b, V c) {
  if constexpr (std::is_floating_point_v<hn::TFromV<V>>) {
    return hn::MulAdd(a, b, c);
  } else {
    return hn::Add(hn::Mul(a, b), c);
  }
}

// A stretch of k: rows [b, b + depth) of a panel, and as many k of A. There A[i][b] lies at
// rows[i][a] (rows) or rows[0][a + i] (cols).
struct Stretch {
  int64_t a, b, depth;
};
// What a tile sums over, in order: what of a block of k is not zeros (a convolution's taps that meet the
// image), or all of it. To the compiler the two are apart: short sums feel every instruction.
struct Stretches {
  const Stretch* first;
  int64_t count;
};
struct WholeBlock {
  int64_t depth;
};
// The taps of a convolution that some pixels meet, along three axes: each tap, or line of taps, is a stretch of
// `depth` from row `first_b` and from a row's own begin on, and their steps.
struct TapBox {
  int64_t count[3], a_step[3], b_step[3];
  int64_t first_b, depth;
};
struct TapSum {
  const TapBox* taps;
};
// All of it, and at each k a line that a later block needs is fetched: `step` bytes apart.
struct BlockAndAhead {
  int64_t depth;
  const char* ahead;
  int64_t step;
};

// C = tile or, if `accumulate`, C + tile.
template <typename T, int kM, int kV, bool kCols, class Sum>
HWY_NOINLINE void Tile(const T* const* HWY_RESTRICT a_rows, int64_t a_step,
                       const T* HWY_RESTRICT panel, int64_t b_step, Sum sum, T* const* c_rows,
                       int64_t col, int64_t cols, bool accumulate) {
  const hn::ScalableTag<T> d;
  constexpr int64_t kLanes = kLanesOf<T>;
  using V = hn::Vec<decltype(d)>;
  V acc[kM][kV];
  const T* a[kM];
  HWY_UNROLL(8)
  for (int m = 0; m < kM; ++m) {
    a[m] = kCols ? a_rows[0] + m : a_rows[m];
    // C, by the time it is written: else stores wait for memory (a tenth of a large 1x1 convolution's time).
    HWY_UNROLL(2)
    for (int v = 0; v < kV; ++v) __builtin_prefetch(c_rows[m] + col + v * kLanes, 1, 3);
    HWY_UNROLL(2)
    for (int v = 0; v < kV; ++v) acc[m][v] = hn::Zero(d);
  }
  const auto add = [&](int64_t k, int64_t stop, const T* b, const T* a_cols) HWY_ATTR {
    // Twice: a loop of few rounds is left when the processor expects it (3 % for 21).
    HWY_UNROLL(2)
    for (; k < stop; ++k) {
      V vb[kV];
      HWY_UNROLL(2)
      for (int v = 0; v < kV; ++v) vb[v] = hn::LoadU(d, b + v * kLanes);
      b += b_step;
      if constexpr (std::is_same_v<Sum, BlockAndAhead>) {
        __builtin_prefetch(sum.ahead, 0, 2);  // Into the second level: the first is full of this block.
        sum.ahead += sum.step;
      }
      HWY_UNROLL(8)
      for (int m = 0; m < kM; ++m) {
        const V va = hn::Set(d, kCols ? a_cols[m] : a[m][k]);
        HWY_UNROLL(2)
        for (int v = 0; v < kV; ++v) acc[m][v] = MultiplyAdd(va, vb[v], acc[m][v]);
      }
      if (kCols) a_cols += a_step;
    }
  };
  if constexpr (std::is_same_v<Sum, TapSum>) {
    const TapBox& taps = *sum.taps;
    for (int64_t i = 0; i < taps.count[0]; ++i) {
      for (int64_t j = 0; j < taps.count[1]; ++j) {
        int64_t at = i * taps.a_step[0] + j * taps.a_step[1];
        const T* b = panel + (taps.first_b + i * taps.b_step[0] + j * taps.b_step[1]) * b_step;
        for (int64_t left = taps.count[2]; left > 0; --left, at += taps.a_step[2], b += taps.b_step[2] * b_step) {
          add(at, at + taps.depth, b, a_rows[0]);
        }
      }
    }
  } else if constexpr (!std::is_same_v<Sum, Stretches>) {
    add(0, sum.depth, panel, a_rows[0]);
  } else {
    for (const Stretch* run = sum.first; run != sum.first + sum.count; ++run) {
      add(run->a, run->a + run->depth, panel + run->b * b_step, a_rows[0] + run->a);
    }
  }
  // Short sums feel every branch on the way to C, so whole vectors have none.
  if (HWY_LIKELY(cols >= kV * kLanes)) {
    HWY_UNROLL(8)
    for (int m = 0; m < kM; ++m) {
      T* c = c_rows[m] + col;
      HWY_UNROLL(2)
      for (int v = 0; v < kV; ++v) {
        if (accumulate) acc[m][v] = hn::Add(acc[m][v], hn::LoadU(d, c + v * kLanes));
      }
      HWY_UNROLL(2)
      for (int v = 0; v < kV; ++v) hn::StoreU(acc[m][v], d, c + v * kLanes);
    }
    return;
  }
  HWY_UNROLL(2)
  for (int v = 0; v < kV; ++v) {
    const int64_t left = cols - v * kLanes;
    if (left <= 0) break;
    const int64_t at = col + v * kLanes;
    if (HWY_LIKELY(left >= kLanes)) {
      HWY_UNROLL(8)
      for (int m = 0; m < kM; ++m) {
        V x = acc[m][v];
        if (accumulate) x = hn::Add(x, hn::LoadU(d, c_rows[m] + at));
        hn::StoreU(x, d, c_rows[m] + at);
      }
    } else {
      const auto mask = hn::FirstN(d, static_cast<size_t>(left));
      HWY_UNROLL(8)
      for (int m = 0; m < kM; ++m) {
        V x = acc[m][v];
        if (accumulate) x = hn::Add(x, hn::MaskedLoad(mask, d, c_rows[m] + at));
        hn::BlendedStore(x, mask, d, c_rows[m] + at);
      }
    }
  }
}

template <typename T, bool kCols, int kM = kTileRows, class Sum>
HWY_INLINE void TileOf(int64_t rows, const T* const* a, int64_t a_step, const T* b, int64_t b_step,
                       const Sum& sum, T* const* c, int64_t col, int64_t cols,
                       bool accumulate) {
  if (HWY_LIKELY(rows >= kM)) {
    if (cols > kLanesOf<T>) {
      Tile<T, kM, 2, kCols>(a, a_step, b, b_step, sum, c, col, cols, accumulate);
    } else {
      Tile<T, kM, 1, kCols>(a, a_step, b, b_step, sum, c, col, cols, accumulate);
    }
  } else if constexpr (kM > 1) {
    TileOf<T, kCols, kM - 1>(rows, a, a_step, b, b_step, sum, c, col, cols, accumulate);
  }
}

// The panels of B for one block of k. Panel j holds columns [j * NR, (j + 1) * NR); the last one
// may be narrower: it is padded with zeros to one or two vectors.
template <typename T>
struct Panels {
  const T* first;      // Panel 0, row 0 of the block.
  int64_t panel_step;  // From a panel to the next.
  int64_t k_step;      // From a row to the next in a full panel.
  const T* last;       // The narrow panel, if the columns do not divide.
  int64_t full;        // How many panels are full.
};

constexpr int64_t RoundUp(int64_t n, int64_t step) { return (n + step - 1) / step * step; }

// Columns that `n` columns take when packed.
template <typename T>
constexpr int64_t PackedCols(int64_t n) {
  const int64_t edge = n % kPanelCols<T>;
  return n - edge + (edge == 0 ? 0 : edge > kLanesOf<T> ? kPanelCols<T> : kLanesOf<T>);
}

// A tile of at most kTileRows rows.
template <class Sum = Stretches>
struct TileSum {
  int64_t rows;
  Sum sum;
};

// c[i][0, cols) = A row i times the panels (+ what it holds). `a` and `c` hold one pointer per row; for kCols
// only each tile's first of `a` is read. tile_at(i, j) says what the tile from (i, j) on is. A panel
// stays in the first-level cache while the rows pass by.
template <typename T, bool kCols, class TileAt>
HWY_INLINE void BlockOfTiles(const T* const* a, int64_t a_step, int64_t rows, const TileAt& tile_at,
                             const Panels<T>& b, T* const* c, int64_t cols, bool accumulate) {
  constexpr int64_t kWidth = kPanelCols<T>;
  int64_t panel = 0;
  for (int64_t j = 0; j < cols; j += kWidth, ++panel) {
    const int64_t width = std::min(kWidth, cols - j);
    const bool full = panel < b.full;
    const T* from = full ? b.first + panel * b.panel_step : b.last;
    const int64_t k_step = full ? b.k_step : RoundUp(width, kLanesOf<T>);
    for (int64_t i = 0; i < rows;) {
      const auto tile = tile_at(i, j);
      TileOf<T, kCols>(std::min(tile.rows, rows - i), a + i, a_step, from, k_step, tile.sum, c + i, j,
                       width, accumulate);
      i += tile.rows;
    }
  }
}

// Where the rows begin that the next block of B will be packed from, and how many bytes they are apart.
struct Ahead {
  const char* from = nullptr;
  int64_t step = 0;
};

// The same for whole tiles that sum over all of a block of k. Rows far apart in memory are not fetched by
// the hardware on its own: if `ahead` names some, the tiles of a panel fetch that panel's part of them.
template <typename T, bool kCols>
HWY_INLINE void Block(const T* const* a, int64_t a_step, int64_t rows, int64_t depth,
                      const Panels<T>& b, T* const* c, int64_t cols, bool accumulate, const Ahead& ahead) {
  if (ahead.from == nullptr) {
    const TileSum<WholeBlock> tile{kTileRows, {depth}};
    BlockOfTiles<T, kCols>(a, a_step, rows, [&](int64_t, int64_t) { return tile; }, b, c, cols, accumulate);
    return;
  }
  const auto tile_at = [&](int64_t i, int64_t j) {
    // A panel is two lines wide, or less: its first two tiles fetch them, the others nothing new.
    const char* from = ahead.from + j * static_cast<int64_t>(sizeof(T)) + i / kTileRows % 2 * 64;
    return TileSum<BlockAndAhead>{kTileRows, {depth, from, i < 2 * kTileRows ? ahead.step : 0}};
  };
  BlockOfTiles<T, kCols>(a, a_step, rows, tile_at, b, c, cols, accumulate);
}

// to[c][r] = from[r][c] for rows x cols of `from`.
template <typename T>
HWY_NOINLINE void TransposeInto(const T* HWY_RESTRICT from, int64_t from_step, int64_t rows, int64_t cols,
                                T* HWY_RESTRICT to, int64_t to_step) {
  TransposeBlock(rows, cols, Transpose<T>{from, to, from_step, to_step}, false, false);
}

// One panel of B, `depth` x `width` (width <= `packed`, a multiple of the lanes), widened.
// transposed: element (k, j) of the panel lies at from[j * step + k], otherwise from[k * step + j].
template <typename S>
HWY_INLINE void PackPanel(const S* HWY_RESTRICT from, int64_t step, bool transposed, int64_t depth,
                          int64_t width, int64_t packed, ComputeType<S>* HWY_RESTRICT to) {
  using T = ComputeType<S>;
  if (!transposed) {
    if (width == kPanelCols<T>) {
      for (int64_t k = 0; k < depth; ++k) {
        WidenRow(from + k * step, kPanelCols<T>, to + k * kPanelCols<T>);
      }
      return;
    }
    for (int64_t k = 0; k < depth; ++k) {
      WidenRow(from + k * step, width, to + k * packed);
      for (int64_t j = width; j < packed; ++j) to[k * packed + j] = T{0};
    }
    return;
  }
  if constexpr (kIsNarrow<S>) {
    constexpr int64_t kChunk = 32;
    HWY_ALIGN T wide[kTileVectors * HWY_MAX_BYTES / sizeof(T) * kChunk];
    for (int64_t k = 0; k < depth; k += kChunk) {
      const int64_t count = std::min(kChunk, depth - k);
      for (int64_t j = 0; j < width; ++j) WidenRow(from + j * step + k, count, wide + j * kChunk);
      TransposeInto(wide, kChunk, width, count, to + k * packed, packed);
    }
  } else {
    TransposeInto(from, step, width, depth, to, packed);
  }
  if (width < packed) {
    for (int64_t k = 0; k < depth; ++k) {
      for (int64_t j = width; j < packed; ++j) to[k * packed + j] = T{0};
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_MATH_GEMM_TILE_INL_H_
