// Transposes of blocks that fit the first-level cache, through registers.
#if defined(KEEL_CORE_TRANSPOSE_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_CORE_TRANSPOSE_TILE_INL_H_
#undef KEEL_CORE_TRANSPOSE_TILE_INL_H_
#else
#define KEEL_CORE_TRANSPOSE_TILE_INL_H_
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"

// Arrays of vectors become registers only where loops over them are unrolled, which clang does by
// itself and GCC not at -O2.
#undef KEEL_UNROLL
#if HWY_COMPILER_GCC_ACTUAL
#define KEEL_UNROLL _Pragma("GCC unroll 64")
#else
#define KEEL_UNROLL
#endif

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// A matrix of T to transpose: out[c·out_stride + r] = in[r·in_stride + c]; strides in elements.
template <typename T>
struct Transpose {
  const T* HWY_RESTRICT in;
  T* HWY_RESTRICT out;
  int64_t in_stride, out_stride;

  Transpose at(int64_t r, int64_t c) const {
    return {in + r * in_stride + c, out + c * out_stride + r, in_stride, out_stride};
  }
};

// Element by element, writing along the output.
template <typename T>
HWY_INLINE void TransposeScalar(int64_t rows, int64_t cols, const Transpose<T>& t) {
  for (int64_t c = 0; c < cols; ++c) {
    T* HWY_RESTRICT out = t.out + c * t.out_stride;
    const T* HWY_RESTRICT in = t.in + c;
    for (int64_t r = 0; r < rows; ++r) out[r] = in[r * t.in_stride];
  }
}

#if HWY_TARGET != HWY_SCALAR

// Turns over the blocks of 128 bits of kBlocks vectors: block b of vector v to block v of vector b.
template <class D, class V>
HWY_INLINE void TransposeBlocksOf(D d, V& a, V& b) {
  const V first = a;
  a = hn::ConcatLowerLower(d, b, first);
  b = hn::ConcatUpperUpper(d, b, first);
}
template <class D, class V>
HWY_INLINE void TransposeBlocksOf(D d, V& a, V& b, V& c, V& e) {
  const V ab_even = hn::OddEvenBlocks(hn::SwapAdjacentBlocks(b), a);
  const V ab_odd = hn::OddEvenBlocks(b, hn::SwapAdjacentBlocks(a));
  const V ce_even = hn::OddEvenBlocks(hn::SwapAdjacentBlocks(e), c);
  const V ce_odd = hn::OddEvenBlocks(e, hn::SwapAdjacentBlocks(c));
  a = hn::ConcatLowerLower(d, ce_even, ab_even);
  b = hn::ConcatLowerLower(d, ce_odd, ab_odd);
  c = hn::ConcatUpperUpper(d, ce_even, ab_even);
  e = hn::ConcatUpperUpper(d, ce_odd, ab_odd);
}

// Transposes a square of one vector's side, a whole cache line where vectors have 64 bytes: lines that
// fall into one set of the cache (strides that are powers of two) are then used up before they are
// evicted. First the elements within blocks of 128 bits are turned over, by as many rounds of
// interleaving as it takes, then the blocks.
template <bool kStream, class D, typename T = hn::TFromD<D>>
HWY_INLINE void TransposeTile(D d, const Transpose<T>& t) {
  constexpr int kSide = hn::MaxLanes(D());
  constexpr int kBlock = 16 / sizeof(T);
  constexpr int kBlocks = kSide / kBlock;
  using V = hn::Vec<D>;
  V v[kSide];
  KEEL_UNROLL
  for (int b = 0; b < kBlocks; ++b) {
    V* const rows = v + b * kBlock;
    KEEL_UNROLL
    for (int i = 0; i < kBlock; ++i) rows[i] = hn::LoadU(d, t.in + (b * kBlock + i) * t.in_stride);
    KEEL_UNROLL
    for (int span = 1; span < kBlock; span *= 2) {
      V w[kBlock];
      KEEL_UNROLL
      for (int i = 0; i < kBlock / 2; ++i) {
        w[2 * i] = hn::InterleaveLower(d, rows[i], rows[i + kBlock / 2]);
        w[2 * i + 1] = hn::InterleaveUpper(d, rows[i], rows[i + kBlock / 2]);
      }
      KEEL_UNROLL
      for (int i = 0; i < kBlock; ++i) rows[i] = w[i];
    }
  }
  KEEL_UNROLL
  for (int i = 0; i < kBlock; ++i) {
    if constexpr (kBlocks == 2) {
      TransposeBlocksOf(d, v[i], v[i + kBlock]);
    } else if constexpr (kBlocks == 4) {
      TransposeBlocksOf(d, v[i], v[i + kBlock], v[i + 2 * kBlock], v[i + 3 * kBlock]);
    }
    KEEL_UNROLL
    for (int b = 0; b < kBlocks; ++b) {
      T* const out = t.out + (b * kBlock + i) * t.out_stride;
      if constexpr (kStream) {
        hn::Stream(v[i + b * kBlock], d, out);
      } else {
        hn::StoreU(v[i + b * kBlock], d, out);
      }
    }
  }
}

// A matrix of 2, 3 or 4 columns without gaps between its rows: pixels into planes.
template <typename T>
bool TransposePixels(int64_t rows, int64_t cols, const Transpose<T>& t) {
  const hn::ScalableTag<T> d;
  const int64_t n = static_cast<int64_t>(hn::Lanes(d));
  if (t.in_stride != cols || rows < n || cols < 2 || cols > 4) return false;
  for (int64_t r = 0; r < rows; r += n) {
    r = std::min(r, rows - n);
    hn::Vec<decltype(d)> a, b, c, e;
    if (cols == 2) {
      hn::LoadInterleaved2(d, t.in + r * 2, a, b);
    } else if (cols == 3) {
      hn::LoadInterleaved3(d, t.in + r * 3, a, b, c);
      hn::StoreU(c, d, t.out + 2 * t.out_stride + r);
    } else {
      hn::LoadInterleaved4(d, t.in + r * 4, a, b, c, e);
      hn::StoreU(c, d, t.out + 2 * t.out_stride + r);
      hn::StoreU(e, d, t.out + 3 * t.out_stride + r);
    }
    hn::StoreU(a, d, t.out + r);
    hn::StoreU(b, d, t.out + t.out_stride + r);
  }
  return true;
}

// The way back: planes into pixels.
template <typename T>
bool TransposePlanes(int64_t rows, int64_t cols, const Transpose<T>& t) {
  const hn::ScalableTag<T> d;
  const int64_t n = static_cast<int64_t>(hn::Lanes(d));
  if (t.out_stride != rows || cols < n || rows < 2 || rows > 4) return false;
  for (int64_t c = 0; c < cols; c += n) {
    c = std::min(c, cols - n);
    const auto v0 = hn::LoadU(d, t.in + c), v1 = hn::LoadU(d, t.in + t.in_stride + c);
    if (rows == 2) {
      hn::StoreInterleaved2(v0, v1, d, t.out + c * 2);
      continue;
    }
    const auto v2 = hn::LoadU(d, t.in + 2 * t.in_stride + c);
    if (rows == 3) {
      hn::StoreInterleaved3(v0, v1, v2, d, t.out + c * 3);
    } else {
      hn::StoreInterleaved4(v0, v1, v2, hn::LoadU(d, t.in + 3 * t.in_stride + c), d, t.out + c * 4);
    }
  }
  return true;
}

// All of a block whose sides are no shorter than those of a tile; tiles at the edge overlap their
// neighbours. `down`: column after column of tiles, which writes along the output, else row after row. Where
// vectors are shorter than a cache line, tiles that fill one follow each other.
template <bool kStream, class D, typename T = hn::TFromD<D>>
HWY_INLINE void TransposeTiles(D d, int64_t rows, int64_t cols, const Transpose<T>& t, bool down) {
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  constexpr int kGroups = 64 / sizeof(T) / hn::MaxLanes(D());
  const int64_t whole = rows - rows % (kGroups * lanes);
  const auto below = [&](int64_t r) { return r + (r < whole ? kGroups * lanes : lanes); };
  const int64_t outer = down ? cols : rows, inner = down ? rows : cols;
  for (int64_t i = 0; i < outer; i = down ? i + lanes : below(i)) {
    for (int64_t j = 0; j < inner; j = down ? below(j) : j + lanes) {
      const int64_t r = down ? j : i, c = std::min(down ? i : j, cols - lanes);
      if (r < whole) {
        for (int g = 0; g < kGroups; ++g) TransposeTile<kStream>(d, t.at(r + g * lanes, c));
      } else {
        TransposeTile<false>(d, t.at(std::min(r, rows - lanes), c));
      }
    }
  }
}

// A block of a matrix. `down`: as above. `stream`: the output is written past the caches.
template <typename T>
void TransposeBlock(int64_t rows, int64_t cols, const Transpose<T>& t, bool down, bool stream) {
  if constexpr (sizeof(T) == 16) {
    TransposeScalar(rows, cols, t);
  } else {
    constexpr int64_t kBlock = 16 / sizeof(T);
    const hn::ScalableTag<T> d;
    const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
    if (rows >= lanes && cols >= lanes) {
      if (stream) {
        TransposeTiles<true>(d, rows, cols, t, down);
      } else {
        TransposeTiles<false>(d, rows, cols, t, down);
      }
    } else if (TransposePixels(rows, cols, t) || TransposePlanes(rows, cols, t)) {
      return;
    } else if (lanes > 2 * kBlock && rows >= 2 * kBlock && cols >= 2 * kBlock) {
      TransposeTiles<false>(hn::CappedTag<T, 2 * kBlock>(), rows, cols, t, down);
    } else if (rows >= kBlock && cols >= kBlock) {
      TransposeTiles<false>(hn::CappedTag<T, kBlock>(), rows, cols, t, down);
    } else {
      TransposeScalar(rows, cols, t);
    }
  }
}

#else  // HWY_TARGET == HWY_SCALAR

template <typename T>
void TransposeBlock(int64_t rows, int64_t cols, const Transpose<T>& t, bool, bool) {
  TransposeScalar(rows, cols, t);
}

#endif  // HWY_TARGET != HWY_SCALAR

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_CORE_TRANSPOSE_TILE_INL_H_
