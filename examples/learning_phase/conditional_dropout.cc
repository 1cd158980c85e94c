// Dropout in training only, by an `if` in the model's call: trained with training = true, used with
// training = false.
#include <cstdio>
#include <exception>

#include "examples/learning_phase/training_data.h"
#include "layers_support/layers_support.h"

namespace K = keel;

namespace {

class MyModel final : public K::ModelImpl {
 public:
  K::Tensor call(const K::Tensor& inputs, const K::Training& training) override {
    K::Tensor x = dense1_(inputs);
    if (training) x = dropout_(x, training);  // Dropout applied only during training.
    return dense2_(x);
  }

 private:
  K::layers::Dense dense1_{64, {.activation = "relu"}};
  K::layers::Dropout dropout_{0.5};
  K::layers::Dense dense2_{10};
};

bool same(const K::Array& a, const K::Array& b) { return a.to_vector<float>() == b.to_vector<float>(); }

int run() {
  K::set_random_seed(1);
  const K::ModelOf<MyModel> model;
  K::Optimizer optimizer = K::optimizers::adam();
  const auto training_data = K::examples::training_data(20, 50);

  const auto step = K::value_and_gradients(model, [&](const K::Tensors& batch) {
    const K::Tensor predictions = model(batch[0], true);  // Explicitly set training = true.
    return K::mean(K::losses::mean_squared_error(batch[1], predictions));
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
    std::printf("epoch %2d: loss %.4f\n", epoch + 1, last);
  }
  std::printf("the loss fell: %s\n", last < first ? "yes" : "no");

  const K::Array test_data = training_data[0].first;
  const K::Array predictions = model(test_data, false);  // Explicitly set training = false.
  std::printf("two predictions in inference are equal: %s\n", same(predictions, model(test_data, false)) ? "yes" : "no");
  std::printf("two predictions in training are equal: %s\n",
              same(model(test_data, true), model(test_data, true)) ? "yes" : "no");
  K::set_learning_phase(1);
  std::printf("with no flag, even in learning phase 1, dropout is skipped: %s\n",
              same(predictions, model(test_data)) ? "yes" : "no");
  return 0;
}

}  // namespace

int main() {
  try {
    return run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "conditional_dropout: %s\n", error.what());
    return 1;
  }
}
