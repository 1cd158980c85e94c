// Bilinear interpolation of images, and its gradient.
//
// Storage types: float, double, hwy::float16_t, hwy::bfloat16_t; the narrow two are computed in float
// and rounded once. Results have the same bits on any number of threads. Thread-safe; several calls may
// share a pool. No result may overlap an operand or scratch.
// Definition: y[n, i, j, c] is x[n, i / height_factor, j / width_factor, c], linear between the rows and
// columns of x and constant after the last ones.
#ifndef KEEL_OPS_CONV_RESIZE_KERNEL_H_
#define KEEL_OPS_CONV_RESIZE_KERNEL_H_

#include <cstddef>
#include <cstdint>

#include "core/threads.h"
#include "hwy/base.h"

namespace keel {

// x: [batch, height, width, channels], y: [batch, height * height_factor, width * width_factor,
// channels]; with channels_first the channels come before height. Sizes may be 0, factors are at least 1.
struct ResizeShape {
  int64_t batch = 0, height = 0, width = 0, channels = 0;
  int64_t height_factor = 1, width_factor = 1;
  bool channels_first = false;
};

// Bytes of scratch that either function below wants, 64-byte aligned, contents free: some rows per
// thread, and with channels_first both images.
template <typename T>
size_t resize_scratch_bytes(const ResizeShape& shape, const ThreadPool& pool);

// y from x.
template <typename T>
void resize_bilinear(const ResizeShape& shape, const T* x, T* y, void* scratch, const ThreadPool& pool);

// dx = the gradient w.r.t. x of the sum of y * dy.
template <typename T>
void resize_bilinear_gradient(const ResizeShape& shape, const T* dy, T* dx, void* scratch,
                              const ThreadPool& pool);

}  // namespace keel

#endif  // KEEL_OPS_CONV_RESIZE_KERNEL_H_
