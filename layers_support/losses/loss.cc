#include "layers_support/losses/loss.h"

#include <array>
#include <utility>

#include "layers_support/losses/functions.h"
#include "layers_support/losses/sample_weights.h"
#include "nlohmann/json.hpp"

namespace keel {

struct Loss::Rule {
  Values values;
  std::string name, class_name;
  LossOptions options;
};

namespace {

// A loss of Keras: its class, its function's name, and other names.
struct Named {
  const char* class_name;
  const char* name;
  std::array<const char*, 3> aliases;
  Loss::Values (*make)(const LossOptions&);
};

// A function without options.
template <Tensor (*kFunction)(const Tensor&, const Tensor&)>
Loss::Values plain(const LossOptions&) {
  return kFunction;
}

Loss::Values huber(const LossOptions& o) {
  return [d = o.delta](const Tensor& t, const Tensor& p) { return losses::huber_loss(t, p, d); };
}

Loss::Values categorical(const LossOptions& o) {
  return [o](const Tensor& t, const Tensor& p) {
    return losses::categorical_crossentropy(t, p, {.from_logits = o.from_logits, .label_smoothing = o.label_smoothing});
  };
}

Loss::Values sparse(const LossOptions& o) {
  return [o](const Tensor& t, const Tensor& p) { return losses::sparse_categorical_crossentropy(t, p, o.from_logits); };
}

Loss::Values binary(const LossOptions& o) {
  return [o](const Tensor& t, const Tensor& p) {
    return losses::binary_crossentropy(t, p, {.from_logits = o.from_logits, .label_smoothing = o.label_smoothing});
  };
}

constexpr Named kLosses[] = {
    {"MeanSquaredError", "mean_squared_error", {"mse"}, plain<losses::mean_squared_error>},
    {"MeanAbsoluteError", "mean_absolute_error", {"mae"}, plain<losses::mean_absolute_error>},
    {"MeanAbsolutePercentageError", "mean_absolute_percentage_error", {"mape"},
     plain<losses::mean_absolute_percentage_error>},
    {"MeanSquaredLogarithmicError", "mean_squared_logarithmic_error", {"msle"},
     plain<losses::mean_squared_logarithmic_error>},
    {"Hinge", "hinge", {}, plain<losses::hinge>},
    {"SquaredHinge", "squared_hinge", {}, plain<losses::squared_hinge>},
    {"CategoricalHinge", "categorical_hinge", {}, plain<losses::categorical_hinge>},
    {"LogCosh", "logcosh", {}, plain<losses::logcosh>},
    {"Huber", "huber_loss", {"huber"}, huber},
    {"CategoricalCrossentropy", "categorical_crossentropy", {}, categorical},
    {"SparseCategoricalCrossentropy", "sparse_categorical_crossentropy", {}, sparse},
    {"BinaryCrossentropy", "binary_crossentropy", {}, binary},
    {"KLDivergence", "kullback_leibler_divergence", {"kld"}, plain<losses::kullback_leibler_divergence>},
    {"Poisson", "poisson", {}, plain<losses::poisson>},
    {"CosineProximity", "cosine_proximity", {"cosine", "cosine_similarity", "CosineSimilarity"},
     plain<losses::cosine_proximity>},
};

const Named& find(std::string_view name) {
  const std::string wanted = canonical_name(name);
  for (const Named& loss : kLosses) {
    if (wanted == canonical_name(loss.class_name) || wanted == canonical_name(loss.name)) return loss;
    for (const char* alias : loss.aliases) {
      if (alias != nullptr && wanted == canonical_name(alias)) return loss;
    }
  }
  std::string accepted;
  for (const Named& loss : kLosses) accepted += std::string(accepted.empty() ? "" : ", ") + loss.name;
  fail("loss: there is none called '", name, "'; accepted are ", accepted);
}

void check_reduction(const std::string& reduction) {
  if (reduction != "sum_over_batch_size" && reduction != "sum" && reduction != "none") {
    fail("loss: reduction is '", reduction, "'; accepted are sum_over_batch_size, sum and none");
  }
}

}  // namespace

Loss::Loss(std::string_view name, const LossOptions& options) {
  check_reduction(options.reduction);
  const Named& loss = find(name);
  rule_ = std::make_shared<const Rule>(Rule{loss.make(options), loss.name, loss.class_name, options});
}

Loss::Loss(Values values, std::string_view name, const LossOptions& options) {
  if (values == nullptr) fail("Loss: the callable is empty");
  check_reduction(options.reduction);
  rule_ = std::make_shared<const Rule>(Rule{std::move(values), std::string(name), std::string(name), options});
}

Loss Loss::from_config(const Json& config) {
  const ObjectConfig object("loss", config);
  const ConfigReader c(object.class_name(), object.config());
  std::string reduction = c.text("reduction", "sum_over_batch_size");
  if (reduction == "auto") reduction = "sum_over_batch_size";  // tf_keras: what it means outside of strategies.
  return Loss(object.class_name(), {.from_logits = c.flag("from_logits", false),
                                    .label_smoothing = c.number("label_smoothing", 0),
                                    .delta = c.number("delta", 1), .reduction = reduction});
}

const std::string& Loss::name() const { return rule_->name; }

const LossOptions& Loss::options() const { return rule_->options; }

Tensor Loss::values(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight) const {
  const Tensor values = rule_->values(y_true, y_pred);
  return sample_weight.defined() ? values * losses::weights_for(name(), values, sample_weight) : values;
}

Tensor Loss::operator()(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight) const {
  const Tensor weighted = values(y_true, y_pred, sample_weight);
  if (rule_->options.reduction == "none") return weighted;
  return rule_->options.reduction == "sum" ? sum(weighted) : mean(weighted);
}

Json Loss::config() const {
  const LossOptions& o = rule_->options;
  Json config = {{"reduction", o.reduction}, {"name", rule_->name}};
  if (rule_->name.ends_with("crossentropy")) config["from_logits"] = o.from_logits;
  if (rule_->name == "categorical_crossentropy" || rule_->name == "binary_crossentropy") {
    config["label_smoothing"] = o.label_smoothing;
  }
  if (rule_->name == "huber_loss") config["delta"] = o.delta;
  return object_config(rule_->class_name, std::move(config));
}

}  // namespace keel
