#include "ops/conv/convolution.h"

#include <memory>
#include <string>

#include "absl/types/span.h"
#include "core/op.h"
#include "ops/conv/conv_device.h"
#include "ops/conv/conv_kernel.h"
#include "ops/conv/conv_ops.h"
#include "ops/conv/window.h"
#include "ops/math/packed_weights.h"

namespace keel {
namespace {

std::string transpose_name_of(const Window& w) { return "conv" + std::to_string(w.rank) + "d_transpose"; }

// The shape of a transposed convolution's result. `wanted` may hold None: the batch of x, the channels
// of the kernel, or the size that Keras's layers choose; null: not known yet.
Shape transposed_shape(const Window& w, const Shape& x, const Shape& kernel, const Shape* wanted) {
  const std::string name = transpose_name_of(w);
  check_rank(name, "x", x, w.rank);
  check_rank(name, "kernel", kernel, w.rank);
  check_conv_channels(name, x, kernel, x[w.channel_axis()], kernel[w.rank + 1], kernel[w.rank]);
  Shape y;
  y.resize(w.rank + 2, None);
  if (wanted != nullptr) {
    check_rank(name, "the result", *wanted, w.rank);
    for (int64_t size : *wanted) {
      if (size < None) fail(name, ": output_shape ", *wanted, " holds ", size, "; accepted are sizes and None");
    }
    y = *wanted;
  }
  // What is known of a size from the operands.
  auto agree = [&](int axis, int64_t known, const char* what) {
    if (y[axis] == None) y[axis] = known;
    if (known != None && y[axis] != known) {
      fail(name, ": output_shape ", *wanted, " has ", y[axis], ' ', what, " where there are ", known,
           " (x: ", x, ", kernel: ", kernel, ')');
    }
  };
  agree(0, x[0], "images");
  agree(w.channel_axis(), kernel[w.rank], "channels");
  for (int i = 3 - w.rank; i < 3 && wanted != nullptr; ++i) {
    const int axis = w.axis(i);
    const int64_t size = kernel[i - (3 - w.rank)];
    if (y[axis] == None) {
      y[axis] = w.inputs(name, i, x[axis], size);
      continue;
    }
    const int64_t back = w.outputs(name, i, y[axis], size);
    if (back != None && x[axis] != None && back != x[axis]) {
      fail(name, ": an axis of ", y[axis], " has ", back, " places for a window of ", size, " (", w, "), not ",
           x[axis], " (output_shape: ", *wanted, ", x: ", x, ", kernel: ", kernel, ')');
    }
  }
  return y;
}

template <typename T, ConvPart part>
class ConvKernel final : public Kernel {
 public:
  explicit ConvKernel(const ConvShape& shape) : shape_(shape) {}
  size_t scratch_bytes(const ThreadPool& pool) const override {
    return conv_scratch_bytes<T>(shape_, pool);
  }
  void run(const Exec& exec, Views in, Views out) const override {
    const T *a = in[0].as<T>(), *b = in[1].as<T>();
    T* c = out[0].as<T>();
    if constexpr (part == ConvPart::kForward) {
      if (const auto packed = packed_kernel(in[1], exec.pool)) {
        conv_forward_packed<T>(shape_, a, packed->bytes_begin(), c, exec.rows_done, exec.scratch, exec.pool);
      } else {
        conv_forward<T>(shape_, a, b, c, exec.rows_done, exec.scratch, exec.pool);
      }
    } else if constexpr (part == ConvPart::kInput) {
      conv_input_gradient<T>(shape_, a, b, c, exec.scratch, exec.pool);
    } else {
      conv_kernel_gradient<T>(shape_, a, b, c, exec.scratch, exec.pool);
    }
  }
  std::unique_ptr<Kernel> on_device(const Device& device) const override {
    return make_device_conv(device, part, dtype_of<T>(), shape_);
  }
  std::string_view cuda_library() const override { return "cuDNN"; }

 private:
  std::shared_ptr<const Array> packed_kernel(const View& w, const ThreadPool& pool) const {
    return packed_.find(w, conv_packed_bytes<T>(shape_), [&](void* packed) {
      conv_pack<T>(shape_, w.as<T>(), packed, pool);
    });
  }

  const ConvShape shape_;
  mutable PackedWeights packed_;
};

template <ConvPart part>
std::unique_ptr<Kernel> make_conv_kernel(DType dtype, const ConvShape& shape) {
  return visit_floating(dtype, [&](auto zero) -> std::unique_ptr<Kernel> {
    return std::make_unique<ConvKernel<decltype(zero), part>>(shape);
  });
}

// Every filter sees all channels.
struct Dense {
  static constexpr std::string_view kNames[] = {"conv", "conv_input_gradient", "conv_kernel_gradient"};
  static constexpr bool kTellsRows = true;
  static Shape result_shape(std::string_view function, const Window& w, const Shape& x, const Shape& kernel) {
    check_rank(function, "x", x, w.rank);
    check_rank(function, "kernel", kernel, w.rank);
    check_conv_channels(function, x, kernel, x[w.channel_axis()], kernel[w.rank], kernel[w.rank + 1]);
    return conv_result_shape(function, w, x, kernel, kernel[w.rank + 1]);
  }
  static std::unique_ptr<Kernel> make_kernel(ConvPart part, DType dtype, const ConvShape& shape) {
    switch (part) {
      case ConvPart::kInput: return make_conv_kernel<ConvPart::kInput>(dtype, shape);
      case ConvPart::kKernel: return make_conv_kernel<ConvPart::kKernel>(dtype, shape);
      default: return make_conv_kernel<ConvPart::kForward>(dtype, shape);
    }
  }
};
using Ops = ConvOps<Dense>;

// Inputs: x, kernel and perhaps the shape, which is `output_shape` otherwise. Linear in x and kernel, with
// the parts above as its gradients.
class ConvTranspose final : public OpOf<ConvTranspose> {
 public:
  static constexpr std::string_view kName = "conv_transpose";
  Window window;
  Shape output_shape;
  auto fields() const { return std::tie(window, output_shape); }
  Signatures infer(SignatureSpan in) const override {
    check_conv_dtypes(transpose_name_of(window), in[0], in[1]);
    const Shape &x = in[0].shape, &kernel = in[1].shape;
    if (in.size() == 2) return {{in[0].dtype, transposed_shape(window, x, kernel, &output_shape)}};
    const Signature& shape = in[2];
    if (!shape.dtype.is_integer() || shape.shape != Shape{window.rank + 2}) {
      fail(transpose_name_of(window), ": output_shape is a ", shape.dtype, " tensor of shape ", shape.shape,
           "; accepted are vectors of ", window.rank + 2, " integers");
    }
    if (shape.value == nullptr) return {{in[0].dtype, transposed_shape(window, x, kernel, nullptr)}};
    Shape wanted;
    for (int i = 0; i < window.rank + 2; ++i) wanted.push_back(shape.value->element<int64_t>(i));
    return {{in[0].dtype, transposed_shape(window, x, kernel, &wanted)}};
  }
  std::unique_ptr<Kernel> compile(SignatureSpan in, SignatureSpan out) const override {
    return make_conv_kernel<ConvPart::kInput>(
        in[0].dtype, conv_shape(window, out[0].shape, in[1].shape, in[0].shape));
  }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    const Tensor &x = y.input(0), &kernel = y.input(1);
    Tensors result(y.node().inputs().size());
    const std::string function = transpose_name_of(window);
    result[0] = Ops::forward(function, dy, kernel, window);
    result[1] = Ops::kernel_gradient(function, dy, x, kernel, window);
    return result;
  }
};

// A convolution of as many spatial axes as `Options` has strides.
template <typename Options>
Tensor conv_nd(const char* function, const Tensor& x, const Tensor& kernel, const Options& options) {
  if (options.padding.kind() == Padding::kCausal) fail(function, ": padding 'causal' is for conv1d alone");
  return Ops::forward(function, x, kernel, make_window(function, options.strides, options.dilation_rate,
                                                       options.padding, options.data_format));
}

// The window of a transposed convolution's arguments.
template <typename Options>
Window transpose_window(std::string_view function, const Options& options, absl::Span<const int64_t> dilations) {
  if (options.padding.kind() == Padding::kCausal) fail(function, ": padding 'causal' is for conv1d alone");
  return make_window(function, options.strides, dilations, options.padding, options.data_format);
}

}  // namespace

Tensor conv1d(const Tensor& x, const Tensor& kernel, const Conv1dOptions& options) {
  const bool causal = options.padding.kind() == Padding::kCausal;
  if (causal && options.data_format.channels_first()) {
    fail("conv1d: padding 'causal' needs data_format 'channels_last'");
  }
  return Ops::forward("conv1d", x, kernel, make_window("conv1d", {options.strides}, {options.dilation_rate},
                                                       options.padding, options.data_format));
}

Tensor conv2d(const Tensor& x, const Tensor& kernel, const Conv2dOptions& options) {
  return conv_nd("conv2d", x, kernel, options);
}

Tensor conv3d(const Tensor& x, const Tensor& kernel, const Conv3dOptions& options) {
  return conv_nd("conv3d", x, kernel, options);
}

namespace internal {
Tensor conv2d_transpose_to(const Tensor& x, const Tensor& kernel, const Tensor& output_shape,
                           const Conv2dTransposeOptions& options) {
  return make<ConvTranspose>({x, kernel, output_shape},
                             transpose_window("conv2d_transpose", options, options.dilation_rate), Shape());
}
Tensor conv3d_transpose_to(const Tensor& x, const Tensor& kernel, const Tensor& output_shape,
                           const Conv3dTransposeOptions& options) {
  return make<ConvTranspose>({x, kernel, output_shape},
                             transpose_window("conv3d_transpose", options, {1, 1, 1}), Shape());
}
}  // namespace internal

Tensor conv2d_transpose(const Tensor& x, const Tensor& kernel, const Shape& output_shape,
                        const Conv2dTransposeOptions& options) {
  return make<ConvTranspose>(
      {x, kernel}, transpose_window("conv2d_transpose", options, options.dilation_rate), output_shape);
}

Tensor conv3d_transpose(const Tensor& x, const Tensor& kernel, const Shape& output_shape,
                        const Conv3dTransposeOptions& options) {
  return make<ConvTranspose>({x, kernel}, transpose_window("conv3d_transpose", options, {1, 1, 1}),
                             output_shape);
}

}  // namespace keel
