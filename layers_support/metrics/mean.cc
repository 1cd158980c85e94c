// Metrics that are means over samples.
#include <utility>

#include "layers_support/metrics/metrics.h"
#include "nlohmann/json.hpp"

namespace keel::metrics {
namespace {

Variable counter(const char* name) { return zeros({}, {.dtype = "float64", .name = name}); }

class Mean final : public MetricRule {
 public:
  Mean(Loss::Values values, Json config, bool root)
      : values_(std::move(values)), config_(std::move(config)), root_(root) {}

  const std::vector<Variable>& weights() const override { return weights_; }

  Tensors update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight) const override {
    // A row's mean of few numbers loses nothing in its own dtype; sums over an epoch do.
    const Tensor values = cast(values_(y_true, y_pred), DType::kFloat64);
    if (!sample_weight.defined()) {
      return {update_add(weights_[0], sum(values)), update_add(weights_[1], sum(ones_like(values)))};
    }
    const Tensor weight = losses::weights_for("metric", values, sample_weight) * ones_like(values);
    return {update_add(weights_[0], sum(weight * values)), update_add(weights_[1], sum(weight))};
  }

  Tensor result() const override {
    const Tensor mean = weights_[0] / weights_[1];
    return root_ ? sqrt(mean) : mean;
  }

  Json config() const override { return config_; }

 private:
  const Loss::Values values_;
  const Json config_;
  const bool root_;
  const std::vector<Variable> weights_{counter("total"), counter("count")};
};

Tensor as_number(const Tensor& condition) { return cast(condition, floatx()); }

// Class numbers without a last axis of size 1, in the type of argmax().
Tensor class_numbers(const char* metric, const Tensor& y_true, const Tensor& y_pred) {
  Tensor t = y_true;
  if (t.rank() == y_pred.rank()) {
    if (t.shape().back() != 1 && t.shape().back() != None) {
      fail(metric, ": y_true has shape ", t.shape(), "; one class number per row of y_pred ", y_pred.shape(),
           " is needed");
    }
    t = squeeze(t, -1);
  }
  if (t.rank() + 1 != y_pred.rank()) {
    fail(metric, ": y_true has shape ", y_true.shape(), "; one class number per row of y_pred ", y_pred.shape(),
         " is needed");
  }
  return cast(t, DType::kInt64);
}

// Whether a class is among the k highest of its row; any number of leading axes.
Tensor in_top(const Tensor& y_pred, const Tensor& classes, int64_t k) {
  const Tensor rows = reshape(y_pred, {None, y_pred.shape().back()});
  return as_number(in_top_k(rows, flatten(classes), k));
}

Metric mean_metric(Loss::Values values, std::string name, Json config, bool root = false) {
  return Metric(std::make_shared<Mean>(std::move(values), std::move(config), root), std::move(name));
}

}  // namespace

Metric mean(const Loss::Values& values, std::string name) {
  if (values == nullptr) fail("metrics::mean: the callable is empty");
  return mean_metric(values, std::move(name), nullptr);
}

Metric mean(const Loss& loss) {
  Json config = loss.config();
  config["config"].erase("reduction");
  return mean_metric([loss](const Tensor& t, const Tensor& p) { return loss.values(t, p); }, loss.name(), config);
}

Metric accuracy() {
  return mean_metric(
      [](const Tensor& t, const Tensor& p) { return as_number(equal(losses::aligned("accuracy", t, p), p)); },
      "accuracy", object_config("Accuracy", Json::object()));
}

Metric binary_accuracy(double threshold) {
  return mean_metric(
      [threshold](const Tensor& t, const Tensor& p) {
        // Rounding, as Keras does at 0.5, and comparing differ at no other number than that.
        const Tensor predicted = cast(greater(p, threshold), p.dtype());
        return keel::mean(as_number(equal(losses::aligned("binary_accuracy", t, p), predicted)), -1);
      },
      "binary_accuracy", object_config("BinaryAccuracy", {{"threshold", threshold}}));
}

Metric categorical_accuracy() {
  return mean_metric(
      [](const Tensor& t, const Tensor& p) {
        return as_number(equal(argmax(losses::aligned("categorical_accuracy", t, p)), argmax(p)));
      },
      "categorical_accuracy", object_config("CategoricalAccuracy", Json::object()));
}

Metric sparse_categorical_accuracy() {
  return mean_metric(
      [](const Tensor& t, const Tensor& p) {
        return as_number(equal(class_numbers("sparse_categorical_accuracy", t, p), argmax(p)));
      },
      "sparse_categorical_accuracy", object_config("SparseCategoricalAccuracy", Json::object()));
}

Metric top_k_categorical_accuracy(int64_t k) {
  return mean_metric(
      [k](const Tensor& t, const Tensor& p) {
        return in_top(p, argmax(losses::aligned("top_k_categorical_accuracy", t, p)), k);
      },
      "top_k_categorical_accuracy", object_config("TopKCategoricalAccuracy", {{"k", k}}));
}

Metric sparse_top_k_categorical_accuracy(int64_t k) {
  return mean_metric(
      [k](const Tensor& t, const Tensor& p) {
        return in_top(p, class_numbers("sparse_top_k_categorical_accuracy", t, p), k);
      },
      "sparse_top_k_categorical_accuracy", object_config("SparseTopKCategoricalAccuracy", {{"k", k}}));
}

Metric cosine_similarity() {
  return mean_metric([](const Tensor& t, const Tensor& p) { return -losses::cosine_proximity(t, p); },
                     "cosine_similarity", object_config("CosineSimilarity", Json::object()));
}

Metric root_mean_squared_error() {
  return mean_metric(losses::mean_squared_error, "root_mean_squared_error",
                     object_config("RootMeanSquaredError", Json::object()), /*root=*/true);
}

}  // namespace keel::metrics
