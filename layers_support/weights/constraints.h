// Where weights may be: Keras's constraints.
#ifndef KEEL_LAYERS_SUPPORT_WEIGHTS_CONSTRAINTS_H_
#define KEEL_LAYERS_SUPPORT_WEIGHTS_CONSTRAINTS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "keel.h"
#include "layers_support/config/config.h"

namespace keel {

// A projection applied to a weight after each update, or none. Converts from Keras's names and from a
// callable, and to what variable() takes as its constraint; cheap to copy.
class WeightConstraint {
 public:
  WeightConstraint() = default;                 // None.
  WeightConstraint(std::nullptr_t) {}           // NOLINT: implicit by design
  WeightConstraint(std::string_view name);      // NOLINT: ValueError on an unknown one
  WeightConstraint(const char* name) : WeightConstraint(std::string_view(name)) {}  // NOLINT
  // `config` is what a file holds of it.
  WeightConstraint(Constraint project, std::string_view class_name, const Json& config);
  WeightConstraint(Constraint project);  // NOLINT
  // From what config() gives, null included; ValueError where it is nothing of Keras's.
  static WeightConstraint from_config(const Json& config);

  // Whether there is one.
  explicit operator bool() const { return rule_ != nullptr; }
  // The callable, empty where there is none.
  Constraint constraint() const;
  // The weight projected: of w's shape and dtype; w itself where there is none.
  Tensor operator()(const Tensor& w) const;
  // {"class_name": …, "config": …} as Keras 2.3 writes it; null where there is none.
  Json config() const;

 private:
  struct Rule;
  std::shared_ptr<const Rule> rule_;
};

// Keras's constraints. `axis`: the axes that one norm is taken over, so that 0 is the weights of one
// unit of a dense layer, {0, 1, 2} those of one filter of a 2D convolution. Source: keras.constraints
// of Keras 2.3.
namespace constraints {

using NormAxes = std::vector<int64_t>;

// Weights whose norm is above `max_value` are scaled down to it. ValueError where it is negative.
WeightConstraint max_norm(double max_value = 2, const NormAxes& axis = {0});
// Negative weights become 0.
WeightConstraint non_neg();
// Weights are scaled to the norm 1.
WeightConstraint unit_norm(const NormAxes& axis = {0});
// The norm goes the part `rate` of the way into [min_value, max_value]. ValueError where these are
// negative or in the wrong order, or rate is not in [0, 1].
WeightConstraint min_max_norm(double min_value = 0, double max_value = 1, double rate = 1,
                              const NormAxes& axis = {0});

}  // namespace constraints
}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_WEIGHTS_CONSTRAINTS_H_
