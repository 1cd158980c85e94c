// An LSTM tells which digit is spoken, by voices that it never heard.
#include <cstdio>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "examples/program.h"
#include "examples/speech_data.h"
#include "layers_support/layers/layers.h"
#include "layers_support/models/model.h"
#include "layers_support/training/curves.h"

ABSL_FLAG(int, epochs, 60, "passes over the utterances");
ABSL_FLAG(uint64_t, seed, 1, "seed of weights, shuffling and dropout");
ABSL_FLAG(std::string, data, "examples/data/speech.txt", "the utterances");
ABSL_FLAG(std::string, curve, "spoken_digit_curve.svg", "where to write the picture of the learning curve");

namespace K = keel;
using namespace keel::layers;  // NOLINT

namespace {

int run() {
  K::set_random_seed(absl::GetFlag(FLAGS_seed));
  const auto speech = K::examples::read_speech(absl::GetFlag(FLAGS_data), /*digits=*/1);
  const int64_t longest = K::examples::longest_of(speech);
  const auto train = K::examples::speech_arrays(speech.train, longest);
  const auto held_out = K::examples::speech_arrays(speech.held_out, longest);

  const K::Sequential model({Masking(-1, {.input_shape = K::Shape{longest, K::examples::kBands}}),
                             LSTM(48), Dropout(0.3), Dense(10, {.activation = "softmax"})});
  model.compile({.optimizer = K::optimizers::adam({.learning_rate = 0.005, .clipnorm = 5}),
                 .loss = {"sparse_categorical_crossentropy"}, .metrics = {"accuracy"}});
  model.summary();
  const auto stop = K::callbacks::lambda_callback(nullptr, [](K::TrainingRun& training, int64_t, double) {
    training.stop = K::examples::interrupted();
  });
  const K::History history = model.fit(
      train.x, train.digits, {.batch_size = 30, .epochs = absl::GetFlag(FLAGS_epochs), .callbacks = {stop},
                              .validation_x = held_out.x, .validation_y = held_out.digits, .seed = absl::GetFlag(FLAGS_seed)});
  const std::string curve = K::examples::user_path(absl::GetFlag(FLAGS_curve));
  if (K::write_curves(curve, "Spoken digits", K::curves_of(history))) std::printf("learning curve: %s\n", curve.c_str());
  std::printf("digits of voices never heard: %.1f %% right\n", 100 * model.evaluate(held_out.x, held_out.digits).at("accuracy"));
  return K::examples::interrupted() ? 130 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Trains an LSTM on spoken digits and tests it on voices held out.\n"
                               "  bazelw run //examples:spoken_digit -- [--epochs=N] [--seed=N]");
  absl::ParseCommandLine(argc, argv);
  K::examples::interrupted();  // Installs the handler of Ctrl-C.
  try {
    return run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "spoken_digit: %s\n", error.what());
    return 1;
  }
}
