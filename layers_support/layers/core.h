// Dense layers, activations and what changes shapes.
//
// In all layers: `input_shape` is the shape of one sample, for the first layer of a Sequential;
// `name` is unique unless given.
#ifndef KEEL_LAYERS_SUPPORT_LAYERS_CORE_H_
#define KEEL_LAYERS_SUPPORT_LAYERS_CORE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "layers_support/layer/layer.h"
#include "layers_support/layers/arguments.h"

namespace keel::layers {

// Arguments of Dense.
struct DenseOptions {
  ActivationFunction activation = {};
  bool use_bias = true;
  Initializer kernel_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer kernel_regularizer = {};
  Regularizer bias_regularizer = {};
  Regularizer activity_regularizer = {};
  WeightConstraint kernel_constraint = {};
  WeightConstraint bias_constraint = {};
  InputShape input_shape = {};
  std::string name = "";
};
// activation(x · kernel + bias). x: (samples, …, inputs); kernel: (inputs, units). Source:
// keras.layers.Dense.
class Dense : public Layer {
 public:
  explicit Dense(int64_t units, const DenseOptions& options = {});
};

// Arguments of layers that have no other.
struct PlainOptions {
  InputShape input_shape = {};
  std::string name = "";
};
// An activation as a layer of its own. Source: keras.layers.Activation.
class Activation : public Layer {
 public:
  explicit Activation(const ActivationFunction& activation, const PlainOptions& options = {});
};

// Arguments of Flatten.
struct FlattenOptions {
  DataFormat data_format = {};  // channels_first: the channels are put last first.
  InputShape input_shape = {};
  std::string name = "";
};
// (samples, …) as (samples, everything else). Source: keras.layers.Flatten.
class Flatten : public Layer {
 public:
  explicit Flatten(const FlattenOptions& options = {});
};

// Samples under another shape, in which one size may be -1. Source: keras.layers.Reshape.
class Reshape : public Layer {
 public:
  explicit Reshape(const Shape& target_shape, const PlainOptions& options = {});
};

// The axes of samples in another order; they count from 1. Source: keras.layers.Permute.
class Permute : public Layer {
 public:
  explicit Permute(const std::vector<int64_t>& dims, const PlainOptions& options = {});
};

// (samples, features) as (samples, n, features). Source: keras.layers.RepeatVector.
class RepeatVector : public Layer {
 public:
  explicit RepeatVector(int64_t n, const PlainOptions& options = {});
};

// Masks the time steps of (samples, time, features) whose features all are `mask_value`, and makes
// them 0. Source: keras.layers.Masking.
class Masking : public Layer {
 public:
  explicit Masking(double mask_value = 0, const PlainOptions& options = {});
};

// A function of tensors as a layer. It is saved by name alone. Source: keras.layers.Lambda.
class Lambda : public Layer {
 public:
  explicit Lambda(std::function<Tensor(const Tensor&)> function, const PlainOptions& options = {});
};

// x itself, which costs l1 · Σ|x| + l2 · Σx². Source: keras.layers.ActivityRegularization.
class ActivityRegularization : public Layer {
 public:
  explicit ActivityRegularization(double l1 = 0, double l2 = 0, const PlainOptions& options = {});
};

// Arguments of Embedding.
struct EmbeddingOptions {
  Initializer embeddings_initializer = "uniform";
  Regularizer embeddings_regularizer = {};
  Regularizer activity_regularizer = {};
  WeightConstraint embeddings_constraint = {};
  bool mask_zero = false;  // Index 0 is padding: it is masked.
  int64_t input_length = None;
  InputShape input_shape = {};
  std::string name = "";
};
// Vectors for indices. x: (samples, …), integers (or floats that hold them) in [0, input_dim); result:
// (samples, …, output_dim). ValueError where an index is out of range. Source: keras.layers.Embedding.
class Embedding : public Layer {
 public:
  Embedding(int64_t input_dim, int64_t output_dim, const EmbeddingOptions& options = {});
};

}  // namespace keel::layers

#endif  // KEEL_LAYERS_SUPPORT_LAYERS_CORE_H_
