// What models have of the training loop.
#include "layers_support/models/model.h"

#include <limits>

namespace keel {

void Model::compile(const CompileOptions& options) const {
  model_impl().training_state() = Trainer(*this, options).state();
}

Trainer Model::trainer(std::string_view function) const {
  const auto& state = model_impl().training_state();
  if (state == nullptr) fail(function, ": ", name(), " was not compiled; compile() gives it an optimizer and a loss");
  return Trainer(*this, state);
}

Trainer Model::predictor() const {
  auto& state = model_impl().predict_state();
  // The loss is never computed.
  if (state == nullptr) state = Trainer(*this, CompileOptions{.loss = {"mse"}}).state();
  return Trainer(*this, state);
}

History Model::fit(const Batch& x, const Batch& y, const FitOptions& options) const {
  return trainer("fit").fit(x, y, options);
}
Logs Model::evaluate(const Batch& x, const Batch& y, const EvaluateOptions& options) const {
  return trainer("evaluate").evaluate(x, y, options);
}
Array Model::predict(const Batch& x, const PredictOptions& options) const { return predictor().predict(x, options); }
Arrays Model::predict_all(const Batch& x, const PredictOptions& options) const {
  return predictor().predict_all(x, options);
}
Array Model::predict_on_batch(const Batch& x) const {
  return predict(x, {.batch_size = std::numeric_limits<int64_t>::max()});
}
Logs Model::train_on_batch(const Batch& x, const Batch& y, const Array& sample_weight) const {
  return trainer("train_on_batch").train_on_batch(x, y, sample_weight);
}
Logs Model::test_on_batch(const Batch& x, const Batch& y, const Array& sample_weight) const {
  return trainer("test_on_batch").test_on_batch(x, y, sample_weight);
}
bool Model::compiled() const { return model_impl().training_state() != nullptr; }
const CompileOptions& Model::compile_options() const {
  trainer("compile_options");
  return Trainer(*this, model_impl().training_state()).options();
}
const Optimizer& Model::optimizer() const { return compile_options().optimizer; }

}  // namespace keel
