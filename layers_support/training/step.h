// Training loops of one's own, at compiled speed.
//
// What a gradient tape does in TensorFlow:
//
//   auto step = K::value_and_gradients(model, [&](const K::Tensors& in) {
//     return K::mean(K::losses::mean_squared_error(in[1], model(in[0], true)));
//   });
//   for (const auto& [x, y] : batches) {
//     const auto [loss, gradients] = step({x, y});
//     optimizer.apply_gradients(K::zip(gradients, model.trainable_weights()));
//   }
//
// The graph is built when inputs of new shapes (but for the number of samples) or dtypes come, not in
// each step.
#ifndef KEEL_LAYERS_SUPPORT_TRAINING_STEP_H_
#define KEEL_LAYERS_SUPPORT_TRAINING_STEP_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "keel.h"
#include "layers_support/layer/layer.h"
#include "layers_support/optimizers/optimizers.h"
#include "layers_support/training/rows.h"

namespace keel {

// The loss of one batch, a scalar, from the arrays that a step is called with. It may call layers, with
// what `training` it likes; what these add to the losses is not part of it (Layer::losses() gives it),
// what they add to the updates is made in each step.
using LossFunction = std::function<Tensor(const Tensors& inputs)>;

// A compiled loss with its gradients. A handle.
class ValueAndGradients {
 public:
  // Of the trainable weights of `model`, which may come to be in the first call.
  ValueAndGradients(const Layer& model, LossFunction loss);
  // Of these variables.
  ValueAndGradients(std::vector<Variable> variables, LossFunction loss);

  struct Result {
    Array value;
    Arrays gradients;  // In the order of the variables; zeros where the loss does not depend on one.
  };
  // For one batch. Weights whose trainable flag changes count from the next new shape on. ValueError
  // where the loss is no scalar of a floating dtype, or an input does not fit.
  Result operator()(const Arrays& inputs) const;

 private:
  class State;
  std::shared_ptr<State> state_;
};

// The same as a constructor of ValueAndGradients.
ValueAndGradients value_and_gradients(const Layer& model, LossFunction loss);
ValueAndGradients value_and_gradients(std::vector<Variable> variables, LossFunction loss);

// A whole step in one compiled function: the loss, its gradients, and what an optimizer makes of them.
// Faster than the two apart, since no gradient leaves the plan. A handle.
class TrainStep {
 public:
  TrainStep(const Layer& model, Optimizer optimizer, LossFunction loss);
  // Makes the step; the loss before it. Errors as of ValueAndGradients.
  Array operator()(const Arrays& inputs) const;
  // The plan for such inputs as text: Function::explain().
  std::string explain(const Arrays& inputs) const;

 private:
  class State;
  std::shared_ptr<State> state_;
};

// Gradients with their variables. ValueError where there are not as many of both.
std::vector<std::pair<Array, Variable>> zip(const Arrays& gradients, const std::vector<Variable>& variables);

}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_TRAINING_STEP_H_
