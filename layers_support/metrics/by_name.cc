#include <map>
#include <string>

#include "layers_support/config/config.h"
#include "layers_support/metrics/metrics.h"
#include "nlohmann/json.hpp"

namespace keel::metrics {
namespace {

// "FalsePositives" as "falsepositives", with how to make it from its config.
using Make = Metric (*)(const ConfigReader& c);

ConfusionOptions confusion_options(const ConfigReader& c) {
  ConfusionOptions out;
  if (c.has("thresholds")) {
    const Json& thresholds = c.at("thresholds");
    for (const Json& t : thresholds.is_array() ? thresholds : Json::array({thresholds})) {
      if (!t.is_number()) fail(c.where(), ": thresholds holds ", t.dump(), "; accepted are numbers");
      out.thresholds.push_back(t.get<double>());
    }
  }
  if (c.has("top_k")) out.top_k = c.integer("top_k");
  if (c.has("class_id")) out.class_id = c.integer("class_id");
  return out;
}

Metric auc_of(const ConfigReader& c) {
  return auc({.num_thresholds = c.integer("num_thresholds", 200), .curve = c.text("curve", "ROC"),
              .summation_method = c.text("summation_method", "interpolation"),
              .thresholds = confusion_options(c).thresholds});
}

const std::map<std::string, Make>& makers() {
  static const auto* const table = new std::map<std::string, Make>{
      {"accuracy", [](const ConfigReader&) { return accuracy(); }},
      {"binaryaccuracy", [](const ConfigReader& c) { return binary_accuracy(c.number("threshold", 0.5)); }},
      {"categoricalaccuracy", [](const ConfigReader&) { return categorical_accuracy(); }},
      {"sparsecategoricalaccuracy", [](const ConfigReader&) { return sparse_categorical_accuracy(); }},
      {"topkcategoricalaccuracy", [](const ConfigReader& c) { return top_k_categorical_accuracy(c.integer("k", 5)); }},
      {"sparsetopkcategoricalaccuracy",
       [](const ConfigReader& c) { return sparse_top_k_categorical_accuracy(c.integer("k", 5)); }},
      {"cosinesimilarity", [](const ConfigReader&) { return cosine_similarity(); }},
      {"rootmeansquarederror", [](const ConfigReader&) { return root_mean_squared_error(); }},
      {"logcosherror", [](const ConfigReader&) { return mean(Loss("logcosh")); }},
      {"truepositives", [](const ConfigReader& c) { return true_positives(confusion_options(c)); }},
      {"truenegatives", [](const ConfigReader& c) { return true_negatives(confusion_options(c)); }},
      {"falsepositives", [](const ConfigReader& c) { return false_positives(confusion_options(c)); }},
      {"falsenegatives", [](const ConfigReader& c) { return false_negatives(confusion_options(c)); }},
      {"precision", [](const ConfigReader& c) { return precision(confusion_options(c)); }},
      {"recall", [](const ConfigReader& c) { return recall(confusion_options(c)); }},
      {"auc", auc_of},
      {"sensitivityatspecificity",
       [](const ConfigReader& c) {
         return sensitivity_at_specificity(c.number("specificity"), c.integer("num_thresholds", 200));
       }},
      {"specificityatsensitivity",
       [](const ConfigReader& c) {
         return specificity_at_sensitivity(c.number("sensitivity"), c.integer("num_thresholds", 200));
       }},
  };
  return *table;
}

}  // namespace

Metric get(std::string_view name) { return from_config(Json(std::string(name))); }

Metric from_config(const Json& json) {
  const ObjectConfig object("metric", json);
  const ConfigReader c(object.class_name(), object.config());
  const std::string name = c.text("name", "");
  const auto named = [&](const Metric& metric) { return name.empty() ? metric : metric.named(name); };
  if (object.class_name() == "MeanMetricWrapper") return named(get(c.text("fn")));
  const auto found = makers().find(canonical_name(object.class_name()));
  if (found != makers().end()) return named(found->second(c));
  try {
    return named(mean(Loss::from_config(json)));
  } catch (const ValueError&) {
    fail("metric: there is none called '", object.class_name(), "'; accepted are the names of losses, accuracy, "
         "binary_, categorical_, sparse_categorical_, top_k_categorical_ and sparse_top_k_categorical_accuracy, "
         "cosine_similarity, root_mean_squared_error, auc, precision, recall, sensitivity_at_specificity, "
         "specificity_at_sensitivity, and true_ and false_ positives and negatives");
  }
}

Metric get(std::string_view name, std::string_view loss, const Shape& y_pred) {
  const std::string plain = canonical_name(name);
  const bool accuracy = plain == "accuracy" || plain == "acc";
  // The name stays as the user gave it.
  if (!accuracy && plain != "crossentropy" && plain != "ce") return get(name).named(std::string(name));
  const std::string kind = (y_pred.rank() > 0 && y_pred.back() == 1) || loss == "binary_crossentropy" ? "binary"
                           : loss == "sparse_categorical_crossentropy" ? "sparse_categorical"
                                                                       : "categorical";
  return get(kind + (accuracy ? "_accuracy" : "_crossentropy")).named(std::string(name));
}

}  // namespace keel::metrics
