#include "layers_support/metrics/confusion.h"

#include <algorithm>
#include <cmath>

#include "layers_support/metrics/metrics.h"
#include "nlohmann/json.hpp"

namespace keel::metrics {
namespace {

// Predictions of each row that are not among its k highest become -inf.
Tensor keep_top(const Tensor& y_pred, int64_t k) {
  const Tensor above = sum(cast(greater(expand_dims(y_pred, -2), expand_dims(y_pred, -1)), DType::kInt32), -1);
  return where(less(above, static_cast<double>(k)), y_pred, full_like(y_pred, -INFINITY, y_pred.dtype()));
}

// The elements as one row.
Tensor row(const Tensor& x) { return reshape(x, Shape{1, None}); }

// By default one threshold in the middle; the highest k have passed theirs.
std::vector<double> thresholds_of(const ConfusionOptions& o) {
  if (!o.thresholds.empty()) return o.thresholds;
  return {o.top_k ? -INFINITY : 0.5};
}

// One or several counts, and what is made of them.
class ConfusionRule final : public MetricRule {
 public:
  using Result = Tensor (*)(const Confusion&);
  ConfusionRule(const char* class_name, const ConfusionOptions& o, const std::vector<Confusion::Count>& counts,
                Result result)
      : class_name_(class_name), options_(o), confusion_(thresholds_of(o), counts, o.top_k, o.class_id), result_(result) {}

  const std::vector<Variable>& weights() const override { return confusion_.weights(); }
  Tensors update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight) const override {
    return confusion_.update_state(y_true, y_pred, sample_weight);
  }
  Tensor result() const override {
    const Tensor all = result_(confusion_);
    return all.shape()[0] == 1 ? reshape(all, Shape{}) : all;
  }
  Json config() const override {
    Json config = Json::object();
    config["thresholds"] = options_.thresholds.empty() ? Json(nullptr) : Json(options_.thresholds);
    if (options_.top_k) config["top_k"] = *options_.top_k;
    if (options_.class_id) config["class_id"] = *options_.class_id;
    return object_config(class_name_, std::move(config));
  }

 private:
  const char* const class_name_;
  const ConfusionOptions options_;
  const Confusion confusion_;
  const Result result_;
};

template <Confusion::Count kCount>
Metric count(const ConfusionOptions& o, const char* class_name, const char* name) {
  return Metric(std::make_shared<ConfusionRule>(class_name, o, std::vector<Confusion::Count>{kCount},
                                                [](const Confusion& c) -> Tensor { return c[kCount]; }),
                name);
}

}  // namespace

Confusion::Confusion(std::vector<double> thresholds, const std::vector<Count>& counts, std::optional<int64_t> top_k,
                     std::optional<int64_t> class_id)
    : thresholds_(std::move(thresholds)), counts_(counts), top_k_(top_k), class_id_(class_id) {
  for (const double t : thresholds_) {
    if (std::isnan(t)) fail("metrics: a threshold is not a number");
  }
  if (top_k && *top_k < 1) fail("metrics: top_k is ", *top_k, "; it must be at least 1");
  const Shape shape{static_cast<int64_t>(thresholds_.size())};
  constexpr const char* kNames[] = {"true_positives", "false_positives", "true_negatives", "false_negatives"};
  for (const Count c : counts_) weights_.push_back(zeros(shape, {.dtype = "float64", .name = kNames[c]}));
}

const Variable& Confusion::operator[](Count count) const {
  return weights_[std::find(counts_.begin(), counts_.end(), count) - counts_.begin()];
}

Tensors Confusion::update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight) const {
  Tensor t = losses::aligned("metric", y_true, y_pred), p = y_pred;
  if (top_k_) p = keep_top(p, *top_k_);
  if (class_id_) {
    const int64_t classes = p.shape().back();
    if (*class_id_ < 0 || (classes != None && *class_id_ >= classes)) {
      fail("metric: class_id is ", *class_id_, " but y_pred has shape ", y_pred.shape());
    }
    t = element_at(t, *class_id_, -1);
    p = element_at(p, *class_id_, -1);
  }
  Tensor weight;
  if (sample_weight.defined()) {
    const Tensor one = ones_like(p, {.dtype = "float64"});
    weight = row(losses::weights_for("metric", one, sample_weight) * one);
  }
  const Tensor limits = constant(Array::of({static_cast<int64_t>(thresholds_.size()), 1}, thresholds_), {.dtype = p.dtype()});
  const Tensor positive = greater(row(p), limits), label = not_equal(row(t), 0);
  Tensors updates;
  for (size_t i = 0; i < counts_.size(); ++i) {
    const Count c = counts_[i];
    const bool predicted = c == kTruePositives || c == kFalsePositives;
    const bool is = c == kTruePositives || c == kFalseNegatives;
    Tensor counted = cast(logical_and(predicted ? positive : logical_not(positive), is ? label : logical_not(label)),
                          DType::kFloat64);
    if (weight.defined()) counted = counted * weight;
    updates.push_back(update_add(weights_[i], sum(counted, 1)));
  }
  return updates;
}

Tensor ratio(const Tensor& x, const Tensor& y) { return where(greater(y, 0), x / y, zeros_like(y)); }

Metric true_positives(const ConfusionOptions& o) {
  return count<Confusion::kTruePositives>(o, "TruePositives", "true_positives");
}
Metric true_negatives(const ConfusionOptions& o) {
  return count<Confusion::kTrueNegatives>(o, "TrueNegatives", "true_negatives");
}
Metric false_positives(const ConfusionOptions& o) {
  return count<Confusion::kFalsePositives>(o, "FalsePositives", "false_positives");
}
Metric false_negatives(const ConfusionOptions& o) {
  return count<Confusion::kFalseNegatives>(o, "FalseNegatives", "false_negatives");
}

Metric precision(const ConfusionOptions& o) {
  const std::vector<Confusion::Count> counts{Confusion::kTruePositives, Confusion::kFalsePositives};
  const auto result = [](const Confusion& c) {
    const Tensor& tp = c[Confusion::kTruePositives];
    return ratio(tp, tp + c[Confusion::kFalsePositives]);
  };
  return Metric(std::make_shared<ConfusionRule>("Precision", o, counts, result), "precision");
}

Metric recall(const ConfusionOptions& o) {
  const std::vector<Confusion::Count> counts{Confusion::kTruePositives, Confusion::kFalseNegatives};
  const auto result = [](const Confusion& c) {
    const Tensor& tp = c[Confusion::kTruePositives];
    return ratio(tp, tp + c[Confusion::kFalseNegatives]);
  };
  return Metric(std::make_shared<ConfusionRule>("Recall", o, counts, result), "recall");
}

}  // namespace keel::metrics
