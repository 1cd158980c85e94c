// The ops of a convolution and its gradients, whatever kernel computes it.
#ifndef KEEL_OPS_CONV_CONV_OPS_H_
#define KEEL_OPS_CONV_CONV_OPS_H_

#include <memory>
#include <string>
#include <string_view>
#include <tuple>

#include "core/op.h"
#include "ops/conv/conv_device.h"
#include "ops/conv/conv_kernel.h"
#include "ops/conv/window.h"

namespace keel {

// What the kernels need to know of a convolution with these shapes of x, kernel and result.
ConvShape conv_shape(const Window& window, const Shape& x, const Shape& kernel, const Shape& y);

// ValueError, in the name of `function`, unless a and b are of one floating dtype.
void check_conv_dtypes(std::string_view function, const Signature& a, const Signature& b);

// ValueError where the kernel is not for as many channels as x has, or one of `more` or they are 0.
void check_conv_channels(std::string_view function, const Shape& x, const Shape& kernel, int64_t x_channels,
                         int64_t kernel_channels, int64_t more);

// The result of a convolution of x with windows of the kernel's size, of `channels` channels.
Shape conv_result_shape(std::string_view function, const Window& window, const Shape& x, const Shape& kernel,
                        int64_t channels);

// A convolution, linear in x and kernel, and its gradients; the three are closed under differentiation.
// `function` is the public function's name. F says which convolution:
//   static constexpr std::string_view kNames[3];  // One per part.
//   static constexpr bool kTellsRows;             // Op::tells_rows(), of the forward part.
//   static Shape result_shape(std::string_view function, const Window&, const Shape& x, const Shape& kernel);
//   static std::unique_ptr<Kernel> make_kernel(ConvPart, DType, const ConvShape&);
template <class F>
struct ConvOps {
  static Tensor forward(const std::string& function, const Tensor& x, const Tensor& kernel, const Window& window) {
    return make<Forward>({x, kernel}, function, window);
  }
  // Of `x` and `kernel`, only the shapes matter.
  static Tensor input_gradient(const std::string& function, const Tensor& dy, const Tensor& kernel,
                               const Tensor& x, const Window& window) {
    return make<InputGradient>({dy, kernel, x}, function, window);
  }
  static Tensor kernel_gradient(const std::string& function, const Tensor& x, const Tensor& dy,
                                const Tensor& kernel, const Window& window) {
    return make<KernelGradient>({x, dy, kernel}, function, window);
  }

 private:
  template <class D, ConvPart part>
  class Part : public OpOf<D> {
   public:
    static constexpr std::string_view kName = F::kNames[static_cast<int>(part)];
    std::string function;
    Window window;
    auto fields() const { return std::tie(function, window); }
    // The gradients' third input.
    bool reads_only_shape(int i) const override { return i == 2; }
    Signatures infer(SignatureSpan in) const override {
      check_conv_dtypes(function, in[0], in[1]);
      if constexpr (part != ConvPart::kForward) return {{in[0].dtype, in[2].shape}};
      return {{in[0].dtype, F::result_shape(function, window, in[0].shape, in[1].shape)}};
    }
    bool tells_rows(SignatureSpan) const override {
      return F::kTellsRows && part == ConvPart::kForward && !window.channels_first;
    }
    std::unique_ptr<Kernel> compile(SignatureSpan in, SignatureSpan out) const override {
      const Shape &a = in[0].shape, &b = in[1].shape, &c = out[0].shape;
      const ConvShape shape = part == ConvPart::kForward ? conv_shape(window, a, b, c)
                              : part == ConvPart::kInput ? conv_shape(window, c, b, a)
                                                         : conv_shape(window, a, c, b);
      return F::make_kernel(part, in[0].dtype, shape);
    }
  };

  class Forward final : public Part<Forward, ConvPart::kForward> {
   public:
    Tensors gradient(const Tensor& y, const Tensor& dy) const {
      const Tensor &x = y.input(0), &kernel = y.input(1);
      return {input_gradient(this->function, dy, kernel, x, this->window),
              kernel_gradient(this->function, x, dy, kernel, this->window)};
    }
  };

  // Inputs: dy, kernel, x.
  class InputGradient final : public Part<InputGradient, ConvPart::kInput> {
   public:
    Tensors gradient(const Tensor& dx, const Tensor& ddx) const {
      const Tensor &dy = dx.input(0), &kernel = dx.input(1);
      return {forward(this->function, ddx, kernel, this->window),
              kernel_gradient(this->function, ddx, dy, kernel, this->window), Tensor()};
    }
  };

  // Inputs: x, dy, kernel.
  class KernelGradient final : public Part<KernelGradient, ConvPart::kKernel> {
   public:
    Tensors gradient(const Tensor& dw, const Tensor& ddw) const {
      const Tensor &x = dw.input(0), &dy = dw.input(1);
      return {input_gradient(this->function, dy, ddw, x, this->window),
              forward(this->function, x, ddw, this->window), Tensor()};
    }
  };
};

}  // namespace keel

#endif  // KEEL_OPS_CONV_CONV_OPS_H_
