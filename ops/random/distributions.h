// Random tensors and variables.
//
// Numbers come from Philox 4x32-10 counters: element i of the k-th call of a function that holds the
// node (counted from 0) depends on the node's seed, k and i alone; distributions_kernel.h documents
// the stream. The same seed gives the same numbers on every machine, thread count and device. No
// gradient flows into random numbers.
#ifndef KEEL_OPS_RANDOM_DISTRIBUTIONS_H_
#define KEEL_OPS_RANDOM_DISTRIBUTIONS_H_

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>

#include "core/dtype.h"
#include "core/shape.h"
#include "core/tensor.h"
#include "core/variable.h"

namespace keel {

// The shape of a tensor to draw: sizes known when the graph is built, `{2, 3}`, or an integer vector
// computed by the graph, such as `shape(x)`.
class SampleShape {
 public:
  SampleShape() = default;                                               // A scalar.
  SampleShape(std::initializer_list<int64_t> dims) : shape_(dims) {}     // NOLINT: implicit by design
  SampleShape(const Shape& shape) : shape_(shape) {}                     // NOLINT
  SampleShape(const Tensor& shape) : tensor_(shape) {}                   // NOLINT

  // The sizes where `tensor` is not defined.
  const Shape& shape() const { return shape_; }
  const Tensor& tensor() const { return tensor_; }

 private:
  Shape shape_;
  Tensor tensor_;
};

// What the functions below share. dtype: floatx() where absent. seed: where absent, the next of the
// session's seeds (set_random_seed()).
struct RandomNormalOptions {
  double mean = 0, stddev = 1;
  std::optional<DType> dtype = std::nullopt;
  std::optional<uint64_t> seed = std::nullopt;
};

// Normally distributed numbers, of a floating dtype; computed in float32 (float64 in float64).
// ValueError where stddev is negative, mean or stddev is not finite, a size is negative or the whole
// is above memory_limit(). Source: keras.backend.random_normal.
Tensor random_normal(const SampleShape& shape, const RandomNormalOptions& options = {});

// The same within two standard deviations of the mean: what lies beyond is drawn again. Source:
// keras.backend.truncated_normal.
Tensor truncated_normal(const SampleShape& shape, const RandomNormalOptions& options = {});

// Arguments of random_uniform().
struct RandomUniformOptions {
  double minval = 0, maxval = 1;
  std::optional<DType> dtype = std::nullopt;
  std::optional<uint64_t> seed = std::nullopt;
};

// Uniformly distributed numbers in [minval, maxval), of a floating or integer dtype. ValueError where
// minval is above maxval, either is not finite, or for integers where they are not whole, the dtype
// does not hold the range, or the range is empty. Source: keras.backend.random_uniform.
Tensor random_uniform(const SampleShape& shape, const RandomUniformOptions& options = {});

// Arguments of random_binomial().
struct RandomBinomialOptions {
  double p = 0;
  std::optional<DType> dtype = std::nullopt;
  std::optional<uint64_t> seed = std::nullopt;
};

// 1 with probability p, else 0, of any dtype. ValueError where p is not in [0, 1]. Source:
// keras.backend.random_binomial.
Tensor random_binomial(const SampleShape& shape, const RandomBinomialOptions& options = {});

// Bools, true with probability `keep`, in `noise_shape` (by default the shape of x), which must
// broadcast to the shape of `x`; a None in it stands for x's size there. What dropout keeps.
// ValueError, in the name of `function`, where noise_shape does not broadcast.
Tensor random_keep_mask(const char* function, const Tensor& x, double keep,
                        const std::optional<Shape>& noise_shape = std::nullopt,
                        std::optional<uint64_t> seed = std::nullopt);

// Arguments that the variables below share.
struct RandomVariableOptions {
  std::optional<DType> dtype = std::nullopt;
  std::string name = "";
  std::optional<uint64_t> seed = std::nullopt;
};

// A variable filled with numbers uniform in [low, high). Errors as of random_uniform(). Source:
// keras.backend.random_uniform_variable.
Variable random_uniform_variable(const Shape& shape, double low, double high,
                                 const RandomVariableOptions& options = {});

// A variable filled with normally distributed numbers. Errors as of random_normal(). Source:
// keras.backend.random_normal_variable.
Variable random_normal_variable(const Shape& shape, double mean, double scale,
                                const RandomVariableOptions& options = {});

}  // namespace keel

#endif  // KEEL_OPS_RANDOM_DISTRIBUTIONS_H_
