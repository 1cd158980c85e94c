#include "ops/conv/resize.h"

#include <memory>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/types/span.h"
#include "core/in_name_of.h"
#include "core/op.h"
#include "ops/array/repeat.h"
#include "ops/conv/resize_kernel.h"
#include "ops/conv/window.h"

namespace keel {
namespace {

// ValueError unless x has batch, channel and one axis for each factor, all of them above 0.
void check_factors(std::string_view function, const Tensor& x, absl::Span<const int64_t> factors) {
  check_rank(function, "x", x.shape(), static_cast<int>(factors.size()));
  for (int64_t factor : factors) {
    if (factor < 1) fail(function, ": a factor of ", factor, "; accepted are factors from 1");
  }
}

// Bilinear interpolation, or (`back`) its gradient, each of them the other's.
template <typename T>
class BilinearKernel final : public Kernel {
 public:
  BilinearKernel(const ResizeShape& shape, bool back) : shape_(shape), back_(back) {}
  size_t scratch_bytes(const ThreadPool& pool) const override {
    return resize_scratch_bytes<T>(shape_, pool);
  }
  void run(const Exec& exec, Views in, Views out) const override {
    const auto kernel = back_ ? resize_bilinear_gradient<T> : resize_bilinear<T>;
    kernel(shape_, in[0].as<T>(), out[0].as<T>(), exec.scratch, exec.pool);
  }

 private:
  const ResizeShape shape_;
  const bool back_;
};

Tensor bilinear(const Tensor& x, int64_t height_factor, int64_t width_factor, bool channels_first);
Tensor bilinear_gradient(const Tensor& dy, const Tensor& x, int64_t height_factor, int64_t width_factor,
                         bool channels_first);

template <class D, bool back>
class BilinearOp : public OpOf<D> {
 public:
  int64_t height_factor, width_factor;
  bool channels_first;
  auto fields() const { return std::tie(height_factor, width_factor, channels_first); }
  std::unique_ptr<Kernel> compile(SignatureSpan in, SignatureSpan out) const override {
    const Shape& x = back ? out[0].shape : in[0].shape;
    const int spatial = channels_first ? 2 : 1;
    const ResizeShape shape{x[0], x[spatial], x[spatial + 1], x[channels_first ? 1 : 3],
                            height_factor, width_factor, channels_first};
    return visit_floating(in[0].dtype, [&](auto zero) -> std::unique_ptr<Kernel> {
      return std::make_unique<BilinearKernel<decltype(zero)>>(shape, back);
    });
  }
};

class Bilinear final : public BilinearOp<Bilinear, false> {
 public:
  static constexpr std::string_view kName = "resize_bilinear";
  Signatures infer(SignatureSpan in) const override {
    if (!in[0].dtype.is_floating()) {
      fail("resize_images: x is ", in[0].dtype, "; accepted with interpolation 'bilinear' are floating dtypes");
    }
    Shape y = in[0].shape;
    const int spatial = channels_first ? 2 : 1;
    const int64_t factors[] = {height_factor, width_factor};
    for (int i = 0; i < 2; ++i) {
      if (y[spatial + i] != None) {
        y[spatial + i] = checked_multiply(y[spatial + i], factors[i], "resize_images: size");
      }
    }
    return {{in[0].dtype, y}};
  }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    return {bilinear_gradient(dy, y.input(0), height_factor, width_factor, channels_first)};
  }
};

// Inputs: dy, and x for its shape.
class BilinearGradient final : public BilinearOp<BilinearGradient, true> {
 public:
  static constexpr std::string_view kName = "resize_bilinear_gradient";
  bool reads_only_shape(int i) const override { return i == 1; }
  Signatures infer(SignatureSpan in) const override { return {{in[0].dtype, in[1].shape}}; }
  Tensors gradient(const Tensor&, const Tensor& ddx) const {
    return {bilinear(ddx, height_factor, width_factor, channels_first), Tensor()};
  }
};

Tensor bilinear(const Tensor& x, int64_t height_factor, int64_t width_factor, bool channels_first) {
  return make<Bilinear>({x}, height_factor, width_factor, channels_first);
}

Tensor bilinear_gradient(const Tensor& dy, const Tensor& x, int64_t height_factor, int64_t width_factor,
                         bool channels_first) {
  return make<BilinearGradient>({dy, x}, height_factor, width_factor, channels_first);
}

}  // namespace

Tensor resize_images(const Tensor& x, int64_t height_factor, int64_t width_factor, DataFormat data_format,
                     const std::string& interpolation) {
  const std::string_view name = "resize_images";
  check_factors(name, x, {height_factor, width_factor});
  if (interpolation == "nearest") {
    std::vector<int64_t> n(4, 1);
    n[data_format.first_spatial_axis()] = height_factor;
    n[data_format.first_spatial_axis() + 1] = width_factor;
    return in_name_of([&] { return repeat_elements(x, n); }, name);
  }
  if (interpolation != "bilinear") {
    fail(name, ": interpolation is '", interpolation, "'; accepted are 'nearest' and 'bilinear'");
  }
  return bilinear(x, height_factor, width_factor, data_format.channels_first());
}

Tensor resize_volumes(const Tensor& x, int64_t depth_factor, int64_t height_factor, int64_t width_factor,
                      DataFormat data_format) {
  check_factors("resize_volumes", x, {depth_factor, height_factor, width_factor});
  // Axis by axis, as Keras does it: the gradient is then summed in the same order, to the same bits.
  const int axis = data_format.first_spatial_axis();
  return in_name_of(
      [&] {
        const Tensor deep = repeat_elements(x, depth_factor, axis);
        return repeat_elements(repeat_elements(deep, height_factor, axis + 1), width_factor, axis + 2);
      },
      "resize_volumes");
}

}  // namespace keel
