#include "layers_support/training/callback.h"

#include <cmath>
#include <fstream>
#include <utility>

#include "absl/strings/str_format.h"

namespace keel::callbacks {
namespace {

class EarlyStopping final : public Callback {
 public:
  explicit EarlyStopping(const EarlyStoppingOptions& o)
      : options_(o), monitor_({.monitor = o.monitor, .mode = o.mode, .min_delta = o.min_delta}) {
    if (o.patience < 0) fail("early_stopping: patience is ", o.patience, "; it must be at least 0");
  }

  void on_train_begin(TrainingRun&) override {
    monitor_.reset();
    if (options_.baseline) monitor_.set_best(*options_.baseline);
    waited_ = 0;
    best_weights_.clear();
  }

  void on_epoch_end(TrainingRun& run, int, Logs& logs) override {
    if (monitor_.improved(logs)) {
      waited_ = 0;
      if (options_.restore_best_weights) best_weights_ = run.model.get_weights();
    } else if (++waited_ >= options_.patience) {
      run.stop = true;
      if (!best_weights_.empty()) run.model.set_weights(best_weights_);
    }
  }

 private:
  const EarlyStoppingOptions options_;
  Monitor monitor_;
  int waited_ = 0;
  std::vector<Array> best_weights_;
};

double rate_of(const TrainingRun& run) { return run.optimizer.learning_rate().value().item<double>(); }

class ReduceLr final : public Callback {
 public:
  explicit ReduceLr(const ReduceLrOptions& o)
      : options_(o), monitor_({.monitor = o.monitor, .mode = o.mode, .min_delta = o.min_delta}) {
    if (!(o.factor >= 0 && o.factor < 1)) fail("reduce_lr_on_plateau: factor is ", o.factor, "; it must be in [0, 1)");
  }

  void on_train_begin(TrainingRun&) override {
    monitor_.reset();
    waited_ = cooling_ = 0;
  }

  void on_epoch_end(TrainingRun& run, int, Logs& logs) override {
    logs.set("lr", rate_of(run));
    if (cooling_ > 0) {
      --cooling_;
      waited_ = 0;
    }
    if (monitor_.improved(logs)) {
      waited_ = 0;
    } else if (cooling_ == 0 && ++waited_ >= options_.patience && rate_of(run) > options_.min_lr) {
      set_value(run.optimizer.learning_rate(), Array(std::max(rate_of(run) * options_.factor, options_.min_lr)));
      cooling_ = options_.cooldown;
      waited_ = 0;
    }
  }

 private:
  const ReduceLrOptions options_;
  Monitor monitor_;
  int waited_ = 0, cooling_ = 0;
};

class Scheduler final : public Callback {
 public:
  explicit Scheduler(std::function<double(int, double)> schedule) : schedule_(std::move(schedule)) {
    if (schedule_ == nullptr) fail("learning_rate_scheduler: the callable is empty");
  }
  void on_epoch_begin(TrainingRun& run, int epoch) override {
    set_value(run.optimizer.learning_rate(), Array(schedule_(epoch, rate_of(run))));
  }
  void on_epoch_end(TrainingRun& run, int, Logs& logs) override { logs.set("lr", rate_of(run)); }

 private:
  const std::function<double(int, double)> schedule_;
};

class CsvLogger final : public Callback {
 public:
  CsvLogger(std::string path, bool append) : path_(std::move(path)), append_(append) {}

  void on_train_begin(TrainingRun&) override {
    has_head_ = append_ && std::ifstream(path_).peek() != std::ifstream::traits_type::eof();
    file_.close();
    file_.open(path_, append_ ? std::ios::app : std::ios::trunc);
    if (!file_) fail("csv_logger: '", path_, "' cannot be written");
  }

  void on_epoch_end(TrainingRun&, int epoch, Logs& logs) override {
    if (!has_head_) {
      file_ << "epoch";
      for (const auto& entry : logs.entries()) file_ << ',' << entry.first;
      file_ << '\n';
      has_head_ = true;
    }
    file_ << epoch;
    for (const auto& entry : logs.entries()) file_ << absl::StrFormat(",%.17g", entry.second);
    file_ << '\n' << std::flush;
    if (!file_) fail("csv_logger: '", path_, "' cannot be written");
  }

  void on_train_end(TrainingRun&) override { file_.close(); }

 private:
  const std::string path_;
  const bool append_;
  std::ofstream file_;
  bool has_head_ = false;
};

class TerminateOnNan final : public Callback {
 public:
  void on_batch_end(TrainingRun& run, int64_t, double loss) override {
    if (!std::isfinite(loss)) run.stop = true;
  }
};

class Lambda final : public Callback {
 public:
  Lambda(std::function<void(TrainingRun&, int, Logs&)> epoch, std::function<void(TrainingRun&, int64_t, double)> batch)
      : epoch_(std::move(epoch)), batch_(std::move(batch)) {}
  void on_epoch_end(TrainingRun& run, int epoch, Logs& logs) override {
    if (epoch_ != nullptr) epoch_(run, epoch, logs);
  }
  void on_batch_end(TrainingRun& run, int64_t step, double loss) override {
    if (batch_ != nullptr) batch_(run, step, loss);
  }

 private:
  const std::function<void(TrainingRun&, int, Logs&)> epoch_;
  const std::function<void(TrainingRun&, int64_t, double)> batch_;
};

}  // namespace

Monitor::Monitor(const MonitorOptions& options) : options_(options) {
  if (options.mode != "auto" && options.mode != "min" && options.mode != "max") {
    fail("callbacks: mode is '", options.mode, "'; accepted are auto, min and max");
  }
  const bool rises = options.monitor.find("acc") != std::string::npos || options.monitor.find("auc") != std::string::npos;
  larger_ = options.mode == "max" || (options.mode == "auto" && rises);
  reset();
}

void Monitor::reset() { best_ = larger_ ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity(); }

bool Monitor::is_better(double value, double best) const {
  return larger_ ? value - options_.min_delta > best : value + options_.min_delta < best;
}

bool Monitor::improved(const Logs& logs) {
  const double value = logs.at(options_.monitor);
  if (!is_better(value, best_)) return false;
  best_ = value;
  return true;
}

std::shared_ptr<Callback> early_stopping(const EarlyStoppingOptions& options) {
  return std::make_shared<EarlyStopping>(options);
}
std::shared_ptr<Callback> reduce_lr_on_plateau(const ReduceLrOptions& options) {
  return std::make_shared<ReduceLr>(options);
}
std::shared_ptr<Callback> learning_rate_scheduler(std::function<double(int, double)> schedule) {
  return std::make_shared<Scheduler>(std::move(schedule));
}
std::shared_ptr<Callback> csv_logger(const std::string& path, bool append) {
  return std::make_shared<CsvLogger>(path, append);
}
std::shared_ptr<Callback> terminate_on_nan() { return std::make_shared<TerminateOnNan>(); }
std::shared_ptr<Callback> lambda_callback(std::function<void(TrainingRun&, int, Logs&)> on_epoch_end,
                                          std::function<void(TrainingRun&, int64_t, double)> on_batch_end) {
  return std::make_shared<Lambda>(std::move(on_epoch_end), std::move(on_batch_end));
}

}  // namespace keel::callbacks
