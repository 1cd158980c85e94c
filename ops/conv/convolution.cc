#include "ops/conv/convolution.h"

#include <algorithm>
#include <memory>
#include <string>

#include "absl/types/span.h"
#include "core/op.h"
#include "core/structure.h"
#include "ops/conv/conv_kernel.h"
#include "ops/conv/window.h"
#include "ops/math/packed_weights.h"

namespace keel {
namespace {

std::string name_of(const Window& w) { return "conv" + std::to_string(w.rank) + "d"; }
std::string transpose_name_of(const Window& w) { return name_of(w) + "_transpose"; }

// What the kernels need to know of a convolution with these shapes of x, kernel and result.
ConvShape conv_shape(const Window& w, const Shape& x, const Shape& kernel, const Shape& y) {
  ConvShape s;
  s.batch = x[0];
  s.in_channels = kernel[w.rank];
  s.out_channels = kernel[w.rank + 1];
  s.channels_first = w.channels_first;
  for (int i = 3 - w.rank; i < 3; ++i) {
    s.in[i] = x[w.axis(i)];
    s.out[i] = y[w.axis(i)];
    s.kernel[i] = kernel[i - (3 - w.rank)];
    s.stride[i] = w.strides[i];
    s.dilation[i] = w.dilations[i];
    s.pad[i] = w.pad_before(i, s.in[i], s.kernel[i], s.out[i]);
    // Beyond the image any stride is like another, and the gradient takes time for each step of it.
    s.stride[i] = std::clamp<int64_t>(s.in[i] + s.pad[i], 1, s.stride[i]);
  }
  return s;
}

void check_channels(std::string_view name, const Shape& x, const Shape& kernel, int64_t x_channels,
                    int64_t kernel_channels) {
  if (x_channels != None && kernel_channels != None && x_channels != kernel_channels) {
    fail(name, ": kernel has ", kernel_channels, " input channels but x has ", x_channels, " (x: ", x,
         ", kernel: ", kernel, ')');
  }
}

Shape result_shape(const Window& w, const Shape& x, const Shape& kernel) {
  const std::string name = name_of(w);
  check_rank(name, "x", x, w.rank);
  check_rank(name, "kernel", kernel, w.rank);
  const int64_t c = x[w.channel_axis()], kc = kernel[w.rank];
  check_channels(name, x, kernel, c, kc);
  for (int64_t channels : {c, kc, kernel[w.rank + 1]}) {
    if (channels == 0) fail(name, ": zero channels (x: ", x, ", kernel: ", kernel, ')');
  }
  Shape y;
  y.resize(w.rank + 2);
  y[0] = x[0];
  y[w.channel_axis()] = kernel[w.rank + 1];
  for (int i = 3 - w.rank; i < 3; ++i) {
    y[w.axis(i)] = w.outputs(name, i, x[w.axis(i)], kernel[i - (3 - w.rank)]);
  }
  return y;
}

// The shape of a transposed convolution's result. `wanted` may hold None: the batch of x, the channels
// of the kernel, or the size that Keras's layers choose; null: not known yet.
Shape transposed_shape(const Window& w, const Shape& x, const Shape& kernel, const Shape* wanted) {
  const std::string name = transpose_name_of(w);
  check_rank(name, "x", x, w.rank);
  check_rank(name, "kernel", kernel, w.rank);
  check_channels(name, x, kernel, x[w.channel_axis()], kernel[w.rank + 1]);
  for (int64_t channels : {kernel[w.rank], kernel[w.rank + 1]}) {
    if (channels == 0) fail(name, ": zero channels (x: ", x, ", kernel: ", kernel, ')');
  }
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

void check_dtypes(std::string_view name, const Signature& a, const Signature& b) {
  if (a.dtype != b.dtype || !a.dtype.is_floating()) {
    fail(name, ": the operands are ", a.dtype, " and ", b.dtype,
         "; accepted are two of one floating dtype");
  }
}

enum class Part { kForward, kInput, kKernel };

template <typename T, Part part>
class ConvKernel final : public Kernel {
 public:
  explicit ConvKernel(const ConvShape& shape) : shape_(shape) {}
  size_t scratch_bytes(const ThreadPool& pool) const override {
    return conv_scratch_bytes<T>(shape_, pool);
  }
  void run(const Exec& exec, Views in, Views out) const override {
    const T *a = in[0].as<T>(), *b = in[1].as<T>();
    T* c = out[0].as<T>();
    if constexpr (part == Part::kForward) {
      if (const auto packed = packed_kernel(in[1], exec.pool)) {
        conv_forward_packed<T>(shape_, a, packed->bytes_begin(), c, {}, exec.scratch, exec.pool);
      } else {
        conv_forward<T>(shape_, a, b, c, {}, exec.scratch, exec.pool);
      }
    } else if constexpr (part == Part::kInput) {
      conv_input_gradient<T>(shape_, a, b, c, {}, exec.scratch, exec.pool);
    } else {
      conv_kernel_gradient<T>(shape_, a, b, c, exec.scratch, exec.pool);
    }
  }

 private:
  std::shared_ptr<const Array> packed_kernel(const View& w, const ThreadPool& pool) const {
    return packed_.find(w, conv_packed_bytes<T>(shape_), [&](void* packed) {
      conv_pack<T>(shape_, w.as<T>(), packed, pool);
    });
  }

  const ConvShape shape_;
  mutable PackedWeights packed_;
};

template <Part part>
std::unique_ptr<Kernel> make_conv_kernel(DType dtype, const ConvShape& shape) {
  return visit_floating(dtype, [&](auto zero) -> std::unique_ptr<Kernel> {
    return std::make_unique<ConvKernel<decltype(zero), part>>(shape);
  });
}

Tensor forward(const Tensor& x, const Tensor& kernel, const Window& window);
Tensor input_gradient(const Tensor& dy, const Tensor& kernel, const Tensor& x, const Window& window);
Tensor kernel_gradient(const Tensor& x, const Tensor& dy, const Tensor& kernel, const Window& window);

// The three parts of a convolution are each linear in two of x, kernel and result, and closed under
// differentiation.
class Conv final : public OpOf<Conv> {
 public:
  static constexpr std::string_view kName = "conv";
  Window window;
  auto fields() const { return std::tie(window); }
  Signatures infer(SignatureSpan in) const override {
    check_dtypes(name_of(window), in[0], in[1]);
    return {{in[0].dtype, result_shape(window, in[0].shape, in[1].shape)}};
  }
  std::unique_ptr<Kernel> compile(SignatureSpan in, SignatureSpan out) const override {
    return make_conv_kernel<Part::kForward>(
        in[0].dtype, conv_shape(window, in[0].shape, in[1].shape, out[0].shape));
  }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    const Tensor &x = y.input(0), &kernel = y.input(1);
    return {input_gradient(dy, kernel, x, window), kernel_gradient(x, dy, kernel, window)};
  }
};

// Inputs: dy, kernel, and x for its shape.
class ConvInputGradient final : public OpOf<ConvInputGradient> {
 public:
  static constexpr std::string_view kName = "conv_input_gradient";
  Window window;
  auto fields() const { return std::tie(window); }
  bool reads_only_shape(int i) const override { return i == 2; }
  Signatures infer(SignatureSpan in) const override {
    check_dtypes(name_of(window), in[0], in[1]);
    return {{in[0].dtype, in[2].shape}};
  }
  std::unique_ptr<Kernel> compile(SignatureSpan in, SignatureSpan out) const override {
    return make_conv_kernel<Part::kInput>(
        in[0].dtype, conv_shape(window, out[0].shape, in[1].shape, in[0].shape));
  }
  Tensors gradient(const Tensor& dx, const Tensor& ddx) const {
    const Tensor &dy = dx.input(0), &kernel = dx.input(1);
    return {forward(ddx, kernel, window), kernel_gradient(ddx, dy, kernel, window), Tensor()};
  }
};

// Inputs: x, dy, and the kernel for its shape.
class ConvKernelGradient final : public OpOf<ConvKernelGradient> {
 public:
  static constexpr std::string_view kName = "conv_kernel_gradient";
  Window window;
  auto fields() const { return std::tie(window); }
  bool reads_only_shape(int i) const override { return i == 2; }
  Signatures infer(SignatureSpan in) const override {
    check_dtypes(name_of(window), in[0], in[1]);
    return {{in[0].dtype, in[2].shape}};
  }
  std::unique_ptr<Kernel> compile(SignatureSpan in, SignatureSpan out) const override {
    return make_conv_kernel<Part::kKernel>(
        in[0].dtype, conv_shape(window, in[0].shape, out[0].shape, in[1].shape));
  }
  Tensors gradient(const Tensor& dw, const Tensor& ddw) const {
    const Tensor &x = dw.input(0), &dy = dw.input(1);
    return {input_gradient(dy, ddw, x, window), forward(x, ddw, window), Tensor()};
  }
};

// Inputs: x, kernel and perhaps the shape, which is `output_shape` otherwise. Linear in x and kernel, with
// the parts above as its gradients.
class ConvTranspose final : public OpOf<ConvTranspose> {
 public:
  static constexpr std::string_view kName = "conv_transpose";
  Window window;
  Shape output_shape;
  auto fields() const { return std::tie(window, output_shape); }
  Signatures infer(SignatureSpan in) const override {
    check_dtypes(transpose_name_of(window), in[0], in[1]);
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
    return make_conv_kernel<Part::kInput>(
        in[0].dtype, conv_shape(window, out[0].shape, in[1].shape, in[0].shape));
  }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    const Tensor &x = y.input(0), &kernel = y.input(1);
    Tensors result(y.node().inputs().size());
    result[0] = forward(dy, kernel, window);
    result[1] = kernel_gradient(dy, x, kernel, window);
    return result;
  }
};

Tensor forward(const Tensor& x, const Tensor& kernel, const Window& window) {
  return make<Conv>({x, kernel}, window);
}

Tensor input_gradient(const Tensor& dy, const Tensor& kernel, const Tensor& x, const Window& window) {
  return make<ConvInputGradient>({dy, kernel, x}, window);
}

Tensor kernel_gradient(const Tensor& x, const Tensor& dy, const Tensor& kernel, const Window& window) {
  return make<ConvKernelGradient>({x, dy, kernel}, window);
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
  return forward(x, kernel, make_window("conv1d", {options.strides}, {options.dilation_rate},
                                        options.padding, options.data_format));
}

Tensor conv2d(const Tensor& x, const Tensor& kernel, const Conv2dOptions& options) {
  if (options.padding.kind() == Padding::kCausal) fail("conv2d: padding 'causal' is for conv1d alone");
  return forward(x, kernel, make_window("conv2d", options.strides, options.dilation_rate,
                                        options.padding, options.data_format));
}

Tensor conv3d(const Tensor& x, const Tensor& kernel, const Conv3dOptions& options) {
  if (options.padding.kind() == Padding::kCausal) fail("conv3d: padding 'causal' is for conv1d alone");
  return forward(x, kernel, make_window("conv3d", options.strides, options.dilation_rate,
                                        options.padding, options.data_format));
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
