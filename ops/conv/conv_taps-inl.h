// The patches of conv_patches-inl.h, transposed, as a left operand that is read where the image lies:
// for one tap, neighbouring pixels of the grid are neighbouring pixels of the image.
#if defined(KEEL_OPS_CONV_CONV_TAPS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_OPS_CONV_CONV_TAPS_INL_H_
#undef KEEL_OPS_CONV_CONV_TAPS_INL_H_
#else
#define KEEL_OPS_CONV_CONV_TAPS_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include "ops/conv/conv_patches-inl.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

// Rows are taps and channels, k the pixels of the grid. A tile is of one tap, and sums over the pixels
// for which that tap lies inside the image. T is float, double or an integer.
template <typename T>
struct PatchTaps {
  static constexpr bool kCols = true;
  static constexpr int64_t kLeastChannels = 16, kLeastPixels = 7;
  static constexpr int64_t kMostTaps = (kMaxTaskRows + kTileRows) / kLeastChannels + 2;
  static constexpr int64_t kMostRuns = kBlockDepth / kLeastPixels + 2;
  PatchMatrix<T> patches;

  // Whether this is faster than to copy the patches: tiles are not too low, nor stretches too short.
  static bool serves(const PatchMatrix<T>& p) {
    return p.channels >= kLeastChannels && p.grid[2] >= kLeastPixels;
  }

  int64_t block_elements(int64_t, int64_t) const { return 0; }
  HWY_INLINE int64_t block(int64_t first, int64_t rows, int64_t, int64_t, T*, const T** to) const {
    for (int64_t i = 0; i < rows; ++i) to[i] = patches.image + (first + i) % patches.channels;
    return patches.stride[2] * patches.channels;
  }

  struct Sums {
    Stretch runs[kMostTaps][kMostRuns];
    int64_t counts[kMostTaps];
    int64_t first, channels;
    HWY_INLINE TileSum<> tile(int64_t i) const {
      const int64_t tap = (first + i) / channels, channel = first + i - tap * channels;
      const int64_t index = tap - first / channels;
      return {std::min<int64_t>(kTileRows, channels - channel), {runs[index], counts[index]}};
    }
  };
  HWY_INLINE void sums(int64_t first, int64_t rows, int64_t k0, int64_t depth, Sums& to) const {
    to.first = first;
    to.channels = patches.channels;
    const int64_t first_tap = first / patches.channels, last_tap = (first + rows - 1) / patches.channels;
    for (int64_t tap = first_tap; tap <= last_tap; ++tap) {
      to.counts[tap - first_tap] = runs(tap, k0, depth, to.runs[tap - first_tap]);
    }
  }

 private:
  HWY_INLINE int64_t runs(int64_t tap, int64_t k0, int64_t depth, Stretch* to) const {
    const PatchMatrix<T>& p = patches;
    const Spatial taps = {tap / (p.taps[1] * p.taps[2]), tap / p.taps[2] % p.taps[1], tap % p.taps[2]};
    Spatial from;  // Of the image, what the first point of the grid meets.
    for (int i = 0; i < 3; ++i) from[i] = p.offset[i] + taps[i] * p.step[i];
    // The points of a line of the grid that meet the image.
    const int64_t stride = p.stride[2], left = p.size[2] - from[2];
    const int64_t low = from[2] >= 0 ? 0 : CeilDiv(-from[2], stride), high = left <= 0 ? 0 : CeilDiv(left, stride);
    int64_t count = 0;
    auto point = p.point(k0);
    for (int64_t k = 0; k < depth;) {
      const int64_t at = point.at[2], length = std::min(depth - k, p.grid[2] - at);
      const int64_t d = point.at[0] * p.stride[0] + from[0], h = point.at[1] * p.stride[1] + from[1];
      const int64_t begin = std::max(at, low), end = std::min(at + length, high);
      if (d >= 0 && d < p.size[0] && h >= 0 && h < p.size[1] && begin < end) {
        const int64_t pixel = ((point.batch * p.size[0] + d) * p.size[1] + h) * p.size[2] + begin * stride + from[2];
        const Stretch run = {pixel * p.channels, k + begin - at, end - begin};
        Stretch* const last = count > 0 ? &to[count - 1] : nullptr;
        // Whole lines of an image lie one behind the other.
        if (last != nullptr && last->b + last->depth == run.b && last->a + last->depth * stride * p.channels == run.a) {
          last->depth += run.depth;
        } else {
          to[count++] = run;
        }
      }
      p.advance(point, length);
      k += length;
    }
    return count;
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_CONV_CONV_TAPS_INL_H_
