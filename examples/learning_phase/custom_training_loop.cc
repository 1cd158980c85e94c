// What belongs to training only may be in the loop: a learning rate that decays with the steps. The
// model takes no flag.
#include <cstdio>
#include <exception>

#include "examples/learning_phase/training_data.h"
#include "layers_support/layers_support.h"

namespace K = keel;

namespace {

class MyModel final : public K::ModelImpl {
 public:
  K::Tensor call(const K::Tensor& inputs) override { return dense_(inputs); }

 private:
  K::layers::Dense dense_{10};
};

int run() {
  K::set_random_seed(1);
  const K::ModelOf<MyModel> model;
  K::Optimizer optimizer = K::optimizers::adam();
  const K::Schedule lr_scheduler =
      K::schedules::exponential_decay({.initial_learning_rate = 0.1, .decay_steps = 1000, .decay_rate = 0.9});
  const auto training_data = K::examples::training_data(20, 100);

  const auto step = K::value_and_gradients(model, [&](const K::Tensors& batch) {
    return K::mean(K::losses::mean_squared_error(batch[1], model(batch[0])));
  });
  double first = 0, last = 0;
  for (int epoch = 0; epoch < 20; ++epoch) {
    last = 0;
    for (const auto& [x, y] : training_data) {
      const auto [loss, gradients] = step({x, y});
      // Training specific operation.
      K::set_value(optimizer.learning_rate(), lr_scheduler.at(optimizer.iterations().value().item<int64_t>()));
      optimizer.apply_gradients(K::zip(gradients, model.trainable_weights()));
      last += loss.item<double>() / static_cast<double>(training_data.size());
    }
    if (epoch == 0) first = last;
  }
  std::printf("the loss fell: %s\n", last < first ? "yes" : "no");
  std::printf("steps: %lld\n", static_cast<long long>(optimizer.iterations().value().item<int64_t>()));
  std::printf("learning rate at step 0: %.4f\n", lr_scheduler.at(0));
  std::printf("learning rate at the last step: %.4f\n", optimizer.learning_rate().value().item<double>());
  return 0;
}

}  // namespace

int main() {
  try {
    return run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "custom_training_loop: %s\n", error.what());
    return 1;
  }
}
