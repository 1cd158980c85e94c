#include "ops/array/pad.h"

#include <string_view>

#include "core/op.h"
#include "ops/array/embed_kernel.h"
#include "ops/array/slice.h"

namespace keel {
namespace {

class Pad final : public OpOf<Pad> {
 public:
  static constexpr std::string_view kName = "pad";
  std::vector<PadWidths> widths;  // Per axis.

  auto fields() const { return std::tie(widths); }
  Signatures infer(SignatureSpan in) const override {
    Shape out = in[0].shape;
    for (int a = 0; a < out.rank(); ++a) {
      if (out[a] == None) continue;
      out[a] = checked_add(checked_add(out[a], widths[a].before), widths[a].after);
    }
    return {{in[0].dtype, out}};
  }
  int forwards(SignatureSpan in, SignatureSpan out) const override {
    return in[0].shape == out[0].shape ? 0 : -1;
  }
  void run(const Exec& exec, Views in, Views out) const override {
    Shape begin, step;
    for (const PadWidths& w : widths) {
      begin.push_back(w.before);
      step.push_back(1);
    }
    embed(exec.pool, *in[0].shape, begin, step, *out[0].shape, in[0].dtype.size(), in[0].data,
          out[0].data);
  }
  Tensors gradient(const Tensor&, const Tensor& dy) const {
    std::vector<SliceRange> inside;
    for (const PadWidths& w : widths) {
      inside.push_back({w.before, w.after == 0 ? SliceRange::kEnd : -w.after});
    }
    return {strided_slice(dy, inside)};
  }
};

Tensor pad_axes(std::string_view function, const Tensor& x, int rank, int first,
                std::initializer_list<PadWidths> padding) {
  if (x.rank() != rank) {
    fail(function, ": x has shape ", x.shape(), "; accepted are tensors of rank ", rank);
  }
  std::vector<PadWidths> widths(rank, PadWidths{0, 0});
  int axis = first;
  for (const PadWidths& w : padding) {
    if (w.before < 0 || w.after < 0) {
      fail(function, ": padding ", w, " of axis ", axis, "; accepted are widths from 0 on");
    }
    widths[axis++] = w;
  }
  return make<Pad>({x}, std::move(widths));
}

}  // namespace

Tensor temporal_padding(const Tensor& x, PadWidths padding) {
  return pad_axes("temporal_padding", x, 3, 1, {padding});
}

Tensor spatial_2d_padding(const Tensor& x, PadWidths2D padding, DataFormat data_format) {
  return pad_axes("spatial_2d_padding", x, 4, data_format.first_spatial_axis(),
                  {padding.height, padding.width});
}

Tensor spatial_3d_padding(const Tensor& x, PadWidths3D padding, DataFormat data_format) {
  return pad_axes("spatial_3d_padding", x, 5, data_format.first_spatial_axis(),
                  {padding.depth, padding.height, padding.width});
}

Tensor pad(const Tensor& x, const std::vector<PadWidths>& widths) {
  if (static_cast<int>(widths.size()) != x.rank()) {
    fail("pad: ", widths.size(), " pairs of widths for x of shape ", x.shape());
  }
  for (const PadWidths& w : widths) {
    if (w.before < 0 || w.after < 0) fail("pad: widths ", w, "; accepted are widths from 0 on");
  }
  return make<Pad>({x}, widths);
}

}  // namespace keel
