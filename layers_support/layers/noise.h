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

// Arguments of SpatialDropout.
struct SpatialDropoutOptions {
  DataFormat data_format = {};  // SpatialDropout1D: the channels are last.
  std::optional<uint64_t> seed = std::nullopt;
  InputShape input_shape = {};
  std::string name = "";
};
// Dropout of whole channels. Tompson et al. (2014). Source: keras.layers.SpatialDropout1D, 2D, 3D.
class SpatialDropout1D : public Layer {
 public:
  explicit SpatialDropout1D(double rate, const SpatialDropoutOptions& options = {});
};
class SpatialDropout2D : public Layer {
 public:
  explicit SpatialDropout2D(double rate, const SpatialDropoutOptions& options = {});
};
class SpatialDropout3D : public Layer {
 public:
  explicit SpatialDropout3D(double rate, const SpatialDropoutOptions& options = {});
};

// Arguments of the layers below.
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

// In training, x is multiplied by normally distributed numbers of mean 1 and variance rate / (1 − rate); x
// itself in inference. ValueError where rate is not in [0, 1). Source: keras.layers.GaussianDropout.
class GaussianDropout : public Layer {
 public:
  explicit GaussianDropout(double rate, const NoiseOptions& options = {});
};

// Dropout that keeps the mean and variance of what selu() gives: values become its lower limit, then all are
// scaled and shifted. ValueError where rate is not in [0, 1). Klambauer et al. (2017). Source:
// keras.layers.AlphaDropout.
class AlphaDropout : public Layer {
 public:
  explicit AlphaDropout(double rate, const NoiseOptions& options = {});
};

}  // namespace keel::layers

#endif  // KEEL_LAYERS_SUPPORT_LAYERS_NOISE_H_
