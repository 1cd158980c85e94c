// Patches of an image as rows of a matrix: gathered, zero-padded and widened into the panels of
// ops/math/gemm_driver-inl.h.
#if defined(KEEL_OPS_CONV_CONV_PATCHES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_OPS_CONV_CONV_PATCHES_INL_H_
#undef KEEL_OPS_CONV_CONV_PATCHES_INL_H_
#else
#define KEEL_OPS_CONV_CONV_PATCHES_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include "ops/conv/conv_kernel.h"
#include "ops/conv/layout-inl.h"
#include "ops/math/gemm_driver-inl.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

// Row (b, g) of the matrix, b a batch entry and g a point of `grid`, holds for each tap t (of
// taps[0] x taps[1] x taps[2]) and channel c: image[b, g * stride + offset + t * step, c], or 0
// outside. Taps are in row-major order, channels last.
template <typename S>
struct PatchMatrix {
  using T = ComputeType<S>;
  const S* image;  // [batch, size..., channels]
  Spatial size;
  int64_t channels;
  Spatial grid, stride, offset, taps, step;

  int64_t cols() const { return Volume(taps) * channels; }

  // A position in the grid, advanced row by row.
  struct Point {
    int64_t batch;
    Spatial at;
  };
  HWY_INLINE Point point(int64_t row) const {
    Point p;
    p.at[2] = row % grid[2];
    row /= grid[2];
    p.at[1] = row % grid[1];
    row /= grid[1];
    p.at[0] = row % grid[0];
    p.batch = row / grid[0];
    return p;
  }
  HWY_INLINE void advance(Point& p) const {
    if (++p.at[2] < grid[2]) return;
    p.at[2] = 0;
    if (++p.at[1] < grid[1]) return;
    p.at[1] = 0;
    if (++p.at[0] < grid[0]) return;
    p.at[0] = 0;
    ++p.batch;
  }

  static HWY_INLINE void Zeros(T* to, int64_t n) {
    const hn::ScalableTag<T> d;
    int64_t i = 0;
    for (; i + kLanesOf<T> <= n; i += kLanesOf<T>) hn::StoreU(hn::Zero(d), d, to + i);
    if (i < n) hn::BlendedStore(hn::Zero(d), hn::FirstN(d, static_cast<size_t>(n - i)), d, to + i);
  }

  // to[0, count) = columns [col, col + count) of the row at `p`.
  HWY_INLINE void gather(const Point& p, int64_t col, int64_t count, T* to) const {
    const int64_t line_cols = taps[2] * channels;
    const int64_t w0 = p.at[2] * stride[2] + offset[2];
    // Taps [low, high) of a line are inside, if they are neighbours.
    const int64_t low = std::clamp<int64_t>(-w0, 0, taps[2]);
    const int64_t high = std::clamp<int64_t>(size[2] - w0, low, taps[2]);
    int64_t line = col / line_cols;
    int64_t begin = col - line * line_cols;
    int64_t t1 = line % taps[1], t0 = line / taps[1];
    while (count > 0) {
      const int64_t end = std::min(line_cols, begin + count);
      const int64_t d0 = p.at[0] * stride[0] + offset[0] + t0 * step[0];
      const int64_t d1 = p.at[1] * stride[1] + offset[1] + t1 * step[1];
      if (d0 < 0 || d0 >= size[0] || d1 < 0 || d1 >= size[1]) {
        Zeros(to, end - begin);
      } else {
        const S* base = image + ((p.batch * size[0] + d0) * size[1] + d1) * size[2] * channels;
        if (step[2] == 1) {
          const int64_t from = std::clamp(low * channels, begin, end);
          const int64_t until = std::clamp(high * channels, from, end);
          if (begin < from) Zeros(to, from - begin);
          WidenRow(base + w0 * channels + from, until - from, to + (from - begin));
          if (until < end) Zeros(to + (until - begin), end - until);
        } else {
          for (int64_t i = begin; i < end;) {
            const int64_t t = i / channels, stop = std::min(end, (t + 1) * channels);
            const int64_t w = w0 + t * step[2];
            if (w < 0 || w >= size[2]) {
              Zeros(to + (i - begin), stop - i);
            } else {
              WidenRow(base + w * channels + (i - t * channels), stop - i, to + (i - begin));
            }
            i = stop;
          }
        }
      }
      to += end - begin;
      count -= end - begin;
      begin = 0;
      if (++t1 == taps[1]) {
        t1 = 0;
        ++t0;
      }
    }
  }
};

// The patches as the left operand's rows.
template <typename S>
struct PatchRows {
  using T = ComputeType<S>;
  static constexpr bool kCols = false;
  PatchMatrix<S> patches;
  bool copy;

  // Without copying: rows that are single, whole pixels.
  static bool InPlace(const PatchMatrix<S>& p, int64_t n) {
    bool inside = !kIsNarrow<S> && Volume(p.taps) == 1 && n <= 4 * kPanelCols<T>;
    for (int i = 0; i < 3; ++i) {
      inside = inside && p.offset[i] >= 0 &&
               (p.grid[i] - 1) * p.stride[i] + p.offset[i] < p.size[i];
    }
    return inside;
  }

  static int64_t RowStep(int64_t depth) { return RoundUp(depth, 128 / sizeof(T)) + 64 / sizeof(T); }
  int64_t block_elements(int64_t rows, int64_t depth) const {
    return copy ? rows * RowStep(depth) : 0;
  }
  HWY_INLINE int64_t block(int64_t first, int64_t rows, int64_t k0, int64_t depth, T* scratch,
                           const T** to) const {
    auto p = patches.point(first);
    const int64_t step = RowStep(depth);
    for (int64_t i = 0; i < rows; ++i, patches.advance(p)) {
      if (copy) {
        to[i] = scratch + i * step;
        patches.gather(p, k0, depth, scratch + i * step);
      } else {
        int64_t pixel = p.batch;
        for (int j = 0; j < 3; ++j) {
          pixel = pixel * patches.size[j] + p.at[j] * patches.stride[j] + patches.offset[j];
        }
        to[i] = reinterpret_cast<const T*>(patches.image) + pixel * patches.channels + k0;
      }
    }
    return 0;
  }
};

// The patches, transposed, as the left operand: its rows are taps and channels, k the pixels.
template <typename S>
struct PatchColumns {
  using T = ComputeType<S>;
  static constexpr bool kCols = true;
  PatchMatrix<S> patches;

  static int64_t RowStep(int64_t rows) { return RoundUp(rows, 128 / sizeof(T)) + 64 / sizeof(T); }
  int64_t block_elements(int64_t rows, int64_t depth) const { return RowStep(rows) * depth; }
  HWY_INLINE int64_t block(int64_t first, int64_t rows, int64_t k0, int64_t depth, T* scratch,
                           const T** to) const {
    auto p = patches.point(k0);
    const int64_t step = RowStep(rows);
    for (int64_t k = 0; k < depth; ++k, patches.advance(p)) {
      patches.gather(p, first, rows, scratch + k * step);
    }
    for (int64_t i = 0; i < rows; ++i) to[i] = scratch + i;
    return step;
  }
};

// A dense [k, n] right operand that each task packs for itself, block by block: it is too large to
// be held twice.
template <typename S>
struct DenseRight {
  using T = ComputeType<S>;
  const S* b;
  int64_t n;

  int64_t block_elements(int64_t depth, int64_t cols) const { return PackedCols<T>(cols) * depth; }
  HWY_INLINE Panels<T> block(int64_t k0, int64_t depth, int64_t col, int64_t cols,
                             T* scratch) const {
    constexpr int64_t kWidth = kPanelCols<T>;
    const int64_t full = cols / kWidth, edge = cols - full * kWidth;
    T* last = scratch + full * kWidth * depth;
    const S* from = b + k0 * n + col;
    for (int64_t k = 0; k < depth; ++k) {
      for (int64_t j = 0; j < full; ++j) {
        WidenRow(from + k * n + j * kWidth, kWidth, scratch + (j * depth + k) * kWidth);
      }
    }
    if (edge != 0) {
      PackPanel(from + full * kWidth, n, false, depth, edge, RoundUp(edge, kLanesOf<T>), last);
    }
    return {scratch, kWidth * depth, kWidth, last, full};
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_CONV_CONV_PATCHES_INL_H_
