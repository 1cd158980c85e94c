#include "layers_support/losses/sample_weights.h"

namespace keel::losses {
namespace {

// Whether two static sizes can be of one axis.
bool agree(int64_t a, int64_t b) { return a == b || a == None || b == None; }

}  // namespace

Tensor aligned(std::string_view function, const Tensor& y_true, const Tensor& y_pred) {
  if (!y_true.defined() || !y_pred.defined()) fail(function, ": y_true or y_pred is an empty tensor handle");
  if (!y_pred.dtype().is_floating()) {
    fail(function, ": y_pred is of dtype ", y_pred.dtype(), "; a floating dtype is needed");
  }
  Tensor t = y_true;
  if (t.rank() + 1 == y_pred.rank() && y_pred.shape().back() == 1) t = expand_dims(t, -1);
  else if (t.rank() == y_pred.rank() + 1 && t.shape().back() == 1) t = squeeze(t, -1);
  bool fit = t.rank() == y_pred.rank() && t.rank() > 0;
  for (int axis = 0; fit && axis < t.rank(); ++axis) fit = agree(t.shape()[axis], y_pred.shape()[axis]);
  if (!fit) {
    fail(function, ": y_true has shape ", y_true.shape(), " and y_pred ", y_pred.shape(), "; they must agree");
  }
  return cast(t, y_pred.dtype());
}

Tensor weights_for(std::string_view function, const Tensor& values, const Tensor& sample_weight) {
  Tensor w = sample_weight;
  if (w.rank() == values.rank() + 1 && w.shape().back() == 1) w = squeeze(w, -1);
  bool fit = w.rank() <= values.rank();
  for (int axis = 0; fit && axis < w.rank(); ++axis) {
    fit = agree(w.shape()[axis], values.shape()[axis]) || w.shape()[axis] == 1;
  }
  if (!fit) {
    fail(function, ": sample_weight has shape ", sample_weight.shape(), ", which does not fit values of shape ",
         values.shape());
  }
  // A scalar broadcasts as it is.
  if (w.rank() > 0) {
    while (w.rank() < values.rank()) w = expand_dims(w, -1);
  }
  return cast(w, values.dtype());
}

}  // namespace keel::losses
