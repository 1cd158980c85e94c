#include "layers_support/saving/checkpoint.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "layers_support/saving/model_file.h"
#include "layers_support/saving/weights_file.h"

namespace keel::callbacks {
namespace {

// A number in one of Python's formats: [0][width][.precision][d|e|f|g].
std::string formatted(double value, const std::string& format) {
  const size_t kind_at = format.find_first_not_of("0123456789.");
  const char kind = kind_at == std::string::npos ? 'g' : format[kind_at];
  const std::string digits = format.substr(0, kind_at);
  const bool known = std::string("defg").find(kind) != std::string::npos;
  const bool ends = kind_at == std::string::npos || kind_at + 1 == format.size();
  if (!known || !ends || digits.size() > 6) {
    fail("model_checkpoint: '", format, "' is no format; such as 02d, .2f, e or g are accepted");
  }
  char out[512];
  if (kind == 'd') std::snprintf(out, sizeof out, ("%" + digits + "lld").c_str(), static_cast<long long>(value));
  else std::snprintf(out, sizeof out, ("%" + digits + kind).c_str(), value);
  return out;
}

std::string filled(const std::string& pattern, int epoch, const Logs& logs) {
  std::string out;
  for (size_t at = 0; at < pattern.size();) {
    const size_t close = pattern[at] == '{' ? pattern.find('}', at) : std::string::npos;
    if (close == std::string::npos) {
      out.push_back(pattern[at++]);
      continue;
    }
    const std::string field = pattern.substr(at + 1, close - at - 1);
    const size_t colon = field.find(':');
    const std::string name = field.substr(0, colon);
    out += formatted(name == "epoch" ? epoch : logs.at(name), colon == std::string::npos ? (name == "epoch" ? "d" : "g")
                                                                                         : field.substr(colon + 1));
    at = close + 1;
  }
  return out;
}

class Checkpoint final : public Callback {
 public:
  Checkpoint(Model model, std::string path, const CheckpointOptions& o)
      : model_(std::move(model)), path_(std::move(path)), options_(o), monitor_({.monitor = o.monitor, .mode = o.mode}) {
    if (o.period < 1) fail("model_checkpoint: period is ", o.period, "; it must be at least 1");
  }

  void on_train_begin(TrainingRun&) override { since_ = 0; }

  void on_epoch_end(TrainingRun&, int epoch, Logs& logs) override {
    if (++since_ < options_.period) return;
    since_ = 0;
    if (options_.save_best_only && !monitor_.improved(logs)) return;
    const std::string path = filled(path_, epoch + 1, logs);
    if (options_.save_weights_only) save_weights(model_, path);
    else save_model(model_, path);
  }

 private:
  const Model model_;
  const std::string path_;
  const CheckpointOptions options_;
  Monitor monitor_;
  int since_ = 0;
};

}  // namespace

std::shared_ptr<Callback> model_checkpoint(const Model& model, const std::string& path, const CheckpointOptions& options) {
  return std::make_shared<Checkpoint>(model, path, options);
}

}  // namespace keel::callbacks
