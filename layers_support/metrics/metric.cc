#include "layers_support/metrics/metric.h"

#include <utility>

namespace keel {

void Metric::update_state(const Array& y_true, const Array& y_pred, const Array& sample_weight) const {
  const Tensor weight = sample_weight.defined() ? constant(sample_weight) : Tensor();
  function({}, {}, update_state(constant(y_true), constant(y_pred), weight))();
}

void Metric::reset_states() const {
  std::vector<std::pair<Tensor, Array>> zeros;
  for (const Variable& v : weights()) zeros.emplace_back(v, Array::full(v.shape(), 0, v.dtype()));
  batch_set_value(zeros);
}

}  // namespace keel
