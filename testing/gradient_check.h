// Gradients against finite differences.
#ifndef KEEL_TESTING_GRADIENT_CHECK_H_
#define KEEL_TESTING_GRADIENT_CHECK_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "core/array.h"
#include "core/tensor.h"

namespace keel::testing {

// `n` float64 values in [low, high), always the same for one seed, no two closer than the step of
// the finite differences: ties and kinks are for tests of their own.
Array random_array(const Shape& shape, uint64_t seed, double low = -1, double high = 1);

struct GradientCheck {
  double step = 1e-5;       // Of the central differences.
  double tolerance = 1e-6;  // Of |analytic - numeric| beside max(1, |numeric|).
  bool second_order = true;
  bool unknown_shapes = true;  // Checks again with placeholders all of whose dimensions are None.
};

// Checks, as test failures, that gradients() of `f` at the float64 `inputs` are what finite
// differences say: of a random weighting of its output by every input, and (second order) of a
// random weighting of those gradients by every input.
void check_gradients(const std::function<Tensor(const Tensors&)>& f, const std::vector<Array>& inputs,
                     const GradientCheck& options = {});

}  // namespace keel::testing

#endif  // KEEL_TESTING_GRADIENT_CHECK_H_
