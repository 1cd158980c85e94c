// Keras's metrics. Source: keras.metrics of Keras 2.3.
#ifndef KEEL_LAYERS_SUPPORT_METRICS_METRICS_H_
#define KEEL_LAYERS_SUPPORT_METRICS_METRICS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keel.h"
#include "layers_support/losses/losses.h"
#include "layers_support/metrics/metric.h"

namespace keel::metrics {

// The weighted mean of the values of a function of targets and predictions, of a loss for instance.
// ValueError where the callable is empty.
Metric mean(const Loss::Values& values, std::string name);
// That of the values of a loss, under its name.
Metric mean(const Loss& loss);
// A metric by its name: any loss's ("mse"), "accuracy" (see below), "binary_accuracy",
// "categorical_accuracy", "sparse_categorical_accuracy", "top_k_categorical_accuracy",
// "sparse_top_k_categorical_accuracy", "cosine_similarity", "root_mean_squared_error", "auc", "precision",
// "recall", "true_positives" … ValueError on another.
Metric get(std::string_view name);
// From a name or from what config() gives, in the form of Keras 2.3 or of tf_keras; ValueError where it is
// neither.
Metric from_config(const Json& config);
// The same for a model of this loss and these predictions: "accuracy" and "acc" mean the binary one for
// the binary cross-entropy or a single output, the sparse one for the sparse cross-entropy, else the
// categorical one; "crossentropy" and "ce" likewise.
Metric get(std::string_view name, std::string_view loss, const Shape& y_pred);

// How often y_true is y_pred; how often is on the same side of `threshold`.
Metric accuracy();
Metric binary_accuracy(double threshold = 0.5);
// How often the highest prediction is at the highest target; at the class number y_true.
Metric categorical_accuracy();
Metric sparse_categorical_accuracy();
// How often it is among the k highest.
Metric top_k_categorical_accuracy(int64_t k = 5);
Metric sparse_top_k_categorical_accuracy(int64_t k = 5);
// The mean cosine of the angle between targets and predictions.
Metric cosine_similarity();
// The root of the mean of (true − pred)².
Metric root_mean_squared_error();

// Arguments of what counts true and false positives and negatives. y_true: 0 or 1; y_pred: in [0, 1].
struct ConfusionOptions {
  // A prediction above is positive. Several give a vector. By default 0.5, and with top_k all.
  std::vector<double> thresholds = {};
  std::optional<int64_t> top_k = std::nullopt;     // Only the k highest of a row can be positive.
  std::optional<int64_t> class_id = std::nullopt;  // Only this class counts.
};
Metric true_positives(const ConfusionOptions& options = {});
Metric true_negatives(const ConfusionOptions& options = {});
Metric false_positives(const ConfusionOptions& options = {});
Metric false_negatives(const ConfusionOptions& options = {});
// TP / (TP + FP), and TP / (TP + FN); 0 of nothing.
Metric precision(const ConfusionOptions& options = {});
Metric recall(const ConfusionOptions& options = {});

// Arguments of auc().
struct AucOptions {
  int64_t num_thresholds = 200;             // Above 1.
  std::string curve = "ROC";                // Or "PR".
  std::string summation_method = "interpolation";  // Or "minoring", "majoring".
  std::vector<double> thresholds = {};      // Between 0 and 1, in place of equal steps.
};
// The area under the curve, approximated at thresholds.
Metric auc(const AucOptions& options = {});
// The sensitivity where the specificity is nearest to `specificity`, and the reverse.
Metric sensitivity_at_specificity(double specificity, int64_t num_thresholds = 200);
Metric specificity_at_sensitivity(double sensitivity, int64_t num_thresholds = 200);

}  // namespace keel::metrics

#endif  // KEEL_LAYERS_SUPPORT_METRICS_METRICS_H_
