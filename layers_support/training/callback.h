// What happens between the steps of fit().
#ifndef KEEL_LAYERS_SUPPORT_TRAINING_CALLBACK_H_
#define KEEL_LAYERS_SUPPORT_TRAINING_CALLBACK_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "layers_support/layer/layer.h"
#include "layers_support/optimizers/optimizer.h"
#include "layers_support/training/logs.h"

namespace keel {

// A run of fit(), as its callbacks see it.
struct TrainingRun {
  Layer model;
  Optimizer optimizer;
  int epochs;
  int64_t steps_per_epoch;
  // Ends the run after the step at hand.
  bool stop = false;
};

// Derived classes override what they need. Epochs and steps count from 0.
class Callback {
 public:
  virtual ~Callback() = default;
  virtual void on_train_begin(TrainingRun&) {}
  virtual void on_epoch_begin(TrainingRun&, int /*epoch*/) {}
  virtual void on_batch_begin(TrainingRun&, int64_t /*step*/) {}
  // `loss`: that of this batch.
  virtual void on_batch_end(TrainingRun&, int64_t /*step*/, double /*loss*/) {}
  // What it puts into the logs, later callbacks and the history see.
  virtual void on_epoch_end(TrainingRun&, int /*epoch*/, Logs&) {}
  virtual void on_train_end(TrainingRun&) {}
};
using Callbacks = std::vector<std::shared_ptr<Callback>>;

// Keras's callbacks. Source: keras.callbacks of Keras 2.3.
namespace callbacks {

// Arguments of those that watch one number. `monitor`: its name in the logs. `mode`: "min", "max", or
// "auto", which is "max" for what is called an accuracy or auc.
struct MonitorOptions {
  std::string monitor = "val_loss";
  std::string mode = "auto";
  double min_delta = 0;  // How much better counts as better.
};

// Whether a number got better. ValueError on an unknown mode.
class Monitor {
 public:
  explicit Monitor(const MonitorOptions& options);
  // Whether it did, and from now on must do so again.
  bool improved(const Logs& logs);
  // Whether `value` is better than `best`.
  bool is_better(double value, double best) const;
  double best() const { return best_; }
  void set_best(double best) { best_ = best; }
  void reset();
  const std::string& name() const { return options_.monitor; }

 private:
  MonitorOptions options_;
  bool larger_;
  double best_;
};

// Arguments of early_stopping().
struct EarlyStoppingOptions {
  std::string monitor = "val_loss";
  std::string mode = "auto";
  double min_delta = 0;
  int patience = 0;  // Epochs without an improvement that are suffered.
  std::optional<double> baseline = std::nullopt;  // What must be surpassed at first.
  bool restore_best_weights = false;
};
// Ends the run when a number gets no better.
std::shared_ptr<Callback> early_stopping(const EarlyStoppingOptions& options = {});

// Arguments of reduce_lr_on_plateau().
struct ReduceLrOptions {
  std::string monitor = "val_loss";
  std::string mode = "auto";
  double factor = 0.1;  // Below 1.
  int patience = 10;
  double min_delta = 1e-4;
  int cooldown = 0;  // Epochs after a reduction in which nothing is counted.
  double min_lr = 0;
};
// Multiplies the learning rate when a number gets no better; adds "lr" to the logs.
std::shared_ptr<Callback> reduce_lr_on_plateau(const ReduceLrOptions& options = {});

// Sets the learning rate at the start of each epoch, from its number and the rate before; adds "lr"
// to the logs.
std::shared_ptr<Callback> learning_rate_scheduler(std::function<double(int epoch, double rate)> schedule);

// Writes the logs of each epoch as a line of a CSV file, which it makes anew or appends to. ValueError
// where the file cannot be written.
std::shared_ptr<Callback> csv_logger(const std::string& path, bool append = false);

// Ends the run when the loss of a batch is not finite.
std::shared_ptr<Callback> terminate_on_nan();

// Calls these at the end of each epoch or batch; either may be empty.
std::shared_ptr<Callback> lambda_callback(std::function<void(TrainingRun&, int epoch, Logs&)> on_epoch_end,
                                          std::function<void(TrainingRun&, int64_t step, double loss)> on_batch_end = nullptr);

}  // namespace callbacks
}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_TRAINING_CALLBACK_H_
