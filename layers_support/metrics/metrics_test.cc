#include "layers_support/metrics/metrics.h"

#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "layers_support/config/config.h"
#include "nlohmann/json.hpp"
#include "testing/error_of.h"

namespace keel {
namespace {

using testing_util::error_of;

Array array_of(const Json& json) {
  Shape shape;
  for (const Json& size : json["shape"]) shape.push_back(size);
  return Array::of(shape, json["values"].get<std::vector<double>>()).cast("float32");
}

// A metric with arguments, as the script makes it.
// testdata/metrics.json: what Keras 2.3.1 counts.
TEST(Metrics, CountsOfKeras) {
  std::ifstream file("layers_support/metrics/testdata/metrics.json");
  const Json data = Json::parse(file);
  ASSERT_GE(data["cases"].size(), 27u);
  const Array weights = Array::of({6}, data["weights"].get<std::vector<double>>()).cast("float32");
  for (const Json& row : data["cases"]) {
    for (const char* key : {"plain", "weighted"}) {
      if (!row.contains(key)) continue;
      const Metric made = metrics::from_config(object_config(row["name"].get<std::string>(), row["config"]));
      const Metric metric = metrics::from_config(made.config());
      EXPECT_EQ(metric.config(), made.config());
      for (int round = 0; round < 2; ++round) {  // The second time after a reset.
        for (const Json& batch : row["batches"]) {
          metric.update_state(array_of(batch[0]), array_of(batch[1]), std::string(key) == "plain" ? Array() : weights);
        }
        const auto actual = metric.result().to_vector<double>();
        ASSERT_EQ(actual.size(), row[key].size()) << row["name"];
        for (size_t i = 0; i < actual.size(); ++i) {
          EXPECT_NEAR(actual[i], row[key][i], 2e-6) << row["name"] << row["config"] << key;
        }
        metric.reset_states();
      }
    }
  }
}

TEST(Metrics, ConfigsOfKeras) {
  const Metric wrapped = metrics::from_config(
      {{"class_name", "MeanMetricWrapper"}, {"config", {{"name", "acc"}, {"fn", "categorical_accuracy"}}}});
  EXPECT_EQ(wrapped.name(), "acc");
  EXPECT_EQ(wrapped.config(), object_config("CategoricalAccuracy", {{"name", "acc"}}));
  const Metric crossentropy = metrics::from_config(object_config("BinaryCrossentropy", {{"from_logits", true}}));
  crossentropy.update_state(Array{{1, 1}}, Array{{0, 0}});
  EXPECT_NEAR(crossentropy.result().item<double>(), std::log(2), 1e-6);
  const auto custom = metrics::mean([](const Tensor& t, const Tensor&) { return t; }, "mine");
  EXPECT_EQ(custom.config(), "mine");
  EXPECT_NE(error_of([&] { custom.another(); }).find("metric 'mine' is of the user's own"), std::string::npos);
  const Metric precision = metrics::precision({.thresholds = {0.25}}), other = precision.another();
  precision.update_state(Array{{1, 1}}, Array{{1, 1}});
  EXPECT_EQ(other.config(), precision.config());
  EXPECT_EQ(other.result().item<double>(), 0);
  EXPECT_NE(error_of([&] { metrics::from_config(custom.config()); }).find("none called 'mine'"), std::string::npos);
}

TEST(Metrics, AccuracyFollowsTheLoss) {
  EXPECT_EQ(metrics::get("accuracy", "mean_squared_error", {None, 1}).name(), "accuracy");
  const Array labels = Array{1, 0}.cast("int32"), scores{{0.2, 0.8}, {0.1, 0.9}};
  const Metric sparse = metrics::get("acc", "sparse_categorical_crossentropy", {None, 2});
  sparse.update_state(labels, scores);
  EXPECT_DOUBLE_EQ(sparse.result().item<double>(), 0.5);
  const Metric categorical = metrics::get("accuracy", "categorical_crossentropy", {None, 2});
  categorical.update_state(Array{{0, 1}, {1, 0}}, scores);
  EXPECT_DOUBLE_EQ(categorical.result().item<double>(), 0.5);
  const Metric binary = metrics::get("accuracy", "binary_crossentropy", {None, 2});
  binary.update_state(Array{{0, 1}, {1, 1}}, scores);
  EXPECT_DOUBLE_EQ(binary.result().item<double>(), 0.75);
  const Metric ce = metrics::get("ce", "sparse_categorical_crossentropy", {None, 2});
  ce.update_state(labels, scores);
  EXPECT_NEAR(ce.result().item<double>(), -(std::log(0.8) + std::log(0.1)) / 2, 1e-6);
}

TEST(Metrics, SequencesAndNothing) {
  const Metric metric = metrics::sparse_categorical_accuracy();
  EXPECT_TRUE(std::isnan(metric.result().item<double>()));
  // [batch 1, steps 2, classes 3], by step weights.
  metric.update_state(Array{{2, 1}}, Array{{{0, 0, 1}, {1, 0, 0}}}, Array{{1, 3}});
  EXPECT_DOUBLE_EQ(metric.result().item<double>(), 0.25);
  EXPECT_DOUBLE_EQ(metrics::precision().result().item<double>(), 0);
}

TEST(Metrics, Errors) {
  EXPECT_NE(error_of([] { metrics::get("best"); }).find("metric: there is none called 'best'"), std::string::npos);
  EXPECT_NE(error_of([] { metrics::auc({.curve = "QR"}); }).find("'QR'"), std::string::npos);
  EXPECT_NE(error_of([] { metrics::auc({.num_thresholds = 1}); }).find("num_thresholds is 1"), std::string::npos);
  EXPECT_NE(error_of([] { metrics::precision({.top_k = 0}); }).find("top_k is 0"), std::string::npos);
  EXPECT_NE(error_of([] { metrics::sensitivity_at_specificity(2); }).find("value is 2"), std::string::npos);
  EXPECT_NE(error_of([] {
              metrics::sparse_categorical_accuracy().update_state(Array{{1, 2}, {1, 2}}, Array{{1, 2}, {1, 2}});
            }).find("y_true has shape (2, 2)"), std::string::npos);
}

}  // namespace
}  // namespace keel
