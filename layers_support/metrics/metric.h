// Metrics: what is counted while a model trains or is evaluated.
#ifndef KEEL_LAYERS_SUPPORT_METRICS_METRIC_H_
#define KEEL_LAYERS_SUPPORT_METRICS_METRIC_H_

#include <memory>
#include <string>
#include <vector>

#include "keel.h"
#include "layers_support/config/config.h"

namespace keel {

// How one metric counts: its variables, how a batch changes them, and the result.
class MetricRule {
 public:
  virtual ~MetricRule() = default;
  virtual const std::vector<Variable>& weights() const = 0;
  // The updates of one batch; `sample_weight` may be an empty handle.
  virtual Tensors update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight) const = 0;
  // The metric, from its variables.
  virtual Tensor result() const = 0;
  // {"class_name": …, "config": …} but for the name; null where a file cannot hold it.
  virtual Json config() const = 0;
};

// A metric. A handle: copies count together. Counts are kept in float64. metrics.h makes them.
class Metric {
 public:
  Metric(std::shared_ptr<const MetricRule> rule, std::string name) : rule_(std::move(rule)), name_(std::move(name)) {}

  const std::string& name() const { return name_; }
  // The same under another name.
  Metric named(std::string name) const { return Metric(rule_, std::move(name)); }
  const std::vector<Variable>& weights() const { return rule_->weights(); }

  // The updates that one batch makes, for function(). y_true, y_pred: as the metric says;
  // sample_weight: as of losses. ValueError where shapes do not fit.
  Tensors update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight = {}) const {
    return rule_->update_state(y_true, y_pred, sample_weight);
  }
  // The same now, for numbers.
  void update_state(const Array& y_true, const Array& y_pred, const Array& sample_weight = {}) const;
  // The metric of what was counted since the last reset: a float64 tensor, a scalar where it has no
  // more to say; and its value now.
  Tensor result_tensor() const { return rule_->result(); }
  Array result() const { return eval(rule_->result()); }
  // {"class_name": …, "config": …} as tf_keras writes it; a custom metric's name.
  Json config() const;
  // One of the same kind and name, which counts for itself; ValueError for one of the user's own.
  Metric another() const;
  // Forgets all that was counted.
  void reset_states() const;

 private:
  std::shared_ptr<const MetricRule> rule_;
  std::string name_;
};

}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_METRICS_METRIC_H_
