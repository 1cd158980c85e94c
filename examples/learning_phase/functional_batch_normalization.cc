// A stack with batch normalization called with training = true and with training = false.
#include <cmath>
#include <cstdio>
#include <exception>

#include "layers_support/layers_support.h"

namespace K = keel;

namespace {

int run() {
  K::set_random_seed(1);
  const K::layers::BatchNormalization norm;
  const K::Sequential model({
      K::layers::Dense(64, {.activation = "relu", .input_shape = {10}}),
      norm,
      K::layers::Dense(10, {.activation = "softmax"}),
  });

  // Training phase.
  const K::Array labels = K::eval(K::one_hot(K::random_uniform({128}, {.maxval = 10, .dtype = "int32"}), 10));
  const auto step = K::value_and_gradients(model, [&](const K::Tensors& batch) {
    return K::mean(K::losses::categorical_crossentropy(batch[1], model(batch[0], true)));
  });
  const K::Array x_train = K::eval(K::random_normal({128, 10}));
  const auto [loss, gradients] = step({x_train, labels});
  std::printf("gradients of %zu trainable variables; loss %s\n", gradients.size(),
              std::isfinite(loss.item<double>()) ? "finite" : "not finite");

  // Inference phase.
  const K::Array x_test = K::eval(K::random_normal({32, 10}));
  const K::Array predictions_train = model(x_test, true), predictions_test = model(x_test, false);

  // Notice the difference in how BatchNormalization behaves.
  std::printf("training = true:\n%s\n", predictions_train.to_string().c_str());
  std::printf("training = false:\n%s\n", predictions_test.to_string().c_str());
  double difference = 0;
  for (int64_t i = 0; i < predictions_test.elements(); ++i) {
    difference += std::abs(predictions_test.element<double>(i) - predictions_train.element<double>(i));
  }
  std::printf("the outputs differ: %s\n", difference > 1e-3 ? "yes" : "no");
  std::printf("each row is a distribution: %s\n",
              std::abs(K::eval(K::sum(K::constant(predictions_test))).item<double>() - 32) < 1e-4 ? "yes" : "no");
  return 0;
}

}  // namespace

int main() {
  try {
    return run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "functional_batch_normalization: %s\n", error.what());
    return 1;
  }
}
