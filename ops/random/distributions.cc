#include "ops/random/distributions.h"

#include <cmath>
#include <limits>
#include <memory>
#include <ostream>
#include <type_traits>
#include <utility>

#include "core/buffer.h"
#include "core/config.h"
#include "core/in_name_of.h"
#include "core/leaves.h"
#include "core/op.h"
#include "core/run.h"
#include "core/session.h"
#include "ops/random/distributions_kernel.h"

namespace keel {
namespace internal {

std::ostream& operator<<(std::ostream& out, const Identity<DrawCounter>& counter) {
  return out << "seed " << counter.object->seed;
}

}  // namespace internal

namespace {

using Counter = internal::Identity<DrawCounter>;

Counter new_counter(const std::optional<uint64_t>& seed) {
  Counter counter{std::make_shared<DrawCounter>()};
  counter.object->seed = seed.has_value() ? *seed : next_random_seed();
  return counter;
}

RandomStream next_stream(const Exec& exec, const Counter& counter) {
  return {counter.object->seed, exec.run->draw(*counter.object)};
}

void check_sizes(std::string_view function, const Shape& shape, DType dtype) {
  for (int64_t size : shape) {
    if (size < 0) fail(function, ": shape is ", shape, "; sizes are 0 and above");
  }
  const int64_t bytes = in_name_of([&] { return byte_size(shape, dtype); }, function, ": shape ", shape);
  if (bytes > memory_limit()) {
    fail(function, ": shape ", shape, " takes ", bytes, " bytes of ", dtype,
         ", above the limit of ", memory_limit());
  }
}

// What the distributions share: the shape, an attribute or the value of the only input.
template <typename D>
class Distribution : public OpOf<D> {
 public:
  static constexpr std::string_view kNoGradient = "random numbers depend on no input's value";
  Shape shape;
  DType dtype;
  Counter counter;

  bool stateful() const override { return true; }
  Signatures infer(SignatureSpan in) const override {
    if (in.empty()) {
      check_sizes(D::kName, shape, dtype);
      return {{dtype, shape}};
    }
    const Signature& sizes = in[0];
    if (!sizes.dtype.is_integer() || sizes.shape.rank() != 1 || sizes.shape[0] == None) {
      fail(D::kName, ": shape is a tensor of dtype ", sizes.dtype, " and shape ", sizes.shape,
           "; accepted is a vector of integers, of known length");
    }
    Shape result;
    for (int64_t i = 0; i < sizes.shape[0]; ++i) {
      result.push_back(sizes.value != nullptr ? sizes.value->element<int64_t>(i) : None);
    }
    if (sizes.value != nullptr) check_sizes(D::kName, result, dtype);
    return {{dtype, result}};
  }
};

class RandomNormal final : public Distribution<RandomNormal> {
 public:
  static constexpr std::string_view kName = "random_normal";
  double mean, stddev;
  auto fields() const { return std::tie(shape, dtype, counter, mean, stddev); }
  void run(const Exec& exec, Views, Views out) const override {
    fill_normal(next_stream(exec, counter), mean, stddev, false, out[0], exec.pool);
  }
};

class TruncatedNormal final : public Distribution<TruncatedNormal> {
 public:
  static constexpr std::string_view kName = "truncated_normal";
  double mean, stddev;
  auto fields() const { return std::tie(shape, dtype, counter, mean, stddev); }
  void run(const Exec& exec, Views, Views out) const override {
    fill_normal(next_stream(exec, counter), mean, stddev, true, out[0], exec.pool);
  }
};

class RandomUniform final : public Distribution<RandomUniform> {
 public:
  static constexpr std::string_view kName = "random_uniform";
  double minval, maxval;
  auto fields() const { return std::tie(shape, dtype, counter, minval, maxval); }
  void run(const Exec& exec, Views, Views out) const override {
    fill_uniform(next_stream(exec, counter), minval, maxval, out[0], exec.pool);
  }
};

class RandomInteger final : public Distribution<RandomInteger> {
 public:
  static constexpr std::string_view kName = "random_uniform";
  int64_t minval;
  uint64_t range;
  auto fields() const { return std::tie(shape, dtype, counter, minval, range); }
  void run(const Exec& exec, Views, Views out) const override {
    fill_uniform_integers(next_stream(exec, counter), minval, range, out[0], exec.pool);
  }
};

class RandomBinomial final : public Distribution<RandomBinomial> {
 public:
  static constexpr std::string_view kName = "random_binomial";
  double p;
  auto fields() const { return std::tie(shape, dtype, counter, p); }
  void run(const Exec& exec, Views, Views out) const override {
    fill_bernoulli(next_stream(exec, counter), p, out[0], exec.pool);
  }
};

// The shape of `noise` beside an x of shape `x`: a None in it is x's size there.
Shape noise_shape_for(std::string_view function, const Shape& noise, const Shape& x) {
  Shape result = noise;
  bool fits = noise.rank() <= x.rank();
  for (int i = 0; fits && i < noise.rank(); ++i) {
    const int64_t size = x[x.rank() - noise.rank() + i];
    if (noise[i] == None) {
      result[i] = size;
    } else {
      fits = noise[i] == 1 || size == None || noise[i] == size;
    }
  }
  if (!fits) {
    fail(function, ": noise_shape ", noise, " does not broadcast to the shape of x, ", x);
  }
  return result;
}

// Input 0 gives the shape.
class KeepMask final : public OpOf<KeepMask> {
 public:
  static constexpr std::string_view kName = "random_keep_mask";
  static constexpr std::string_view kNoGradient = "it reads the shape of its input alone";
  Shape noise;
  double keep;
  Counter counter;
  std::string function;

  auto fields() const { return std::tie(noise, keep, counter, function); }
  bool stateful() const override { return true; }
  bool reads_only_shape(int) const override { return true; }
  Signatures infer(SignatureSpan in) const override {
    return {{DType::kBool, noise_shape_for(function, noise, in[0].shape)}};
  }
  void run(const Exec& exec, Views, Views out) const override {
    fill_bernoulli(next_stream(exec, counter), keep, out[0], exec.pool);
  }
};

DType floating(std::string_view function, const std::optional<DType>& dtype) {
  const DType result = dtype.has_value() ? *dtype : DType(floatx());
  if (!result.is_floating()) {
    fail(function, ": dtype is ", result, "; accepted are float16, bfloat16, float32 and float64");
  }
  return result;
}

void check_normal(std::string_view function, const char* mean_name, double mean,
                  const char* stddev_name, double stddev) {
  if (!std::isfinite(mean)) fail(function, ": ", mean_name, " is ", mean, "; it must be finite");
  if (!(stddev >= 0) || !std::isfinite(stddev)) {
    fail(function, ": ", stddev_name, " is ", stddev, "; accepted are finite numbers from 0 on");
  }
}

void check_uniform(std::string_view function, const char* low_name, double low,
                   const char* high_name, double high, DType dtype) {
  // Narrow floats are computed in float32.
  const double most = dtype == DType::kFloat64 ? std::numeric_limits<double>::max() : std::numeric_limits<float>::max();
  if (!(low <= high) || !(high - low <= most)) {
    fail(function, ": ", low_name, " is ", low, " and ", high_name, " is ", high, "; ", low_name,
         " must not be above ", high_name, " and their difference must be finite in ", dtype);
  }
}

// The first and the number (0: 2^64) of the integers of `dtype` in [low, high).
std::pair<int64_t, uint64_t> integer_range(double low, double high, DType dtype) {
  // Bounds of the dtype; 2^63 and 2^64, just above them, are doubles too.
  const double bits = static_cast<double>(8 * dtype.size() - (dtype.is_signed() ? 1 : 0));
  const double limit = std::exp2(bits), least = dtype.is_signed() ? -limit : 0;
  if (low != std::floor(low) || high != std::floor(high) || low >= high || low < least ||
      high > limit) {
    fail("random_uniform: minval is ", low, " and maxval is ", high, "; for ", dtype,
         " accepted are whole numbers, minval below maxval, from ", least, " to ", limit);
  }
  const __int128 first = static_cast<__int128>(low), end = static_cast<__int128>(high);
  return {static_cast<int64_t>(static_cast<uint64_t>(first)), static_cast<uint64_t>(end - first)};
}

template <typename O, typename... Fields>
Tensor draw(const SampleShape& shape, DType dtype, const std::optional<uint64_t>& seed,
            const Fields&... fields) {
  if (shape.tensor().defined()) {
    return make<O>({shape.tensor()}, Shape(), dtype, new_counter(seed), fields...);
  }
  // Before a seed is taken: a call that fails leaves the session's seeds as they are.
  check_sizes(O::kName, shape.shape(), dtype);
  return make<O>({}, shape.shape(), dtype, new_counter(seed), fields...);
}

// A variable filled by `fill(stream, view, pool)`.
template <typename F>
Variable filled(const char* function, const Shape& shape, DType dtype,
                const RandomVariableOptions& options, const F& fill) {
  check_sizes(function, shape, dtype);
  Array value(shape, dtype);
  const uint64_t seed = options.seed.has_value() ? *options.seed : next_random_seed();
  fill(RandomStream{seed, 0}, value.view(), ThreadPool::global());
  return variable(value, {.dtype = dtype, .name = options.name});
}

}  // namespace

Tensor random_normal(const SampleShape& shape, const RandomNormalOptions& options) {
  const DType dtype = floating("random_normal", options.dtype);
  check_normal("random_normal", "mean", options.mean, "stddev", options.stddev);
  return draw<RandomNormal>(shape, dtype, options.seed, options.mean, options.stddev);
}

Tensor truncated_normal(const SampleShape& shape, const RandomNormalOptions& options) {
  const DType dtype = floating("truncated_normal", options.dtype);
  check_normal("truncated_normal", "mean", options.mean, "stddev", options.stddev);
  return draw<TruncatedNormal>(shape, dtype, options.seed, options.mean, options.stddev);
}

Tensor random_uniform(const SampleShape& shape, const RandomUniformOptions& options) {
  const DType dtype = options.dtype.has_value() ? *options.dtype : DType(floatx());
  check_uniform("random_uniform", "minval", options.minval, "maxval", options.maxval, dtype);
  if (dtype.is_integer()) {
    const auto [first, range] = integer_range(options.minval, options.maxval, dtype);
    return draw<RandomInteger>(shape, dtype, options.seed, first, range);
  }
  if (dtype.is_bool()) fail("random_uniform: dtype is bool; accepted are floats and integers");
  return draw<RandomUniform>(shape, dtype, options.seed, options.minval, options.maxval);
}

Tensor random_binomial(const SampleShape& shape, const RandomBinomialOptions& options) {
  const DType dtype = options.dtype.has_value() ? *options.dtype : DType(floatx());
  if (!(options.p >= 0 && options.p <= 1)) {
    fail("random_binomial: p is ", options.p, "; accepted are probabilities, 0 to 1");
  }
  return draw<RandomBinomial>(shape, dtype, options.seed, options.p);
}

Tensor random_keep_mask(const char* function, const Tensor& x, double keep,
                        const std::optional<Shape>& noise_shape, std::optional<uint64_t> seed) {
  Shape noise;
  if (noise_shape.has_value()) {
    noise = *noise_shape;
    for (int64_t size : noise) {
      if (size < None) fail(function, ": noise_shape is ", noise, "; sizes are 0 and above, or None");
    }
  } else {
    noise.resize(x.rank(), None);
  }
  noise_shape_for(function, noise, x.shape());
  return make<KeepMask>({x}, noise, keep, new_counter(seed), function);
}

Variable random_uniform_variable(const Shape& shape, double low, double high,
                                 const RandomVariableOptions& options) {
  const DType dtype = floating("random_uniform_variable", options.dtype);
  check_uniform("random_uniform_variable", "low", low, "high", high, dtype);
  return filled("random_uniform_variable", shape, dtype, options,
                [&](const RandomStream& stream, const View& out, const ThreadPool& pool) {
                  fill_uniform(stream, low, high, out, pool);
                });
}

Variable random_normal_variable(const Shape& shape, double mean, double scale,
                                const RandomVariableOptions& options) {
  const DType dtype = floating("random_normal_variable", options.dtype);
  check_normal("random_normal_variable", "mean", mean, "scale", scale);
  return filled("random_normal_variable", shape, dtype, options,
                [&](const RandomStream& stream, const View& out, const ThreadPool& pool) {
                  fill_normal(stream, mean, scale, false, out, pool);
                });
}

}  // namespace keel
