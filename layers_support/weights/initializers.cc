#include "layers_support/weights/initializers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include "layers_support/weights/orthogonal.h"
#include "nlohmann/json.hpp"

namespace keel {

struct Initializer::Rule {
  std::string class_name;
  Json config;
  Draw draw;
};

// Makes initializers of this library, whose configs are known.
class InitializerFactory {
 public:
  static Initializer make(std::string_view class_name, const Json& config, Initializer::Draw draw) {
    return Initializer(class_name, config, std::move(draw));
  }
};

namespace {

using initializers::Seed;

Json seed_json(const Seed& seed) { return seed ? Json(*seed) : Json(nullptr); }

Seed seed_of(const ConfigReader& config) {
  if (!config.has("seed")) return std::nullopt;
  return static_cast<uint64_t>(config.integer("seed"));
}

// The inputs and outputs of a unit of a weight, as Keras 2.3 counts them.
std::pair<double, double> fans(const Shape& shape) {
  const int rank = shape.rank();
  double receptive = 1;
  if (rank < 2) {
    const double root = std::sqrt(static_cast<double>(shape.elements()));
    return {root, root};
  }
  for (int axis = 0; axis < rank - 2; ++axis) receptive *= static_cast<double>(shape[axis]);
  return {receptive * static_cast<double>(shape[rank - 2]), receptive * static_cast<double>(shape[rank - 1])};
}

Array orthogonal_value(const Shape& shape, DType dtype, double gain, const Seed& seed) {
  if (shape.rank() < 2) fail("orthogonal: the shape is ", shape, "; it must have at least 2 axes");
  const int64_t columns = shape.back(), rows = columns == 0 ? 0 : shape.elements() / columns;
  Array value = eval(keel::random_normal(shape, {.dtype = "float64", .seed = seed}));
  auto* const elements = value.mutable_data<double>();
  orthogonalize(elements, rows, columns);
  for (int64_t i = 0; i < value.elements(); ++i) elements[i] *= gain;
  return value.cast(dtype);
}

Array identity_value(const Shape& shape, DType dtype, double gain) {
  if (shape.rank() != 2) fail("identity: the shape is ", shape, "; it must have 2 axes");
  Array value = Array::full(shape, 0, DType::kFloat64);
  auto* const elements = value.mutable_data<double>();
  for (int64_t i = 0; i < std::min(shape[0], shape[1]); ++i) elements[i * shape[1] + i] = gain;
  return value.cast(dtype);
}

using Make = Initializer (*)(const ConfigReader&);

// An initializer under its canonical names.
const std::map<std::string, Make>& makers() {
  namespace init = initializers;
  static const Make zeros = [](const ConfigReader&) { return init::zeros(); };
  static const Make ones = [](const ConfigReader&) { return init::ones(); };
  static const Make normal = [](const ConfigReader& c) {
    return init::random_normal(c.number("mean", 0), c.number("stddev", 0.05), seed_of(c));
  };
  static const Make uniform = [](const ConfigReader& c) {
    return init::random_uniform(c.number("minval", -0.05), c.number("maxval", 0.05), seed_of(c));
  };
  static const Make identity = [](const ConfigReader& c) { return init::identity(c.number("gain", 1)); };
  static const std::map<std::string, Make> table = {
      {"zero", zeros}, {"zeros", zeros}, {"one", ones}, {"ones", ones},
      {"constant", [](const ConfigReader& c) { return init::constant(c.number("value", 0)); }},
      {"normal", normal}, {"randomnormal", normal}, {"uniform", uniform}, {"randomuniform", uniform},
      {"truncatednormal", [](const ConfigReader& c) {
         return init::truncated_normal(c.number("mean", 0), c.number("stddev", 0.05), seed_of(c));
       }},
      {"variancescaling", [](const ConfigReader& c) {
         // tf_keras says "truncated_normal" for what Keras calls "normal".
         std::string distribution = c.text("distribution", "normal");
         if (distribution == "truncated_normal") distribution = "normal";
         return init::variance_scaling({.scale = c.number("scale", 1), .mode = c.text("mode", "fan_in"),
                                        .distribution = distribution, .seed = seed_of(c)});
       }},
      {"glorotnormal", [](const ConfigReader& c) { return init::glorot_normal(seed_of(c)); }},
      {"glorotuniform", [](const ConfigReader& c) { return init::glorot_uniform(seed_of(c)); }},
      {"henormal", [](const ConfigReader& c) { return init::he_normal(seed_of(c)); }},
      {"heuniform", [](const ConfigReader& c) { return init::he_uniform(seed_of(c)); }},
      {"lecunnormal", [](const ConfigReader& c) { return init::lecun_normal(seed_of(c)); }},
      {"lecununiform", [](const ConfigReader& c) { return init::lecun_uniform(seed_of(c)); }},
      {"orthogonal", [](const ConfigReader& c) { return init::orthogonal(c.number("gain", 1), seed_of(c)); }},
      {"identity", identity}, {"eye", identity},
  };
  return table;
}

}  // namespace

Initializer::Initializer(std::string_view class_name, const Json& config, Draw draw)
    : rule_(std::make_shared<const Rule>(Rule{std::string(class_name), config, std::move(draw)})) {}

Initializer::Initializer(std::string_view name) : Initializer(from_config(Json(std::string(name)))) {}

Initializer::Initializer(Draw draw, std::string_view class_name)
    : Initializer(class_name, Json::object(), std::move(draw)) {
  if (rule_->draw == nullptr) fail("Initializer: the callable is empty");
}

Initializer Initializer::from_config(const Json& config) {
  const ObjectConfig object("initializer", config);
  const auto found = makers().find(canonical_name(object.class_name()));
  if (found == makers().end()) {
    fail("initializer: there is none called '", object.class_name(),
         "'; accepted are zeros, ones, constant, random_normal, random_uniform, truncated_normal, "
         "variance_scaling, glorot_, he_ and lecun_ normal and uniform, orthogonal and identity");
  }
  return found->second(ConfigReader(object.class_name(), object.config()));
}

Array Initializer::operator()(const Shape& shape, std::optional<DType> dtype) const {
  const DType type = dtype.value_or(DType(floatx()));
  if (!type.is_floating()) {
    fail(rule_->class_name, ": dtype is ", type, "; a weight must be of a floating dtype");
  }
  if (!shape.is_static()) fail(rule_->class_name, ": the shape is ", shape, "; all its sizes must be known");
  const Array value = rule_->draw(shape, type);
  if (!value.defined() || value.shape() != shape || value.dtype() != type) {
    fail(rule_->class_name, ": the callable gave ", value.defined() ? value.shape() : Shape{}, " of ",
         value.dtype(), " where ", shape, " of ", type, " was asked for");
  }
  return value;
}

Json Initializer::config() const { return object_config(rule_->class_name, rule_->config); }

namespace initializers {

Initializer constant(double value) {
  return InitializerFactory::make("Constant", {{"value", value}}, [value](const Shape& shape, DType dtype) {
    return Array::full(shape, value, dtype);
  });
}

Initializer zeros() {
  return InitializerFactory::make("Zeros", Json::object(), [](const Shape& shape, DType dtype) {
    return Array::full(shape, 0, dtype);
  });
}

Initializer ones() {
  return InitializerFactory::make("Ones", Json::object(), [](const Shape& shape, DType dtype) {
    return Array::full(shape, 1, dtype);
  });
}

Initializer random_normal(double mean, double stddev, Seed seed) {
  return InitializerFactory::make(
      "RandomNormal", {{"mean", mean}, {"stddev", stddev}, {"seed", seed_json(seed)}},
      [=](const Shape& shape, DType dtype) {
        return eval(keel::random_normal(shape, {.mean = mean, .stddev = stddev, .dtype = dtype, .seed = seed}));
      });
}

Initializer random_uniform(double minval, double maxval, Seed seed) {
  return InitializerFactory::make(
      "RandomUniform", {{"minval", minval}, {"maxval", maxval}, {"seed", seed_json(seed)}},
      [=](const Shape& shape, DType dtype) {
        return eval(keel::random_uniform(shape, {.minval = minval, .maxval = maxval, .dtype = dtype, .seed = seed}));
      });
}

Initializer truncated_normal(double mean, double stddev, Seed seed) {
  return InitializerFactory::make(
      "TruncatedNormal", {{"mean", mean}, {"stddev", stddev}, {"seed", seed_json(seed)}},
      [=](const Shape& shape, DType dtype) {
        return eval(keel::truncated_normal(shape, {.mean = mean, .stddev = stddev, .dtype = dtype, .seed = seed}));
      });
}

Initializer variance_scaling(const VarianceScalingOptions& o) {
  if (!(o.scale > 0) || !std::isfinite(o.scale)) {
    fail("variance_scaling: scale is ", o.scale, "; it must be above 0 and finite");
  }
  if (o.mode != "fan_in" && o.mode != "fan_out" && o.mode != "fan_avg") {
    fail("variance_scaling: mode is '", o.mode, "'; accepted are fan_in, fan_out and fan_avg");
  }
  if (o.distribution != "normal" && o.distribution != "uniform") {
    fail("variance_scaling: distribution is '", o.distribution, "'; accepted are normal and uniform");
  }
  return InitializerFactory::make(
      "VarianceScaling",
      {{"scale", o.scale}, {"mode", o.mode}, {"distribution", o.distribution}, {"seed", seed_json(o.seed)}},
      [o](const Shape& shape, DType dtype) {
        const auto [in, out] = fans(shape);
        const double n = o.mode == "fan_in" ? in : o.mode == "fan_out" ? out : (in + out) / 2;
        const double variance = o.scale / std::max(1.0, n);
        if (o.distribution == "uniform") {
          const double limit = std::sqrt(3 * variance);
          return eval(keel::random_uniform(shape, {.minval = -limit, .maxval = limit, .dtype = dtype, .seed = o.seed}));
        }
        // The deviation of a standard normal distribution cut at ±2.
        constexpr double kTruncated = 0.87962566103423978;
        return eval(keel::truncated_normal(
            shape, {.stddev = std::sqrt(variance) / kTruncated, .dtype = dtype, .seed = o.seed}));
      });
}

Initializer glorot_normal(Seed seed) {
  return variance_scaling({.mode = "fan_avg", .distribution = "normal", .seed = seed});
}
Initializer glorot_uniform(Seed seed) {
  return variance_scaling({.mode = "fan_avg", .distribution = "uniform", .seed = seed});
}
Initializer he_normal(Seed seed) {
  return variance_scaling({.scale = 2, .mode = "fan_in", .distribution = "normal", .seed = seed});
}
Initializer he_uniform(Seed seed) {
  return variance_scaling({.scale = 2, .mode = "fan_in", .distribution = "uniform", .seed = seed});
}
Initializer lecun_normal(Seed seed) {
  return variance_scaling({.mode = "fan_in", .distribution = "normal", .seed = seed});
}
Initializer lecun_uniform(Seed seed) {
  return variance_scaling({.mode = "fan_in", .distribution = "uniform", .seed = seed});
}

Initializer orthogonal(double gain, Seed seed) {
  return InitializerFactory::make(
      "Orthogonal", {{"gain", gain}, {"seed", seed_json(seed)}},
      [=](const Shape& shape, DType dtype) { return orthogonal_value(shape, dtype, gain, seed); });
}

Initializer identity(double gain) {
  return InitializerFactory::make("Identity", {{"gain", gain}}, [gain](const Shape& shape, DType dtype) {
    return identity_value(shape, dtype, gain);
  });
}

}  // namespace initializers
}  // namespace keel
