// Keras's training loop: a model with its optimizer, losses and metrics.
#ifndef KEEL_LAYERS_SUPPORT_TRAINING_TRAINER_H_
#define KEEL_LAYERS_SUPPORT_TRAINING_TRAINER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "keel.h"
#include "layers_support/layer/layer.h"
#include "layers_support/losses/losses.h"
#include "layers_support/metrics/metrics.h"
#include "layers_support/optimizers/optimizers.h"
#include "layers_support/training/callback.h"
#include "layers_support/training/logs.h"
#include "layers_support/training/rows.h"

namespace keel {

// One array or several: `x` or `{x1, x2}`.
class Batch {
 public:
  Batch() = default;
  Batch(Array array) : arrays_{std::move(array)} {}                     // NOLINT: implicit by design
  Batch(std::initializer_list<Array> arrays) : arrays_(arrays) {}       // NOLINT
  Batch(Arrays arrays) : arrays_(std::move(arrays)) {}                  // NOLINT
  const Arrays& arrays() const { return arrays_; }
  bool empty() const { return arrays_.empty(); }

 private:
  Arrays arrays_;
};

// A metric by its name ("accuracy") or as an object.
using MetricChoice = std::variant<std::string, Metric>;

// Arguments of compile().
struct CompileOptions {
  Optimizer optimizer = "rmsprop";
  // Of each output; of several outputs one loss is that of all.
  std::vector<Loss> loss = {};
  // Of every output; metrics_per_output: of each its own. Masks count, the weights of samples do not.
  std::vector<MetricChoice> metrics = {};
  std::vector<std::vector<MetricChoice>> metrics_per_output = {};
  // Those that the weights of samples and classes count in.
  std::vector<MetricChoice> weighted_metrics = {};
  std::vector<std::vector<MetricChoice>> weighted_metrics_per_output = {};
  std::vector<double> loss_weights = {};  // 1 each where empty.
};

// Arguments of fit().
struct FitOptions {
  int64_t batch_size = 32;
  int epochs = 1;
  // Lines and bars on standard output: 0 none, 1 a bar where that is a terminal and a line per epoch.
  int verbose = 1;
  Callbacks callbacks = {};
  double validation_split = 0;  // The part at the end of the data, in [0, 1), that is held out.
  // What is held out in place of that.
  Batch validation_x = {}, validation_y = {};
  Array validation_sample_weight = {};
  bool shuffle = true;
  std::optional<uint64_t> seed = std::nullopt;  // Of shuffling; the session's next where absent.
  Array sample_weight = {};                     // [samples], or [samples, steps].
  std::map<int64_t, double> class_weight = {};  // By class number; of targets that are numbers or one-hot.
  int initial_epoch = 0;
};

// Arguments of evaluate() and predict().
struct EvaluateOptions {
  int64_t batch_size = 32;
  int verbose = 0;
  Array sample_weight = {};
};
struct PredictOptions {
  int64_t batch_size = 32;
};

// What a compiled model holds between calls.
class TrainingState;

// A model ready to train. A handle; one call at a time.
//
// Data are arrays [samples, …], one per input and output of the model; floating ones are converted to
// the model's dtype. fit() calls the model with training = true, evaluate() and predict() with false,
// whatever set_learning_phase() says (LEARNING_PHASE.md, 17). Penalties on weights and what layers add
// to the losses are part of the loss; what they add to the updates is made in every step.
class Trainer {
 public:
  // ValueError where `options` do not fit together. What depends on the model's outputs is checked in
  // the first call.
  Trainer(const Layer& model, const CompileOptions& options);
  // The same model and state as of another trainer.
  Trainer(const Layer& model, std::shared_ptr<TrainingState> state) : model_(model), state_(std::move(state)) {}

  // Trains; the logs of each epoch: "loss", one loss per output where there are several, the metrics,
  // and all of them with "val_" where something is held out. ValueError where data do not fit; then no
  // weight has changed.
  History fit(const Batch& x, const Batch& y, const FitOptions& options = {});
  // The loss and metrics.
  Logs evaluate(const Batch& x, const Batch& y, const EvaluateOptions& options = {});
  // The outputs for all samples; ValueError of predict() where there are several.
  Array predict(const Batch& x, const PredictOptions& options = {});
  Arrays predict_all(const Batch& x, const PredictOptions& options = {});
  // One step; the loss and metrics of this batch. And the same without the step.
  Logs train_on_batch(const Batch& x, const Batch& y, const Array& sample_weight = {});
  Logs test_on_batch(const Batch& x, const Batch& y, const Array& sample_weight = {});

  const Layer& model() const { return model_; }
  const CompileOptions& options() const;
  const Optimizer& optimizer() const { return options().optimizer; }
  const std::shared_ptr<TrainingState>& state() const { return state_; }

 private:
  Layer model_;
  std::shared_ptr<TrainingState> state_;
};

}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_TRAINING_TRAINER_H_
