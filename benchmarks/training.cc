// Whole training steps: loss, gradients and Adam. What memory their plans take is told after the row:
// the arena beside the most bytes that are alive at one step, which no plan in that order could do
// without.
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "benchmarks/calls.h"
#include "benchmarks/workloads.h"
#include "core/function.h"
#include "core/gradients.h"
#include "core/graph.h"
#include "ops/array/array.h"
#include "ops/control/update.h"
#include "ops/conv/convolution.h"
#include "ops/conv/pool.h"
#include "ops/math/math.h"
#include "ops/nn/nn.h"
#include "ops/random/distributions.h"
#include "ops/reduction/reduce.h"
#include "ops/rnn/rnn.h"

namespace keel::bench {
namespace {

// A network under construction: its weights, and the updates of its moving averages.
struct Network {
  std::vector<Variable> weights = {};
  Tensors statistics = {};

  Variable weight(const Shape& shape, double deviation) {
    weights.push_back(random_normal_variable(shape, 0, deviation, {.seed = weights.size() + 1}));
    return weights.back();
  }
  Tensor dense(const Tensor& x, int64_t units) {
    const int64_t inputs = x.shape().back();
    const Variable kernel = weight({inputs, units}, std::sqrt(2.0 / static_cast<double>(inputs)));
    weights.push_back(zeros({units}));
    return bias_add(dot(x, kernel), weights.back());
  }
  Tensor convolution(const Tensor& x, int64_t filters, const char* padding) {
    const int64_t channels = x.shape().back();
    const Variable kernel =
        weight({3, 3, channels, filters}, std::sqrt(2.0 / (9.0 * static_cast<double>(channels))));
    return conv2d(x, kernel, {.padding = padding, .data_format = "channels_last"});
  }
  Tensor biased_convolution(const Tensor& x, int64_t filters) {
    const Tensor y = convolution(x, filters, "valid");
    weights.push_back(zeros({filters}));
    return relu(bias_add(y, weights.back(), "channels_last"));
  }
  Tensor normalized_convolution(const Tensor& x, int64_t filters) {
    const Tensor y = convolution(x, filters, "same");
    const Variable gamma = ones({filters}), beta = zeros({filters});
    weights.push_back(gamma);
    weights.push_back(beta);
    const NormalizedBatch n = normalize_batch_in_training(y, gamma, beta, {0, 1, 2});
    statistics.push_back(moving_average_update(zeros({filters}), n.mean, 0.9));
    statistics.push_back(moving_average_update(ones({filters}), n.variance, 0.9));
    return relu(n.normalized);
  }
};

Tensor halve(const Tensor& x) {
  return pool2d(x, {2, 2}, {.strides = {2, 2}, .data_format = "channels_last"});
}

// The updates of Adam (Kingma and Ba, 2014) as Keras 2 writes it, with its defaults.
Tensors adam(const Tensor& loss, const Network& network) {
  constexpr double kBeta1 = 0.9, kBeta2 = 0.999;
  const Tensors g = gradients(loss, {network.weights.begin(), network.weights.end()});
  const Variable steps = zeros({});
  const Tensor t = steps + 1;
  const Tensor rate = 1e-3 * sqrt(1 - pow(scalar(kBeta2, DType::kFloat32), t)) /
                      (1 - pow(scalar(kBeta1, DType::kFloat32), t));
  Tensors updates{update(steps, t)};
  for (size_t i = 0; i < g.size(); ++i) {
    const Variable& w = network.weights[i];
    const Variable m = zeros(w.shape()), v = zeros(w.shape());
    const Tensor new_m = kBeta1 * m + (1 - kBeta1) * g[i], new_v = kBeta2 * v + (1 - kBeta2) * square(g[i]);
    updates.push_back(update(m, new_m));
    updates.push_back(update(v, new_v));
    updates.push_back(update(w, w - rate * new_m / (sqrt(new_v) + 1e-7)));
  }
  return updates;
}

// A step of the network whose loss this is, for these values of x and labels.
Step training_step(const Network& network, const Tensor& x, const Tensor& labels, const Tensor& loss,
                   const std::vector<Array>& inputs) {
  Tensors updates = adam(loss, network);
  updates.insert(updates.end(), network.statistics.begin(), network.statistics.end());
  const Function step = function({x, labels}, {loss}, updates);
  Step result = call(step, inputs);
  result.note = [=] {
    const Function::Memory memory = step.memory(inputs);
    return absl::StrFormat("arena %d bytes, at least %d alive at once: %.3f", memory.arena_bytes, memory.live_bytes,
                           static_cast<double>(memory.arena_bytes) / static_cast<double>(memory.live_bytes));
  };
  return result;
}

// 0, 7, 14 … below `limit`, again and again.
Array whole_numbers(const Shape& shape, int64_t limit) {
  Array numbers(shape, DType::kInt32);
  for (int64_t i = 0; i < numbers.elements(); ++i) {
    numbers.mutable_data<int32_t>()[i] = static_cast<int32_t>(i * 7 % limit);
  }
  return numbers;
}

// A step with `images` (Floats(…, 0)) and ten classes; logits(network, x) builds the network.
template <typename Logits>
MakeStep training(const Shape& images, Logits logits) {
  return [=](const Setting&) {
    Network network;
    const Tensor x = input(images), labels = placeholder({.shape = Shape{images[0]}, .dtype = DType::kInt32});
    const Tensor loss =
        mean(sparse_categorical_crossentropy(labels, logits(network, x), {.from_logits = true}));
    return training_step(network, x, labels, loss, {floats(images, 0), whole_numbers({images[0]}, 10)});
  };
}

// Sentences of 80 words of 20000, and whether they are one thing or the other.
Step lstm_training(const Setting&) {
  constexpr int64_t kBatch = 32, kTime = 80, kWords = 20000, kUnits = 128;
  Network network;
  const Tensor x = placeholder({.shape = Shape{kBatch, kTime}, .dtype = DType::kInt32}), labels = input({kBatch, 1});
  const Variable words = network.weight({kWords, kUnits}, 0.05);
  const Variable w = network.weight({kUnits, 4 * kUnits}, 0.06), u = network.weight({kUnits, 4 * kUnits}, 0.06);
  const Variable b = zeros({4 * kUnits});
  network.weights.push_back(b);
  const StepFunction cell = [=](const Tensor& in, const Tensors& s) -> std::pair<Tensor, Tensors> {
    const Tensor z = dot(in, w) + b + dot(s[0], u);
    const auto gate = [&](int64_t i) { return slice(z, -1, i * kUnits, kUnits); };
    const Tensor c = sigmoid(gate(1)) * s[1] + sigmoid(gate(0)) * tanh(gate(2));
    const Tensor h = sigmoid(gate(3)) * tanh(c);
    return {h, {h, c}};
  };
  const Tensor start = constant(Array::full({kBatch, kUnits}, 0, DType::kFloat32));
  const Tensor logits = network.dense(rnn(cell, gather(words, x), {start, start}).last_output, 1);
  const Tensor loss = mean(binary_crossentropy(labels, logits, {.from_logits = true}));
  return training_step(network, x, labels, loss,
                       {whole_numbers({kBatch, kTime}, kWords), floats({kBatch, 1}, 0, 0, 1)});
}

}  // namespace

Workloads training_workloads() {
  const auto digits = [](Network& n, const Tensor& x) {
    Tensor y = n.normalized_convolution(n.normalized_convolution(x, 32), 32);
    y = n.normalized_convolution(dropout(halve(y), 0.25), 64);
    y = reshape(dropout(halve(y), 0.25), {None, 2 * 2 * 64});
    return n.dense(dropout(relu(n.dense(y, 128)), 0.5), 10);
  };
  const auto mlp = [](Network& n, const Tensor& x) {
    const Tensor y = dropout(relu(n.dense(x, 512)), 0.2);
    return n.dense(dropout(relu(n.dense(y, 512)), 0.2), 10);
  };
  const auto cnn = [](Network& n, const Tensor& x) {
    const Tensor y = halve(n.biased_convolution(n.biased_convolution(x, 32), 64));
    return n.dense(relu(n.dense(reshape(y, {None, 12 * 12 * 64}), 128)), 10);
  };
  // Three passes, each with so many multiply-adds a picture.
  const auto flops = [](double batch, double a_picture) { return 3 * 2 * batch * a_picture; };
  return {{.name = "train_digits_b32_adam",
           .keel = training({32, 8, 8, 1}, digits),
           .flops = flops(32, 64 * 9 * (32 + 32 * 32) + 16 * 9 * 32 * 64 + 256 * 128 + 1280)},
          {.name = "train_mlp_b128_adam",
           .keel = training({128, 784}, mlp),
           .flops = flops(128, 784 * 512 + 512 * 512 + 5120)},
          {.name = "train_cnn_b128_adam",
           .keel = training({128, 28, 28, 1}, cnn),
           .flops = flops(128, 26 * 26 * 32 * 9 + 24 * 24 * 64 * 288 + 9216 * 128 + 1280)},
          {.name = "train_lstm_b32_t80_adam", .keel = lstm_training, .flops = flops(32, 80 * 256 * 512 + 128)}};
}

}  // namespace keel::bench
