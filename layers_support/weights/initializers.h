// How weights begin: Keras's initializers.
#ifndef KEEL_LAYERS_SUPPORT_WEIGHTS_INITIALIZERS_H_
#define KEEL_LAYERS_SUPPORT_WEIGHTS_INITIALIZERS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "keel.h"
#include "layers_support/config/config.h"

namespace keel {

// A rule that gives the first value of a weight. Converts from Keras's names ("glorot_uniform") and
// from a callable; cheap to copy.
class Initializer {
 public:
  using Draw = std::function<Array(const Shape& shape, DType dtype)>;

  // By name, with that initializer's defaults; ValueError on an unknown one.
  Initializer(std::string_view name);                                  // NOLINT: implicit by design
  Initializer(const char* name) : Initializer(std::string_view(name)) {}         // NOLINT
  Initializer(const std::string& name) : Initializer(std::string_view(name)) {}  // NOLINT
  // From a callable, which has no config that a file could hold but this name.
  Initializer(Draw draw, std::string_view class_name = "custom");      // NOLINT
  // From what config() gives, in the form of Keras 2.3 or of tf_keras; ValueError where it is neither.
  static Initializer from_config(const Json& config);

  // A first value of this shape, of a floating dtype (floatx() where absent). With a seed of its own
  // an initializer draws the same values each time; without, the session's next ones. ValueError where
  // the shape does not suit it.
  Array operator()(const Shape& shape, std::optional<DType> dtype = std::nullopt) const;
  // {"class_name": …, "config": …} as Keras 2.3 writes it, which tf_keras reads too.
  Json config() const;

 private:
  friend class InitializerFactory;
  Initializer(std::string_view class_name, const Json& config, Draw draw);
  struct Rule;
  std::shared_ptr<const Rule> rule_;
};

// Keras's initializers, with its defaults. Source: keras.initializers of Keras 2.3.
namespace initializers {

// A seed; where absent, each draw takes the session's next one.
using Seed = std::optional<uint64_t>;

// One number everywhere: 0, 1, or `value`.
Initializer zeros();
Initializer ones();
Initializer constant(double value = 0);
// ValueError where a deviation is negative or a bound is not finite, as of the backend's functions.
Initializer random_normal(double mean = 0, double stddev = 0.05, Seed seed = std::nullopt);
Initializer random_uniform(double minval = -0.05, double maxval = 0.05, Seed seed = std::nullopt);
Initializer truncated_normal(double mean = 0, double stddev = 0.05, Seed seed = std::nullopt);

// Arguments of variance_scaling().
struct VarianceScalingOptions {
  double scale = 1;                     // Above 0.
  std::string mode = "fan_in";          // Or "fan_out", "fan_avg".
  std::string distribution = "normal";  // Or "uniform"; "normal" is truncated, as Keras has it.
  Seed seed = std::nullopt;
};
// Values of variance scale / n, n being the number of inputs of a unit (fan_in), of outputs
// (fan_out), or their mean; of a kernel [..., inputs, outputs], each times the product of the other
// axes. ValueError where an option is out of its domain.
Initializer variance_scaling(const VarianceScalingOptions& options = {});
// Its named cases: Glorot and Bengio (2010), He et al. (2015), LeCun et al. (1998).
Initializer glorot_normal(Seed seed = std::nullopt);
Initializer glorot_uniform(Seed seed = std::nullopt);
Initializer he_normal(Seed seed = std::nullopt);
Initializer he_uniform(Seed seed = std::nullopt);
Initializer lecun_normal(Seed seed = std::nullopt);
Initializer lecun_uniform(Seed seed = std::nullopt);

// A random matrix with orthonormal rows or columns, whichever are fewer, times `gain`; all axes but
// the last count as rows. ValueError below rank 2. Saxe et al. (2014).
Initializer orthogonal(double gain = 1, Seed seed = std::nullopt);
// `gain` on the main diagonal, else 0; ValueError unless of rank 2.
Initializer identity(double gain = 1);

}  // namespace initializers
}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_WEIGHTS_INITIALIZERS_H_
