// Arrangement of elements.
#include "ops/array/array.h"

#include "testing/golden/calls.h"

namespace keel::golden {
namespace {

using Widths = std::pair<int64_t, int64_t>;

PadWidths pad_widths(const Widths& widths) { return {widths.first, widths.second}; }

Answer call_arange(Call& call) {
  const auto start = call.arg<double>("start");
  const auto stop = call.maybe<double>("stop");
  auto dtype = call.maybe<DType>("dtype");
  // Python tells 1.0 from 1, C++'s double does not.
  const bool floats = call.is_float("start") || call.is_float("stop") || call.is_float("step");
  if (!dtype.has_value() && floats) dtype = DType::kFloat32;
  return arange(start, stop, call.arg("step", 1.0), dtype);
}

Answer call_tile(Call& call) {
  const Tensor x = call.tensor("x");
  if (call.is_number("n")) return tile(x, call.arg<int64_t>("n"));
  return tile(x, call.arg<std::vector<int64_t>>("n"));
}

Answer call_temporal_padding(Call& call) {
  const Tensor x = call.tensor("x");
  if (!call.has("padding")) return temporal_padding(x);
  return temporal_padding(x, pad_widths(call.arg<Widths>("padding")));
}

Answer call_spatial_2d_padding(Call& call) {
  PadWidths2D padding;
  if (call.has("padding")) {
    const auto widths = call.arg<std::array<Widths, 2>>("padding");
    padding = {pad_widths(widths[0]), pad_widths(widths[1])};
  }
  return spatial_2d_padding(call.tensor("x"), padding, call.arg("data_format", DataFormat()));
}

Answer call_spatial_3d_padding(Call& call) {
  PadWidths3D padding;
  if (call.has("padding")) {
    const auto widths = call.arg<std::array<Widths, 3>>("padding");
    padding = {pad_widths(widths[0]), pad_widths(widths[1]), pad_widths(widths[2])};
  }
  return spatial_3d_padding(call.tensor("x"), padding, call.arg("data_format", DataFormat()));
}

Answer call_reshape(Call& call) {
  const Tensor x = call.tensor("x");
  if (call.is_array("shape")) return reshape(x, call.tensor("shape"));
  return reshape(x, call.arg<Shape>("shape"));
}

constexpr Entry kEntries[] = {
    {"reshape", "x shape", call_reshape},
    {"flatten", "x", [](Call& c) -> Answer { return flatten(c.tensor("x")); }},
    {"batch_flatten", "x", [](Call& c) -> Answer { return batch_flatten(c.tensor("x")); }},
    {"expand_dims", "x axis",
     [](Call& c) -> Answer {
       return c.has("axis") ? expand_dims(c.tensor("x"), c.arg<int64_t>("axis")) : expand_dims(c.tensor("x"));
     }},
    {"squeeze", "x axis", [](Call& c) -> Answer { return squeeze(c.tensor("x"), c.arg<int64_t>("axis")); }},
    {"transpose", "x", [](Call& c) -> Answer { return transpose(c.tensor("x")); }},
    {"permute_dimensions", "x pattern",
     [](Call& c) -> Answer {
       return permute_dimensions(c.tensor("x"), c.arg<std::vector<int64_t>>("pattern"));
     }},
    {"concatenate", "tensors axis",
     [](Call& c) -> Answer {
       return c.has("axis") ? concatenate(c.tensors("tensors"), c.arg<int64_t>("axis"))
                            : concatenate(c.tensors("tensors"));
     }},
    {"stack", "x axis",
     [](Call& c) -> Answer {
       return c.has("axis") ? stack(c.tensors("x"), c.arg<int64_t>("axis")) : stack(c.tensors("x"));
     }},
    {"repeat_elements", "x rep axis",
     [](Call& c) -> Answer {
       return repeat_elements(c.tensor("x"), c.arg<int64_t>("rep"), c.arg<int64_t>("axis"));
     }},
    {"repeat", "x n", [](Call& c) -> Answer { return repeat(c.tensor("x"), c.arg<int64_t>("n")); }},
    {"tile", "x n", call_tile},
    {"arange", "start stop step dtype", call_arange},
    {"reverse", "x axes", [](Call& c) -> Answer { return reverse(c.tensor("x"), c.arg<Axes>("axes")); }},
    {"gather", "reference indices",
     [](Call& c) -> Answer { return gather(c.tensor("reference"), c.tensor("indices")); }},
    {"one_hot", "indices num_classes",
     [](Call& c) -> Answer { return one_hot(c.tensor("indices"), c.arg<int64_t>("num_classes")); }},
    {"temporal_padding", "x padding", call_temporal_padding},
    {"spatial_2d_padding", "x padding data_format", call_spatial_2d_padding},
    {"spatial_3d_padding", "x padding data_format", call_spatial_3d_padding},
};

}  // namespace

Entries array_calls() { return kEntries; }

}  // namespace keel::golden
