#include "layers_support/losses/functions.h"

#include <cmath>

#include "layers_support/losses/sample_weights.h"

namespace keel::losses {
namespace {

// 0 and 1 as -1 and 1, where there is nothing else.
Tensor signed_labels(const Tensor& y_true) {
  const Tensor binary = all(logical_or(equal(y_true, 0), equal(y_true, 1)));
  const Tensor scale = where(binary, scalar(2, y_true.dtype()), scalar(1, y_true.dtype()));
  return scale * y_true - (scale - 1);
}

void check_smoothing(const char* function, double smoothing) {
  if (!(smoothing >= 0 && smoothing <= 1)) {
    fail(function, ": label_smoothing is ", smoothing, "; it must be in [0, 1]");
  }
}

}  // namespace

Tensor mean_squared_error(const Tensor& y_true, const Tensor& y_pred) {
  return mean(square(y_pred - aligned("mean_squared_error", y_true, y_pred)), -1);
}

Tensor mean_absolute_error(const Tensor& y_true, const Tensor& y_pred) {
  return mean(abs(y_pred - aligned("mean_absolute_error", y_true, y_pred)), -1);
}

Tensor mean_absolute_percentage_error(const Tensor& y_true, const Tensor& y_pred) {
  const Tensor t = aligned("mean_absolute_percentage_error", y_true, y_pred);
  return 100 * mean(abs((t - y_pred) / maximum(abs(t), epsilon())), -1);
}

Tensor mean_squared_logarithmic_error(const Tensor& y_true, const Tensor& y_pred) {
  const Tensor t = aligned("mean_squared_logarithmic_error", y_true, y_pred);
  return mean(square(log(maximum(y_pred, epsilon()) + 1) - log(maximum(t, epsilon()) + 1)), -1);
}

Tensor hinge(const Tensor& y_true, const Tensor& y_pred) {
  return mean(maximum(1 - signed_labels(aligned("hinge", y_true, y_pred)) * y_pred, 0), -1);
}

Tensor squared_hinge(const Tensor& y_true, const Tensor& y_pred) {
  return mean(square(maximum(1 - signed_labels(aligned("squared_hinge", y_true, y_pred)) * y_pred, 0)), -1);
}

Tensor categorical_hinge(const Tensor& y_true, const Tensor& y_pred) {
  const Tensor t = aligned("categorical_hinge", y_true, y_pred);
  return maximum(max((1 - t) * y_pred, -1) - sum(t * y_pred, -1) + 1, 0);
}

Tensor logcosh(const Tensor& y_true, const Tensor& y_pred) {
  const Tensor x = y_pred - aligned("logcosh", y_true, y_pred);
  return mean(x + softplus(-2 * x) - std::log(2.0), -1);
}

Tensor huber_loss(const Tensor& y_true, const Tensor& y_pred, double delta) {
  if (!(delta >= 0)) fail("huber_loss: delta is ", delta, "; it must be at least 0");
  const Tensor error = abs(y_pred - aligned("huber_loss", y_true, y_pred));
  const Tensor quadratic = minimum(error, delta);
  return mean(0.5 * square(quadratic) + delta * (error - quadratic), -1);
}

Tensor categorical_crossentropy(const Tensor& y_true, const Tensor& y_pred, const CrossentropyOptions& o) {
  check_smoothing("categorical_crossentropy", o.label_smoothing);
  Tensor t = aligned("categorical_crossentropy", y_true, y_pred);
  if (o.label_smoothing > 0) {
    const int64_t classes = y_pred.shape().back();
    if (classes == None) fail("categorical_crossentropy: label_smoothing needs a known number of classes");
    t = t * (1 - o.label_smoothing) + o.label_smoothing / static_cast<double>(classes);
  }
  return keel::categorical_crossentropy(t, y_pred, {.from_logits = o.from_logits});
}

Tensor sparse_categorical_crossentropy(const Tensor& y_true, const Tensor& y_pred, bool from_logits) {
  return keel::sparse_categorical_crossentropy(y_true, y_pred, {.from_logits = from_logits});
}

Tensor binary_crossentropy(const Tensor& y_true, const Tensor& y_pred, const CrossentropyOptions& o) {
  check_smoothing("binary_crossentropy", o.label_smoothing);
  Tensor t = aligned("binary_crossentropy", y_true, y_pred);
  if (o.label_smoothing > 0) t = t * (1 - o.label_smoothing) + 0.5 * o.label_smoothing;
  return mean(keel::binary_crossentropy(t, y_pred, {.from_logits = o.from_logits}), -1);
}

Tensor kullback_leibler_divergence(const Tensor& y_true, const Tensor& y_pred) {
  const Tensor t = clip(aligned("kullback_leibler_divergence", y_true, y_pred), epsilon(), 1);
  return sum(t * log(t / clip(y_pred, epsilon(), 1)), -1);
}

Tensor poisson(const Tensor& y_true, const Tensor& y_pred) {
  return mean(y_pred - aligned("poisson", y_true, y_pred) * log(y_pred + epsilon()), -1);
}

Tensor cosine_proximity(const Tensor& y_true, const Tensor& y_pred) {
  return -sum(l2_normalize(aligned("cosine_proximity", y_true, y_pred), -1) * l2_normalize(y_pred, -1), -1);
}

}  // namespace keel::losses
