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

  // A position in the grid.
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
  // Along the last axis by at most what is left of it.
  HWY_INLINE void advance(Point& p, int64_t count) const {
    p.at[2] += count;
    if (p.at[2] < grid[2]) return;
    p.at[2] = 0;
    if (++p.at[1] < grid[1]) return;
    p.at[1] = 0;
    if (++p.at[0] < grid[0]) return;
    p.at[0] = 0;
    ++p.batch;
  }

  // Whole vectors are stored: what comes after `n` is overwritten, up to kOverrun elements of it.
  static constexpr int64_t kOverrun = kLanesOf<T>;
  static HWY_INLINE void Zeros(T* to, int64_t n) {
    const hn::ScalableTag<T> d;
    for (int64_t i = 0; i < n; i += kLanesOf<T>) hn::StoreU(hn::Zero(d), d, to + i);
  }
  static HWY_INLINE void Copy(const S* from, int64_t n, T* to) {
    if constexpr (kIsNarrow<S>) {
      WidenRow(from, n, to);
    } else {
      const hn::ScalableTag<T> d;
      int64_t i = 0;
      for (; i + kLanesOf<T> <= n; i += kLanesOf<T>) hn::StoreU(hn::LoadU(d, from + i), d, to + i);
      if (i < n) {
        const auto mask = hn::FirstN(d, static_cast<size_t>(n - i));
        hn::StoreU(hn::MaskedLoad(mask, d, from + i), d, to + i);
      }
    }
  }

  // Rows [p, p + rows), `to_step` apart: columns [col, col + count), and kOverrun more of anything.
  HWY_INLINE void gather(Point p, int64_t rows, int64_t col, int64_t count, T* to,
                         int64_t to_step) const {
    while (rows > 0) {
      const int64_t run = std::min(rows, grid[2] - p.at[2]);
      gather_run(p, run, col, count, to, to_step);
      advance(p, run);
      rows -= run;
      to += run * to_step;
    }
  }

 private:
  // As gather(), for neighbours along the last axis. Line by line: the taps whose channels lie side
  // by side in the image are copied in one go, and what is inside is decided once for all rows.
  HWY_INLINE void gather_run(const Point& p, int64_t rows, int64_t col, int64_t count, T* to,
                             int64_t to_step) const {
    const int64_t line_taps = step[2] == 1 ? taps[2] : 1, lines = step[2] == 1 ? 1 : taps[2];
    const int64_t line_cols = line_taps * channels;
    int64_t begin = col, line = 0, t1 = 0, t0 = 0;
    if (col >= line_cols) {
      line = col / line_cols;
      begin = col - line * line_cols;
      t1 = line / lines;
      line -= t1 * lines;
      t0 = t1 / taps[1];
      t1 -= t0 * taps[1];
    }
    for (; count > 0; ++t0, t1 = 0) {
      const int64_t d = p.at[0] * stride[0] + offset[0] + t0 * step[0];
      for (; t1 < taps[1] && count > 0; ++t1, line = 0) {
        const int64_t h = p.at[1] * stride[1] + offset[1] + t1 * step[1];
        const bool inside = d >= 0 && d < size[0] && h >= 0 && h < size[1];
        const S* base = image + ((p.batch * size[0] + d) * size[1] + h) * size[2] * channels;
        for (; line < lines && count > 0; ++line) {
          const int64_t end = std::min(line_cols, begin + count), n = end - begin;
          const int64_t w = p.at[2] * stride[2] + offset[2] + line * step[2];
          if (inside) {
            copy_line(base, w, line_taps, begin, end, rows, to, to_step);
          } else {
            for (int64_t i = 0; i < rows; ++i) Zeros(to + i * to_step, n);
          }
          to += n;
          count -= n;
          begin = 0;
        }
      }
    }
  }

  // Columns [begin, end) of the line that starts at pixel w, w + stride ... of the image's row.
  HWY_INLINE void copy_line(const S* base, int64_t w, int64_t line_taps, int64_t begin,
                            int64_t end, int64_t rows, T* to, int64_t to_step) const {
    const int64_t s = stride[2];
    // Rows [low, high) have all of the line inside.
    const int64_t room = size[2] - line_taps - w;
    const int64_t low = std::min(rows, w >= 0 ? 0 : s == 1 ? -w : CeilDiv(-w, s));
    const int64_t high = std::clamp(room < 0 ? 0 : (s == 1 ? room : room / s) + 1, low, rows);
    for (int64_t i = low == 0 ? high : 0; i < rows; i = i + 1 == low ? high : i + 1) {
      const int64_t at = w + i * s;
      const int64_t first = std::clamp(-at * channels, begin, end);
      const int64_t last = std::clamp((size[2] - at) * channels, first, end);
      T* row = to + i * to_step;
      Zeros(row, first - begin);
      Copy(base + at * channels + first, last - first, row + (first - begin));
      Zeros(row + (last - begin), end - last);
    }
    const S* from = base + (w + low * s) * channels + begin;
    const int64_t from_step = s * channels, n = end - begin;
    T* row = to + low * to_step;
    if (!kIsNarrow<S> && n <= kLanesOf<T>) {  // The first layer: one masked vector.
      const hn::ScalableTag<T> d;
      const auto mask = hn::FirstN(d, static_cast<size_t>(n));
      const T* same = reinterpret_cast<const T*>(from);
      for (int64_t i = low; i < high; ++i, same += from_step, row += to_step) {
        hn::StoreU(hn::MaskedLoad(mask, d, same), d, row);
      }
      return;
    }
    for (int64_t i = low; i < high; ++i, from += from_step, row += to_step) Copy(from, n, row);
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
  static bool InPlace(const PatchMatrix<S>& p) {
    bool inside = !kIsNarrow<S> && Volume(p.taps) == 1;
    for (int i = 0; i < 3; ++i) {
      inside = inside && p.offset[i] >= 0 &&
               (p.grid[i] - 1) * p.stride[i] + p.offset[i] < p.size[i];
    }
    return inside;
  }

  // An odd number of lines (see MatrixRows in gemm_kernel-inl.h), with room for the overrun.
  static int64_t RowStep(int64_t depth) { return RoundUp(depth, 128 / sizeof(T)) + 64 / sizeof(T); }
  int64_t block_elements(int64_t rows, int64_t depth) const {
    return copy ? rows * RowStep(depth) : 0;
  }
  HWY_INLINE int64_t block(int64_t first, int64_t rows, int64_t k0, int64_t depth, T* scratch,
                           const T** to) const {
    auto p = patches.point(first);
    if (copy) {
      const int64_t step = RowStep(depth);
      patches.gather(p, rows, k0, depth, scratch, step);
      for (int64_t i = 0; i < rows; ++i) to[i] = scratch + i * step;
      return 0;
    }
    for (int64_t i = 0; i < rows; ++i, patches.advance(p, 1)) {
      int64_t pixel = p.batch;
      for (int j = 0; j < 3; ++j) {
        pixel = pixel * patches.size[j] + p.at[j] * patches.stride[j] + patches.offset[j];
      }
      to[i] = reinterpret_cast<const T*>(patches.image) + pixel * patches.channels + k0;
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
    const int64_t step = RowStep(rows);
    patches.gather(patches.point(k0), depth, first, rows, scratch, step);
    for (int64_t i = 0; i < rows; ++i) to[i] = scratch + i;
    return step;
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_CONV_CONV_PATCHES_INL_H_
