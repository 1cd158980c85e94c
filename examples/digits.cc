// Trains a small convolutional network on real handwriting, written with the backend's functions
// alone: convolutions, batch normalization, dropout and Adam.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/str_format.h"
#include "core/threads.h"
#include "examples/digits_data.h"
#include "examples/program.h"
#include "keel.h"
#include "layers_support/training/curves.h"
#include "layers_support/training/progress.h"

ABSL_FLAG(int, epochs, 20, "passes over the training digits");
ABSL_FLAG(int, batch, 32, "digits per training step");
ABSL_FLAG(double, learning_rate, 0.002, "Adam's learning rate at the start; it falls to 0 along a cosine");
ABSL_FLAG(uint64_t, seed, 1, "seed of weights, shuffling and dropout");
ABSL_FLAG(int, threads, 0, "threads to run on; 0: KEEL_NUM_THREADS, or all cores");
ABSL_FLAG(std::string, data, "", "the digits as CSV; by default those that come with the program");
ABSL_FLAG(std::string, curve, "digits_curve.svg", "where to write the picture of the learning curve");

namespace K = keel;
using keel::examples::Digits;

namespace {

// What the layers below leave behind for training.
struct Parameters {
  std::vector<K::Variable> weights;
  K::Tensors statistics;  // Updates of moving averages.
};

K::Variable weight(Parameters& parameters, const K::Shape& shape, double deviation) {
  parameters.weights.push_back(K::random_normal_variable(shape, 0, deviation));
  return parameters.weights.back();
}

// Convolution without bias, batch normalization, relu.
K::Tensor conv_block(Parameters& parameters, const K::Tensor& x, int64_t filters) {
  const int64_t channels = x.shape().back();
  const K::Variable kernel = weight(parameters, {3, 3, channels, filters}, std::sqrt(2.0 / (9.0 * channels)));
  const K::Variable gamma = K::ones({filters}), beta = K::zeros({filters});
  const K::Variable mean = K::zeros({filters}), variance = K::ones({filters});
  parameters.weights.push_back(gamma);
  parameters.weights.push_back(beta);
  const K::Tensor y = K::conv2d(x, kernel, {.padding = "same", .data_format = "channels_last"});
  const auto normalized = K::normalize_batch_in_training(y, gamma, beta, {0, 1, 2});
  parameters.statistics.push_back(K::moving_average_update(mean, normalized.mean, 0.9));
  parameters.statistics.push_back(K::moving_average_update(variance, normalized.variance, 0.9));
  return K::relu(K::in_train_phase(
      normalized.normalized, [&] { return K::batch_normalization(y, mean, variance, beta, gamma); }));
}

K::Tensor dense(Parameters& parameters, const K::Tensor& x, int64_t units, double gain) {
  const int64_t inputs = x.shape().back();
  const K::Variable kernel = weight(parameters, {inputs, units}, std::sqrt(gain / static_cast<double>(inputs)));
  const K::Variable bias = K::zeros({units});
  parameters.weights.push_back(bias);
  return K::bias_add(K::dot(x, kernel), bias);
}

K::Tensor thinned(const K::Tensor& x, double level) {
  return K::in_train_phase([&] { return K::dropout(x, level); }, x);
}

// The logits of a digit: [n, 8, 8, 1] to [n, 10].
K::Tensor network(Parameters& parameters, const K::Tensor& images) {
  const K::Pool2dOptions halve{.strides = {2, 2}, .data_format = "channels_last"};
  K::Tensor x = conv_block(parameters, images, 32);
  x = conv_block(parameters, x, 32);
  x = thinned(K::pool2d(x, {2, 2}, halve), 0.25);
  x = conv_block(parameters, x, 64);
  x = thinned(K::pool2d(x, {2, 2}, halve), 0.25);
  x = K::reshape(x, {K::None, 2 * 2 * 64});
  x = thinned(K::relu(dense(parameters, x, 128, 2)), 0.5);
  return dense(parameters, x, 10, 1);
}

// Adam (Kingma and Ba, 2014), as Keras 2 writes it.
K::Tensors adam(const K::Tensor& loss, const Parameters& parameters, const K::Tensor& rate) {
  constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kEpsilon = 1e-7;
  const K::Tensors gradients = K::gradients(loss, {parameters.weights.begin(), parameters.weights.end()});
  const K::Variable steps = K::zeros({});
  const K::Tensor t = steps + 1;
  const K::Tensor scaled = rate * K::sqrt(1 - K::pow(K::scalar(kBeta2, "float32"), t)) /
                           (1 - K::pow(K::scalar(kBeta1, "float32"), t));
  K::Tensors updates{K::update(steps, t)};
  for (size_t i = 0; i < gradients.size(); ++i) {
    const K::Variable& w = parameters.weights[i];
    const K::Tensor& g = gradients[i];
    const K::Variable m = K::zeros(w.shape()), v = K::zeros(w.shape());
    const K::Tensor new_m = kBeta1 * m + (1 - kBeta1) * g;
    const K::Tensor new_v = kBeta2 * v + (1 - kBeta2) * K::square(g);
    updates.push_back(K::update(m, new_m));
    updates.push_back(K::update(v, new_v));
    updates.push_back(K::update(w, w - scaled * new_m / (K::sqrt(new_v) + kEpsilon)));
  }
  return updates;
}

std::vector<int64_t> shuffled(int64_t n, std::mt19937_64& generator) {
  std::vector<int64_t> rows(n);
  std::iota(rows.begin(), rows.end(), 0);
  for (int64_t i = n - 1; i > 0; --i) std::swap(rows[i], rows[generator() % (i + 1)]);
  return rows;
}

double accuracy(const K::Array& predicted, const K::Array& labels) {
  int64_t right = 0;
  for (int64_t i = 0; i < labels.elements(); ++i) {
    right += predicted.element<int64_t>(i) == labels.element<int64_t>(i);
  }
  return 100.0 * static_cast<double>(right) / static_cast<double>(labels.elements());
}

void print_confusions(const K::Array& predicted, const K::Array& labels) {
  int counts[10][10] = {};
  for (int64_t i = 0; i < labels.elements(); ++i) ++counts[labels.element<int>(i)][predicted.element<int>(i)];
  std::printf("\nwritten \\ read as\n   ");
  for (int k = 0; k < 10; ++k) std::printf("%4d", k);
  std::printf("\n");
  for (int i = 0; i < 10; ++i) {
    std::printf("%3d", i);
    for (int k = 0; k < 10; ++k) {
      if (counts[i][k] == 0) std::printf("   .");
      else std::printf("%4d", counts[i][k]);
    }
    std::printf("\n");
  }
}

int run() {
  const int epochs = absl::GetFlag(FLAGS_epochs), batch = absl::GetFlag(FLAGS_batch);
  if (epochs < 1 || batch < 2) throw K::ValueError("--epochs must be at least 1 and --batch at least 2");
  const int threads = absl::GetFlag(FLAGS_threads);
  const K::ThreadPool own_pool(threads > 0 ? threads : 1);
  const K::UseThreadPool use(threads > 0 ? own_pool : K::ThreadPool::global());
  K::set_random_seed(absl::GetFlag(FLAGS_seed));
  std::mt19937_64 generator(absl::GetFlag(FLAGS_seed));

  const std::string given = absl::GetFlag(FLAGS_data);
  const auto [train, held_out] = K::examples::read_digits(
      given.empty() ? "examples/data/digits.csv" : K::examples::user_path(given));

  const K::Tensor images = K::placeholder({.shape = K::Shape{K::None, 8, 8, 1}, .dtype = "float32"});
  const K::Tensor labels = K::placeholder({.shape = K::Shape{K::None}, .dtype = "int32"});
  const K::Tensor rate = K::placeholder({.shape = K::Shape{}, .dtype = "float32"});
  Parameters parameters;
  const K::Tensor logits = network(parameters, images);
  const K::Tensor loss = K::mean(K::sparse_categorical_crossentropy(labels, logits, {.from_logits = true}));
  const K::Tensor predicted = K::argmax(logits);
  K::Tensors updates = adam(loss, parameters, rate);
  updates.insert(updates.end(), parameters.statistics.begin(), parameters.statistics.end());
  const K::Function step = K::function({images, labels, rate, K::learning_phase()}, {loss, predicted}, updates);
  const K::Function predict = K::function({images, K::learning_phase()}, {predicted});

  std::printf("%lld digits to learn from, %lld held out\n", static_cast<long long>(train.size()),
              static_cast<long long>(held_out.size()));
  const int64_t steps = (train.size() + batch - 1) / batch;
  K::Curve losses{"training loss", {}}, accuracies{"training accuracy in %", {}};
  for (int epoch = 1; epoch <= epochs && !K::examples::interrupted(); ++epoch) {
    K::ProgressBar bar(absl::StrFormat("epoch %d/%d", epoch, epochs), steps);
    const std::vector<int64_t> order = shuffled(train.size(), generator);
    double loss_sum = 0, right_sum = 0;
    int64_t seen = 0;
    for (int64_t s = 0; s < steps && !K::examples::interrupted(); ++s) {
      const auto end = std::min<int64_t>((s + 1) * batch, train.size());
      const Digits digits = train.at({order.begin() + s * batch, order.begin() + end});
      const double progress = (epoch - 1 + static_cast<double>(s) / static_cast<double>(steps)) / epochs;
      const double now = absl::GetFlag(FLAGS_learning_rate) * 0.5 * (1 + std::cos(progress * M_PI));
      const auto out = step({digits.images, digits.labels, now, 1});
      const auto count = static_cast<double>(digits.size());
      loss_sum += out[0].item<double>() * count;
      right_sum += accuracy(out[1], digits.labels) * count;
      seen += digits.size();
      bar.update(s + 1);
    }
    if (seen == 0) break;
    losses.second.push_back(loss_sum / static_cast<double>(seen));
    accuracies.second.push_back(right_sum / static_cast<double>(seen));
    bar.finish(absl::StrFormat("loss %.6f - accuracy %.2f %%", losses.second.back(), accuracies.second.back()));
  }
  if (K::examples::interrupted()) {
    std::printf("interrupted\n");
    return 130;
  }

  const K::Array tested = predict({held_out.images, 0})[0];
  const double in_test = accuracy(tested, held_out.labels);
  const double in_train = accuracy(predict({held_out.images, 1})[0], held_out.labels);
  print_confusions(tested, held_out.labels);
  const std::string curve = K::examples::user_path(absl::GetFlag(FLAGS_curve));
  if (K::write_curves(curve, "Handwritten digits", {{losses}, {accuracies}})) {
    std::printf("\nlearning curve: %s\n", curve.c_str());
  } else {
    std::fprintf(stderr, "\nthe learning curve cannot be written to %s\n", curve.c_str());
  }
  std::printf("the same weights in train phase: %.1f %%\n", in_train);
  std::printf("held-out accuracy %.1f %%\n", in_test);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage(
      "Trains a small convolutional network on handwritten digits and tests it on those held out.\n"
      "  bazel run //examples:digits -- [--epochs=N] [--batch=N] [--seed=N] [--threads=N]");
  absl::ParseCommandLine(argc, argv);
  K::examples::interrupted();  // Installs the handler of Ctrl-C.
  try {
    return run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "digits: %s\n", error.what());
    return 1;
  }
}
