// Training steps of whole networks, made with layers, for compare_tf_keras.py:
//   layers_worker digits|mlp|lstm THREADS [explain]
// It prints "ready" after its first step; then, for each number on a line of its input, it makes that
// many steps and prints the seconds they took. With `explain` it prints the plan instead.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

#include "core/threads.h"
#include "keel.h"
#include "layers_support/layers/layers.h"
#include "layers_support/losses/losses.h"
#include "layers_support/models/model.h"
#include "layers_support/training/step.h"

namespace K = keel;
using namespace keel::layers;  // NOLINT

namespace {

struct Workload {
  K::Model model;
  K::Arrays batch;
  K::LossFunction loss;
};

K::Array uniform(const K::Shape& shape, double high, const char* dtype) {
  return K::eval(K::random_uniform(shape, {.maxval = high, .dtype = dtype, .seed = 1}));
}

Workload classifier(const K::Model& model, const K::Shape& images) {
  return {model, {uniform(images, 1, "float32"), uniform({images[0]}, 10, "int32")}, [model](const K::Tensors& in) {
            return K::mean(K::losses::sparse_categorical_crossentropy(in[1], model(in[0], true), /*from_logits=*/true));
          }};
}

// Convolution, batch normalization, relu.
void add_block(const K::Sequential& model, int64_t filters, const K::InputShape& shape = {}) {
  model.add(Conv2D(filters, {3, 3}, {.padding = "same", .use_bias = false, .input_shape = shape}));
  model.add(BatchNormalization());
  model.add(Activation("relu"));
}

Workload digits() {
  const K::Sequential model;
  add_block(model, 32, K::Shape{8, 8, 1});
  add_block(model, 32);
  model.add(MaxPooling2D());
  model.add(Dropout(0.25));
  add_block(model, 64);
  for (const K::Layer& layer : std::initializer_list<K::Layer>{MaxPooling2D(), Dropout(0.25), Flatten(), Dense(128, {.activation = "relu"}),
                                                               Dropout(0.5), Dense(10)}) {
    model.add(layer);
  }
  return classifier(model, {32, 8, 8, 1});
}

Workload mlp() {
  return classifier(K::Sequential({Dense(512, {.activation = "relu", .input_shape = K::Shape{784}}), Dense(512, {.activation = "relu"}), Dense(10)}),
                    {128, 784});
}

Workload lstm() {
  const K::Sequential model({Embedding(20000, 128, {.input_length = 80}), LSTM(128), Dense(1)});
  return {model, {uniform({32, 80}, 20000, "int32"), uniform({32, 1}, 2, "int32")}, [model](const K::Tensors& in) {
            return K::mean(K::losses::binary_crossentropy(in[1], model(in[0], true), {.from_logits = true}));
          }};
}

int run(const std::string& name, int threads, bool explain) {
  const K::ThreadPool pool(threads);
  const K::UseThreadPool use(pool);
  const Workload work = name == "digits" ? digits() : name == "mlp" ? mlp() : lstm();
  const K::TrainStep step(work.model, "adam", work.loss);
  if (explain) {
    std::cout << step.explain(work.batch) << "\n";
    return 0;
  }
  step(work.batch);
  std::printf("ready\n");
  std::fflush(stdout);
  for (int64_t steps; std::cin >> steps;) {
    const auto start = std::chrono::steady_clock::now();
    for (int64_t i = 0; i < steps; ++i) step(work.batch);
    std::printf("%.9f\n", std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string name = argc > 1 ? argv[1] : "";
  const bool explain = argc == 4 && std::string(argv[3]) == "explain";
  if (argc != 3 + explain || (name != "digits" && name != "mlp" && name != "lstm") || std::atoi(argv[2]) < 1) {
    std::fprintf(stderr, "layers_worker: digits, mlp or lstm, and a number of threads are needed\n");
    return 2;
  }
  try {
    return run(name, std::atoi(argv[2]), explain);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "layers_worker: %s\n", error.what());
    return 1;
  }
}
