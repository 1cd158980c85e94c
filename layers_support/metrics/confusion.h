// Counts of true and false positives and negatives at thresholds.
#ifndef KEEL_LAYERS_SUPPORT_METRICS_CONFUSION_H_
#define KEEL_LAYERS_SUPPORT_METRICS_CONFUSION_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "layers_support/metrics/metric.h"

namespace keel::metrics {

// What is counted at each threshold: positives (predicted) that are and are not so, then negatives.
class Confusion {
 public:
  enum Count { kTruePositives, kFalsePositives, kTrueNegatives, kFalseNegatives };
  // `counts`: those that are kept.
  Confusion(std::vector<double> thresholds, const std::vector<Count>& counts,
            std::optional<int64_t> top_k = std::nullopt, std::optional<int64_t> class_id = std::nullopt);

  const std::vector<Variable>& weights() const { return weights_; }
  // One of the counts, a vector with an element per threshold.
  const Variable& operator[](Count count) const;
  Tensors update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight) const;

 private:
  const std::vector<double> thresholds_;
  const std::vector<Count> counts_;
  const std::optional<int64_t> top_k_, class_id_;
  std::vector<Variable> weights_;
};

// x / y, 0 where y is 0.
Tensor ratio(const Tensor& x, const Tensor& y);

}  // namespace keel::metrics

#endif  // KEEL_LAYERS_SUPPORT_METRICS_CONFUSION_H_
