// The one kernel behind every op that only moves elements: transposes, slices, concatenation,
// padding, repetition and reversal.
#ifndef KEEL_OPS_ARRAY_STRIDED_COPY_KERNEL_H_
#define KEEL_OPS_ARRAY_STRIDED_COPY_KERNEL_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/container/inlined_vector.h"
#include "core/threads.h"

namespace keel {

// One axis of a copy: `size` steps, each this many elements further in the input (0 repeats, a
// negative number goes backwards) and in the output (above 0).
struct CopyAxis {
  int64_t size;
  int64_t in_stride, out_stride;
};
using CopyAxes = absl::InlinedVector<CopyAxis, 8>;

// out[Σ iₐ·out_strideₐ] = in[Σ iₐ·in_strideₐ] for every index i. Elements are `element_size` bytes: 1,
// 2, 4 or 8. No two indices have the same output element; `in` and `out` do not overlap. The order of
// the axes does not matter: they are sorted, joined where they can be, and copied in runs as long as
// possible, or through transposing register tiles where that is what it comes to. Nothing is
// allocated, pieces depend on the axes alone.
void strided_copy(const ThreadPool& pool, CopyAxes axes, size_t element_size, const void* in,
                  void* out);

// The axes of a dense row-major array of this shape (both strides).
template <typename Dims>
CopyAxes dense_axes(const Dims& shape) {
  CopyAxes axes(shape.end() - shape.begin());
  // The other axes of an empty array may be of any size, and their product of none.
  int64_t stride = std::find(shape.begin(), shape.end(), 0) == shape.end() ? 1 : 0;
  for (int i = static_cast<int>(axes.size()) - 1; i >= 0; --i) {
    axes[i] = {shape.begin()[i], stride, stride};
    stride *= shape.begin()[i];
  }
  return axes;
}

// Sets `bytes` bytes to 0, on several threads where they are many.
void fill_zero(const ThreadPool& pool, void* out, int64_t bytes);

}  // namespace keel

#endif  // KEEL_OPS_ARRAY_STRIDED_COPY_KERNEL_H_
