#include "layers_support/weights/constraints.h"

#include <utility>

#include "nlohmann/json.hpp"

namespace keel {

struct WeightConstraint::Rule {
  std::string class_name;
  Json config;
  Constraint project;
};

namespace {

Tensor norms(const Tensor& w, const constraints::NormAxes& axis) {
  return sqrt(sum(square(w), Axes(axis), /*keepdims=*/true));
}

// Keras writes one axis as a number.
Json axes_json(const constraints::NormAxes& axis) { return axis.size() == 1 ? Json(axis[0]) : Json(axis); }

constraints::NormAxes axes_of(const ConfigReader& config) {
  return config.integers("axis", std::vector<int64_t>{0});
}

}  // namespace

WeightConstraint::WeightConstraint(std::string_view name) : WeightConstraint(from_config(Json(std::string(name)))) {}

WeightConstraint::WeightConstraint(Constraint project, std::string_view class_name, const Json& config) {
  if (project == nullptr) fail("WeightConstraint: the callable is empty");
  rule_ = std::make_shared<const Rule>(Rule{std::string(class_name), config, std::move(project)});
}

WeightConstraint::WeightConstraint(Constraint project)
    : WeightConstraint(std::move(project), "custom", Json::object()) {}

WeightConstraint WeightConstraint::from_config(const Json& config) {
  if (config.is_null()) return nullptr;
  const ObjectConfig object("constraint", config);
  const ConfigReader reader(object.class_name(), object.config());
  const std::string name = canonical_name(object.class_name());
  if (name == "maxnorm") return constraints::max_norm(reader.number("max_value", 2), axes_of(reader));
  if (name == "nonneg") return constraints::non_neg();
  if (name == "unitnorm") return constraints::unit_norm(axes_of(reader));
  if (name == "minmaxnorm") {
    return constraints::min_max_norm(reader.number("min_value", 0), reader.number("max_value", 1),
                                     reader.number("rate", 1), axes_of(reader));
  }
  fail("constraint: there is none called '", object.class_name(),
       "'; accepted are max_norm, non_neg, unit_norm and min_max_norm");
}

Constraint WeightConstraint::constraint() const { return rule_ == nullptr ? Constraint() : rule_->project; }

Tensor WeightConstraint::operator()(const Tensor& w) const { return rule_ == nullptr ? w : rule_->project(w); }

Json WeightConstraint::config() const {
  return rule_ == nullptr ? Json(nullptr) : object_config(rule_->class_name, rule_->config);
}

namespace constraints {

WeightConstraint max_norm(double max_value, const NormAxes& axis) {
  if (!(max_value >= 0)) fail("max_norm: max_value is ", max_value, "; it must be at least 0");
  return WeightConstraint(
      [=](const Tensor& w) {
        const Tensor n = norms(w, axis);
        return w * (clip(n, 0, max_value) / (n + epsilon()));
      },
      "MaxNorm", {{"max_value", max_value}, {"axis", axes_json(axis)}});
}

WeightConstraint non_neg() {
  return WeightConstraint([](const Tensor& w) { return w * cast(greater_equal(w, 0), w.dtype()); }, "NonNeg",
                          Json::object());
}

WeightConstraint unit_norm(const NormAxes& axis) {
  return WeightConstraint([=](const Tensor& w) { return w / (norms(w, axis) + epsilon()); }, "UnitNorm",
                          {{"axis", axes_json(axis)}});
}

WeightConstraint min_max_norm(double min_value, double max_value, double rate, const NormAxes& axis) {
  if (!(min_value >= 0 && max_value >= min_value)) {
    fail("min_max_norm: min_value is ", min_value, " and max_value ", max_value,
         "; 0 <= min_value <= max_value is needed");
  }
  if (!(rate >= 0 && rate <= 1)) fail("min_max_norm: rate is ", rate, "; it must be in [0, 1]");
  return WeightConstraint(
      [=](const Tensor& w) {
        const Tensor n = norms(w, axis);
        const Tensor desired = rate * clip(n, min_value, max_value) + (1 - rate) * n;
        return w * (desired / (n + epsilon()));
      },
      "MinMaxNorm",
      {{"min_value", min_value}, {"max_value", max_value}, {"rate", rate}, {"axis", axes_json(axis)}});
}

}  // namespace constraints
}  // namespace keel
