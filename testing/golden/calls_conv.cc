// Convolutions, pooling and resizing.
#include "ops/conv/conv.h"

#include "testing/golden/calls.h"

namespace keel::golden {
namespace {

// What convolutions and pooling have in common.
template <typename Options>
Options window_options(Call& call) {
  Options options;
  options.strides = call.arg("strides", options.strides);
  options.padding = call.arg("padding", options.padding);
  options.data_format = call.arg("data_format", options.data_format);
  return options;
}

template <typename Options>
Options conv_options(Call& call) {
  Options options = window_options<Options>(call);
  options.dilation_rate = call.arg("dilation_rate", options.dilation_rate);
  return options;
}

template <typename Options, Tensor (*f)(const Tensor&, const Tensor&, const Options&)>
Answer convolution(Call& call) {
  return f(call.tensor("x"), call.tensor("kernel"), conv_options<Options>(call));
}

template <typename Options, Tensor (*f)(const Tensor&, const Tensor&, const Shape&, const Options&)>
Answer transposed(Call& call) {
  Options options = window_options<Options>(call);
  if constexpr (requires { options.dilation_rate; }) {
    options.dilation_rate = call.arg("dilation_rate", options.dilation_rate);
  }
  return f(call.tensor("x"), call.tensor("kernel"), call.arg<Shape>("output_shape"), options);
}

template <typename Options, Tensor (*f)(const Tensor&, const Tensor&, const Tensor&, const Options&)>
Answer separable(Call& call) {
  return f(call.tensor("x"), call.tensor("depthwise_kernel"), call.tensor("pointwise_kernel"),
           conv_options<Options>(call));
}

Answer depthwise(Call& call) {
  return depthwise_conv2d(call.tensor("x"), call.tensor("depthwise_kernel"),
                          conv_options<DepthwiseConv2dOptions>(call));
}

Answer local_1d(Call& call) {
  return local_conv1d(call.tensor("inputs"), call.tensor("kernel"), call.arg<std::array<int64_t, 1>>("kernel_size"),
                      call.arg<std::array<int64_t, 1>>("strides"), call.arg("data_format", DataFormat()));
}

Answer local_2d(Call& call) {
  return local_conv2d(call.tensor("inputs"), call.tensor("kernel"), call.arg<std::array<int64_t, 2>>("kernel_size"),
                      call.arg<std::array<int64_t, 2>>("strides"), call.arg<std::array<int64_t, 2>>("output_shape"),
                      call.arg("data_format", DataFormat()));
}

Answer resized_image(Call& call) {
  return resize_images(call.tensor("x"), call.arg<int64_t>("height_factor"), call.arg<int64_t>("width_factor"),
                       call.arg<DataFormat>("data_format"), call.arg("interpolation", std::string("nearest")));
}

Answer resized_volume(Call& call) {
  return resize_volumes(call.tensor("x"), call.arg<int64_t>("depth_factor"), call.arg<int64_t>("height_factor"),
                        call.arg<int64_t>("width_factor"), call.arg<DataFormat>("data_format"));
}

template <typename Options, size_t kRank,
          Tensor (*f)(const Tensor&, const std::array<int64_t, kRank>&, const Options&)>
Answer pooling(Call& call) {
  Options options = window_options<Options>(call);
  options.pool_mode = call.arg("pool_mode", options.pool_mode);
  return f(call.tensor("x"), call.arg<std::array<int64_t, kRank>>("pool_size"), options);
}

constexpr Entry kEntries[] = {
    {"conv1d", "x kernel strides padding data_format dilation_rate", convolution<Conv1dOptions, conv1d>},
    {"conv2d", "x kernel strides padding data_format dilation_rate", convolution<Conv2dOptions, conv2d>},
    {"conv3d", "x kernel strides padding data_format dilation_rate", convolution<Conv3dOptions, conv3d>},
    {"conv2d_transpose", "x kernel output_shape strides padding data_format dilation_rate",
     transposed<Conv2dTransposeOptions, conv2d_transpose>},
    {"conv3d_transpose", "x kernel output_shape strides padding data_format",
     transposed<Conv3dTransposeOptions, conv3d_transpose>},
    {"depthwise_conv2d", "x depthwise_kernel strides padding data_format dilation_rate", depthwise},
    {"separable_conv1d", "x depthwise_kernel pointwise_kernel strides padding data_format dilation_rate",
     separable<SeparableConv1dOptions, separable_conv1d>},
    {"separable_conv2d", "x depthwise_kernel pointwise_kernel strides padding data_format dilation_rate",
     separable<SeparableConv2dOptions, separable_conv2d>},
    {"local_conv1d", "inputs kernel kernel_size strides data_format", local_1d},
    {"local_conv2d", "inputs kernel kernel_size strides output_shape data_format", local_2d},
    {"pool2d", "x pool_size strides padding data_format pool_mode", pooling<Pool2dOptions, 2, pool2d>},
    {"pool3d", "x pool_size strides padding data_format pool_mode", pooling<Pool3dOptions, 3, pool3d>},
    {"resize_images", "x height_factor width_factor data_format interpolation", resized_image},
    {"resize_volumes", "x depth_factor height_factor width_factor data_format", resized_volume},
};

}  // namespace

Entries conv_calls() { return kEntries; }

}  // namespace keel::golden
