// Batch normalization inside of a model: the batch's own statistics in training, moving averages in
// inference, decided by the training argument alone.
#include <cmath>
#include <cstdio>
#include <exception>

#include "examples/learning_phase/training_data.h"
#include "layers_support/layers_support.h"

namespace K = keel;

namespace {

class MyModel final : public K::ModelImpl {
 public:
  K::Tensor call(const K::Tensor& inputs, const K::Training& training) override {
    normalized = batchnorm(inputs, training);  // BatchNorm adapts based on training.
    return dense(normalized);
  }
  K::layers::BatchNormalization batchnorm{{.momentum = 0.9}};
  K::layers::Dense dense{10};
  K::Tensor normalized;
};

// The largest distance of a column's mean from 0.
double off_center(const K::Array& x) {
  const K::Array means = K::eval(K::max(K::abs(K::mean(K::constant(x), 0))));
  return means.item<double>();
}

int run() {
  K::set_random_seed(1);
  const K::ModelOf<MyModel> model;
  K::Optimizer optimizer = K::optimizers::adam({.learning_rate = 0.01});
  auto training_data = K::examples::training_data(20, 50);
  for (auto& [x, y] : training_data) x = K::eval(K::constant(x) * 3 + 5);  // Far from mean 0 and variance 1.

  const K::layers::BatchNormalization& norm = model->batchnorm;
  model(training_data[0].first, false);  // Makes the weights.
  std::printf("before training, in inference: columns are off center by %.1f\n",
              off_center(norm(training_data[0].first, false)));
  std::printf("before training, in training:  columns are off center by %.1f\n",
              std::abs(off_center(norm(training_data[0].first, true))));

  const auto step = K::value_and_gradients(model, [&](const K::Tensors& batch) {
    return K::mean(K::losses::mean_squared_error(batch[1], model(batch[0], true)));
  });
  double first = 0, last = 0;
  for (int epoch = 0; epoch < 10; ++epoch) {
    last = 0;
    for (const auto& [x, y] : training_data) {
      const auto [loss, gradients] = step({x, y});
      optimizer.apply_gradients(K::zip(gradients, model.trainable_weights()));
      last += loss.item<double>() / static_cast<double>(training_data.size());
    }
    if (epoch == 0) first = last;
  }
  std::printf("the loss fell: %s\n", last < first ? "yes" : "no");
  const K::Array mean = norm.get_weights()[2];
  std::printf("the moving mean came near 5: %s\n", std::abs(K::eval(K::mean(K::constant(mean))).item<double>() - 5) < 0.5 ? "yes" : "no");
  std::printf("after training, in inference:  columns are off center by less than 1: %s\n",
              off_center(norm(training_data[0].first, false)) < 1 ? "yes" : "no");
  const K::Array before = norm.get_weights()[2];
  model(training_data[0].first, false);
  std::printf("inference moves the averages: %s\n",
              norm.get_weights()[2].to_vector<float>() == before.to_vector<float>() ? "no" : "yes");
  return 0;
}

}  // namespace

int main() {
  try {
    return run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "batch_normalization: %s\n", error.what());
    return 1;
  }
}
