// Patches for one storage type and one target. A row of an image is `planes` (channels first) or one row
// of pixels; what a patch sees of it lies side by side both in the image and in the patch.
#if defined(KEEL_OPS_CONV_PATCHES_KERNEL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KEEL_OPS_CONV_PATCHES_KERNEL_INL_H_
#undef KEEL_OPS_CONV_PATCHES_KERNEL_INL_H_
#else
#define KEEL_OPS_CONV_PATCHES_KERNEL_INL_H_
#endif

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "core/narrow_float-inl.h"
#include "ops/conv/layout-inl.h"
#include "ops/conv/patches_kernel.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

// An image as planes of rows of `pixel` elements that stay together.
struct PatchRuns {
  int64_t planes, pixel, row;  // Per image; elements of a column, of a row of the image.
  int64_t run, patch;          // Elements of a patch in one row; in all.

  explicit PatchRuns(const PatchShape& s)
      : planes(s.channels_first ? s.channels : 1),
        pixel(s.channels_first ? 1 : s.channels),
        row(s.in[1] * pixel),
        run(s.window[1] * pixel),
        patch(planes * s.window[0] * run) {}
};

template <typename S>
HWY_INLINE void GatherPatches(const PatchShape& s, const S* x, S* patches, const ThreadPool& pool) {
  const PatchRuns r(s);
  const int64_t count = s.out[0] * s.out[1] * s.batch;
  if (count * r.patch == 0) return;
  const size_t bytes = static_cast<size_t>(r.run) * sizeof(S);
  pool.parallel_for(count, CeilDiv(1 << 15, r.patch), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t place = i / s.batch, n = i % s.batch;
      const S* from = x + n * r.planes * s.in[0] * r.row +
                      place / s.out[1] * s.stride[0] * r.row + place % s.out[1] * s.stride[1] * r.pixel;
      S* to = patches + i * r.patch;
      for (int64_t plane = 0; plane < r.planes; ++plane, from += s.in[0] * r.row) {
        for (int64_t h = 0; h < s.window[0]; ++h, to += r.run) {
          std::memcpy(static_cast<void*>(to), from + h * r.row, bytes);
        }
      }
    }
  });
}

// to[0, n) += from[0, n).
template <typename S>
HWY_INLINE void AddRun(const S* from, int64_t n, ComputeType<S>* to) {
  using T = ComputeType<S>;
  const hn::ScalableTag<T> d;
  int64_t i = 0;
  for (; i + kLanesOf<T> <= n; i += kLanesOf<T>) {
    hn::StoreU(hn::Add(hn::LoadU(d, to + i), LoadWide(d, from + i)), d, to + i);
  }
  if (i < n) {
    const auto sum = hn::Add(LoadWidePart(d, to + i, n - i), LoadWidePart(d, from + i, n - i));
    StoreNarrowPart(d, sum, to + i, n - i);
  }
}

// Row `h` of a plane of an image, from the patches' runs of that plane: `patches` is where place 0 has
// that image and plane.
template <typename S>
HWY_NOINLINE void ScatterRow(const PatchShape& s, const PatchRuns& r, const S* patches, int64_t h,
                             ComputeType<S>* sums) {
  std::fill_n(sums, r.row, ComputeType<S>{0});
  const int64_t place_step = s.batch * r.patch;
  // Places (i, j) with i * stride <= h < i * stride + window.
  const int64_t low = h < s.window[0] ? 0 : (h - s.window[0]) / s.stride[0] + 1;
  const int64_t high = std::min(h / s.stride[0] + 1, s.out[0]);
  for (int64_t i = low; i < high; ++i) {
    const S* from = patches + i * s.out[1] * place_step + (h - i * s.stride[0]) * r.run;
    for (int64_t j = 0; j < s.out[1]; ++j, from += place_step) {
      AddRun(from, r.run, sums + j * s.stride[1] * r.pixel);
    }
  }
}

template <typename S>
HWY_INLINE void ScatterPatches(const PatchShape& s, const S* patches, S* x, void* scratch,
                               const ThreadPool& pool) {
  using T = ComputeType<S>;
  const PatchRuns r(s);
  const int64_t rows = s.batch * r.planes * s.in[0];
  if (rows * r.row == 0) return;
  ScratchSlots slots(scratch, BytesOf<T>(r.row), pool.threads());
  const int64_t overlap = CeilDiv(s.window[0], s.stride[0]);
  pool.parallel_for(rows, CeilDiv(1 << 15, r.row * overlap), [&](int64_t begin, int64_t end) {
    const ScratchSlots::Lease lease(slots);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t h = i % s.in[0], plane = i / s.in[0] % r.planes, n = i / s.in[0] / r.planes;
      const S* from = patches + n * r.patch + plane * s.window[0] * r.run;
      T* sums = reinterpret_cast<T*>(lease.data());
      ScatterRow(s, r, from, h, sums);
      NarrowRow<S>(sums, r.row, x + i * r.row);
    }
  });
}

template <typename S>
HWY_INLINE size_t ScatterPatchesBytes(const PatchShape& s, int threads) {
  return ScratchSlots::total_bytes(BytesOf<ComputeType<S>>(PatchRuns(s).row), threads);
}

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#endif  // KEEL_OPS_CONV_PATCHES_KERNEL_INL_H_
