#include "testing/gradient_check.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "core/function.h"
#include "core/gradients.h"
#include "core/graph.h"
#include "gtest/gtest.h"

namespace keel::testing {
namespace {

Tensors placeholders_for(const std::vector<Array>& inputs, bool unknown) {
  Tensors out;
  for (const Array& input : inputs) {
    Shape shape = input.shape();
    if (unknown) std::fill(&shape[0], &shape[0] + shape.rank(), None);
    out.push_back(placeholder({.shape = shape, .dtype = input.dtype()}));
  }
  return out;
}

// Weights for a weighted sum outside the graph: a sum op is among what is checked here.
Array weights_like(const Array& value, uint64_t seed) { return random_array(value.shape(), seed, 0.5, 1.5); }

double weighted_sum(const std::vector<Array>& values, const std::vector<Array>& weights) {
  double sum = 0;
  for (size_t k = 0; k < values.size(); ++k) {
    for (int64_t i = 0; i < values[k].elements(); ++i) {
      sum += values[k].element<double>(i) * weights[k].element<double>(i);
    }
  }
  return sum;
}

// Compares `analytic` with the slope of the weighted sum of what `f` gives along each input.
void compare(const char* what, const Function& f, const std::vector<Array>& weights,
             const std::vector<Array>& analytic, const std::vector<Array>& inputs,
             const std::vector<size_t>& which, const GradientCheck& options) {
  std::vector<Array> at = inputs;
  for (size_t g = 0; g < which.size(); ++g) {
    const size_t k = which[g];
    ASSERT_EQ(analytic[g].shape().to_string(), inputs[k].shape().to_string()) << what << ", input " << k;
    for (int64_t i = 0; i < inputs[k].elements(); ++i) {
      const double x = inputs[k].element<double>(i);
      at[k].mutable_data<double>()[i] = x + options.step;
      const double above = weighted_sum(f(at), weights);
      at[k].mutable_data<double>()[i] = x - options.step;
      const double below = weighted_sum(f(at), weights);
      at[k].mutable_data<double>()[i] = x;
      const double numeric = (above - below) / (2 * options.step);
      const double got = analytic[g].element<double>(i);
      EXPECT_NEAR(got, numeric, options.tolerance * std::max(1.0, std::abs(numeric)))
          << what << ": input " << k << ", element " << i;
    }
  }
}

void check(const std::function<Tensor(const Tensors&)>& f, const std::vector<Array>& inputs,
           const GradientCheck& options, bool unknown) {
  const Tensors xs = placeholders_for(inputs, unknown);
  const Tensor y = f(xs);
  Tensors wrt;
  std::vector<size_t> which;
  for (size_t k = 0; k < xs.size(); ++k) {
    if (!xs[k].dtype().is_floating()) continue;
    wrt.push_back(xs[k]);
    which.push_back(k);
  }
  const Function forward = function(xs, {y});
  const Array value = forward(inputs)[0];
  const std::vector<Array> weights{weights_like(value, 7)};
  Tensors grads = gradients({y}, {constant(weights[0], {.dtype = y.dtype()})}, wrt);
  Tensors connected;
  std::vector<size_t> connected_which;
  for (size_t g = 0; g < grads.size(); ++g) {
    if (!grads[g].defined()) continue;
    connected.push_back(grads[g]);
    connected_which.push_back(which[g]);
  }
  ASSERT_FALSE(connected.empty()) << "no input has a gradient";
  const Function backward = function(xs, connected);
  compare(unknown ? "first order, unknown shapes" : "first order", forward, weights,
          backward(inputs), inputs, connected_which, options);

  if (!options.second_order || unknown) return;
  std::vector<Array> second_weights;
  Tensors seeds;
  const std::vector<Array> first = backward(inputs);
  for (size_t g = 0; g < connected.size(); ++g) {
    second_weights.push_back(weights_like(first[g], 11 + g));
    seeds.push_back(constant(second_weights.back(), {.dtype = connected[g].dtype()}));
  }
  const Tensors second = gradients(connected, seeds, wrt);
  Tensors second_connected;
  std::vector<size_t> second_which;
  std::vector<Array> zeros;
  for (size_t g = 0; g < second.size(); ++g) {
    if (second[g].defined()) {
      second_connected.push_back(second[g]);
      second_which.push_back(which[g]);
    }
  }
  if (!second_connected.empty()) {
    compare("second order", backward, second_weights, function(xs, second_connected)(inputs), inputs,
            second_which, options);
  }
}

}  // namespace

Array random_array(const Shape& shape, uint64_t seed, double low, double high) {
  Array array(shape, DType::kFloat64);
  double* data = array.mutable_data<double>();
  const int64_t n = array.elements();
  // A shuffled ladder, each rung displaced by less than its height.
  std::mt19937_64 generator(seed);
  std::vector<int64_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  for (int64_t i = n - 1; i > 0; --i) std::swap(order[i], order[generator() % (i + 1)]);
  const double rung = (high - low) / std::max<int64_t>(n, 1);
  for (int64_t i = 0; i < n; ++i) {
    const double within = static_cast<double>(generator() >> 11) * 0x1p-53;
    data[i] = low + rung * (static_cast<double>(order[i]) + 0.25 + 0.5 * within);
  }
  return array;
}

void check_gradients(const std::function<Tensor(const Tensors&)>& f, const std::vector<Array>& inputs,
                     const GradientCheck& options) {
  check(f, inputs, options, false);
  if (options.unknown_shapes) check(f, inputs, options, true);
}

}  // namespace keel::testing
