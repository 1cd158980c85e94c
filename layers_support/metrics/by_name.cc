#include <map>
#include <string>

#include "layers_support/config/config.h"
#include "layers_support/metrics/metrics.h"

namespace keel::metrics {
namespace {

using Make = Metric (*)();

const std::map<std::string, Make>& makers() {
  static const std::map<std::string, Make> table = {
      {"accuracy", accuracy},
      {"binaryaccuracy", [] { return binary_accuracy(); }},
      {"categoricalaccuracy", categorical_accuracy},
      {"sparsecategoricalaccuracy", sparse_categorical_accuracy},
      {"topkcategoricalaccuracy", [] { return top_k_categorical_accuracy(); }},
      {"sparsetopkcategoricalaccuracy", [] { return sparse_top_k_categorical_accuracy(); }},
      {"cosinesimilarity", cosine_similarity},
      {"rootmeansquarederror", root_mean_squared_error},
      {"truepositives", [] { return true_positives(); }},
      {"truenegatives", [] { return true_negatives(); }},
      {"falsepositives", [] { return false_positives(); }},
      {"falsenegatives", [] { return false_negatives(); }},
      {"precision", [] { return precision(); }},
      {"recall", [] { return recall(); }},
      {"auc", [] { return auc(); }},
  };
  return table;
}

}  // namespace

Metric get(std::string_view name) {
  const auto found = makers().find(canonical_name(name));
  if (found != makers().end()) return found->second();
  try {
    const Loss loss(name);
    return mean([loss](const Tensor& t, const Tensor& p) { return loss.values(t, p); }, loss.name());
  } catch (const ValueError&) {
    fail("metric: there is none called '", name, "'; accepted are the names of losses, accuracy, binary_, "
         "categorical_, sparse_categorical_, top_k_categorical_ and sparse_top_k_categorical_accuracy, "
         "cosine_similarity, root_mean_squared_error, auc, precision, recall, and true_ and false_ positives and "
         "negatives");
  }
}

Metric get(std::string_view name, std::string_view loss, const Shape& y_pred) {
  const std::string plain = canonical_name(name);
  const bool accuracy = plain == "accuracy" || plain == "acc";
  if (!accuracy && plain != "crossentropy" && plain != "ce") return get(name);
  const std::string kind = (y_pred.rank() > 0 && y_pred.back() == 1) || loss == "binary_crossentropy" ? "binary"
                           : loss == "sparse_categorical_crossentropy" ? "sparse_categorical"
                                                                       : "categorical";
  return get(kind + (accuracy ? "_accuracy" : "_crossentropy")).named(std::string(name));
}

}  // namespace keel::metrics
