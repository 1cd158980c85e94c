#include "layers_support/weights/regularizers.h"

#include <cmath>
#include <utility>

#include "nlohmann/json.hpp"

namespace keel {

struct Regularizer::Rule {
  std::string class_name;
  Json config;
  Penalty penalty;
};

Regularizer::Regularizer(std::string_view name) : Regularizer(from_config(Json(std::string(name)))) {}

Regularizer::Regularizer(Penalty penalty, std::string_view class_name) {
  if (penalty == nullptr) fail("Regularizer: the callable is empty");
  rule_ = std::make_shared<const Rule>(Rule{std::string(class_name), Json::object(), std::move(penalty)});
}

Regularizer l1_l2_regularizer(double l1, double l2) {
  if (!(l1 >= 0 && l2 >= 0) || !std::isfinite(l1) || !std::isfinite(l2)) {
    fail("l1_l2: the factors are ", l1, " and ", l2, "; they must be finite and at least 0");
  }
  Regularizer out;
  out.rule_ = std::make_shared<const Regularizer::Rule>(
      Regularizer::Rule{"L1L2", {{"l1", l1}, {"l2", l2}}, [l1, l2](const Tensor& x) {
                          Tensor total = scalar(0, x.dtype());
                          if (l1 > 0) total = total + l1 * sum(abs(x));
                          if (l2 > 0) total = total + l2 * sum(square(x));
                          return total;
                        }});
  return out;
}

Regularizer Regularizer::from_config(const Json& config) {
  if (config.is_null()) return nullptr;
  const ObjectConfig object("regularizer", config);
  const ConfigReader reader(object.class_name(), object.config());
  const std::string name = canonical_name(object.class_name());
  // By name alone, a factor is 0.01; in a config with one factor the other is 0.
  const double absent = object.config().is_null() ? 0.01 : 0;
  if (name == "l1l2") return regularizers::l1_l2(reader.number("l1", absent), reader.number("l2", absent));
  if (name == "l1") return regularizers::l1(reader.number("l1", 0.01));
  if (name == "l2") return regularizers::l2(reader.number("l2", 0.01));
  fail("regularizer: there is none called '", object.class_name(), "'; accepted are l1, l2 and l1_l2");
}

Tensor Regularizer::operator()(const Tensor& x) const {
  if (rule_ == nullptr) fail("Regularizer: an empty one was called");
  return rule_->penalty(x);
}

Json Regularizer::config() const {
  return rule_ == nullptr ? Json(nullptr) : object_config(rule_->class_name, rule_->config);
}

namespace regularizers {

Regularizer l1_l2(double l1, double l2) { return l1_l2_regularizer(l1, l2); }
Regularizer l1(double factor) { return l1_l2_regularizer(factor, 0); }
Regularizer l2(double factor) { return l1_l2_regularizer(0, factor); }

}  // namespace regularizers
}  // namespace keel
