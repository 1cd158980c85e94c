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

}  // namespace

Dropout::Dropout(double rate, const DropoutOptions& options) : Layer(std::make_shared<DropoutImpl>(rate, options)) {}
GaussianNoise::GaussianNoise(double stddev, const NoiseOptions& options)
    : Layer(std::make_shared<GaussianNoiseImpl>(stddev, options)) {}

}  // namespace keel::layers

namespace keel::internal {

void add_noise(LayerFactories& to) {
  to.insert({{"Dropout", layers::DropoutImpl::load}, {"GaussianNoise", layers::GaussianNoiseImpl::load}});
}

}  // namespace keel::internal
