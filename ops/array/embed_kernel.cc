#include "ops/array/embed_kernel.h"

#include <cstdint>

#include "ops/array/strided_copy_kernel.h"

namespace keel {
namespace {

alignas(8) constexpr char kZero[8] = {};

int64_t elements(Dims shape) {
  int64_t n = 1;
  for (int64_t d : shape) n *= d;
  return n;
}

}  // namespace

void embed(const ThreadPool& pool, Dims in_shape, Dims begin, Dims step, Dims out_shape,
           size_t element_size, const void* in, void* out) {
  const int rank = static_cast<int>(in_shape.size());
  CopyAxes axes = dense_axes(out_shape);
  const CopyAxes from = dense_axes(in_shape);
  char* const to = static_cast<char*>(out);
  const int64_t size = static_cast<int64_t>(element_size);
  bool gaps = false;
  for (int64_t s : step) gaps |= s != 1;
  if (gaps || elements(in_shape) == 0) {
    fill_zero(pool, out, elements(out_shape) * size);
  } else {
    // Border by border, so that nothing is written twice: before and behind the values along one
    // axis, within the values of the axes before it and all of the axes after it.
    CopyAxes border = axes;
    for (CopyAxis& axis : border) axis.in_stride = 0;
    int64_t offset = 0;
    for (int a = 0; a < rank; ++a) {
      const int64_t stride = axes[a].out_stride, after = begin[a] + in_shape[a];
      border[a].size = begin[a];
      strided_copy(pool, border, element_size, kZero, to + offset * size);
      border[a].size = out_shape[a] - after;
      strided_copy(pool, border, element_size, kZero, to + (offset + after * stride) * size);
      border[a].size = in_shape[a];
      offset += begin[a] * stride;
    }
  }
  int64_t offset = 0;
  for (int a = 0; a < rank; ++a) {
    offset += begin[a] * axes[a].out_stride;
    axes[a] = {in_shape[a], from[a].in_stride, axes[a].out_stride * step[a]};
  }
  strided_copy(pool, axes, element_size, in, to + offset * size);
}

}  // namespace keel
