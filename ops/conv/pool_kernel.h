// Maximum and average over windows of one, two or three spatial axes, and their gradients.
//
// Storage types: float, double, hwy::float16_t, hwy::bfloat16_t; max_pool() also int32_t, int64_t.
// Narrow types are summed in float and rounded once. The windows lie as those of a convolution
// without dilation (ops/conv/conv_kernel.h); what a window holds of the padding does not count.
// Results have the same bits on any number of threads. Thread-safe; several calls may share a
// pool. No result may overlap an operand or scratch.
#ifndef KEEL_OPS_CONV_POOL_KERNEL_H_
#define KEEL_OPS_CONV_POOL_KERNEL_H_

#include <cstddef>
#include <cstdint>

#include "core/threads.h"
#include "hwy/base.h"
#include "ops/conv/spatial.h"

namespace keel {

// x: [batch, in..., channels], y: [batch, out..., channels]; with channels_first the channels come
// before the spatial axes. Any size may be 0; windows and strides are at least 1.
struct PoolShape {
  int64_t batch = 0;
  Spatial in = {1, 1, 1}, out = {1, 1, 1}, window = {1, 1, 1}, stride = {1, 1, 1};
  Spatial pad = {0, 0, 0};  // Before each axis.
  int64_t channels = 0;
  bool channels_first = false;
};

// Bytes of scratch that any of the functions below wants, 64-byte aligned, contents free. None for
// float and double with channels last.
template <typename T>
size_t pool_scratch_bytes(const PoolShape& shape, const ThreadPool& pool);

// Whether windows are so small that the number of an element in one fits a byte.
constexpr bool has_byte_index(const Spatial& window) {
  const int64_t reach = 257;  // So that the product does not overflow.
  return (window[0] < reach ? window[0] : reach) * (window[1] < reach ? window[1] : reach) *
             (window[2] < reach ? window[2] : reach) < reach;
}

// y = the largest element of each window; NaN if it holds one, the lowest value if it is all
// padding. `index`: null, or (floating types) where the number of that element goes, counted in
// row-major order over the elements of the window that are inside the image; of several equal ones
// the first, of NaNs likewise. [batch, out..., channels], with channels_first too; uint8_t if
// has_byte_index(), else int32_t. With an index, y may be null.
template <typename T>
void max_pool(const PoolShape& shape, const T* x, T* y, void* index, void* scratch,
              const ThreadPool& pool);
// y = the sum of each window over the number of its elements; 0 if it is all padding.
template <typename T>
void average_pool(const PoolShape& shape, const T* x, T* y, void* scratch, const ThreadPool& pool);

// dx: each window's dy goes to its largest element, which max_pool() has left in `index`.
template <typename T>
void max_pool_gradient(const PoolShape& shape, const T* dy, const void* index, T* dx, void* scratch,
                       const ThreadPool& pool);
// dx: each window's dy in equal parts to its elements.
template <typename T>
void average_pool_gradient(const PoolShape& shape, const T* dy, T* dx, void* scratch,
                           const ThreadPool& pool);

}  // namespace keel

#endif  // KEEL_OPS_CONV_POOL_KERNEL_H_
