// Layers: what has weights and is called on tensors.
//
// A layer is written by deriving from LayerImpl, and used through a handle:
//
//   class Scale final : public K::LayerImpl {
//    public:
//     void build(const K::Shape& x) override { factor_ = add_weight("factor", {x.back()}, {.initializer = "ones"}); }
//     K::Tensor call(const K::Tensor& x) override { return x * factor_; }
//    private:
//     K::Variable factor_;
//   };
//   K::LayerOf<Scale> scale;
//   K::Tensor y = scale(x);
#ifndef KEEL_LAYERS_SUPPORT_LAYER_LAYER_H_
#define KEEL_LAYERS_SUPPORT_LAYER_LAYER_H_

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "keel.h"
#include "layers_support/config/config.h"
#include "layers_support/weights/weights.h"

namespace keel {

class LayerImpl;

// What a call may be given beside its inputs.
struct CallOptions {
  // Where absent: that of the enclosing layer's or model's call; where that is absent too, the
  // backend's learning phase decides (LEARNING_PHASE.md, 16).
  Training training = {};
  // (samples, time), of any dtype, 0 where a time step is not to be read; where empty, that which the
  // first input carries.
  Tensor mask = {};
  // Recurrent layers: the states to begin with; zeros where empty. The same as inputs after the first.
  Tensors initial_state = {};
};

// What one call made.
struct LayerCall {
  Tensors outputs;
  Tensors masks;  // Of the outputs, empty handles where there are none.
  // What the layer and those that it called added to the loss: scalars. Penalties on weights, which
  // belong to no call, are not among them: regularization_losses().
  Tensors losses;
  // What is to be passed to function() with the step, such as new moving averages.
  Tensors updates;
};

// The mask that `x`, made by a layer, carries: (samples, time), 0 where a time step is not to be read; an
// empty handle where it carries none.
Tensor mask_of(const Tensor& x);

// A cheap handle: copies are the same layer. Calls build graphs; two threads must not call one layer
// at once. Members of an empty handle throw ValueError.
class Layer {
 public:
  Layer() = default;
  explicit Layer(std::shared_ptr<LayerImpl> impl);

  // False for an empty handle.
  bool defined() const { return impl_ != nullptr; }

  // The layer applied; its weights come to be in the first call. ValueError where inputs do not fit,
  // or where the layer has several outputs (see call_all()). What was made from placeholders, by
  // layers alone, remembers how, so that a Model can be made of it.
  Tensor operator()(const Tensor& x, const CallOptions& options = {}) const;
  Tensor operator()(const Tensor& x, const Training& training) const;
  Tensor operator()(const Tensors& inputs, const CallOptions& options = {}) const;
  Tensor operator()(const Tensors& inputs, const Training& training) const;
  // All outputs.
  Tensors call_all(const Tensors& inputs, const CallOptions& options = {}) const;
  // The result for numbers, at compiled speed. Updates that the call makes are made.
  Array operator()(const Array& x, const CallOptions& options = {}) const;
  Array operator()(const Array& x, const Training& training) const;
  // The same call with what it adds to the losses and updates, for who trains the layer. Its outputs
  // do not remember how they were made.
  LayerCall apply(const Tensors& inputs, const CallOptions& options = {}) const;

  // "dense_1"; unique unless given.
  const std::string& name() const;
  // "Dense"
  std::string class_name() const;
  // The type of its weights.
  DType dtype() const;
  // Whether its weights exist.
  bool built() const;
  // Makes the weights for inputs of these shapes, if they are not there yet.
  void build(const std::vector<Shape>& input_shapes) const;

  // Whether an optimizer may change its weights; setting it sets it for all layers inside.
  bool trainable() const;
  void set_trainable(bool value) const;
  // Those that an optimizer is to change, the others, and the first followed by the others: of this
  // layer and, in order, of those inside.
  std::vector<Variable> trainable_weights() const;
  std::vector<Variable> non_trainable_weights() const;
  std::vector<Variable> weights() const;
  int64_t count_params() const;
  // Their values, of a model layer by layer. set_weights() takes them in the same order: ValueError
  // where number or shapes differ, and then nothing changes.
  std::vector<Array> get_weights() const;
  void set_weights(const std::vector<Array>& values) const;

  // The penalties on weights, of this layer and those inside.
  Tensors regularization_losses() const;
  // Those, and what the last call added to the losses; what it added to the updates.
  Tensors losses() const;
  Tensors updates() const;
  // Sets the states of stateful layers, of this one and those inside, to zeros.
  void reset_states() const;

  // The shapes of the last call's outputs.
  const std::vector<Shape>& output_shapes() const;

  // What a file holds of the layer, with Keras 2's keys.
  Json get_config() const;
  // The layers inside, in order: those of a model or wrapper, or those that a layer of the user's own
  // has called so far.
  std::vector<Layer> sublayers() const;

  LayerImpl& impl() const;
  const std::shared_ptr<LayerImpl>& impl_ptr() const { return impl_; }
  friend bool operator==(const Layer& a, const Layer& b) { return a.impl_ == b.impl_; }

 private:
  std::shared_ptr<LayerImpl> impl_;
};

// A layer of the user's own class, made from the arguments of its constructor.
template <std::derived_from<LayerImpl> T>
class LayerOf : public Layer {
 public:
  template <typename... Args>
    requires std::constructible_from<T, Args...>
  explicit LayerOf(Args&&... args) : Layer(std::make_shared<T>(std::forward<Args>(args)...)) {}
  T* operator->() const { return static_cast<T*>(impl_ptr().get()); }
};

// Arguments of add_weight().
struct WeightOptions {
  Initializer initializer = "glorot_uniform";
  Regularizer regularizer = nullptr;
  WeightConstraint constraint = nullptr;
  bool trainable = true;
  std::optional<DType> dtype = std::nullopt;  // The layer's where absent.
};

// What layers derive from. One of the call()s is overridden: which says what the layer wants to know.
// Layers that are called inside of call() become part of this one.
class LayerImpl {
 public:
  LayerImpl();
  virtual ~LayerImpl();
  LayerImpl(const LayerImpl&) = delete;
  LayerImpl& operator=(const LayerImpl&) = delete;

  // Makes weights, before the first call.
  virtual void build(const Shape& input_shape);
  virtual void build(const std::vector<Shape>& input_shapes);
  // The graph. `training` is as given, or as the enclosing call has it; in an `if`, absent is false.
  virtual Tensor call(const Tensor& x);
  virtual Tensor call(const Tensor& x, const Training& training);
  virtual Tensors call(const Tensors& inputs, const Training& training);
  // The masks of the outputs that call() gives no mask of its own; empty handles for none. By default
  // masks end here; where `supports_masking()`, that of the first input goes on.
  virtual Tensors compute_mask(const Tensors& inputs, const Tensors& masks);
  virtual bool supports_masking() const { return false; }
  // By default the name of the C++ class.
  virtual std::string class_name() const;
  // Keras 2's config; derived classes add to it.
  virtual Json get_config() const;
  // By default those that were called in call().
  virtual std::vector<Layer> sublayers() const { return called_; }
  virtual std::vector<Variable> trainable_weights() const;
  virtual std::vector<Variable> non_trainable_weights() const;
  virtual std::vector<Variable> weights_in_file_order() const;
  virtual void set_trainable(bool value);
  virtual void reset_states();

  const std::string& name() const;
  void set_name(std::string name) { name_ = std::move(name); }
  DType dtype() const { return dtype_; }
  void set_dtype(DType dtype) { dtype_ = dtype; }
  bool built() const { return built_; }
  bool trainable() const { return trainable_; }
  // The shape of the inputs, samples left out or in, where a model may be built before its first call.
  const std::optional<Shape>& batch_input_shape() const { return batch_input_shape_; }
  void set_batch_input_shape(Shape shape) { batch_input_shape_ = std::move(shape); }
  void set_input_shape(const std::optional<Shape>& shape);
  // What the outputs are called in logs and files, of a model by the layers that they are of; none where
  // they have no names.
  virtual std::vector<std::string> output_names() const { return {}; }
  // The dtype of the inputs where a model has to make them.
  virtual DType input_dtype() const { return dtype_; }

 protected:
  // A weight, named "dense_1/kernel:0" for the name "kernel".
  Variable add_weight(const std::string& name, const Shape& shape, const WeightOptions& options = {});
  // Inside of call(): adds to the loss; makes an update part of the step.
  void add_loss(const Tensor& loss);
  void add_update(const Tensor& update);
  // Inside of call(): the mask of each input (or an empty handle), and what the caller gave.
  const Tensors& masks() const;
  const CallOptions& call_options() const;
  // Takes these for what the last call added.
  void remember(Tensors losses, Tensors updates);

 private:
  friend class Layer;
  friend class LayerInvocation;
  struct OwnedWeight {
    Variable variable;
    Regularizer regularizer;
    bool trainable;
  };
  struct Compiled;

  mutable std::string name_;
  DType dtype_;
  bool built_ = false, trainable_ = true;
  std::optional<Shape> batch_input_shape_;
  std::vector<OwnedWeight> own_;
  std::vector<Layer> called_;
  Tensors last_losses_, last_updates_;
  std::vector<Shape> output_shapes_;
  uint64_t last_root_ = 0;
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_LAYER_LAYER_H_
