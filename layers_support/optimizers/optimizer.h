// Optimizers: from gradients to the updates of one training step.
#ifndef KEEL_LAYERS_SUPPORT_OPTIMIZERS_OPTIMIZER_H_
#define KEEL_LAYERS_SUPPORT_OPTIMIZERS_OPTIMIZER_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "keel.h"
#include "layers_support/config/config.h"
#include "layers_support/optimizers/schedules.h"

namespace keel {

// A learning rate: a number, which can be set later, or a schedule.
using LearningRate = std::variant<double, Schedule>;

// What all optimizers take.
struct OptimizerOptions {
  LearningRate learning_rate = 0.001;
  double decay = 0;      // The rate is divided by 1 + decay · steps made.
  double clipnorm = 0;   // Gradients whose norm, of all of them together, is above are scaled down to it.
  double clipvalue = 0;  // Then each element is brought into ±clipvalue. 0: neither.
};

// A kind of variable that an optimizer keeps from step to step: one per weight, in its shape, or a scalar
// that all weights share.
struct OptimizerSlot {
  std::string_view name;                        // As Keras 2.3 has it.
  std::vector<std::string_view> aliases = {};   // As tf_keras has it.
  double initial = 0;
  bool shared = false;
  bool used = true;  // Where false there is none, but Keras 2.3 keeps an array of a single 0 per weight.
};

// One step of an optimizer while its graph is built: what its rule works with.
class OptimizerStep {
 public:
  virtual ~OptimizerStep() = default;
  // The learning rate and the number of this step, from 1, as scalars of a dtype.
  virtual Tensor learning_rate(DType dtype) = 0;
  virtual Tensor count(DType dtype) = 0;
  // The variable of one of the rule's slots for `weight`; null where it is shared.
  virtual Variable slot(const Variable* weight, std::string_view name) = 0;
  // Makes `value` the new value of a slot.
  virtual void update(const Variable& slot, const Tensor& value) = 0;
};

// What distinguishes one optimizer from another.
class OptimizerRule {
 public:
  virtual ~OptimizerRule() = default;
  virtual std::string_view class_name() const = 0;
  // Its own arguments as Keras names them, beside those of OptimizerOptions.
  virtual Json config() const = 0;
  // What it keeps, in Keras's order.
  virtual std::vector<OptimizerSlot> slots() const = 0;
  // Once a step, before the weights: what they share.
  virtual void begin(OptimizerStep&) const {}
  // The new value of `weight`, before its constraint.
  virtual Tensor next(OptimizerStep& step, const Variable& weight, const Tensor& gradient) const = 0;
};

// An optimizer: its rule, the learning rate and the variables that it keeps for the weights. A handle:
// copies are the same optimizer. Converts from Keras's names, with their defaults.
class Optimizer {
 public:
  Optimizer(std::string_view name);                                // NOLINT: ValueError on an unknown one
  Optimizer(const char* name) : Optimizer(std::string_view(name)) {}         // NOLINT
  Optimizer(const std::string& name) : Optimizer(std::string_view(name)) {}  // NOLINT
  Optimizer(std::shared_ptr<const OptimizerRule> rule, const OptimizerOptions& options);
  // From what config() gives, in the form of Keras 2.3 or of tf_keras; ValueError where it is neither.
  static Optimizer from_config(const Json& config);

  // The updates of one step down the gradient of `loss`, for function(). ValueError where a weight has
  // no gradient. Source: keras.optimizers.Optimizer.get_updates.
  Tensors get_updates(const Tensor& loss, const std::vector<Variable>& weights);
  // The same from gradients; one that is not defined leaves its weight alone, unless all are so.
  Tensors updates_for(const std::vector<std::pair<Tensor, Variable>>& gradients_and_weights);
  // One step now: a compiled function, made the first time that these weights are given. ValueError
  // where a gradient has not the shape and dtype of its weight; then nothing has changed.
  void apply_gradients(const std::vector<std::pair<Array, Variable>>& gradients_and_weights);

  // The number of steps made: an int64 scalar.
  const Variable& iterations() const;
  // The learning rate, which can be set; ValueError where a schedule gives it.
  const Variable& learning_rate() const;
  // The rate at the step to come, `decay` included.
  double current_learning_rate() const;
  // What it keeps, in Keras's order: the iterations, what all weights share, then each kind of slot.
  std::vector<Variable> weights() const;
  // A kind of slot with its variables for `weights`, made now where they are not there yet; none where it
  // is not used.
  struct Slots {
    OptimizerSlot kind;
    std::vector<Variable> variables;
  };
  std::vector<Slots> slots(const std::vector<Variable>& weights) const;

  // {"class_name": …, "config": …} as Keras 2.3 writes it.
  Json config() const;
  std::string_view name() const;

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_OPTIMIZERS_OPTIMIZER_H_
