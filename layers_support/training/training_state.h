// What a compiled model holds between calls: its functions and metrics.
#ifndef KEEL_LAYERS_SUPPORT_TRAINING_TRAINING_STATE_H_
#define KEEL_LAYERS_SUPPORT_TRAINING_TRAINING_STATE_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "layers_support/training/trainer.h"

namespace keel {

// One batch, or all data: inputs, targets and (where defined) the weights of samples.
struct Samples {
  Arrays x, y;
  Array weight;

  int64_t size() const { return x[0].shape()[0]; }
  Samples slice(int64_t begin, int64_t end) const;
  Samples at(absl::Span<const int64_t> rows) const;
};

// Losses of batches, as a mean over their samples.
class MeanLosses {
 public:
  void add(const Arrays& losses, int64_t samples);
  double last() const { return last_; }
  std::vector<double> means() const;

 private:
  std::vector<double> sums_;
  double samples_ = 0, last_ = 0;
};

// The functions of a compiled model, built when data of new shapes (but for the number of samples)
// come.
class TrainingState {
 public:
  enum class Mode { kTrain, kTest };

  explicit TrainingState(const CompileOptions& options);

  const CompileOptions& options() const { return options_; }
  const Optimizer& optimizer() const { return options_.optimizer; }
  // Data checked and converted; ValueError, in the name of `function`, where they do not fit together.
  Samples prepare(std::string_view function, const Layer& model, const Batch& x, const Batch& y, const Array& weight) const;
  Arrays prepare_inputs(std::string_view function, const Layer& model, const Batch& x) const;

  // Builds what run() will need, so that errors come before anything changed.
  void build(const Layer& model, Mode mode, const Samples& samples);
  // One batch: its losses, the total first.
  Arrays run(const Layer& model, Mode mode, const Samples& batch);
  Arrays predict(const Layer& model, const Arrays& x);
  // Every batch of `samples` in test mode.
  Logs evaluate(const Layer& model, const Samples& samples, int64_t batch_size, int verbose);

  void reset_metrics();
  // The losses under their names, then what the metrics counted.
  Logs logs(const std::vector<double>& losses);

 private:
  struct Compiled {
    Function function;
    bool with_phase;
  };
  using Key = std::pair<int, std::string>;  // Mode (or that of predict()) and signature.

  const Compiled& compiled(const Layer& model, Mode mode, const Samples& samples);
  const Compiled& predictor(const Layer& model, const Arrays& x);
  Tensor total_loss(const Layer& model, const LayerCall& call, const Tensors& targets, const Tensor& weight,
                    Tensors& losses) const;
  // Chooses metrics by the outputs of the model, once.
  void resolve_metrics(const Layer& model, const Tensors& outputs);

  CompileOptions options_;
  std::vector<std::string> output_names_;
  struct MetricOfOutput {
    size_t output;
    Metric metric;
    bool weighted;
  };
  std::vector<MetricOfOutput> metrics_;
  bool resolved_ = false;
  Function results_;
  std::map<Key, Compiled> functions_;
};

}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_TRAINING_TRAINING_STATE_H_
