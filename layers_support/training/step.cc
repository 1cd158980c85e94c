#include "layers_support/training/step.h"

#include <map>
#include <mutex>
#include <string>
#include <tuple>

namespace keel {
namespace {

// The loss function as a layer, so that what the layers inside of it do is seen.
class LossLayer final : public LayerImpl, public std::enable_shared_from_this<LossLayer> {
 public:
  explicit LossLayer(LossFunction loss) : loss_(std::move(loss)) {}
  // A layer has at least one input, a loss may have none: what is passed after the loss's own inputs
  // stands in.
  LayerCall apply_to(const Tensors& inputs) {
    Tensors all = inputs;
    all.push_back(scalar(0, DType::kFloat32));
    return Layer(shared_from_this()).apply(all);
  }
  Tensors call(const Tensors& inputs, const Training&) override {
    const Tensor loss = loss_({inputs.begin(), inputs.end() - 1});
    if (!loss.defined() || loss.rank() != 0 || !loss.dtype().is_floating()) {
      fail("value_and_gradients: the loss ",
           loss.defined() ? "has shape " + loss.shape().to_string() + " and dtype " + std::string(loss.dtype().name())
                          : std::string("is an empty handle"),
           "; it must be a floating scalar");
    }
    return {loss};
  }

 private:
  const LossFunction loss_;
};

// Functions by the shapes (but for the samples) and dtypes of their inputs.
class FunctionCache {
 public:
  template <typename Make>
  Function get(const Arrays& inputs, Make&& make) {
    std::vector<std::pair<std::string, int>> key;
    for (const Array& x : inputs) {
      if (!x.defined()) fail("step: an input is an empty handle");
      key.emplace_back(open_shape(x).to_string(), x.is_weak() ? -1 : static_cast<int>(x.dtype().kind()));
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = functions_.find(key);
    if (found != functions_.end()) return found->second;
    Tensors placeholders;
    for (const Array& x : inputs) {
      placeholders.push_back(placeholder({.shape = open_shape(x), .dtype = x.is_weak() ? DType(floatx()) : x.dtype()}));
    }
    if (functions_.size() >= 32) functions_.clear();
    return functions_.emplace(std::move(key), make(placeholders)).first->second;
  }

 private:
  static Shape open_shape(const Array& x) {
    Shape shape = x.shape();
    if (shape.rank() > 0) shape[0] = None;
    return shape;
  }

  std::mutex mutex_;
  std::map<std::vector<std::pair<std::string, int>>, Function> functions_;
};

}  // namespace

class ValueAndGradients::State {
 public:
  State(std::optional<Layer> model, std::vector<Variable> variables, LossFunction loss)
      : model_(std::move(model)), variables_(std::move(variables)), loss_(std::make_shared<LossLayer>(std::move(loss))) {}

  Function function_for(const Arrays& inputs) {
    return cache_.get(inputs, [&](const Tensors& placeholders) {
      const LayerCall call = loss_->apply_to(placeholders);
      const std::vector<Variable> variables = model_ ? model_->trainable_weights() : variables_;
      Tensors outputs = gradients(call.outputs[0], {variables.begin(), variables.end()});
      for (size_t i = 0; i < variables.size(); ++i) {
        if (!outputs[i].defined()) outputs[i] = zeros_like(variables[i]);
      }
      outputs.insert(outputs.begin(), call.outputs[0]);
      return keel::function(placeholders, outputs, call.updates);
    });
  }

 private:
  const std::optional<Layer> model_;
  const std::vector<Variable> variables_;
  const std::shared_ptr<LossLayer> loss_;
  FunctionCache cache_;
};

ValueAndGradients::ValueAndGradients(const Layer& model, LossFunction loss)
    : state_(std::make_shared<State>(model, std::vector<Variable>(), std::move(loss))) {}

ValueAndGradients::ValueAndGradients(std::vector<Variable> variables, LossFunction loss)
    : state_(std::make_shared<State>(std::nullopt, std::move(variables), std::move(loss))) {}

ValueAndGradients::Result ValueAndGradients::operator()(const Arrays& inputs) const {
  Arrays outputs = state_->function_for(inputs)(inputs);
  Result result{std::move(outputs.front()), {}};
  result.gradients.assign(std::make_move_iterator(outputs.begin() + 1), std::make_move_iterator(outputs.end()));
  return result;
}

ValueAndGradients value_and_gradients(const Layer& model, LossFunction loss) { return {model, std::move(loss)}; }
ValueAndGradients value_and_gradients(std::vector<Variable> variables, LossFunction loss) {
  return {std::move(variables), std::move(loss)};
}

class TrainStep::State {
 public:
  State(const Layer& model, Optimizer optimizer, LossFunction loss)
      : model_(model), optimizer_(std::move(optimizer)), loss_(std::make_shared<LossLayer>(std::move(loss))) {}

  Function function_for(const Arrays& inputs) {
    return cache_.get(inputs, [&](const Tensors& placeholders) {
      const LayerCall call = loss_->apply_to(placeholders);
      Tensors updates = optimizer_.get_updates(call.outputs[0], model_.trainable_weights());
      updates.insert(updates.end(), call.updates.begin(), call.updates.end());
      return keel::function(placeholders, call.outputs, updates);
    });
  }

 private:
  const Layer model_;
  Optimizer optimizer_;
  const std::shared_ptr<LossLayer> loss_;
  FunctionCache cache_;
};

TrainStep::TrainStep(const Layer& model, Optimizer optimizer, LossFunction loss)
    : state_(std::make_shared<State>(model, std::move(optimizer), std::move(loss))) {}

Array TrainStep::operator()(const Arrays& inputs) const { return state_->function_for(inputs)(inputs)[0]; }

std::string TrainStep::explain(const Arrays& inputs) const { return state_->function_for(inputs).explain(inputs); }

std::vector<std::pair<Array, Variable>> zip(const Arrays& gradients, const std::vector<Variable>& variables) {
  if (gradients.size() != variables.size()) {
    fail("zip: got ", gradients.size(), " gradients and ", variables.size(), " variables");
  }
  std::vector<std::pair<Array, Variable>> out;
  for (size_t i = 0; i < gradients.size(); ++i) out.emplace_back(gradients[i], variables[i]);
  return out;
}

}  // namespace keel
