// Zeros around a tensor.
#ifndef KEEL_OPS_ARRAY_PAD_H_
#define KEEL_OPS_ARRAY_PAD_H_

#include <cstdint>
#include <ostream>
#include <utility>
#include <vector>

#include "core/arguments.h"
#include "core/tensor.h"

namespace keel {

// How many zeros go before and behind an axis.
struct PadWidths {
  int64_t before = 1, after = 1;

  friend bool operator==(const PadWidths&, const PadWidths&) = default;
  // Both for the attributes of ops.
  template <typename H>
  friend H AbslHashValue(H h, const PadWidths& w) {
    return H::combine(std::move(h), w.before, w.after);
  }
  friend std::ostream& operator<<(std::ostream& out, const PadWidths& w) {
    return out << '(' << w.before << ", " << w.after << ')';
  }
};
// Of the height and width of images, and of the depth, height and width of volumes.
struct PadWidths2D {
  PadWidths height, width;
};
struct PadWidths3D {
  PadWidths depth, height, width;
};

// x: [N, T, D] with zeros before and behind axis 1. Any dtype. ValueError where `x` is not of rank 3
// or a width is negative. Source: keras.backend.temporal_padding.
Tensor temporal_padding(const Tensor& x, PadWidths padding = {});

// x: [N, H, W, C] ([N, C, H, W] for "channels_first") with zeros around height and width. Errors
// likewise. Source: keras.backend.spatial_2d_padding.
Tensor spatial_2d_padding(const Tensor& x, PadWidths2D padding = {}, DataFormat data_format = {});

// x: [N, D, H, W, C] ([N, C, D, H, W] for "channels_first") with zeros around depth, height and
// width. Errors likewise. Source: keras.backend.spatial_3d_padding.
Tensor spatial_3d_padding(const Tensor& x, PadWidths3D padding = {}, DataFormat data_format = {});

// `x` with zeros around every axis, one pair of widths for each. Errors likewise.
Tensor pad(const Tensor& x, const std::vector<PadWidths>& widths);

}  // namespace keel

#endif  // KEEL_OPS_ARRAY_PAD_H_
