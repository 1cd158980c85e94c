// Losses as objects: a function of targets and predictions, weighted and reduced to one number.
#ifndef KEEL_LAYERS_SUPPORT_LOSSES_LOSS_H_
#define KEEL_LAYERS_SUPPORT_LOSSES_LOSS_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "keel.h"
#include "layers_support/config/config.h"

namespace keel {

// Arguments of a loss by name; those that it does not have are left alone.
struct LossOptions {
  bool from_logits = false;
  double label_smoothing = 0;
  double delta = 1;  // Of huber_loss.
  // "sum_over_batch_size" (the mean), "sum" or "none".
  std::string reduction = "sum_over_batch_size";
};

// A loss. A handle; converts from Keras's names and from a callable.
class Loss {
 public:
  // From targets and predictions, [batch, …], to values that begin with the batch too.
  using Values = std::function<Tensor(const Tensor& y_true, const Tensor& y_pred)>;

  // "mse", "MeanSquaredError", "categorical_crossentropy" …; ValueError on an unknown one.
  Loss(std::string_view name, const LossOptions& options = {});  // NOLINT: implicit by design
  Loss(const char* name, const LossOptions& options = {}) : Loss(std::string_view(name), options) {}         // NOLINT
  Loss(const std::string& name, const LossOptions& options = {}) : Loss(std::string_view(name), options) {}  // NOLINT
  Loss(Values values, std::string_view name = "custom", const LossOptions& options = {});  // NOLINT
  // From a name or from what config() gives, in the form of Keras 2.3 or of tf_keras.
  static Loss from_config(const Json& config);

  // Keras's name of the function, "mean_squared_error".
  const std::string& name() const;
  const LossOptions& options() const;
  // The values, weighted where `sample_weight` is given, neither of them reduced. sample_weight: a
  // scalar, [batch], or of the shape of the values.
  Tensor values(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight = {}) const;
  // The loss, a scalar unless `reduction` is "none": the weighted values summed, over their number
  // (not over the sum of the weights, as Keras has it). ValueError where shapes do not fit.
  Tensor operator()(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight = {}) const;
  // {"class_name": …, "config": …} as Keras 2.3 writes it.
  Json config() const;

 private:
  struct Rule;
  std::shared_ptr<const Rule> rule_;
};

}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_LOSSES_LOSS_H_
