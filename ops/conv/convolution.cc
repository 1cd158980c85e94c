#include "ops/conv/convolution.h"

#include <memory>
#include <string>

#include "core/op.h"
#include "core/structure.h"
#include "ops/conv/conv_kernel.h"
#include "ops/conv/window.h"
#include "ops/math/packed_weights.h"

namespace keel {
namespace {

std::string name_of(const Window& w) { return "conv" + std::to_string(w.rank) + "d"; }

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
  }
  return s;
}

Shape result_shape(const Window& w, const Shape& x, const Shape& kernel) {
  const std::string name = name_of(w);
  check_rank(name, "x", x, w.rank);
  check_rank(name, "kernel", kernel, w.rank);
  const int64_t c = x[w.channel_axis()], kc = kernel[w.rank];
  if (c != None && kc != None && c != kc) {
    fail(name, ": kernel has ", kc, " input channels but x has ", c, " (x: ", x, ", kernel: ", kernel,
         ')');
  }
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

void check_dtypes(const Window& w, const Signature& a, const Signature& b) {
  if (a.dtype != b.dtype || !a.dtype.is_floating()) {
    fail(name_of(w), ": the operands are ", a.dtype, " and ", b.dtype,
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
    check_dtypes(window, in[0], in[1]);
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
    check_dtypes(window, in[0], in[1]);
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
    check_dtypes(window, in[0], in[1]);
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

Tensor forward(const Tensor& x, const Tensor& kernel, const Window& window) {
  return make<Conv>({x, kernel}, window);
}

Tensor input_gradient(const Tensor& dy, const Tensor& kernel, const Tensor& x, const Window& window) {
  return make<ConvInputGradient>({dy, kernel, x}, window);
}

Tensor kernel_gradient(const Tensor& x, const Tensor& dy, const Tensor& kernel, const Window& window) {
  return make<ConvKernelGradient>({x, dy, kernel}, window);
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

}  // namespace keel
