#include "ops/conv/pool.h"

#include <algorithm>
#include <memory>
#include <string>

#include "core/op.h"
#include "core/structure.h"
#include "ops/conv/pool_kernel.h"
#include "ops/conv/window.h"

namespace keel {
namespace {

std::string name_of(const Window& w) { return "pool" + std::to_string(w.rank) + "d"; }

PoolShape pool_shape(const Window& w, const std::array<int64_t, 3>& size, const Shape& x, const Shape& y) {
  PoolShape s;
  s.batch = x[0];
  s.channels = x[w.channel_axis()];
  s.channels_first = w.channels_first;
  s.window = size;
  for (int i = 3 - w.rank; i < 3; ++i) {
    s.in[i] = x[w.axis(i)];
    s.out[i] = y[w.axis(i)];
    s.pad[i] = w.pad_before(i, s.in[i], size[i], s.out[i]);
    s.stride[i] = s.out[i] > 1 ? w.strides[i] : 1;  // A single window goes nowhere, however far.
  }
  return s;
}

Shape result_shape(const Window& w, const std::array<int64_t, 3>& size, const Shape& x) {
  const std::string name = name_of(w);
  check_rank(name, "x", x, w.rank);
  Shape y = x;
  for (int i = 3 - w.rank; i < 3; ++i) y[w.axis(i)] = w.outputs(name, i, x[w.axis(i)], size[i]);
  return y;
}

enum class Part { kMax, kAverage, kMaxGradient, kAverageGradient };

template <typename T>
class PoolKernel final : public Kernel {
 public:
  PoolKernel(Part part, const PoolShape& shape) : part_(part), shape_(shape) {}
  size_t scratch_bytes(const ThreadPool& pool) const override {
    return pool_scratch_bytes<T>(shape_, pool);
  }
  void run(const Exec& exec, Views in, Views out) const override {
    const T* from = in[0].as<T>();
    T* to = out[0].as<T>();
    if (part_ == Part::kMax) {
      max_pool<T>(shape_, from, to, out[1].data, exec.scratch, exec.pool);
    } else if constexpr (!std::is_integral_v<T>) {
      if (part_ == Part::kAverage) {
        average_pool<T>(shape_, from, to, exec.scratch, exec.pool);
      } else if (part_ == Part::kMaxGradient) {
        max_pool_gradient<T>(shape_, from, in[2].data, to, exec.scratch, exec.pool);
      } else {
        average_pool_gradient<T>(shape_, from, to, exec.scratch, exec.pool);
      }
    }
  }

 private:
  const Part part_;
  const PoolShape shape_;
};

std::unique_ptr<Kernel> make_pool_kernel(DType dtype, Part part, const PoolShape& shape) {
  if (dtype == DType::kInt32) return std::make_unique<PoolKernel<int32_t>>(part, shape);
  if (dtype == DType::kInt64) return std::make_unique<PoolKernel<int64_t>>(part, shape);
  return visit_floating(dtype, [&](auto zero) -> std::unique_ptr<Kernel> {
    return std::make_unique<PoolKernel<decltype(zero)>>(part, shape);
  });
}

// Inputs: dy, x (of which the shape alone matters) and, for a maximum, the index of a Pool. Linear in dy.
class PoolGradient final : public OpOf<PoolGradient> {
 public:
  static constexpr std::string_view kName = "pool_gradient";
  Window window;
  std::array<int64_t, 3> size;
  bool average;
  auto fields() const { return std::tie(window, size, average); }
  bool reads_only_shape(int i) const override { return i == 1; }
  Signatures infer(SignatureSpan in) const override { return {{in[0].dtype, in[1].shape}}; }
  std::unique_ptr<Kernel> compile(SignatureSpan in, SignatureSpan) const override {
    return make_pool_kernel(in[0].dtype, average ? Part::kAverageGradient : Part::kMaxGradient,
                            pool_shape(window, size, in[1].shape, in[0].shape));
  }
  Tensors gradient(const Tensor& dx, const Tensor& ddx) const;
};

// Inputs: x, and the index of a Pool of such an image: the elements that it names, one per window. The
// gradient's gradient of a maximum.
class PoolChosen final : public OpOf<PoolChosen> {
 public:
  static constexpr std::string_view kName = "pool_chosen";
  Window window;
  std::array<int64_t, 3> size;
  auto fields() const { return std::tie(window, size); }
  Signatures infer(SignatureSpan in) const override {
    return {{in[0].dtype, result_shape(window, size, in[0].shape)}};
  }
  void run(const Exec& exec, Views in, Views out) const override;
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    return {make<PoolGradient>({dy, y.input(0), y.input(1)}, window, size, false), Tensor()};
  }
};

// Of a maximum there are two outputs: the second is the index that max_pool() leaves for the gradient.
class Pool final : public OpOf<Pool> {
 public:
  static constexpr std::string_view kName = "pool";
  Window window;
  std::array<int64_t, 3> size;
  bool average;
  auto fields() const { return std::tie(window, size, average); }
  Signatures infer(SignatureSpan in) const override {
    const DType t = in[0].dtype;
    if (!t.is_floating() && (average || (t != DType::kInt32 && t != DType::kInt64))) {
      fail(name_of(window), ": x is ", t, "; accepted are floating dtypes, and int32 and int64 for 'max'");
    }
    const Shape y = result_shape(window, size, in[0].shape);
    if (average) return {{t, y}};
    Shape index = y;
    if (window.channels_first) {
      for (int i = 1; i <= window.rank; ++i) index[i] = y[i + 1];
      index[window.rank + 1] = y[1];
    }
    return {{t, y}, {has_byte_index(size) ? DType::kUint8 : DType::kInt32, index}};
  }
  bool skips_unread_outputs() const override { return true; }
  std::unique_ptr<Kernel> compile(SignatureSpan in, SignatureSpan out) const override {
    return make_pool_kernel(in[0].dtype, average ? Part::kAverage : Part::kMax,
                            pool_shape(window, size, in[0].shape, out[0].shape));
  }
  Tensors gradient(const Tensors& outputs, const Tensors& gradients) const {
    Tensors inputs{gradients[0], outputs[0].input(0)};
    if (!average) inputs.push_back(outputs[1]);
    return {make<PoolGradient>(inputs, window, size, average)};
  }
};

Tensors PoolGradient::gradient(const Tensor& dx, const Tensor& ddx) const {
  if (average) return {make<Pool>({ddx}, window, size, true), Tensor()};
  return {make<PoolChosen>({ddx, dx.input(2)}, window, size), Tensor(), Tensor()};
}

// Only second derivatives come here, so it walks the windows plainly.
void PoolChosen::run(const Exec& exec, Views in, Views out) const {
  const PoolShape s = pool_shape(window, size, *in[0].shape, *out[0].shape);
  // Element strides of x and y: batch, three spatial axes, channel.
  auto strides = [&](const Spatial& extent) {
    std::array<int64_t, 5> step;
    const int64_t inner = s.channels_first ? 1 : s.channels;
    step[4] = s.channels_first ? extent[0] * extent[1] * extent[2] : 1;
    step[3] = inner;
    step[2] = step[3] * extent[2];
    step[1] = step[2] * extent[1];
    step[0] = extent[0] * extent[1] * extent[2] * s.channels;
    return step;
  };
  const auto xs = strides(s.in), ys = strides(s.out);
  visit_floating(in[0].dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* values = in[0].as<T>();
    T* y = out[0].as<T>();
    exec.pool.parallel_for(s.batch * s.channels, 1, [&](int64_t begin, int64_t end) {
      for (int64_t image = begin; image < end; ++image) {
        const int64_t n = image / s.channels, c = image % s.channels;
        const int64_t x0 = n * xs[0] + c * xs[4], y0 = n * ys[0] + c * ys[4];
        for (int64_t o = 0; o < s.out[0] * s.out[1] * s.out[2]; ++o) {
          const int64_t at[3] = {o / (s.out[1] * s.out[2]), o / s.out[2] % s.out[1], o % s.out[2]};
          int64_t from[3], to[3];
          for (int i = 0; i < 3; ++i) {
            const int64_t first = at[i] * s.stride[i] - s.pad[i];
            from[i] = std::max<int64_t>(first, 0);
            to[i] = std::min(first + s.window[i], s.in[i]);
          }
          const int64_t h = to[1] - from[1], w = to[2] - from[2];
          T value{};
          if (to[0] > from[0] && h > 0 && w > 0) {
            const int64_t pixels = s.out[0] * s.out[1] * s.out[2], i = (n * pixels + o) * s.channels + c;
            const int64_t tap = has_byte_index(size) ? in[1].as<uint8_t>()[i] : in[1].as<int32_t>()[i];
            value = values[x0 + (from[0] + tap / (h * w)) * xs[1] + (from[1] + tap / w % h) * xs[2] +
                           (from[2] + tap % w) * xs[3]];
          }
          y[y0 + at[0] * ys[1] + at[1] * ys[2] + at[2] * ys[3]] = value;
        }
      }
    });
  });
}

Tensor pool(std::string_view function, const Tensor& x, absl::Span<const int64_t> pool_size,
            absl::Span<const int64_t> strides, Padding padding, DataFormat data_format,
            const std::string& mode) {
  if (mode != "max" && mode != "avg") {
    fail(function, ": pool_mode is '", mode, "'; accepted are 'max' and 'avg'");
  }
  if (padding.kind() == Padding::kCausal) fail(function, ": padding 'causal' is for conv1d alone");
  const std::vector<int64_t> ones(strides.size(), 1);
  const Window window = make_window(function, strides, ones, padding, data_format);
  std::array<int64_t, 3> size = {1, 1, 1};
  for (int i = 0; i < window.rank; ++i) {
    if (pool_size[i] < 1) fail(function, ": pool_size has ", pool_size[i], "; accepted are sizes from 1");
    size[i + 3 - window.rank] = pool_size[i];
  }
  return make<Pool>({x}, window, size, mode == "avg");
}

}  // namespace

Tensor pool2d(const Tensor& x, const std::array<int64_t, 2>& pool_size, const Pool2dOptions& options) {
  return pool("pool2d", x, pool_size, options.strides, options.padding, options.data_format,
              options.pool_mode);
}

Tensor pool3d(const Tensor& x, const std::array<int64_t, 3>& pool_size, const Pool3dOptions& options) {
  return pool("pool3d", x, pool_size, options.strides, options.padding, options.data_format,
              options.pool_mode);
}

}  // namespace keel
