// A stack with dropout called with training = true and with training = false; and a graph in which
// training = true is frozen.
#include <cstdio>
#include <exception>

#include "layers_support/layers_support.h"

namespace K = keel;

namespace {

bool same(const K::Array& a, const K::Array& b) { return a.to_vector<float>() == b.to_vector<float>(); }

int run() {
  K::set_random_seed(1);
  const K::Sequential model({
      K::layers::Dense(64, {.activation = "relu", .input_shape = {10}}),
      K::layers::Dropout(0.5),
      K::layers::Dense(10, {.activation = "softmax"}),
  });
  // Training with dropout active.
  const K::Array x_train = K::eval(K::random_normal({128, 10}));
  const K::Array predictions_train = model(x_train, true);
  // Inference with dropout inactive.
  const K::Array x_test = K::eval(K::random_normal({32, 10}));
  const K::Array predictions_test = model(x_test, false);
  // Observe the effect of dropout on the output.
  std::printf("training = true:\n%s\n", predictions_train.to_string().c_str());
  std::printf("training = false:\n%s\n", predictions_test.to_string().c_str());
  std::printf("training = true gives the same again: %s\n", same(predictions_train, model(x_train, true)) ? "yes" : "no");
  std::printf("training = false gives the same again: %s\n", same(predictions_test, model(x_test, false)) ? "yes" : "no");

  // About half of the units between are dropped in training, none in inference.
  const K::Array ones = K::Array::full({1, 10000}, 1, "float32");
  int dropped = 0;
  for (const float value : K::layers::Dropout(0.5)(ones, true).values<float>()) dropped += value == 0;
  std::printf("dropped: about half: %s\n", dropped > 4700 && dropped < 5300 ? "yes" : "no");
  std::printf("inference scales nothing: %s\n", same(K::layers::Dropout(0.5)(ones, false), ones) ? "yes" : "no");

  // In the functional style the argument can be given to a layer: there it stays.
  const K::Tensor inputs = K::Input({10});
  const K::Model random(inputs, K::layers::Dropout(0.5)(K::layers::Dense(64)(inputs), true));
  std::printf("frozen training = true stays random in inference: %s\n",
              same(random(x_test, false), random(x_test, false)) ? "no" : "yes");
  return 0;
}

}  // namespace

int main() {
  try {
    return run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "functional_dropout: %s\n", error.what());
    return 1;
  }
}
