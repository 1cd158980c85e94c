// A layer of one's own that chooses its activation by the training flag: ReLU in training, the sigmoid
// in inference.
#include <cstdio>
#include <exception>

#include "layers_support/layers_support.h"

namespace K = keel;

namespace {

class ConditionalActivation final : public K::LayerImpl {
 public:
  K::Tensor call(const K::Tensor& inputs, const K::Training& training) override {
    return training ? K::relu(inputs) : K::sigmoid(inputs);
  }
};

int run() {
  K::set_random_seed(1);
  const K::LayerOf<ConditionalActivation> activation;
  const K::Sequential model({
      K::layers::Dense(64, {.input_shape = {10}}),
      activation,
      K::layers::Dense(10),
  });
  const K::Array x_train = K::eval(K::random_normal({128, 10}));
  const K::Array predictions_train = model(x_train, true);
  const K::Array x_test = K::eval(K::random_normal({32, 10}));
  const K::Array predictions_test = model(x_test, false);
  std::printf("training = true:\n%s\n", predictions_train.to_string().c_str());
  std::printf("training = false:\n%s\n", predictions_test.to_string().c_str());

  const K::Array values{{-2, 0, 2}};
  std::printf("the activation in training: %s\n", activation(values, true).to_string().c_str());
  std::printf("the activation in inference: %s\n", activation(values, false).to_string().c_str());
  return 0;
}

}  // namespace

int main() {
  try {
    return run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "conditional_activation: %s\n", error.what());
    return 1;
  }
}
