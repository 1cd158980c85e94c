// Connectionist temporal classification: a network learns to write down three digits that are spoken in
// one breath, without ever being told when each is said.
#include <cstdio>
#include <numeric>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/str_format.h"
#include "examples/program.h"
#include "examples/speech_data.h"
#include "layers_support/layers/layers.h"
#include "layers_support/models/model.h"
#include "layers_support/training/curves.h"
#include "layers_support/training/progress.h"
#include "layers_support/training/step.h"

ABSL_FLAG(int, epochs, 120, "passes over the utterances");
ABSL_FLAG(int, batch, 15, "utterances per step");
ABSL_FLAG(uint64_t, seed, 1, "seed of weights, shuffling and dropout");
ABSL_FLAG(std::string, data, "examples/data/speech.txt", "the utterances");
ABSL_FLAG(std::string, curve, "spoken_numbers_curve.svg", "where to write the picture of the learning curve");

namespace K = keel;
using namespace keel::layers;  // NOLINT
using keel::examples::SpeechArrays;

namespace {

constexpr int kDigits = 3, kBlank = 10;

// Frames after the network's pooling by two.
K::Array steps_of(const K::Array& frames) {
  K::Array steps = frames.copy();
  for (int64_t i = 0; i < steps.elements(); ++i) steps.mutable_data<int32_t>()[i] /= 2;
  return steps;
}

// How many insertions, deletions and changes lie between two sequences.
int64_t distance(const std::vector<int64_t>& a, const std::vector<int64_t>& b) {
  std::vector<int64_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    int64_t diagonal = row[0]++;
    for (size_t k = 0; k < b.size(); ++k) {
      const int64_t changed = diagonal + (a[i] != b[k]);
      diagonal = row[k + 1];
      row[k + 1] = std::min({changed, row[k] + 1, row[k + 1] + 1});
    }
  }
  return row.back();
}

// Row i of [n, digits] up to the first -1.
std::vector<int64_t> row_of(const K::Array& digits, int64_t i) {
  std::vector<int64_t> out;
  for (int64_t k = 0; k < digits.shape()[1] && digits.element<int64_t>(i * digits.shape()[1] + k) >= 0; ++k) {
    out.push_back(digits.element<int64_t>(i * digits.shape()[1] + k));
  }
  return out;
}

double error_rate(const K::Array& heard, const K::Array& said) {
  int64_t errors = 0;
  for (int64_t i = 0; i < said.shape()[0]; ++i) errors += distance(row_of(heard, i), row_of(said, i));
  return static_cast<double>(errors) / static_cast<double>(said.elements());
}

int run() {
  const uint64_t seed = absl::GetFlag(FLAGS_seed);
  const int64_t batch = absl::GetFlag(FLAGS_batch);
  if (batch < 1) throw K::ValueError("--batch must be at least 1");
  K::set_random_seed(seed);
  const auto speech = K::examples::read_speech(absl::GetFlag(FLAGS_data), kDigits);
  const int64_t longest = K::examples::longest_of(speech);
  const SpeechArrays train = K::examples::speech_arrays(speech.train, longest);
  const SpeechArrays held_out = K::examples::speech_arrays(speech.held_out, longest);

  const K::Sequential model({Conv1D(48, 5, {.padding = "same", .activation = "relu", .input_shape = K::Shape{longest, K::examples::kBands}}),
                             MaxPooling1D(2), Dropout(0.2), Bidirectional(GRU(40, {.return_sequences = true})), Dropout(0.3),
                             Dense(kBlank + 1, {.activation = "softmax"})});
  model.summary();
  const K::TrainStep step(model, K::optimizers::adam({.learning_rate = 0.004, .clipnorm = 5}), [&](const K::Tensors& in) {
    const K::Tensor lengths = K::full_like(in[2], kDigits, in[2].dtype());
    return K::mean(K::ctc_batch_cost(in[1], model(in[0], true), in[2], lengths));
  });
  const K::Tensor scores = K::placeholder({.shape = K::Shape{K::None, K::None, kBlank + 1}, .dtype = "float32"});
  const K::Tensor lengths = K::placeholder({.shape = K::Shape{K::None, 1}, .dtype = "int32"});
  const K::Function decode = K::function({scores, lengths}, K::ctc_decode(scores, lengths).decoded);
  const auto listen = [&](const SpeechArrays& data) { return decode({model.predict(data.x), steps_of(data.frames)})[0]; };

  K::History history;
  const int64_t n = train.x.shape()[0], steps = (n + batch - 1) / batch;
  for (int epoch = 0; epoch < absl::GetFlag(FLAGS_epochs) && !K::examples::interrupted(); ++epoch) {
    K::ProgressBar bar(absl::StrFormat("epoch %d/%d", epoch + 1, absl::GetFlag(FLAGS_epochs)), steps);
    const auto order = K::shuffled(n, seed + static_cast<uint64_t>(epoch));
    double cost = 0;
    for (int64_t s = 0; s < steps && !K::examples::interrupted(); ++s) {
      const auto rows = absl::MakeConstSpan(order).subspan(s * batch, batch);
      cost += step({K::take_rows(train.x, rows), K::take_rows(train.digits, rows), steps_of(K::take_rows(train.frames, rows))})
                  .item<double>() / static_cast<double>(steps);
      bar.update(s + 1);
    }
    K::Logs logs;
    logs.set("cost", cost);
    logs.set("val_error", error_rate(listen(held_out), held_out.digits));
    bar.finish(logs.to_string());
    history.add(epoch, logs);
  }

  const K::Array heard = listen(held_out);
  for (int64_t i = 0; i < std::min<int64_t>(5, held_out.digits.shape()[0]); ++i) {
    std::string line = speech.held_out[i].voice + " says";
    for (const int64_t digit : row_of(held_out.digits, i)) line += " " + std::to_string(digit);
    line += ", heard:";
    for (const int64_t digit : row_of(heard, i)) line += " " + std::to_string(digit);
    std::printf("%s\n", line.c_str());
  }
  const std::string curve = K::examples::user_path(absl::GetFlag(FLAGS_curve));
  if (!history.logs().empty() &&
      K::write_curves(curve, "Spoken numbers", {{{"cost", history["cost"]}}, {{"error rate, voices never heard", history["val_error"]}}})) {
    std::printf("learning curve: %s\n", curve.c_str());
  }
  std::printf("digits of voices never heard: %.1f %% wrong\n", 100 * error_rate(heard, held_out.digits));
  return K::examples::interrupted() ? 130 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Trains a network with CTC on spoken numbers and tests it on voices held out.\n"
                               "  bazelw run //examples:spoken_numbers -- [--epochs=N] [--batch=N] [--seed=N]");
  absl::ParseCommandLine(argc, argv);
  K::examples::interrupted();  // Installs the handler of Ctrl-C.
  try {
    return run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "spoken_numbers: %s\n", error.what());
    return 1;
  }
}
