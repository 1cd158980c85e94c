#include "layers_support/weights/initializers.h"

#include <cmath>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "testing/error_of.h"

namespace keel {
namespace {

namespace init = initializers;

using testing_util::error_of;

struct Moments {
  double mean = 0, deviation = 0, largest = 0;
};

Moments moments(const Array& array) {
  Moments m;
  const auto n = static_cast<double>(array.elements());
  for (const double v : array.to_vector<double>()) {
    m.mean += v / n;
    m.largest = std::max(m.largest, std::abs(v));
  }
  for (const double v : array.to_vector<double>()) m.deviation += (v - m.mean) * (v - m.mean) / n;
  m.deviation = std::sqrt(m.deviation);
  return m;
}

TEST(Initializers, Constants) {
  EXPECT_EQ(init::zeros()({2, 2}).to_vector<float>(), std::vector<float>(4, 0));
  EXPECT_EQ(init::ones()({3}).to_vector<float>(), std::vector<float>(3, 1));
  EXPECT_EQ(init::constant(2.5)({2}, "float64").to_vector<double>(), std::vector<double>(2, 2.5));
  EXPECT_EQ(init::identity(3)({2, 3}).to_vector<float>(), (std::vector<float>{3, 0, 0, 0, 3, 0}));
}

TEST(Initializers, DeviationsAndBounds) {
  const Shape dense{300, 200}, kernel{3, 3, 50, 100};
  struct Case {
    Initializer initializer;
    Shape shape;
    double deviation, bound;
  };
  const double kCut = 2 / 0.87962566103423978;  // Truncated normals end at two of their raw deviations.
  auto uniform = [](double limit) { return limit / std::sqrt(3.0); };
  const std::vector<Case> cases = {
      {init::random_normal(0, 0.1, 1), dense, 0.1, 1},
      {init::random_uniform(-0.2, 0.2, 1), dense, uniform(0.2), 0.2},
      {init::truncated_normal(0, 0.1, 1), dense, 0.1 * 0.87962566103423978, 0.2},
      {init::glorot_uniform(1), dense, uniform(std::sqrt(6.0 / 500)), std::sqrt(6.0 / 500)},
      {init::glorot_normal(1), dense, std::sqrt(2.0 / 500), kCut * std::sqrt(2.0 / 500)},
      {init::he_uniform(1), dense, uniform(std::sqrt(6.0 / 300)), std::sqrt(6.0 / 300)},
      {init::he_normal(1), dense, std::sqrt(2.0 / 300), kCut * std::sqrt(2.0 / 300)},
      {init::lecun_uniform(1), dense, uniform(std::sqrt(3.0 / 300)), std::sqrt(3.0 / 300)},
      {init::lecun_normal(1), dense, std::sqrt(1.0 / 300), kCut * std::sqrt(1.0 / 300)},
      {init::he_normal(1), kernel, std::sqrt(2.0 / 450), kCut * std::sqrt(2.0 / 450)},
      {init::variance_scaling({.scale = 3, .mode = "fan_out", .seed = 1}), kernel, std::sqrt(3.0 / 900), 1},
  };
  for (const Case& c : cases) {
    const Moments m = moments(c.initializer(c.shape));
    EXPECT_NEAR(m.mean, 0, 0.03 * c.deviation) << c.initializer.config();
    EXPECT_NEAR(m.deviation, c.deviation, 0.02 * c.deviation) << c.initializer.config();
    EXPECT_LE(m.largest, c.bound * 1.0001) << c.initializer.config();
  }
}

TEST(Initializers, OrthogonalMatrices) {
  for (const Shape& shape : {Shape{7, 4}, Shape{4, 7}, Shape{5, 5}, Shape{2, 3, 4}}) {
    const Array q = init::orthogonal(2, 1)(shape, "float64");
    const int64_t columns = shape.back(), rows = q.elements() / columns;
    const auto v = q.to_vector<double>();
    const bool tall = rows >= columns;
    const int64_t vectors = tall ? columns : rows, length = tall ? rows : columns;
    for (int64_t i = 0; i < vectors; ++i) {
      for (int64_t k = 0; k < vectors; ++k) {
        double product = 0;
        for (int64_t j = 0; j < length; ++j) {
          product += tall ? v[j * columns + i] * v[j * columns + k] : v[i * columns + j] * v[k * columns + j];
        }
        EXPECT_NEAR(product, i == k ? 4 : 0, 1e-12) << shape;
      }
    }
  }
  EXPECT_EQ(init::orthogonal()({0, 4}).shape(), (Shape{0, 4}));
}

TEST(Initializers, SeedsRepeatAndSessionsGoOn) {
  const Initializer seeded = init::glorot_uniform(7);
  EXPECT_EQ(seeded({4, 5}).to_vector<float>(), seeded({4, 5}).to_vector<float>());
  const Initializer fresh = "glorot_uniform";
  set_random_seed(3);
  const auto first = fresh({4, 5}).to_vector<float>();
  EXPECT_NE(first, fresh({4, 5}).to_vector<float>());
  set_random_seed(3);
  EXPECT_EQ(first, fresh({4, 5}).to_vector<float>());
}

TEST(Initializers, ConfigsOfKeras) {
  // As Keras 2.3.1 writes glorot_uniform().
  EXPECT_EQ(init::glorot_uniform().config(),
            Json::parse(R"({"class_name": "VarianceScaling", "config": {"scale": 1.0, "mode": "fan_avg",
                            "distribution": "uniform", "seed": null}})"));
  for (const Initializer& initializer :
       {init::zeros(), init::ones(), init::constant(3), init::random_normal(1, 2, 3), init::random_uniform(-1, 2),
        init::truncated_normal(), init::he_normal(5), init::orthogonal(2, 9), init::identity(4)}) {
    EXPECT_EQ(Initializer::from_config(initializer.config()).config(), initializer.config());
  }
  // As tf_keras writes them.
  EXPECT_EQ(Initializer::from_config(Json::parse(R"({"module": "keras.initializers", "class_name": "HeNormal",
                "config": {"seed": 4}, "registered_name": null})")).config(), init::he_normal(4).config());
  EXPECT_EQ(Initializer::from_config(Json::parse(R"({"class_name": "VarianceScaling", "config": {"scale": 2.0,
                "mode": "fan_in", "distribution": "truncated_normal", "seed": null}})")).config(),
            init::he_normal().config());
  for (const char* name : {"zero", "Zeros", "uniform", "RandomNormal", "lecun_uniform", "orthogonal", "eye"}) {
    EXPECT_NO_THROW(Initializer{name}({3, 3})) << name;
  }
}

TEST(Initializers, Errors) {
  EXPECT_NE(error_of([] { Initializer("glorot"); }).find("none called 'glorot'; accepted are"), std::string::npos);
  EXPECT_NE(error_of([] { init::orthogonal()({3}); }).find("orthogonal: the shape is (3,)"), std::string::npos);
  EXPECT_NE(error_of([] { init::identity()({3, 3, 3}); }).find("2 axes"), std::string::npos);
  EXPECT_NE(error_of([] { init::zeros()({None, 3}); }).find("(None, 3)"), std::string::npos);
  EXPECT_NE(error_of([] { init::ones()({3}, "int32"); }).find("int32"), std::string::npos);
  EXPECT_NE(error_of([] { init::variance_scaling({.scale = 0}); }).find("scale is 0"), std::string::npos);
  EXPECT_NE(error_of([] { init::variance_scaling({.mode = "fan"}); }).find("'fan'"), std::string::npos);
  EXPECT_NE(error_of([] { Initializer::from_config(Json::parse(R"({"class_name": "Constant",
                "config": {"value": "x"}})")); }).find("Constant: 'value' is \"x\""), std::string::npos);
  EXPECT_NE(error_of([] { Initializer([](const Shape&, DType d) { return Array::full({2}, 0, d); })({3}); })
                .find("(2,)"), std::string::npos);
}

TEST(Initializers, ACallableServes) {
  const Initializer ramp([](const Shape& shape, DType dtype) {
    std::vector<double> values(shape.elements());
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i);
    return Array::of(shape, values).cast(dtype);
  });
  EXPECT_EQ(ramp({2, 2}).to_vector<float>(), (std::vector<float>{0, 1, 2, 3}));
}

}  // namespace
}  // namespace keel
