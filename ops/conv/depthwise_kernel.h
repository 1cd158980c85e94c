// Depthwise convolutions over one, two or three spatial axes, and their gradients: each channel is
// convolved on its own. Vectors run over the channels of the result.
//
// Storage types: float, double, hwy::float16_t, hwy::bfloat16_t; the narrow two are summed in
// float and rounded once, to nearest even. Every element of y is one chain of fused multiply-adds, of
// dx one per multiplier, of dw a number of chains that the shape fixes, added in order: the bits
// depend on the shape and the instruction set, never on the number of threads.
// Thread-safe; several calls may share a pool. No result may overlap an operand or scratch.
// Definition, with M = out_channels / in_channels: y[n, o, c * M + m] = sum over taps t of
//   x[n, o * stride + t * dilation - pad, c] * w[t, c, m], x being 0 outside.
#ifndef KEEL_OPS_CONV_DEPTHWISE_KERNEL_H_
#define KEEL_OPS_CONV_DEPTHWISE_KERNEL_H_

#include <cstddef>

#include "core/threads.h"
#include "hwy/base.h"
#include "ops/conv/conv_kernel.h"

namespace keel {

// Shapes are those of conv_kernel.h, but w: [kernel..., in_channels, M] and out_channels is a multiple
// of in_channels. Bytes of scratch that any of the functions below wants, 64-byte aligned, contents
// free; without channels_first it does not grow with the image (rows of it, where M > 1).
template <typename T>
size_t depthwise_scratch_bytes(const ConvShape& shape, const ThreadPool& pool);

// y.
template <typename T>
void depthwise_forward(const ConvShape& shape, const T* x, const T* w, T* y, void* scratch,
                       const ThreadPool& pool);

// dx = the gradient w.r.t. x of the sum of y * dy.
template <typename T>
void depthwise_input_gradient(const ConvShape& shape, const T* dy, const T* w, T* dx,
                              void* scratch, const ThreadPool& pool);

// dw = the gradient w.r.t. w of the sum of y * dy.
template <typename T>
void depthwise_kernel_gradient(const ConvShape& shape, const T* x, const T* dy, T* dw,
                               void* scratch, const ThreadPool& pool);

}  // namespace keel

#endif  // KEEL_OPS_CONV_DEPTHWISE_KERNEL_H_
