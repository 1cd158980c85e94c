// The patches that a window sees of an image, one after the other, and the way back.
//
// Storage types: float, double, hwy::float16_t, hwy::bfloat16_t; sums of the narrow two are made in
// float and rounded once. Results have the same bits on any number of threads. Thread-safe; several
// calls may share a pool. No result may overlap an operand or scratch.
#ifndef KEEL_OPS_CONV_PATCHES_KERNEL_H_
#define KEEL_OPS_CONV_PATCHES_KERNEL_H_

#include <cstddef>
#include <cstdint>

#include "core/threads.h"
#include "hwy/base.h"

namespace keel {

// x: [batch, in..., channels], or [batch, channels, in...] with channels_first. Place p = (i, j) of
// out[0] x out[1] sees rows i * stride[0] + [0, window[0]) and columns j * stride[1] + [0, window[1]), all of
// them inside. patches: [places, batch, elements of a patch], those in the order of x's axes:
// (row, column, channel) or (channel, row, column). Any size may be 0.
struct PatchShape {
  int64_t batch = 0, channels = 0;
  int64_t in[2] = {1, 1}, window[2] = {1, 1}, stride[2] = {1, 1}, out[2] = {1, 1};
  bool channels_first = false;
};

// patches from x.
template <typename T>
void gather_patches(const PatchShape& shape, const T* x, T* patches, const ThreadPool& pool);

// Bytes of scratch that scatter_patches() wants, 64-byte aligned, contents free: a row per thread.
template <typename T>
size_t scatter_patches_scratch_bytes(const PatchShape& shape, const ThreadPool& pool);

// x: each element the sum of those of the patches that it went into.
template <typename T>
void scatter_patches(const PatchShape& shape, const T* patches, T* x, void* scratch, const ThreadPool& pool);

}  // namespace keel

#endif  // KEEL_OPS_CONV_PATCHES_KERNEL_H_
