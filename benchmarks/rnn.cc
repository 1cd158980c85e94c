// Recurrent layers through the generic rnn(), beside the products that they consist of.
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/calls.h"
#include "benchmarks/workloads.h"
#include "core/function.h"
#include "core/gradients.h"
#include "core/graph.h"
#include "ops/array/slice.h"
#include "ops/array/transpose.h"
#include "ops/math/math.h"
#include "ops/nn/activations.h"
#include "ops/rnn/rnn.h"

namespace keel::bench {
namespace {

constexpr int64_t kBatch = 32, kTime = 100, kInputs = 128, kUnits = 256;

// A layer: its gates, and its step from kernel, recurrent kernel and bias.
struct Cell {
  const char* name;
  int64_t gates, states;
  StepFunction (*step)(const Tensor& w, const Tensor& u, const Tensor& b);
};

Tensor part(const Tensor& x, int64_t i) { return slice(x, -1, i * kUnits, kUnits); }

StepFunction lstm(const Tensor& w, const Tensor& u, const Tensor& b) {
  return [=](const Tensor& x, const Tensors& s) -> std::pair<Tensor, Tensors> {
    const Tensor z = dot(x, w) + b + dot(s[0], u);
    const Tensor c = sigmoid(part(z, 1)) * s[1] + sigmoid(part(z, 0)) * tanh(part(z, 2));
    const Tensor h = sigmoid(part(z, 3)) * tanh(c);
    return {h, {h, c}};
  };
}

StepFunction gru(const Tensor& w, const Tensor& u, const Tensor& b) {
  return [=](const Tensor& x, const Tensors& s) -> std::pair<Tensor, Tensors> {
    const Tensor a = dot(x, w) + b, r = dot(s[0], u);
    const Tensor update = sigmoid(part(a, 0) + part(r, 0)), reset = sigmoid(part(a, 1) + part(r, 1));
    const Tensor h = update * s[0] + (1 - update) * tanh(part(a, 2) + reset * part(r, 2));
    return {h, {h}};
  };
}

StepFunction simple(const Tensor& w, const Tensor& u, const Tensor& b) {
  return [=](const Tensor& x, const Tensors& s) -> std::pair<Tensor, Tensors> {
    const Tensor h = tanh(dot(x, w) + b + dot(s[0], u));
    return {h, {h}};
  };
}

MakeStep layer(const Cell& cell, bool gradient) {
  return [=](const Setting&) {
    const int64_t width = cell.gates * kUnits;
    const Shape xs{kBatch, kTime, kInputs}, ws{kInputs, width}, us{kUnits, width}, ys{kBatch, kTime, kUnits};
    const Tensor x = input(xs), w = input(ws), u = input(us), b = input({width}), dy = input(ys);
    const Tensor start = constant(Array::full({kBatch, kUnits}, 0, DType::kFloat32));
    const RnnResult y = rnn(cell.step(w, u, b), x, Tensors(cell.states, start));
    std::vector<Array> feeds{floats(xs, 0), floats(ws, 1, -.05f, .05f), floats(us, 2, -.05f, .05f),
                             floats({width}, 3, -.05f, .05f)};
    if (!gradient) return call(function({x, w, u, b}, {y.outputs}), std::move(feeds));
    Tensors wanted = gradients(Tensors{y.outputs}, Tensors{dy}, Tensors{x, w, u, b});
    wanted.push_back(y.outputs);
    feeds.push_back(floats(ys, 4));
    return call(function({x, w, u, b, dy}, wanted), std::move(feeds));
  };
}

// One product of these sizes, the right operand the same in every call.
Step product(int64_t m, int64_t k, int64_t n, bool transpose_a, bool transpose_b) {
  const Shape as = transpose_a ? Shape{k, m} : Shape{m, k}, bs = transpose_b ? Shape{n, k} : Shape{k, n};
  const Tensor a = input(as), b = input(bs);
  const Tensor left = transpose_a ? transpose(a) : a, right = transpose_b ? transpose(b) : b;
  return call(function({a, b}, {dot(left, right)}), {floats(as, 0), floats(bs, 1)});
}

// The products of the layer alone: those that no step waits for at once, the others one by one.
MakeStep products(const Cell& cell, bool gradient) {
  return [=](const Setting&) -> Step {
    const int64_t width = cell.gates * kUnits, rows = kBatch * kTime;
    auto once = std::make_shared<std::vector<Step>>(), each = std::make_shared<std::vector<Step>>();
    once->push_back(product(rows, kInputs, width, false, false));
    each->push_back(product(kBatch, kUnits, width, false, false));
    if (gradient) {
      once->push_back(product(rows, width, kInputs, false, true));
      once->push_back(product(kInputs, rows, width, true, false));
      once->push_back(product(kUnits, rows, width, true, false));
      each->push_back(product(kBatch, width, kUnits, false, true));
    }
    return {[=] {
      for (const Step& step : *once) step.run();
      for (const Step& step : *each) {
        for (int64_t t = 0; t < kTime; ++t) step.run();
      }
    }};
  };
}

}  // namespace

Workloads rnn_workloads() {
  Workloads all;
  for (const Cell& cell : {Cell{"lstm", 4, 2, lstm}, Cell{"gru", 3, 1, gru}, Cell{"rnn", 1, 1, simple}}) {
    for (const bool gradient : {false, true}) {
      const double flops = 2.0 * kTime * kBatch * (kInputs + kUnits) * cell.gates * kUnits;
      all.push_back({.name = std::string(cell.name) + "_b32_t100_d128_h256_" + (gradient ? "B" : "F"),
                     .keel = layer(cell, gradient),
                     .peers = {{"its products", products(cell, gradient), /*competitor=*/false}},
                     .flops = gradient ? 3 * flops : flops});
    }
  }
  return all;
}

}  // namespace keel::bench
