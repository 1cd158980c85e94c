// The network of digits.cc, written with layers: real handwriting, trained, tested and drawn.
#include <cstdio>
#include <exception>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "examples/digits_data.h"
#include "examples/program.h"
#include "layers_support/layers_support.h"

ABSL_FLAG(int, epochs, 20, "passes over the training digits");
ABSL_FLAG(std::string, data, "", "the digits as CSV; by default those that come with the program");
ABSL_FLAG(std::string, curve, "digits_layers_curve.svg", "where to write the picture of the learning curve");

namespace K = keel;
namespace L = keel::layers;

namespace {

K::Layer conv(int64_t filters, const K::InputShape& shape = {}) {
  return L::Conv2D(filters, 3, {.padding = "same", .use_bias = false, .kernel_initializer = "he_normal", .input_shape = shape});
}
K::Layer norm() { return L::BatchNormalization({.momentum = 0.9}); }
K::Layer relu() { return L::Activation("relu"); }

int run() {
  K::set_random_seed(1);
  const std::string given = absl::GetFlag(FLAGS_data);
  const auto [train, held_out] = K::examples::read_digits(given.empty() ? "examples/data/digits.csv" : K::examples::user_path(given));
  const K::Sequential model({conv(32, {8, 8, 1}), norm(), relu(), conv(32), norm(), relu(), L::MaxPooling2D(2), L::Dropout(0.25),
                             conv(64), norm(), relu(), L::MaxPooling2D(2), L::Dropout(0.25), L::Flatten(),
                             L::Dense(128, {.activation = "relu", .kernel_initializer = "he_normal"}), L::Dropout(0.5),
                             L::Dense(10, {.activation = "softmax"})});
  model.summary();
  const int epochs = absl::GetFlag(FLAGS_epochs);
  const double steps = epochs * (static_cast<double>(train.size()) / 32);
  model.compile({.optimizer = K::optimizers::adam({.learning_rate = K::schedules::cosine_decay(
                     {.initial_learning_rate = 0.002, .decay_steps = steps})}),
                 .loss = {"sparse_categorical_crossentropy"},
                 .metrics = {"accuracy"}});
  const K::History history = model.fit(train.images, train.labels, {.epochs = epochs, .seed = 1});
  const std::string curve = K::examples::user_path(absl::GetFlag(FLAGS_curve));
  if (K::write_curves(curve, "Handwritten digits", K::curves_of(history))) std::printf("learning curve: %s\n", curve.c_str());
  std::printf("held-out accuracy %.1f %%\n", 100 * model.evaluate(held_out.images, held_out.labels).at("accuracy"));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  try {
    return run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "digits_layers: %s\n", error.what());
    return 1;
  }
}
