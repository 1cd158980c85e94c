#include "ops/conv/depthwise.h"

#include <memory>
#include <string>

#include "core/op.h"
#include "ops/conv/conv_ops.h"
#include "ops/conv/convolution.h"
#include "ops/conv/depthwise_kernel.h"
#include "ops/conv/window.h"

namespace keel {
namespace {

template <typename T>
class DepthwiseKernel final : public Kernel {
 public:
  DepthwiseKernel(ConvPart part, const ConvShape& shape) : part_(part), shape_(shape) {}
  size_t scratch_bytes(const ThreadPool& pool) const override {
    return depthwise_scratch_bytes<T>(shape_, pool);
  }
  void run(const Exec& exec, Views in, Views out) const override {
    const auto kernel = part_ == ConvPart::kForward ? depthwise_forward<T>
                        : part_ == ConvPart::kInput ? depthwise_input_gradient<T>
                                                    : depthwise_kernel_gradient<T>;
    kernel(shape_, in[0].as<T>(), in[1].as<T>(), out[0].as<T>(), exec.scratch, exec.pool);
  }

 private:
  const ConvPart part_;
  const ConvShape shape_;
};

// The channels of a depthwise convolution's result; None where they are not known.
int64_t result_channels(const Window& w, const Shape& x, const Shape& kernel) {
  const int64_t channels = x[w.channel_axis()] != None ? x[w.channel_axis()] : kernel[w.rank];
  const int64_t multiplier = kernel[w.rank + 1];
  return channels == None || multiplier == None ? None : checked_multiply(channels, multiplier, "channels");
}

// Every filter sees one channel.
struct Depthwise {
  static constexpr std::string_view kNames[] = {"depthwise_conv", "depthwise_conv_input_gradient",
                                                "depthwise_conv_kernel_gradient"};
  static constexpr bool kTellsRows = false;
  static Shape result_shape(std::string_view function, const Window& w, const Shape& x, const Shape& kernel) {
    check_rank(function, "x", x, w.rank);
    check_rank(function, "depthwise_kernel", kernel, w.rank);
    check_conv_channels(function, x, kernel, x[w.channel_axis()], kernel[w.rank], kernel[w.rank + 1]);
    return conv_result_shape(function, w, x, kernel, result_channels(w, x, kernel));
  }
  static std::unique_ptr<Kernel> make_kernel(ConvPart part, DType dtype, const ConvShape& shape) {
    return visit_floating(dtype, [&](auto zero) -> std::unique_ptr<Kernel> {
      return std::make_unique<DepthwiseKernel<decltype(zero)>>(part, shape);
    });
  }
};

Tensor depthwise(const std::string& function, const Tensor& x, const Tensor& kernel, const Window& window) {
  if (window.padding.kind() == Padding::kCausal) fail(function, ": padding 'causal' is for conv1d alone");
  return ConvOps<Depthwise>::forward(function, x, kernel, window);
}

// ValueError unless `kernel` takes the depthwise result of x to pixels of other channels.
void check_pointwise(const char* function, const Window& w, const Tensor& x, const Tensor& depthwise_kernel,
                     const Tensor& kernel) {
  check_rank(function, "x", x.shape(), w.rank);
  check_rank(function, "depthwise_kernel", depthwise_kernel.shape(), w.rank);
  check_rank(function, "pointwise_kernel", kernel.shape(), w.rank);
  for (int i = 0; i < w.rank; ++i) {
    if (kernel.shape()[i] != None && kernel.shape()[i] != 1) {
      fail(function, ": pointwise_kernel has shape ", kernel.shape(), "; its first ", w.rank, " axes must be 1");
    }
  }
  const int64_t channels = result_channels(w, x.shape(), depthwise_kernel.shape());
  const int64_t taken = kernel.shape()[w.rank];
  if (channels != None && taken != None && channels != taken) {
    fail(function, ": pointwise_kernel has ", taken, " input channels but x times the depth multiplier ",
         channels, " (x: ", x.shape(), ", depthwise_kernel: ", depthwise_kernel.shape(),
         ", pointwise_kernel: ", kernel.shape(), ')');
  }
}

}  // namespace

Tensor depthwise_conv2d(const Tensor& x, const Tensor& depthwise_kernel,
                        const DepthwiseConv2dOptions& options) {
  return depthwise("depthwise_conv2d", x, depthwise_kernel,
                   make_window("depthwise_conv2d", options.strides, options.dilation_rate,
                               options.padding, options.data_format));
}

Tensor separable_conv1d(const Tensor& x, const Tensor& depthwise_kernel, const Tensor& pointwise_kernel,
                        const SeparableConv1dOptions& options) {
  const char* const name = "separable_conv1d";
  const Window window =
      make_window(name, {options.strides}, {options.dilation_rate}, options.padding, options.data_format);
  check_pointwise(name, window, x, depthwise_kernel, pointwise_kernel);
  return conv1d(depthwise(name, x, depthwise_kernel, window), pointwise_kernel,
                {.data_format = options.data_format});
}

Tensor separable_conv2d(const Tensor& x, const Tensor& depthwise_kernel, const Tensor& pointwise_kernel,
                        const SeparableConv2dOptions& options) {
  const char* const name = "separable_conv2d";
  const Window window =
      make_window(name, options.strides, options.dilation_rate, options.padding, options.data_format);
  check_pointwise(name, window, x, depthwise_kernel, pointwise_kernel);
  return conv2d(depthwise(name, x, depthwise_kernel, window), pointwise_kernel,
                {.data_format = options.data_format});
}

}  // namespace keel
