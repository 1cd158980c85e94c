// Models: layers put together.
//
// By a class of one's own, whose call() says what happens:
//
//   class MyModel final : public K::ModelImpl {
//    public:
//     K::Tensor call(const K::Tensor& x, const K::Training& training) override {
//       return dense2_(dropout_(dense1_(x), training));
//     }
//    private:
//     K::layers::Dense dense1_{64, {.activation = "relu"}}, dense2_{10};
//     K::layers::Dropout dropout_{0.5};
//   };
//   K::ModelOf<MyModel> model;
//
// as a stack, `K::Sequential model({K::layers::Dense(64), …})`, or as a graph of layers:
//
//   K::Tensor x = K::Input({10});
//   K::Model model(x, K::layers::Dense(1)(K::layers::Dense(64)(x)));
#ifndef KEEL_LAYERS_SUPPORT_MODELS_MODEL_H_
#define KEEL_LAYERS_SUPPORT_MODELS_MODEL_H_

#include <concepts>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "keel.h"
#include "layers_support/layer/layer.h"
#include "layers_support/training/trainer.h"

namespace keel {

// Arguments of Input().
struct InputOptions {
  int64_t batch_size = None;
  std::optional<DType> dtype = std::nullopt;  // floatx() where absent.
  std::string name = "";                      // "input_1" where empty.
};
// A tensor for a model to begin with: a placeholder for samples of this shape. Source: keras.Input.
Tensor Input(const Shape& shape, const InputOptions& options = {});

// What models derive from: as a layer does, with a call() of its own.
class ModelImpl : public LayerImpl {
 public:
  std::vector<Variable> weights_in_file_order() const override;
  // The tensors that the model was made of, or was called on first; none before that.
  virtual Tensors inputs() const { return {}; }
  virtual Tensors outputs() const { return {}; }

  // What compile() made, null before; the same for predict(), which needs no compile().
  std::shared_ptr<TrainingState>& training_state() { return training_state_; }
  std::shared_ptr<TrainingState>& predict_state() { return predict_state_; }

 private:
  std::shared_ptr<TrainingState> training_state_, predict_state_;
};

// A cheap handle, as Layer is; a model is a layer, and can be called as one.
class Model : public Layer {
 public:
  Model() = default;
  explicit Model(std::shared_ptr<ModelImpl> impl) : Layer(std::move(impl)) {}
  // Of all layers between `inputs` and `outputs`. ValueError where an output was not made from the
  // inputs by layers alone, or two layers have one name.
  Model(const Tensors& inputs, const Tensors& outputs, const std::string& name = "");
  Model(const Tensor& input, const Tensor& output, const std::string& name = "");

  // In Keras 2's order, in which files hold them.
  std::vector<Layer> layers() const { return sublayers(); }
  // By name, or by number from 0, negative ones from the end; ValueError where there is none.
  Layer get_layer(const std::string& name) const;
  Layer get_layer(int index) const;
  // The tensors that the model was made of; none where its class is the user's own.
  Tensors inputs() const;
  Tensors outputs() const;

  // A table of its layers, their shapes and numbers of parameters.
  void summary(std::ostream& out = std::cout) const;
  // The graph of its layers in Graphviz's language.
  std::string to_graphviz() const;

  // Keras's training loop: as of Trainer, with its arguments and errors. fit() and evaluate() need a
  // compile() before; what is compiled belongs to the model, not to this handle.
  void compile(const CompileOptions& options) const;
  History fit(const Batch& x, const Batch& y, const FitOptions& options = {}) const;
  Logs evaluate(const Batch& x, const Batch& y, const EvaluateOptions& options = {}) const;
  Array predict(const Batch& x, const PredictOptions& options = {}) const;
  Arrays predict_all(const Batch& x, const PredictOptions& options = {}) const;
  // predict() without cutting `x` into batches.
  Array predict_on_batch(const Batch& x) const;
  Logs train_on_batch(const Batch& x, const Batch& y, const Array& sample_weight = {}) const;
  Logs test_on_batch(const Batch& x, const Batch& y, const Array& sample_weight = {}) const;
  // Whether compile() was called, and what it was given; ValueError where it was not.
  bool compiled() const;
  const CompileOptions& compile_options() const;
  const Optimizer& optimizer() const;
  // What Keras calls the outputs: the layers that they are of, "dense_1"; none where they are not known.
  std::vector<std::string> output_names() const;

  ModelImpl& model_impl() const;

 private:
  Trainer trainer(std::string_view function) const;
  Trainer predictor() const;
};

// A model of the user's own class, made from the arguments of its constructor.
template <std::derived_from<ModelImpl> T>
class ModelOf : public Model {
 public:
  template <typename... Args>
    requires std::constructible_from<T, Args...>
  explicit ModelOf(Args&&... args) : Model(std::make_shared<T>(std::forward<Args>(args)...)) {}
  T* operator->() const { return static_cast<T*>(impl_ptr().get()); }
};

// Layers one after the other. Where the first knows the shape of its input (`.input_shape`), weights
// are made at once, else in the first call.
class Sequential : public Model {
 public:
  explicit Sequential(const std::vector<Layer>& layers = {}, const std::string& name = "");
  // ValueError where the layer does not fit the last; then the model is as it was.
  void add(const Layer& layer) const;
  // Takes the last layer away; ValueError where there is none.
  void pop() const;
};

}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_MODELS_MODEL_H_
