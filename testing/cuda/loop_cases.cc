#include "testing/cuda/loop_cases.h"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <set>
#include <string>

#include "core/device.h"
#include "core/loops/loop_source.h"
#include "keel.h"

namespace keel {
namespace {

// Sees the programs that plans would run on a device, and leaves them to the CPU.
class Recorder final : public Device {
 public:
  std::string_view name() const override { return "recorder"; }
  void* allocate(size_t bytes) override { return std::aligned_alloc(64, bytes); }
  void free(void* memory) override { std::free(memory); }
  void synchronize() override {}
  std::unique_ptr<Kernel> compile(const LoopProgram& program) const override {
    if (seen.insert(write_loop_source(program).code).second) programs.push_back(program);
    return nullptr;
  }

  mutable std::set<std::string> seen;
  mutable std::vector<LoopProgram> programs;
};

// Makes the plan of `outputs`, each alone, for these shapes of their inputs.
void plan(const Tensors& inputs, const Tensors& outputs, const std::vector<Shape>& shapes) {
  std::vector<Array> feeds;
  for (size_t i = 0; i < inputs.size(); ++i) feeds.push_back(Array::full(shapes[i], 1, inputs[i].dtype()));
  for (const Tensor& output : outputs) function(inputs, {output}).explain(feeds);
}

Tensor input(int rank, DType dtype) {
  Shape shape;
  shape.resize(rank, None);
  return placeholder({.shape = shape, .dtype = dtype});
}

void add_element_wise(DType dtype) {
  const Tensor x = input(2, dtype), y = input(1, dtype);
  Tensors made = {x + y, x - y, x * y, abs(x), square(x), sign(x), maximum(x, y), minimum(y, x), equal(x, y),
                  not_equal(x, y), greater(x, y), greater_equal(x, y), less(x, y), less_equal(x, y),
                  where(greater(x, y), x, y)};
  if (dtype.is_signed()) made.push_back(-x);
  if (dtype.is_floating()) {
    for (const Tensor& t : Tensors{x / y, exp(x), log(x), sin(x), cos(x), tanh(x), sigmoid(x), sqrt(x), round(x),
                                   pow(x, y), relu(x), relu(x, {.alpha = 0.1, .max_value = 6}), elu(x), softplus(x),
                                   softsign(x), hard_sigmoid(x), clip(x, -1, 1)}) {
      made.push_back(t);
      const Tensor slope = gradients(t, {x})[0];
      if (slope.defined()) made.push_back(slope);
    }
  }
  for (const char* to : {"bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float16",
                         "bfloat16", "float32", "float64"}) {
    made.push_back(cast(x, to));
  }
  plan({x, y}, made, {{5, 7}, {7}});
}

void add_reductions(DType dtype) {
  const Tensor x = input(3, dtype);
  Tensors made;
  for (const Axes& axis : {Axes{}, Axes{-1}, Axes{0}, Axes{1}, Axes{0, 1}, Axes{0, 2}}) {
    for (const Tensor& t : Tensors{sum(x, axis), prod(x, axis), max(x, axis), min(x, axis)}) made.push_back(t);
    if (dtype.is_floating()) {
      made.push_back(mean(square(x), axis, true));
      made.push_back(x / (sum(abs(x), axis, true) + 1));
    }
  }
  made.push_back(any(greater(x, 0), 1));
  made.push_back(all(greater(x, 0), Axes{0, 1}));
  plan({x}, made, {{3, 5, 7}});
}

// Shapes at which results are split among blocks, blocks hold many results, or there is nothing.
void add_sizes() {
  const Tensor x = input(2, "float32"), h = input(2, "float16"), b = input(1, "float32");
  for (const Shape& shape : {Shape{1, 100000}, Shape{70000, 3}, Shape{3000, 40}, Shape{300, 2}, Shape{2, 300},
                             Shape{1, 1}, Shape{0, 4}, Shape{4, 0}, Shape{40, 33}}) {
    const Tensors made = {sum(x), sum(x, 0), mean(x, 1), max(x * x, 1), min(x, 0), x * 2 + 1};
    plan({x}, made, {shape});
    plan({h}, {sum(h), mean(h, 0), sum(h, 1)}, {shape});
    plan({x, b}, {sum(square(x - b), 0), sum(x * b, 1), x + b}, {shape, {shape[1]}});
  }
  const Tensor y = input(4, "float32"), z = input(4, "float32");
  plan({y, z}, {y * z, sum(y * z, Axes{1, 3}), sum(y * z, Axes{0, 2}), mean(y - z, Axes{0, 1, 2})},
       {{3, 1, 5, 4}, {1, 6, 5, 1}});
}

// A convolutional network with all that trains it.
void add_training_step() {
  const Tensor images = input(4, "float32"), labels = input(1, "int32");
  const Tensor x = placeholder({.shape = Shape{None, 8, 8, 1}});
  const Variable kernel = ones({3, 3, 1, 8}), gamma = ones({8}), beta = zeros({8}), mean_now = zeros({8});
  const auto normalized =
      normalize_batch_in_training(conv2d(x, kernel, {.padding = "same", .data_format = "channels_last"}), gamma,
                                  beta, {0, 1, 2});
  const Tensor h = relu(normalized.normalized);
  const Variable w = ones({512, 10}), b = zeros({10});
  const Tensor logits = bias_add(dot(dropout(reshape(h, {None, 512}), 0.5), w), b);
  const Tensor loss = mean(sparse_categorical_crossentropy(labels, logits, {.from_logits = true}));
  const Tensor other = mean(categorical_crossentropy(one_hot(labels, 10), softmax(logits))) +
                       mean(binary_crossentropy(one_hot(labels, 10), sigmoid(logits)));
  const std::vector<Variable> weights = {kernel, gamma, beta, w, b};
  for (const Tensor& objective : {loss, other}) {
    const Tensors g = gradients(objective, {weights.begin(), weights.end()});
    Tensors updates = {moving_average_update(mean_now, normalized.mean, 0.9)};
    for (size_t i = 0; i < weights.size(); ++i) {
      const Variable m = zeros(weights[i].shape()), v = zeros(weights[i].shape());
      const Tensor new_m = 0.9 * m + 0.1 * g[i], new_v = 0.999 * v + 0.001 * square(g[i]);
      updates.push_back(update(m, new_m));
      updates.push_back(update(v, new_v));
      updates.push_back(update(weights[i], weights[i] - 0.01 * new_m / (sqrt(new_v) + 1e-7)));
    }
    const Function step = function({x, labels}, {objective, argmax(logits)}, updates);
    step.explain({Array::full({32, 8, 8, 1}, 1, "float32"), Array::full({32}, 1, "int32")});
  }
}

}  // namespace

const std::vector<LoopProgram>& loop_cases() {
  static const std::vector<LoopProgram>* const cases = [] {
    static Recorder recorder;
    const DeviceScope scope(&recorder);
    for (const char* dtype : {"float32", "float64", "float16", "bfloat16", "int32", "int64", "uint32", "uint64", "int8",
                              "uint8", "int16", "uint16"}) {
      add_element_wise(dtype);
      add_reductions(dtype);
    }
    const Tensor p = input(1, "bool"), q = input(1, "bool");
    plan({p, q}, {logical_and(p, q), logical_or(p, q), logical_not(p), equal(p, q), where(p, q, logical_not(q)),
                  cast(p, "float32"), cast(p, "float16"), cast(p, "int64"), any(p), all(p)},
         {{9}, {9}});
    add_sizes();
    add_training_step();
    return new std::vector<LoopProgram>(std::move(recorder.programs));
  }();
  return *cases;
}

}  // namespace keel
