// What only training adds: dropout and noise.
#ifndef KEEL_LAYERS_SUPPORT_LAYERS_NOISE_H_
#define KEEL_LAYERS_SUPPORT_LAYERS_NOISE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "layers_support/layer/layer.h"
#include "layers_support/layers/arguments.h"

namespace keel::layers {

// Arguments of Dropout.
struct DropoutOptions {
  std::optional<Shape> noise_shape = std::nullopt;  // Broadcasts to x; None is x's own size.
  std::optional<uint64_t> seed = std::nullopt;      // The session's next where absent.
  InputShape input_shape = {};
  std::string name = "";
};
// In training, a fraction `rate` of the values becomes 0 and the others are multiplied by
// 1 / (1 − rate); x itself in inference. ValueError where rate is not in [0, 1). Srivastava et al.
// (2014). Source: keras.layers.Dropout.
class Dropout : public Layer {
 public:
  explicit Dropout(double rate, const DropoutOptions& options = {});
};

// Arguments of GaussianNoise.
struct NoiseOptions {
  std::optional<uint64_t> seed = std::nullopt;
  InputShape input_shape = {};
  std::string name = "";
};
// In training, normally distributed noise is added; x itself in inference. ValueError where stddev is
// negative. Source: keras.layers.GaussianNoise.
class GaussianNoise : public Layer {
 public:
  explicit GaussianNoise(double stddev, const NoiseOptions& options = {});
};

}  // namespace keel::layers

#endif  // KEEL_LAYERS_SUPPORT_LAYERS_NOISE_H_
