// tf.keras.backend.set_learning_phase: "Sets the learning phase to a fixed value." All layers take it as
// the default of their training argument.
#include <cstdio>
#include <exception>

#include "layers_support/layers_support.h"

namespace K = keel;

namespace {

// "User-written layers and models can achieve the same behavior with code that looks like" this.
class Doubling final : public K::LayerImpl {
 public:
  K::Tensor call(const K::Tensor& x, const K::Training& given) override {
    const K::Training training = given.absent() ? K::Training(K::learning_phase()) : given;
    return K::in_train_phase([&] { return x * 2; }, x, training);
  }
};

int count_zeros(const K::Array& y) {
  int zeros = 0;
  for (const float value : y.values<float>()) zeros += value == 0;
  return zeros;
}

int run() {
  const K::layers::Dropout dropout(0.5, {.seed = 1});
  const K::LayerOf<Doubling> doubling;
  const K::Array ones = K::Array::full({1, 1000}, 1, "float32");
  for (const int phase : {1, 0}) {
    K::set_learning_phase(phase);
    std::printf("learning phase %d: dropout leaves %s zeros, the layer of one's own gives %g\n", phase,
                count_zeros(dropout(ones)) > 0 ? "some" : "no", doubling(ones).element<double>(0));
    std::printf("  training = %s is asked for: dropout leaves %s zeros, the layer of one's own gives %g\n",
                phase == 1 ? "false" : "true", count_zeros(dropout(ones, phase == 0)) > 0 ? "some" : "no",
                doubling(ones, phase == 0).element<double>(0));
  }
  try {
    K::set_learning_phase(2);  // "if value is neither 0 nor 1"
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
    std::fprintf(stderr, "set_learning_phase: %s\n", error.what());
    return 1;
  }
}
