// Loss functions: how wrong each prediction is.
//
// y_true, y_pred: [batch, …], of as many axes; y_true is converted to the dtype of y_pred, and may lack
// a last axis of size 1 or have one too many. The result lacks the last axis, which is averaged over
// where nothing else is said. ValueError, in the function's name, where shapes do not fit. Source:
// keras.losses of Keras 2.3.
#ifndef KEEL_LAYERS_SUPPORT_LOSSES_FUNCTIONS_H_
#define KEEL_LAYERS_SUPPORT_LOSSES_FUNCTIONS_H_

#include "keel.h"

namespace keel::losses {

// (true − pred)².
Tensor mean_squared_error(const Tensor& y_true, const Tensor& y_pred);
// |true − pred|.
Tensor mean_absolute_error(const Tensor& y_true, const Tensor& y_pred);
// 100 · |true − pred| / max(|true|, epsilon()).
Tensor mean_absolute_percentage_error(const Tensor& y_true, const Tensor& y_pred);
// (log(1 + true) − log(1 + pred))², both at least epsilon() first.
Tensor mean_squared_logarithmic_error(const Tensor& y_true, const Tensor& y_pred);

// max(1 − true · pred, 0), and its square; true is -1 or 1, or all of it 0 or 1.
Tensor hinge(const Tensor& y_true, const Tensor& y_pred);
Tensor squared_hinge(const Tensor& y_true, const Tensor& y_pred);
// max(0, 1 + the highest wrong score − the right one); y_true: 0 and 1.
Tensor categorical_hinge(const Tensor& y_true, const Tensor& y_pred);

// log(cosh(pred − true)).
Tensor logcosh(const Tensor& y_true, const Tensor& y_pred);
// error² / 2 up to |error| = delta, a line beyond.
Tensor huber_loss(const Tensor& y_true, const Tensor& y_pred, double delta = 1);

// Arguments of the cross-entropies.
struct CrossentropyOptions {
  bool from_logits = false;
  double label_smoothing = 0;  // In [0, 1]: how far labels are moved towards equal ones.
};
// Σ −true · log pred over the classes, which are the last axis.
Tensor categorical_crossentropy(const Tensor& y_true, const Tensor& y_pred, const CrossentropyOptions& options = {});
// −log pred[true]; y_true: class numbers, [batch, …] with or without a last axis of size 1.
Tensor sparse_categorical_crossentropy(const Tensor& y_true, const Tensor& y_pred, bool from_logits = false);
// −true · log pred − (1 − true) · log(1 − pred).
Tensor binary_crossentropy(const Tensor& y_true, const Tensor& y_pred, const CrossentropyOptions& options = {});

// Σ true · log(true / pred), both within [epsilon(), 1] first.
Tensor kullback_leibler_divergence(const Tensor& y_true, const Tensor& y_pred);
// pred − true · log(pred + epsilon()).
Tensor poisson(const Tensor& y_true, const Tensor& y_pred);
// Minus the cosine of the angle between the two.
Tensor cosine_proximity(const Tensor& y_true, const Tensor& y_pred);

}  // namespace keel::losses

#endif  // KEEL_LAYERS_SUPPORT_LOSSES_FUNCTIONS_H_
