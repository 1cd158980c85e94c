#include "layers_support/training/training_state.h"

#include <algorithm>
#include <set>
#include <utility>

#include "layers_support/training/progress.h"

namespace keel {
namespace {

constexpr int kPredict = 2;

// The shape of any number of samples like those of `array`.
Shape open_shape(const Array& array) {
  Shape shape = array.shape();
  shape[0] = None;
  return shape;
}

Tensor placeholder_for(const Array& array) {
  return placeholder({.shape = open_shape(array), .dtype = array.dtype()});
}

std::string signature(const Samples& samples) {
  std::string out;
  auto add = [&](const Array& array) {
    out += open_shape(array).to_string() + std::string(array.dtype().name()) + ";";
  };
  for (const Array& x : samples.x) add(x);
  out += "|";
  for (const Array& y : samples.y) add(y);
  if (samples.weight.defined()) add(samples.weight);
  return out;
}

// The phase's placeholder among the inputs, where the phase is not fixed.
bool add_phase(Tensors& inputs) {
  const Tensor phase = learning_phase();
  if (!is_placeholder(phase)) return false;
  inputs.push_back(phase);
  return true;
}

// Floating arrays in the model's dtype.
Array converted(const Array& array, DType dtype) {
  return array.dtype().is_floating() && array.dtype() != dtype ? array.cast(dtype) : array;
}

// What the values of output `i` weigh: a masked step counts as one of weight 0.
Tensor weights_of(const LayerCall& call, size_t i, const Tensor& weight) {
  if (!call.masks[i].defined()) return weight;
  const Tensor kept = cast(call.masks[i], call.outputs[i].dtype());
  return weight.defined() ? losses::weights_for("sample_weight", kept, weight) * kept : kept;
}

// The same metric, which counts for itself.
MetricChoice another(const MetricChoice& choice) {
  const auto* metric = std::get_if<Metric>(&choice);
  return metric == nullptr ? choice : metric->another();
}

}  // namespace

Samples Samples::slice(int64_t begin, int64_t end) const {
  Samples out;
  for (const Array& array : x) out.x.push_back(slice_rows(array, begin, end));
  for (const Array& array : y) out.y.push_back(slice_rows(array, begin, end));
  if (weight.defined()) out.weight = slice_rows(weight, begin, end);
  return out;
}

Samples Samples::at(absl::Span<const int64_t> rows) const {
  Samples out;
  for (const Array& array : x) out.x.push_back(take_rows(array, rows));
  for (const Array& array : y) out.y.push_back(take_rows(array, rows));
  if (weight.defined()) out.weight = take_rows(weight, rows);
  return out;
}

void MeanLosses::add(const Arrays& losses, int64_t samples) {
  sums_.resize(losses.size());
  for (size_t i = 0; i < losses.size(); ++i) sums_[i] += losses[i].item<double>() * static_cast<double>(samples);
  samples_ += static_cast<double>(samples);
  last_ = losses[0].item<double>();
}

std::vector<double> MeanLosses::means() const {
  std::vector<double> out = sums_;
  for (double& sum : out) sum /= samples_;
  return out;
}

TrainingState::TrainingState(const CompileOptions& options) : options_(options) {
  if (options.loss.empty()) fail("compile: no loss was given");
  if (!options.loss_weights.empty() && options.loss.size() > 1 && options.loss_weights.size() != options.loss.size()) {
    fail("compile: ", options.loss.size(), " losses and ", options.loss_weights.size(), " loss_weights were given");
  }
}

Arrays TrainingState::prepare_inputs(std::string_view function, const Layer& model, const Batch& x) const {
  if (x.empty()) fail(function, ": no input array was given");
  count_samples(function, x.arrays());
  Arrays out;
  for (const Array& array : x.arrays()) out.push_back(converted(array, model.dtype()));
  return out;
}

Samples TrainingState::prepare(std::string_view function, const Layer& model, const Batch& x, const Batch& y,
                               const Array& weight) const {
  if (y.empty()) fail(function, ": no target array was given");
  Samples samples{prepare_inputs(function, model, x), {}, {}};
  Arrays all = samples.x;
  for (const Array& array : y.arrays()) {
    samples.y.push_back(array.defined() && array.rank() > 0 ? converted(array, model.dtype()) : array);
    all.push_back(array);
  }
  if (weight.defined()) {
    all.push_back(weight);
    samples.weight = weight.cast(model.dtype());
  }
  count_samples(function, all);
  return samples;
}

Tensor TrainingState::total_loss(const Layer& model, const LayerCall& call, const Tensors& targets,
                                 const Tensor& weight, Tensors& losses) const {
  Tensor total;
  auto add = [&](const Tensor& loss) { total = total.defined() ? total + cast(loss, total.dtype()) : loss; };
  for (size_t i = 0; i < call.outputs.size(); ++i) {
    const Loss& loss = options_.loss.size() == 1 ? options_.loss[0] : options_.loss[i];
    Tensor value = loss(targets[i], call.outputs[i], weights_of(call, i, weight));
    if (value.rank() > 0) value = mean(value);
    losses.push_back(value);
    add(options_.loss_weights.empty() ? value : options_.loss_weights[std::min(i, options_.loss_weights.size() - 1)] * value);
  }
  for (const Tensor& loss : call.losses) add(loss);
  for (const Tensor& loss : model.regularization_losses()) add(loss);
  return total;
}

void TrainingState::resolve_metrics(const Layer& model, const Tensors& outputs) {
  if (resolved_) return;
  std::vector<std::string> names = model.impl().output_names();
  // Where they have no names of their own, or two have one, they are numbered.
  if (names.size() != outputs.size() || std::set<std::string>(names.begin(), names.end()).size() != names.size()) {
    names.clear();
    for (size_t i = 0; i < outputs.size(); ++i) names.push_back("output_" + std::to_string(i + 1));
  }
  std::vector<MetricOfOutput> metrics;
  Tensors results;
  const auto add = [&](size_t i, const MetricChoice& choice, bool weighted) {
    const Loss& loss = options_.loss.size() == 1 ? options_.loss[0] : options_.loss[i];
    const auto* name = std::get_if<std::string>(&choice);
    const Metric metric = name != nullptr ? metrics::get(*name, loss.name(), outputs[i].shape()) : std::get<Metric>(choice);
    std::string shown = outputs.size() > 1 ? names[i] + "_" + metric.name() : metric.name();
    const auto taken = [&](const MetricOfOutput& other) { return other.metric.name() == shown; };
    while (std::any_of(metrics.begin(), metrics.end(), taken)) shown += "_1";
    metrics.push_back({i, metric.named(shown), weighted});
    results.push_back(metric.result_tensor());
  };
  for (size_t i = 0; i < outputs.size(); ++i) {
    for (const bool weighted : {false, true}) {
      const auto& each = weighted ? options_.weighted_metrics_per_output : options_.metrics_per_output;
      if (i < each.size()) {
        for (const MetricChoice& choice : each[i]) add(i, choice, weighted);
      }
      for (const MetricChoice& choice : weighted ? options_.weighted_metrics : options_.metrics) {
        add(i, i == 0 ? choice : another(choice), weighted);
      }
    }
  }
  results_ = function({}, results);
  metrics_ = std::move(metrics);
  output_names_ = std::move(names);
  resolved_ = true;
}

const TrainingState::Compiled& TrainingState::compiled(const Layer& model, Mode mode, const Samples& samples) {
  const Key key(static_cast<int>(mode), signature(samples));
  const auto found = functions_.find(key);
  if (found != functions_.end()) return found->second;
  Tensors inputs, targets;
  for (const Array& x : samples.x) inputs.push_back(placeholder_for(x));
  for (const Array& y : samples.y) targets.push_back(placeholder_for(y));
  const Tensor weight = samples.weight.defined() ? placeholder_for(samples.weight) : Tensor();
  const LayerCall call = model.apply(inputs, {.training = mode == Mode::kTrain});
  if (call.outputs.size() != targets.size()) {
    fail(model.name(), ": the model has ", call.outputs.size(), " outputs but got ", targets.size(), " targets");
  }
  if (options_.loss.size() != 1 && options_.loss.size() != call.outputs.size()) {
    fail("compile: ", options_.loss.size(), " losses were given for ", call.outputs.size(), " outputs");
  }
  Tensors losses;
  const Tensor total = total_loss(model, call, targets, weight, losses);
  Tensors updates = call.updates;
  if (mode == Mode::kTrain) {
    const Tensors step = options_.optimizer.get_updates(total, model.trainable_weights());
    updates.insert(updates.end(), step.begin(), step.end());
  }
  resolve_metrics(model, call.outputs);
  for (const auto& [output, metric, weighted] : metrics_) {
    const Tensor weights = weights_of(call, output, weighted ? weight : Tensor());
    const Tensors counts = metric.update_state(targets[output], call.outputs[output], weights);
    updates.insert(updates.end(), counts.begin(), counts.end());
  }
  Tensors outputs{total};
  if (losses.size() > 1) outputs.insert(outputs.end(), losses.begin(), losses.end());
  inputs.insert(inputs.end(), targets.begin(), targets.end());
  if (weight.defined()) inputs.push_back(weight);
  const bool with_phase = add_phase(inputs);
  return functions_.emplace(key, Compiled{function(inputs, outputs, updates), with_phase}).first->second;
}

const TrainingState::Compiled& TrainingState::predictor(const Layer& model, const Arrays& x) {
  const Key key(kPredict, signature({x, {}, {}}));
  const auto found = functions_.find(key);
  if (found != functions_.end()) return found->second;
  Tensors inputs;
  for (const Array& array : x) inputs.push_back(placeholder_for(array));
  const LayerCall call = model.apply(inputs, {.training = false});
  const bool with_phase = add_phase(inputs);
  return functions_.emplace(key, Compiled{function(inputs, call.outputs, call.updates), with_phase}).first->second;
}

void TrainingState::build(const Layer& model, Mode mode, const Samples& samples) { compiled(model, mode, samples); }

Arrays TrainingState::run(const Layer& model, Mode mode, const Samples& batch) {
  const Compiled& step = compiled(model, mode, batch);
  Arrays inputs = batch.x;
  inputs.insert(inputs.end(), batch.y.begin(), batch.y.end());
  if (batch.weight.defined()) inputs.push_back(batch.weight);
  if (step.with_phase) inputs.push_back(mode == Mode::kTrain ? 1 : 0);
  return step.function(inputs);
}

Arrays TrainingState::predict(const Layer& model, const Arrays& x) {
  const Compiled& step = predictor(model, x);
  Arrays inputs = x;
  if (step.with_phase) inputs.push_back(0);
  return step.function(inputs);
}

Logs TrainingState::evaluate(const Layer& model, const Samples& samples, int64_t batch_size, int verbose) {
  build(model, Mode::kTest, samples);
  reset_metrics();
  MeanLosses losses;
  const int64_t steps = (samples.size() + batch_size - 1) / batch_size;
  ProgressBar bar("evaluate", steps);
  for (int64_t step = 0; step < steps; ++step) {
    const Samples batch = samples.slice(step * batch_size, std::min((step + 1) * batch_size, samples.size()));
    losses.add(run(model, Mode::kTest, batch), batch.size());
    if (verbose > 0 && bar.wants_update()) bar.update(step + 1);
  }
  const Logs out = logs(losses.means());
  if (verbose > 0) bar.finish(out.to_string());
  return out;
}

void TrainingState::reset_metrics() {
  for (const auto& entry : metrics_) entry.metric.reset_states();
}

Logs TrainingState::logs(const std::vector<double>& losses) {
  Logs out;
  out.set("loss", losses.at(0));
  for (size_t i = 1; i < losses.size(); ++i) out.set(output_names_.at(i - 1) + "_loss", losses[i]);
  if (metrics_.empty()) return out;
  const Arrays results = results_();
  for (size_t i = 0; i < metrics_.size(); ++i) {
    const std::string& name = metrics_[i].metric.name();
    if (results[i].elements() == 1) {
      out.set(name, results[i].item<double>());
      continue;
    }
    for (int64_t k = 0; k < results[i].elements(); ++k) out.set(name + "_" + std::to_string(k), results[i].element<double>(k));
  }
  return out;
}

}  // namespace keel
