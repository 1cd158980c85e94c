// Activations with arguments.
#ifndef KEEL_LAYERS_SUPPORT_LAYERS_ACTIVATIONS_H_
#define KEEL_LAYERS_SUPPORT_LAYERS_ACTIVATIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "layers_support/layer/layer.h"
#include "layers_support/layers/arguments.h"
#include "layers_support/layers/core.h"

namespace keel::layers {

// Arguments of ReLU.
struct ReLUOptions {
  std::optional<double> max_value = std::nullopt;
  double negative_slope = 0;
  double threshold = 0;
  InputShape input_shape = {};
  std::string name = "";
};
// max_value for x ≥ max_value, x above the threshold, negative_slope · (x − threshold) up to it.
// ValueError where max_value or negative_slope is negative. Source: keras.layers.ReLU.
class ReLU : public Layer {
 public:
  explicit ReLU(const ReLUOptions& options = {});
};

// x where it is positive, else alpha · x. Source: keras.layers.LeakyReLU.
class LeakyReLU : public Layer {
 public:
  explicit LeakyReLU(double alpha = 0.3, const PlainOptions& options = {});
};

// x where it is positive, else alpha · (exp(x) − 1). Source: keras.layers.ELU.
class ELU : public Layer {
 public:
  explicit ELU(double alpha = 1, const PlainOptions& options = {});
};

// x above `theta`, else 0. ValueError where theta is negative. Source: keras.layers.ThresholdedReLU.
class ThresholdedReLU : public Layer {
 public:
  explicit ThresholdedReLU(double theta = 1, const PlainOptions& options = {});
};

// Arguments of PReLU.
struct PReLUOptions {
  Initializer alpha_initializer = "zeros";
  Regularizer alpha_regularizer = {};
  WeightConstraint alpha_constraint = {};
  std::vector<int64_t> shared_axes = {};  // Axes of x, from 1, along which there is one alpha.
  InputShape input_shape = {};
  std::string name = "";
};
// x where it is positive, else alpha · x with a weight alpha for each element of a sample. He et al. (2015).
// Source: keras.layers.PReLU.
class PReLU : public Layer {
 public:
  explicit PReLU(const PReLUOptions& options = {});
};

// Source: keras.layers.Softmax.
class Softmax : public Layer {
 public:
  explicit Softmax(int64_t axis = -1, const PlainOptions& options = {});
};

}  // namespace keel::layers

#endif  // KEEL_LAYERS_SUPPORT_LAYERS_ACTIVATIONS_H_
