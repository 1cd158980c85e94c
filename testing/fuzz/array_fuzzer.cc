#include "ops/array/array.h"

#include "core/structure.h"
#include "testing/fuzz/drive.h"

namespace keel::fuzz {
namespace {

PadWidths widths(Draw& d) {
  const int64_t before = d.number(0, 3);
  return {before, d.number(0, 3)};
}

Tensors fuzz_concatenate(Draw& d) {
  Tensors parts(static_cast<size_t>(d.choice(0, 3)));
  for (Tensor& part : parts) part = d.tensor();
  return {concatenate(parts, d.number(-3, 3))};
}
Tensors fuzz_stack(Draw& d) {
  Tensors parts(static_cast<size_t>(d.choice(0, 3)));
  for (Tensor& part : parts) part = d.tensor();
  return {stack(parts, d.number(-3, 3))};
}
Tensors fuzz_gather(Draw& d) {
  const Tensor x = d.tensor();
  const int64_t rows = x.rank() > 0 && x.shape()[0] > 0 ? x.shape()[0] : 1;
  return {gather(x, d.indices(d.shape(0, 2), rows - 1))};
}
Tensors fuzz_one_hot(Draw& d) {
  const Tensor i = d.indices(d.shape(0, 2), 5);
  return {one_hot(i, d.number(1, 6))};
}
Tensors fuzz_pad(Draw& d) {
  const Tensor x = d.tensor(3, 5);
  switch (x.rank()) {
    case 3: return {temporal_padding(x, widths(d))};
    case 4: {
      const PadWidths2D two{widths(d), widths(d)};
      return {spatial_2d_padding(x, two, d.data_format())};
    }
    default: {
      const PadWidths3D three{widths(d), widths(d), widths(d)};
      return {spatial_3d_padding(x, three, d.data_format())};
    }
  }
}
Tensors fuzz_pad_all(Draw& d) {
  const Tensor x = d.tensor();
  std::vector<PadWidths> all(static_cast<size_t>(d.choice(0, 4)));
  for (PadWidths& w : all) w = widths(d);
  return {pad(x, all)};
}
Tensors fuzz_repeat_elements(Draw& d) {
  const Tensor x = d.tensor();
  const int64_t times = d.number(0, 3);
  return {repeat_elements(x, times, d.number(-3, 3))};
}
Tensors fuzz_repeat(Draw& d) {
  const Tensor x = d.tensor(2, 2);
  return {repeat(x, d.number(0, 4))};
}
Tensors fuzz_tile(Draw& d) {
  const Tensor x = d.tensor();
  return {tile(x, d.list(5, 0, 3))};
}
Tensors fuzz_reshape(Draw& d) {
  const Tensor x = d.tensor();
  return {reshape(x, Shape(Dims(d.list(4, -1, 8))))};
}
Tensors fuzz_reshape_by_graph(Draw& d) {
  const Tensor x = d.tensor(), y = d.tensor();
  return {reshape(x, shape(y))};
}
Tensors fuzz_flatten(Draw& d) { return {flatten(d.tensor())}; }
Tensors fuzz_batch_flatten(Draw& d) { return {batch_flatten(d.tensor())}; }
Tensors fuzz_expand_dims(Draw& d) {
  const Tensor x = d.tensor();
  return {expand_dims(x, d.number(-4, 4))};
}
Tensors fuzz_squeeze(Draw& d) {
  const Tensor x = d.tensor();
  return {squeeze(x, d.number(-4, 4))};
}
Tensors fuzz_split_axis(Draw& d) {
  const Tensor x = d.tensor();
  const int64_t axis = d.number(-3, 3);
  return {d.flag() ? split_axis(x, axis, d.number(1, 4), None) : split_axis(x, axis, None, d.number(1, 4))};
}
Tensors fuzz_reverse(Draw& d) {
  const Tensor x = d.tensor();
  return {reverse(x, d.axes())};
}
Tensors fuzz_slice(Draw& d) {
  const Tensor x = d.tensor();
  const int64_t axis = d.number(-3, 3), begin = d.number(-3, 4);
  return {slice(x, axis, begin, d.number(0, 4))};
}
Tensors fuzz_strided_slice(Draw& d) {
  const Tensor x = d.tensor();
  std::vector<SliceRange> ranges(static_cast<size_t>(d.choice(0, 4)));
  for (SliceRange& r : ranges) r = {d.number(-3, 3), d.flag() ? SliceRange::kEnd : d.number(-3, 5), d.number(1, 3)};
  return {strided_slice(x, ranges)};
}
Tensors fuzz_element_at(Draw& d) {
  const Tensor x = d.tensor();
  const int64_t index = d.number(-3, 3);
  return {element_at(x, index, d.number(-3, 3))};
}
Tensors fuzz_transpose(Draw& d) { return {transpose(d.tensor())}; }
Tensors fuzz_permute(Draw& d) {
  const Tensor x = d.tensor();
  return {permute_dimensions(x, d.list(5, -4, 4))};
}
Tensors fuzz_arange(Draw& d) {
  const double start = d.real(), stop = d.real(), step = d.real();
  return {d.flag() ? arange(start, stop, step, d.dtype()) : arange(start, std::nullopt, step, d.dtype())};
}

Tensors fuzz_arange_of_tensors(Draw& d) {
  const Tensor start = d.tensor(0, 0), stop = d.tensor(0, 0);
  return {d.flag() ? arange(stop) : arange(start, stop, d.tensor(0, 0), d.dtype())};
}

}  // namespace

const Family& family() {
  static const Family known{{fuzz_concatenate, fuzz_stack, fuzz_gather, fuzz_one_hot, fuzz_pad, fuzz_pad_all,
                           fuzz_repeat_elements, fuzz_repeat, fuzz_tile, fuzz_reshape, fuzz_reshape_by_graph,
                           fuzz_flatten, fuzz_batch_flatten, fuzz_expand_dims, fuzz_squeeze, fuzz_split_axis,
                           fuzz_reverse, fuzz_slice, fuzz_strided_slice, fuzz_element_at, fuzz_transpose, fuzz_permute,
                           fuzz_arange, fuzz_arange_of_tensors}};
  return known;
}

}  // namespace keel::fuzz
