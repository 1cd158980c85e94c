// tf.keras.backend.in_train_phase: "Selects x in train phase, and alt otherwise." The flag is an argument;
// where it is absent it is the learning phase.
#include <cstdio>
#include <exception>

#include "keel.h"

namespace K = keel;

namespace {

int run() {
  const K::Tensor x = K::constant(1), alt = K::constant(0);
  const auto selected = [&](const K::Training& training) {
    return K::eval(K::in_train_phase(x, alt, training)).item<float>() == 1 ? "x" : "alt";
  };
  std::printf("training = true:                 %s\n", selected(true));
  std::printf("training = false:                %s\n", selected(false));
  std::printf("training absent:                 %s\n", selected({}));

  // Fed in each call, as a scalar tensor or as the learning phase.
  const K::Tensor training = K::placeholder({.ndim = 0, .dtype = "int32"});
  const K::Function by_tensor = K::function({training}, {K::in_train_phase(x, alt, training)});
  const K::Function by_phase = K::function({K::learning_phase()}, {K::in_train_phase(x, alt)});
  for (const int value : {1, 0}) {
    std::printf("training a tensor, fed %d:        %s\n", value, by_tensor({value})[0].item<float>() == 1 ? "x" : "alt");
    std::printf("absent, learning phase fed %d:    %s\n", value, by_phase({value})[0].item<float>() == 1 ? "x" : "alt");
  }

  // Of callables only the one selected runs.
  int calls = 0;
  K::in_train_phase([&] { return ++calls, x; }, alt, false);
  std::printf("calls of x with training = false: %d\n", calls);

  // "Note that alt should have the same shape as x."
  try {
    K::in_train_phase(x, K::constant(K::Array{1, 2}));
  } catch (const K::ValueError& error) {
    std::printf("ValueError: %s\n", error.what());
  }
  return 0;
}

}  // namespace

int main() {
  try {
    return run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "in_train_phase: %s\n", error.what());
    return 1;
  }
}
