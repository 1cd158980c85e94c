#include "layers_support/layers/noise.h"

#include <cmath>

#include "layers_support/layers/built_in.h"
#include "layers_support/layers/loading.h"

namespace keel::layers {
namespace {

class DropoutImpl final : public BuiltIn {
 public:
  DropoutImpl(double rate, const DropoutOptions& options)
      : BuiltIn("Dropout", options.name, options.input_shape), rate_(rate), options_(options) {
    if (!(rate >= 0 && rate < 1)) fail("Dropout: rate is ", rate, "; it must be in [0, 1)");
  }
  bool supports_masking() const override { return true; }
  Tensor call(const Tensor& x, const Training& training) override {
    if (rate_ == 0) return x;
    const auto thinned = [&] {
      return dropout(x, rate_, {.noise_shape = options_.noise_shape, .seed = options_.seed});
    };
    return in_train_phase(thinned, x, training);
  }
  Json get_config() const override {
    Json noise_shape = nullptr;
    if (options_.noise_shape) {
      noise_shape = Json::array();
      for (const int64_t size : *options_.noise_shape) noise_shape.push_back(size == None ? Json(nullptr) : Json(size));
    }
    return config_with({{"rate", rate_},
                        {"noise_shape", noise_shape},
                        {"seed", options_.seed ? Json(*options_.seed) : Json(nullptr)}});
  }
  static Layer load(const ConfigReader& c, const LayerLoader&) {
    DropoutOptions options{.name = name_at(c)};
    if (c.has("noise_shape")) options.noise_shape = Shape(Dims(c.dims("noise_shape")));
    if (c.has("seed")) options.seed = static_cast<uint64_t>(c.integer("seed"));
    return Dropout(c.number("rate"), options);
  }

 private:
  const double rate_;
  const DropoutOptions options_;
};

constexpr const char* kSpatialNames[] = {"", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"};

template <int kAxes>
class SpatialDropoutImpl final : public BuiltIn {
 public:
  SpatialDropoutImpl(double rate, const SpatialDropoutOptions& options)
      : BuiltIn(kSpatialNames[kAxes], options.name, options.input_shape), rate_(rate), options_(options) {
    if (!(rate >= 0 && rate < 1)) fail(class_name(), ": rate is ", rate, "; it must be in [0, 1)");
  }
  bool supports_masking() const override { return true; }
  Tensor call(const Tensor& x, const Training& training) override {
    check_rank(x, kAxes + 2);
    if (rate_ == 0) return x;
    const bool channels_first = kAxes > 1 && options_.data_format.channels_first();
    Shape noise{None};
    noise.resize(kAxes + 2, 1);
    noise[channels_first ? 1 : kAxes + 1] = None;
    const auto thinned = [&] { return dropout(x, rate_, {.noise_shape = noise, .seed = options_.seed}); };
    return in_train_phase(thinned, x, training);
  }
  // As Keras 2: the channels' place is not kept.
  Json get_config() const override {
    return config_with({{"rate", rate_}, {"noise_shape", nullptr}, {"seed", options_.seed ? Json(*options_.seed) : Json(nullptr)}});
  }
  static Layer load(const ConfigReader& c, const LayerLoader&) {
    SpatialDropoutOptions options{.name = name_at(c)};
    if (c.has("data_format")) options.data_format = c.text("data_format");
    if (c.has("seed")) options.seed = static_cast<uint64_t>(c.integer("seed"));
    return Layer(std::make_shared<SpatialDropoutImpl>(c.number("rate"), options));
  }

 private:
  const double rate_;
  const SpatialDropoutOptions options_;
};

// What is done to x in training, by a rate.
class Disturbance final : public BuiltIn {
 public:
  using Function = Tensor (*)(const Tensor& x, double rate, const std::optional<uint64_t>& seed);
  Disturbance(const char* class_name, Function function, double rate, const NoiseOptions& options)
      : BuiltIn(class_name, options.name, options.input_shape), function_(function), rate_(rate), seed_(options.seed) {
    if (!(rate >= 0 && rate < 1)) fail(class_name, ": rate is ", rate, "; it must be in [0, 1)");
  }
  bool supports_masking() const override { return true; }
  Tensor call(const Tensor& x, const Training& training) override {
    if (rate_ == 0) return x;
    return in_train_phase([&] { return function_(x, rate_, seed_); }, x, training);
  }
  Json get_config() const override { return config_with({{"rate", rate_}}); }

 private:
  const Function function_;
  const double rate_;
  const std::optional<uint64_t> seed_;
};

Tensor gaussian_dropout(const Tensor& x, double rate, const std::optional<uint64_t>& seed) {
  const double stddev = std::sqrt(rate / (1 - rate));
  return x * random_normal(shape(x), {.mean = 1, .stddev = stddev, .dtype = x.dtype(), .seed = seed});
}

Tensor alpha_dropout(const Tensor& x, double rate, const std::optional<uint64_t>& seed) {
  constexpr double kLimit = -1.6732632423543772848170429916717 * 1.0507009873554804934193349852946;
  const double scale = 1 / std::sqrt((1 - rate) * (1 + rate * kLimit * kLimit));
  const Tensor drawn = random_uniform(shape(x), {.dtype = x.dtype(), .seed = seed});
  return scale * where(greater_equal(drawn, rate), x, full_like(x, kLimit, x.dtype())) - scale * kLimit * rate;
}

class GaussianNoiseImpl final : public BuiltIn {
 public:
  GaussianNoiseImpl(double stddev, const NoiseOptions& options)
      : BuiltIn("GaussianNoise", options.name, options.input_shape), stddev_(stddev), seed_(options.seed) {
    if (!(stddev >= 0) || !std::isfinite(stddev)) {
      fail("GaussianNoise: stddev is ", stddev, "; it must be finite and at least 0");
    }
  }
  bool supports_masking() const override { return true; }
  Tensor call(const Tensor& x, const Training& training) override {
    const auto noised = [&] {
      return x + random_normal(shape(x), {.stddev = stddev_, .dtype = x.dtype(), .seed = seed_});
    };
    return in_train_phase(noised, x, training);
  }
  Json get_config() const override { return config_with({{"stddev", stddev_}}); }
  static Layer load(const ConfigReader& c, const LayerLoader&) {
    return GaussianNoise(c.number("stddev"), {.name = name_at(c)});
  }

 private:
  const double stddev_;
  const std::optional<uint64_t> seed_;
};

template <typename T>
Layer load_by_rate(const ConfigReader& c, const LayerLoader&) {
  NoiseOptions options{.name = name_at(c)};
  if (c.has("seed")) options.seed = static_cast<uint64_t>(c.integer("seed"));
  return T(c.number("rate"), options);
}

}  // namespace

Dropout::Dropout(double rate, const DropoutOptions& options) : Layer(std::make_shared<DropoutImpl>(rate, options)) {}
SpatialDropout1D::SpatialDropout1D(double rate, const SpatialDropoutOptions& options)
    : Layer(std::make_shared<SpatialDropoutImpl<1>>(rate, options)) {}
SpatialDropout2D::SpatialDropout2D(double rate, const SpatialDropoutOptions& options)
    : Layer(std::make_shared<SpatialDropoutImpl<2>>(rate, options)) {}
SpatialDropout3D::SpatialDropout3D(double rate, const SpatialDropoutOptions& options)
    : Layer(std::make_shared<SpatialDropoutImpl<3>>(rate, options)) {}
GaussianDropout::GaussianDropout(double rate, const NoiseOptions& options)
    : Layer(std::make_shared<Disturbance>("GaussianDropout", gaussian_dropout, rate, options)) {}
AlphaDropout::AlphaDropout(double rate, const NoiseOptions& options)
    : Layer(std::make_shared<Disturbance>("AlphaDropout", alpha_dropout, rate, options)) {}
GaussianNoise::GaussianNoise(double stddev, const NoiseOptions& options)
    : Layer(std::make_shared<GaussianNoiseImpl>(stddev, options)) {}

}  // namespace keel::layers

namespace keel::internal {

void add_noise(LayerFactories& to) {
  using namespace layers;  // NOLINT
  to.insert({{"Dropout", DropoutImpl::load},
             {"SpatialDropout1D", SpatialDropoutImpl<1>::load},
             {"SpatialDropout2D", SpatialDropoutImpl<2>::load},
             {"SpatialDropout3D", SpatialDropoutImpl<3>::load},
             {"GaussianDropout", load_by_rate<GaussianDropout>},
             {"AlphaDropout", load_by_rate<AlphaDropout>},
             {"GaussianNoise", GaussianNoiseImpl::load}});
}

}  // namespace keel::internal
