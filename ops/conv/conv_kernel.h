// Convolutions over one, two or three spatial axes, and their gradients, as matrix products whose
// left operand is read where the image lies or, where taps have few channels, gathered from it block by block.
//
// Storage types: float, double, hwy::float16_t, hwy::bfloat16_t; the narrow two are summed in
// float and rounded once, to nearest even. Every result element is one chain of fused
// multiply-adds (the kernel gradient: a fixed number of chains, added in order), so the bits depend
// on the shape and the instruction set, never on the number of threads.
// Thread-safe; several calls may share a pool. No result may overlap an operand or scratch.
// Definition: y[n, o, f] = sum over taps t and channels c of
//   x[n, o * stride + t * dilation - pad, c] * w[t, c, f], x being 0 outside.
#ifndef KEEL_OPS_CONV_CONV_KERNEL_H_
#define KEEL_OPS_CONV_CONV_KERNEL_H_

#include <cstddef>
#include <cstdint>

#include "core/threads.h"
#include "hwy/base.h"
#include "ops/conv/spatial.h"

namespace keel {

// x: [batch, in..., in_channels], y: [batch, out..., out_channels]; with channels_first the
// channels come before the spatial axes. w: [kernel..., in_channels, out_channels], always.
// The caller resolves the padding: `pad` zeros come before each axis, and as many after it as
// `out` asks for. Any size may be 0.
struct ConvShape {
  int64_t batch = 0;
  Spatial in = {1, 1, 1}, out = {1, 1, 1}, kernel = {1, 1, 1};
  Spatial stride = {1, 1, 1}, dilation = {1, 1, 1}, pad = {0, 0, 0};
  int64_t in_channels = 0, out_channels = 0;
  bool channels_first = false;
};

// Bytes of scratch that any of the functions below wants, 64-byte aligned, contents free. It grows
// with the kernel and the threads, not with the image, unless the layout is channels_first: that
// is transposed there and back.
template <typename T>
size_t conv_scratch_bytes(const ConvShape& shape, const ThreadPool& pool);

// y = conv(x, w). `rows_done`, if it is not null and the channels are last, is told of pixels of y.
template <typename T>
void conv_forward(const ConvShape& shape, const T* x, const T* w, T* y, const RowsDone* rows_done,
                  void* scratch, const ThreadPool& pool);

// w packed once for many calls of conv_forward_packed() (weights between updates). The packed form
// depends on the kernel, the channels and the instruction set. 64-byte aligned.
template <typename T>
size_t conv_packed_bytes(const ConvShape& shape);
template <typename T>
void conv_pack(const ConvShape& shape, const T* w, void* packed, const ThreadPool& pool);
// As conv_forward(), with w from conv_pack().
template <typename T>
void conv_forward_packed(const ConvShape& shape, const T* x, const void* packed, T* y,
                         const RowsDone* rows_done, void* scratch, const ThreadPool& pool);

// dx = the gradient w.r.t. x of the sum of y * dy: also the forward pass of a transposed convolution.
template <typename T>
void conv_input_gradient(const ConvShape& shape, const T* dy, const T* w, T* dx, void* scratch,
                         const ThreadPool& pool);

// dw = the gradient w.r.t. w of the sum of y * dy.
template <typename T>
void conv_kernel_gradient(const ConvShape& shape, const T* x, const T* dy, T* dw, void* scratch,
                          const ThreadPool& pool);

}  // namespace keel

#endif  // KEEL_OPS_CONV_CONV_KERNEL_H_
