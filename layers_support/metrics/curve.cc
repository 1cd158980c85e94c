// Metrics over all thresholds: areas under curves, and points on them.
#include <algorithm>
#include <utility>

#include "layers_support/metrics/confusion.h"
#include "layers_support/metrics/metrics.h"
#include "nlohmann/json.hpp"

namespace keel::metrics {
namespace {

const std::vector<Confusion::Count> kAll = {Confusion::kTruePositives, Confusion::kTrueNegatives,
                                            Confusion::kFalsePositives, Confusion::kFalseNegatives};

// Equal steps from 0 to 1.
std::vector<double> steps(int64_t n) {
  std::vector<double> out;
  for (int64_t i = 0; i < n; ++i) out.push_back(n == 1 ? 0.5 : static_cast<double>(i) / static_cast<double>(n - 1));
  return out;
}

std::vector<double> auc_thresholds(const AucOptions& o) {
  std::vector<double> out = o.thresholds;
  if (out.empty()) {
    if (o.num_thresholds < 2) fail("auc: num_thresholds is ", o.num_thresholds, "; it must be above 1");
    out = steps(o.num_thresholds);
  } else {
    for (const double t : out) {
      if (!(t >= 0 && t <= 1)) fail("auc: a threshold is ", t, "; it must be in [0, 1]");
    }
    std::sort(out.begin(), out.end());
    out.insert(out.begin(), 0);
    out.push_back(1);
  }
  // So that predictions of exactly 0 and 1 are inside.
  out.front() = -epsilon();
  out.back() = 1 + epsilon();
  return out;
}

// All elements but the last, and all but the first.
Tensor from_first(const Tensor& x) { return slice(x, 0, 0, x.shape()[0] - 1); }
Tensor from_second(const Tensor& x) { return slice(x, 0, 1, x.shape()[0] - 1); }

class Auc final : public MetricRule {
 public:
  explicit Auc(const AucOptions& o) : options_(o), confusion_(auc_thresholds(o), kAll) {
    if (o.curve != "ROC" && o.curve != "PR") fail("auc: curve is '", o.curve, "'; accepted are ROC and PR");
    if (o.summation_method != "interpolation" && o.summation_method != "minoring" && o.summation_method != "majoring") {
      fail("auc: summation_method is '", o.summation_method, "'; accepted are interpolation, minoring and majoring");
    }
  }

  const std::vector<Variable>& weights() const override { return confusion_.weights(); }
  Tensors update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight) const override {
    return confusion_.update_state(y_true, y_pred, sample_weight);
  }

  Tensor result() const override {
    const Tensor &tp = confusion_[Confusion::kTruePositives], &fp = confusion_[Confusion::kFalsePositives];
    const Tensor &tn = confusion_[Confusion::kTrueNegatives], &fn = confusion_[Confusion::kFalseNegatives];
    if (options_.curve == "PR" && options_.summation_method == "interpolation") return interpolated_precision(tp, fp, fn);
    const Tensor recall = ratio(tp, tp + fn);
    const Tensor x = options_.curve == "ROC" ? ratio(fp, fp + tn) : recall;
    const Tensor y = options_.curve == "ROC" ? recall : ratio(tp, tp + fp);
    const Tensor a = from_first(y), b = from_second(y);
    const Tensor heights = options_.summation_method == "interpolation" ? (a + b) / 2
                           : options_.summation_method == "minoring"    ? minimum(a, b)
                                                                        : maximum(a, b);
    return sum((from_first(x) - from_second(x)) * heights);
  }

  Json config() const override {
    Json config = {{"num_thresholds", options_.num_thresholds},
                   {"curve", options_.curve},
                   {"summation_method", options_.summation_method}};
    if (!options_.thresholds.empty()) config["thresholds"] = options_.thresholds;
    return object_config("AUC", std::move(config));
  }

 private:
  // Precision between thresholds, where true positives grow in a line with all positives: Davis and
  // Goadrich (2006).
  static Tensor interpolated_precision(const Tensor& tp, const Tensor& fp, const Tensor& fn) {
    const Tensor p = tp + fp, gained = from_first(tp) - from_second(tp);
    const Tensor low = from_second(p), high = from_first(p);
    const Tensor slope = ratio(gained, maximum(high - low, 0));
    const Tensor intercept = from_second(tp) - slope * low;
    const Tensor growth =
        where(logical_and(greater(high, 0), greater(low, 0)), ratio(high, low), ones_like(low));
    return sum(ratio(slope * (gained + intercept * log(growth)), from_second(tp) + from_second(fn)));
  }

  const AucOptions options_;
  const Confusion confusion_;
};

// One rate where another is nearest to a value.
class RateAtRate final : public MetricRule {
 public:
  RateAtRate(const char* name, double value, int64_t num_thresholds, bool at_specificity)
      : value_(value),
        num_thresholds_(num_thresholds),
        at_specificity_(at_specificity),
        confusion_(checked_steps(name, value, num_thresholds), kAll) {}

  const std::vector<Variable>& weights() const override { return confusion_.weights(); }
  Tensors update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight) const override {
    return confusion_.update_state(y_true, y_pred, sample_weight);
  }

  Tensor result() const override {
    const Tensor &tp = confusion_[Confusion::kTruePositives], &tn = confusion_[Confusion::kTrueNegatives];
    Tensor sensitivity = ratio(tp, tp + confusion_[Confusion::kFalseNegatives]);
    Tensor specificity = ratio(tn, tn + confusion_[Confusion::kFalsePositives]);
    if (!at_specificity_) std::swap(sensitivity, specificity);
    return gather(sensitivity, argmin(abs(specificity - value_), 0));
  }

  Json config() const override {
    return object_config(at_specificity_ ? "SensitivityAtSpecificity" : "SpecificityAtSensitivity",
                         {{at_specificity_ ? "specificity" : "sensitivity", value_}, {"num_thresholds", num_thresholds_}});
  }

 private:
  static std::vector<double> checked_steps(const char* name, double value, int64_t n) {
    if (!(value >= 0 && value <= 1)) fail(name, ": the value is ", value, "; it must be in [0, 1]");
    if (n < 1) fail(name, ": num_thresholds is ", n, "; it must be at least 1");
    return steps(n);
  }

  const double value_;
  const int64_t num_thresholds_;
  const bool at_specificity_;
  const Confusion confusion_;
};

}  // namespace

Metric auc(const AucOptions& options) { return Metric(std::make_shared<Auc>(options), "auc"); }

Metric sensitivity_at_specificity(double specificity, int64_t num_thresholds) {
  return Metric(std::make_shared<RateAtRate>("sensitivity_at_specificity", specificity, num_thresholds, true),
                "sensitivity_at_specificity");
}

Metric specificity_at_sensitivity(double sensitivity, int64_t num_thresholds) {
  return Metric(std::make_shared<RateAtRate>("specificity_at_sensitivity", sensitivity, num_thresholds, false),
                "specificity_at_sensitivity");
}

}  // namespace keel::metrics
