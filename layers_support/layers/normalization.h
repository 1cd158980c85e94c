// Batch and layer normalization.
#ifndef KEEL_LAYERS_SUPPORT_LAYERS_NORMALIZATION_H_
#define KEEL_LAYERS_SUPPORT_LAYERS_NORMALIZATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "layers_support/layer/layer.h"
#include "layers_support/layers/arguments.h"

namespace keel::layers {

// Arguments of BatchNormalization.
struct BatchNormalizationOptions {
  int64_t axis = -1;
  double momentum = 0.99;
  double epsilon = 1e-3;
  bool center = true;
  bool scale = true;
  Initializer beta_initializer = "zeros";
  Initializer gamma_initializer = "ones";
  Initializer moving_mean_initializer = "zeros";
  Initializer moving_variance_initializer = "ones";
  Regularizer beta_regularizer = {};
  Regularizer gamma_regularizer = {};
  WeightConstraint beta_constraint = {};
  WeightConstraint gamma_constraint = {};
  // The moving variance averages that of the batch as it is, as Keras does; or N/(N-1) times it, the
  // estimate without bias.
  bool unbiased_moving_variance = false;
  // Where the layer is not trainable it works as in inference and its averages stay, as in TensorFlow
  // 2; or it only keeps gamma and beta, as Keras 2 did.
  bool frozen_is_inference = true;
  InputShape input_shape = {};
  std::string name = "";
};
// gamma · (x − mean) / √(var + epsilon) + beta along `axis`: in training with the batch's own mean and
// variance, which then enter the moving averages (average · momentum + batch's · (1 − momentum), once a
// step, after the outputs are read), in inference with those averages. Ioffe and Szegedy (2015).
// Source: keras.layers.BatchNormalization.
class BatchNormalization : public Layer {
 public:
  explicit BatchNormalization(const BatchNormalizationOptions& options = {});
};

// Arguments of LayerNormalization.
struct LayerNormalizationOptions {
  std::vector<int64_t> axis = {-1};
  double epsilon = 1e-3;
  bool center = true;
  bool scale = true;
  Initializer beta_initializer = "zeros";
  Initializer gamma_initializer = "ones";
  Regularizer beta_regularizer = {};
  Regularizer gamma_regularizer = {};
  WeightConstraint beta_constraint = {};
  WeightConstraint gamma_constraint = {};
  InputShape input_shape = {};
  std::string name = "";
};
// The same with the mean and variance of each sample over `axis`, in training and inference alike. Ba,
// Kiros and Hinton (2016). Source: tf.keras.layers.LayerNormalization.
class LayerNormalization : public Layer {
 public:
  explicit LayerNormalization(const LayerNormalizationOptions& options = {});
};

}  // namespace keel::layers

#endif  // KEEL_LAYERS_SUPPORT_LAYERS_NORMALIZATION_H_
