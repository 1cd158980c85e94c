#include "layers_support/losses/losses.h"

#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "testing/error_of.h"

namespace keel {
namespace {

using testing_util::error_of;

Tensor tensor_of(const Json& json) {
  Shape shape;
  for (const Json& size : json["shape"]) shape.push_back(size);
  return constant(Array::of(shape, json["values"].get<std::vector<double>>()), {.dtype = "float64"});
}

double value(const Tensor& x) { return eval(x).item<double>(); }

// testdata/losses.json: what Keras 2.3.1 computes.
TEST(Losses, ValuesOfKeras) {
  std::ifstream file("layers_support/losses/testdata/losses.json");
  const Json data = Json::parse(file);
  ASSERT_GE(data["cases"].size(), 22u);
  const Tensor weights = constant(Array::of({4}, data["weights"].get<std::vector<double>>()), {.dtype = "float64"});
  for (const Json& row : data["cases"]) {
    const Tensor t = tensor_of(row["y_true"]), p = tensor_of(row["y_pred"]);
    const double tolerance = row["dtype"] == "float64" ? 1e-10 : 1e-6;
    for (const char* reduction : {"sum_over_batch_size", "sum"}) {
      Json config = row;
      config["config"]["reduction"] = reduction;
      const Loss loss = Loss::from_config(config);
      EXPECT_EQ(loss.options().reduction, reduction);
      const std::string weighted = std::string(reduction) + " weighted";
      if (row.contains(reduction)) {
        EXPECT_NEAR(value(loss(t, p)), row[reduction], tolerance) << row["class_name"] << row["config"] << reduction;
      }
      if (row.contains(weighted)) {
        EXPECT_NEAR(value(loss(t, p, weights)), row[weighted], tolerance) << row["class_name"] << row["config"] << weighted;
      }
    }
  }
}

TEST(Losses, Names) {
  for (const char* name : {"mse", "MSE", "mean_squared_error", "MeanSquaredError"}) {
    EXPECT_EQ(Loss(name).name(), "mean_squared_error");
  }
  EXPECT_EQ(Loss("cosine_similarity").name(), "cosine_proximity");
  EXPECT_EQ(Loss("kld").name(), "kullback_leibler_divergence");
  const Loss smooth("categorical_crossentropy", {.from_logits = true, .label_smoothing = 0.1, .reduction = "sum"});
  EXPECT_EQ(Loss::from_config(smooth.config()).config(), smooth.config());
  EXPECT_EQ(Loss::from_config(Json::parse(R"({"class_name": "Huber", "config": {"reduction": "auto", "delta": 2.0,
                "name": "huber_loss", "fn": "huber"}})")).options().delta, 2);
}

TEST(Losses, AMissingLastAxis) {
  const Tensor t = constant(Array{1, 0, 1}), p = constant(Array{0.5, 0.5, 1}.reshape({3, 1}));
  EXPECT_NEAR(value(Loss("mse")(t, p)), 0.5 / 3, 1e-6);
  EXPECT_NEAR(value(Loss("mse")(p, t)), 0.5 / 3, 1e-6);
  EXPECT_NEAR(value(Loss("binary_crossentropy")(cast(t, "int32"), p)), std::log(2.0) * 2 / 3, 1e-6);
}

TEST(Losses, UnknownBatchAndCallables) {
  const Tensor t = placeholder({.shape = Shape{None, 2}}), p = placeholder({.shape = Shape{None, 2}});
  const Tensor w = placeholder({.shape = Shape{None}});
  const Loss quartic([](const Tensor& a, const Tensor& b) { return mean(pow(a - b, 4), -1); });
  const Function f = function({t, p, w}, {quartic(t, p, w), quartic.values(t, p)});
  const auto out = f({Array{{1, 1}, {0, 0}}, Array{{0, 1}, {2, 0}}, Array{4, 1}});
  EXPECT_FLOAT_EQ(out[0].item<float>(), (0.5 * 4 + 8) / 2);
  EXPECT_EQ(out[1].to_vector<float>(), (std::vector<float>{0.5, 8}));
}

TEST(Losses, WeightsPerStep) {
  const Tensor zero = constant(Array::full({2, 3, 1}, 0, "float32")), one = constant(Array::full({2, 3, 1}, 1, "float32"));
  EXPECT_FLOAT_EQ(value(Loss("mse")(zero, one, constant(Array{{1, 2, 3}, {0, 0, 6}}))), 2);
  EXPECT_FLOAT_EQ(value(Loss("mse")(zero, one, constant(Array{1, 3}))), 2);
  EXPECT_FLOAT_EQ(value(Loss("mse")(zero, one, constant(Array(5.0)))), 5);
}

TEST(Losses, Errors) {
  const Tensor t = constant(Array{1, 2}), p = constant(Array{{1, 2}, {3, 4}});
  EXPECT_NE(error_of([] { Loss("mean"); }).find("loss: there is none called 'mean'; accepted are mean_squared_error"), std::string::npos);
  EXPECT_EQ(error_of([&] { Loss("mse")(t, p); }),
            "mean_squared_error: y_true has shape (2,) and y_pred (2, 2); they must agree");
  EXPECT_NE(error_of([&] { Loss("mse")(p, p, constant(Array{1, 2, 3})); }).find("sample_weight has shape (3,)"), std::string::npos);
  EXPECT_NE(error_of([] { Loss("mse", {.reduction = "max"}); }).find("'max'"), std::string::npos);
  EXPECT_NE(error_of([&] { Loss("binary_crossentropy", {.label_smoothing = 2})(p, p); }).find("label_smoothing is 2"), std::string::npos);
  EXPECT_NE(error_of([&] { Loss("mae")(p, cast(p, "int32")); }).find("int32"), std::string::npos);
}

}  // namespace
}  // namespace keel
