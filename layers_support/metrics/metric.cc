#include "layers_support/metrics/metric.h"

#include <utility>

#include "layers_support/metrics/metrics.h"
#include "nlohmann/json.hpp"

namespace keel {

void Metric::update_state(const Array& y_true, const Array& y_pred, const Array& sample_weight) const {
  const Tensor weight = sample_weight.defined() ? constant(sample_weight) : Tensor();
  function({}, {}, update_state(constant(y_true), constant(y_pred), weight))();
}

Json Metric::config() const {
  Json config = rule_->config();
  if (config.is_null()) return name_;
  config["config"]["name"] = name_;
  return config;
}

Metric Metric::another() const {
  if (rule_->config().is_null()) {
    fail("metric '", name_, "' is of the user's own making and counts for one output alone; metrics_per_output gives "
         "each its own");
  }
  return metrics::from_config(config());
}

void Metric::reset_states() const {
  std::vector<std::pair<Tensor, Array>> zeros;
  for (const Variable& v : weights()) zeros.emplace_back(v, Array::full(v.shape(), 0, v.dtype()));
  batch_set_value(zeros);
}

}  // namespace keel
