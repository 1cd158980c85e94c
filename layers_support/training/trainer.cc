#include "layers_support/training/trainer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "layers_support/training/progress.h"
#include "layers_support/training/training_state.h"

namespace keel {
namespace {

void check_batch_size(std::string_view function, int64_t batch_size) {
  if (batch_size < 1) fail(function, ": batch_size is ", batch_size, "; it must be at least 1");
}

// The class of each sample: a number, or where its highest target is.
std::vector<int64_t> classes_of(const Array& y) {
  const int64_t samples = y.shape()[0], width = samples == 0 ? 1 : y.elements() / samples;
  std::vector<int64_t> out(samples);
  for (int64_t i = 0; i < samples; ++i) {
    if (width == 1) {
      out[i] = y.element<int64_t>(i);
      continue;
    }
    int64_t best = 0;
    for (int64_t k = 1; k < width; ++k) {
      if (y.element<double>(i * width + k) > y.element<double>(i * width + best)) best = k;
    }
    out[i] = best;
  }
  return out;
}

// The weights of samples by their classes, times those that were given.
Array class_weights(const Array& y, const std::map<int64_t, double>& weights, const Array& given) {
  if (y.rank() > 2) fail("fit: class_weight needs targets of shape [samples] or [samples, classes], not ", y.shape());
  if (given.defined() && given.rank() != 1) fail("fit: class_weight goes with sample_weight of shape [samples] alone");
  std::vector<double> out;
  const std::vector<int64_t> classes = classes_of(y);
  for (size_t i = 0; i < classes.size(); ++i) {
    const auto found = weights.find(classes[i]);
    if (found == weights.end()) fail("fit: class_weight has no weight for class ", classes[i]);
    out.push_back(found->second * (given.defined() ? given.element<double>(static_cast<int64_t>(i)) : 1));
  }
  return Array::of({y.shape()[0]}, out);
}

}  // namespace

Trainer::Trainer(const Layer& model, const CompileOptions& options)
    : model_(model), state_(std::make_shared<TrainingState>(options)) {
  if (!model.defined()) fail("compile: the model is an empty handle");
}

const CompileOptions& Trainer::options() const { return state_->options(); }

History Trainer::fit(const Batch& x, const Batch& y, const FitOptions& o) {
  check_batch_size("fit", o.batch_size);
  if (!(o.validation_split >= 0 && o.validation_split < 1)) {
    fail("fit: validation_split is ", o.validation_split, "; it must be in [0, 1)");
  }
  using Mode = TrainingState::Mode;
  Samples train = state_->prepare("fit", model_, x, y, o.sample_weight);
  if (!o.class_weight.empty()) {
    train.weight = class_weights(train.y[0], o.class_weight, o.sample_weight).cast(model_.dtype());
  }
  Samples held_out;
  bool validates = !o.validation_x.empty();
  if (validates) {
    held_out = state_->prepare("fit", model_, o.validation_x, o.validation_y, o.validation_sample_weight);
  } else if (o.validation_split > 0) {
    const auto kept = static_cast<int64_t>(static_cast<double>(train.size()) * (1 - o.validation_split));
    if (kept == 0 || kept == train.size()) {
      fail("fit: validation_split ", o.validation_split, " of ", train.size(), " samples leaves one part empty");
    }
    held_out = train.slice(kept, train.size());
    train = train.slice(0, kept);
    validates = true;
  }
  if (train.size() == 0) fail("fit: there are no samples to train on");
  state_->build(model_, Mode::kTrain, train);
  if (validates) state_->build(model_, Mode::kTest, held_out);

  const uint64_t seed = o.seed ? *o.seed : next_random_seed();
  const int64_t steps = (train.size() + o.batch_size - 1) / o.batch_size;
  TrainingRun run{model_, state_->optimizer(), o.epochs, steps};
  History history;
  for (const auto& callback : o.callbacks) callback->on_train_begin(run);
  for (int epoch = o.initial_epoch; epoch < o.epochs && !run.stop; ++epoch) {
    for (const auto& callback : o.callbacks) callback->on_epoch_begin(run, epoch);
    state_->reset_metrics();
    const std::vector<int64_t> order =
        o.shuffle ? shuffled(train.size(), seed + static_cast<uint64_t>(epoch)) : std::vector<int64_t>();
    ProgressBar bar(absl::StrFormat("epoch %d/%d", epoch + 1, o.epochs), steps);
    MeanLosses losses;
    for (int64_t step = 0; step < steps && !run.stop; ++step) {
      const int64_t begin = step * o.batch_size, end = std::min(begin + o.batch_size, train.size());
      const Samples batch = o.shuffle ? train.at(absl::MakeConstSpan(order).subspan(begin, end - begin))
                                      : train.slice(begin, end);
      for (const auto& callback : o.callbacks) callback->on_batch_begin(run, step);
      losses.add(state_->run(model_, Mode::kTrain, batch), batch.size());
      for (const auto& callback : o.callbacks) callback->on_batch_end(run, step, losses.last());
      if (o.verbose > 0 && bar.wants_update()) bar.update(step + 1, state_->logs(losses.means()).to_string());
    }
    Logs logs = state_->logs(losses.means());
    if (validates) {
      const Logs tested = state_->evaluate(model_, held_out, o.batch_size, 0);
      for (const auto& [name, value] : tested.entries()) logs.set("val_" + name, value);
    }
    for (const auto& callback : o.callbacks) callback->on_epoch_end(run, epoch, logs);
    if (o.verbose > 0) bar.finish(logs.to_string());
    history.add(epoch, logs);
  }
  for (const auto& callback : o.callbacks) callback->on_train_end(run);
  return history;
}

Logs Trainer::evaluate(const Batch& x, const Batch& y, const EvaluateOptions& o) {
  check_batch_size("evaluate", o.batch_size);
  const Samples samples = state_->prepare("evaluate", model_, x, y, o.sample_weight);
  if (samples.size() == 0) fail("evaluate: there are no samples");
  return state_->evaluate(model_, samples, o.batch_size, o.verbose);
}

Arrays Trainer::predict_all(const Batch& x, const PredictOptions& o) {
  check_batch_size("predict", o.batch_size);
  const Arrays inputs = state_->prepare_inputs("predict", model_, x);
  const int64_t samples = inputs[0].shape()[0];
  if (samples <= o.batch_size) return state_->predict(model_, inputs);
  std::vector<RowWriter> writers;
  for (int64_t begin = 0; begin < samples; begin += o.batch_size) {
    Arrays batch;
    for (const Array& input : inputs) batch.push_back(slice_rows(input, begin, std::min(begin + o.batch_size, samples)));
    const Arrays outputs = state_->predict(model_, batch);
    if (writers.empty()) writers.assign(outputs.size(), RowWriter(samples));
    for (size_t i = 0; i < outputs.size(); ++i) writers[i].add(outputs[i]);
  }
  Arrays out;
  for (RowWriter& writer : writers) out.push_back(writer.take());
  return out;
}

Array Trainer::predict(const Batch& x, const PredictOptions& o) {
  Arrays outputs = predict_all(x, o);
  if (outputs.size() != 1) fail("predict: the model has ", outputs.size(), " outputs; predict_all() gives them");
  return outputs[0];
}

Logs Trainer::train_on_batch(const Batch& x, const Batch& y, const Array& sample_weight) {
  const Samples samples = state_->prepare("train_on_batch", model_, x, y, sample_weight);
  state_->build(model_, TrainingState::Mode::kTrain, samples);
  state_->reset_metrics();
  MeanLosses losses;
  losses.add(state_->run(model_, TrainingState::Mode::kTrain, samples), samples.size());
  return state_->logs(losses.means());
}

Logs Trainer::test_on_batch(const Batch& x, const Batch& y, const Array& sample_weight) {
  const Samples samples = state_->prepare("test_on_batch", model_, x, y, sample_weight);
  if (samples.size() == 0) fail("test_on_batch: there are no samples");
  return state_->evaluate(model_, samples, samples.size(), 0);
}

}  // namespace keel
