#include "ops/nn/crossentropy.h"

#include <numeric>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/config.h"
#include "core/op.h"
#include "core/structure.h"
#include "ops/array/array.h"
#include "ops/math/math.h"
#include "ops/nn/activations.h"
#include "ops/nn/softmax.h"
#include "ops/nn/softmax_kernel.h"
#include "ops/reduction/reduce.h"

namespace keel {
namespace {

Shape without_last(const Shape& shape) {
  Shape result = shape;
  result.erase(shape.rank() - 1);
  return result;
}

// Whether two shapes may be one.
bool fit(const Shape& a, const Shape& b) {
  bool same = a.rank() == b.rank();
  for (int i = 0; same && i < a.rank(); ++i) same = a[i] == b[i] || a[i] == None || b[i] == None;
  return same;
}

// The rows of an array whose last axis is the classes.
int64_t rows_of(const Shape& shape) { return without_last(shape).elements(); }

// 0, 1 … up to the size of the last axis of its input.
class ClassNumbers final : public OpOf<ClassNumbers> {
 public:
  static constexpr std::string_view kName = "class_numbers";
  static constexpr std::string_view kNoGradient = "it reads the shape of its input alone";
  DType dtype;
  auto fields() const { return std::tie(dtype); }
  bool reads_only_shape(int) const override { return true; }
  Signatures infer(SignatureSpan in) const override { return {{dtype, Shape{in[0].shape.back()}}}; }
  void run(const Exec&, Views, Views out) const override {
    if (dtype == DType::kInt32) {
      std::iota(out[0].as<int32_t>(), out[0].as<int32_t>() + (*out[0].shape)[0], 0);
    } else {
      std::iota(out[0].as<int64_t>(), out[0].as<int64_t>() + (*out[0].shape)[0], 0);
    }
  }
};

// What the two fused losses share. Their outputs: the loss, and what makes a softmax of x in one
// pass: its maximum and 1 / Σ exp(x − maximum). Only this file sees the latter two, and only in
// exp(x − maximum) · inverse, where the slope of the maximum cancels: it counts as a constant.
Signatures loss_signatures(const Signature& x) {
  const Signature row{x.dtype, without_last(x.shape)};
  return {row, row, row};
}
Tensor probabilities(const Tensors& outputs) {
  const Tensor& x = outputs[0].input(0);
  return exp(x - expand_dims(stop_gradient(outputs[1]))) * expand_dims(outputs[2]);
}
// What flows to x by way of the inverse sum s: ds/dx = −s · p.
Tensor add_inverse_gradient(Tensor dx, const Tensors& outputs, const Tensor& p, const Tensor& ds) {
  if (!ds.defined()) return dx;
  const Tensor part = expand_dims(-ds * outputs[2]) * p;
  return dx.defined() ? dx + part : part;
}

// Inputs: logits and targets, [..., classes].
class SoftmaxCrossEntropy final : public OpOf<SoftmaxCrossEntropy> {
 public:
  static constexpr std::string_view kName = "categorical_crossentropy";
  auto fields() const { return std::tie(); }
  Signatures infer(SignatureSpan in) const override {
    const Shape &x = in[0].shape, &t = in[1].shape;
    if (!fit(x, t)) fail(kName, ": target of shape ", t, " and output of shape ", x, " differ");
    Shape both = x;
    for (int i = 0; i < x.rank(); ++i) {
      if (x[i] == None) both[i] = t[i];
    }
    return loss_signatures({in[0].dtype, both});
  }
  void run(const Exec& exec, Views in, Views out) const override {
    cross_entropy_forward(in[0], in[1], rows_of(*in[0].shape), in[0].shape->back(), out[0], out[1],
                          out[2], exec.pool);
  }
  Tensors gradient(const Tensors& outputs, const Tensors& gradients) const {
    const Tensor &x = outputs[0].input(0), &target = outputs[0].input(1);
    const Tensor& dloss = gradients[0];
    const Tensor p = probabilities(outputs);
    Tensor dx, dtarget;
    if (dloss.defined()) {
      dx = (p * sum(target, -1, true) - target) * expand_dims(dloss);
      dtarget = (expand_dims(outputs[1] - log(outputs[2])) - x) * expand_dims(dloss);
    }
    return {add_inverse_gradient(dx, outputs, p, gradients[2]), dtarget};
  }
};

// Inputs: logits [..., classes], and as many labels (int32 or int64).
class SparseSoftmaxCrossEntropy final : public OpOf<SparseSoftmaxCrossEntropy> {
 public:
  static constexpr std::string_view kName = "sparse_categorical_crossentropy";
  auto fields() const { return std::tie(); }
  Signatures infer(SignatureSpan in) const override {
    const int64_t rows = rows_of(in[0].shape), labels = in[1].shape.elements();
    if (rows != None && labels != None && rows != labels) {
      fail(kName, ": target of shape ", in[1].shape, " has ", labels, " labels, but output of shape ",
           in[0].shape, " has ", rows, " rows");
    }
    return loss_signatures(in[0]);
  }
  void run(const Exec& exec, Views in, Views out) const override {
    const int64_t classes = in[0].shape->back();
    const int64_t bad = sparse_cross_entropy_forward(in[0], in[1], rows_of(*in[0].shape), classes,
                                                     out[0], out[1], out[2], exec.pool);
    if (bad >= 0) {
      const int64_t label = in[1].dtype == DType::kInt32 ? in[1].as<int32_t>()[bad]
                                                         : in[1].as<int64_t>()[bad];
      fail(kName, ": label ", bad, " of target is ", label, "; output of shape ", *in[0].shape,
           " has classes 0 to ", classes - 1);
    }
  }
  Tensors gradient(const Tensors& outputs, const Tensors& gradients) const {
    const Tensor &x = outputs[0].input(0), &labels = outputs[0].input(1);
    const Tensor p = probabilities(outputs);
    Tensor dx;
    if (gradients[0].defined()) {
      const Tensor row_labels = expand_dims(reshape_like(labels, outputs[0]));
      const Tensor is_label = equal(row_labels, make<ClassNumbers>({x}, labels.dtype()));
      dx = where(is_label, p - 1, p) * expand_dims(gradients[0]);
    }
    return {add_inverse_gradient(dx, outputs, p, gradients[2]), Tensor()};
  }
};

void check_output(std::string_view function, const Tensor& output, int least_rank) {
  if (!output.dtype().is_floating() || output.rank() < least_rank) {
    fail(function, ": output is of dtype ", output.dtype(), " and shape ", output.shape(),
         "; accepted are floating dtypes", least_rank > 0 ? " with an axis of classes" : "");
  }
}

void check_target(std::string_view function, const Tensor& target, const Tensor& output) {
  if (target.dtype() != output.dtype()) {
    fail(function, ": target is ", target.dtype(), " and output is ", output.dtype(),
         "; they must be of one dtype");
  }
}

Tensor clipped(const Tensor& p) { return clip(p, epsilon(), 1 - epsilon()); }

// `x` with `axis` moved to the end.
Tensor with_last(const Tensor& x, int axis) {
  if (axis == x.rank() - 1) return x;
  std::vector<int64_t> order;
  for (int i = 0; i < x.rank(); ++i) {
    if (i != axis) order.push_back(i);
  }
  order.push_back(axis);
  return permute_dimensions(x, order);
}

}  // namespace

Tensor categorical_crossentropy(const Tensor& target, const Tensor& output,
                                const CategoricalCrossentropyOptions& options) {
  constexpr std::string_view kName = SoftmaxCrossEntropy::kName;
  check_output(kName, output, 1);
  check_target(kName, target, output);
  const int axis = check_axis(kName, options.axis, output.rank());
  if (!fit(target.shape(), output.shape())) {
    fail(kName, ": target of shape ", target.shape(), " and output of shape ", output.shape(), " differ");
  }
  const Tensor logits = options.from_logits ? output : internal::softmax_logits(output, axis);
  const Tensor targets = with_last(target, axis);
  if (logits.defined()) return make_all<SoftmaxCrossEntropy>({with_last(logits, axis), targets})[0];
  const Tensor p = with_last(output, axis);
  return -sum(targets * log(clipped(p / sum(p, -1, true))), -1);
}

Tensor sparse_categorical_crossentropy(const Tensor& target, const Tensor& output,
                                       const CategoricalCrossentropyOptions& options) {
  constexpr std::string_view kName = SparseSoftmaxCrossEntropy::kName;
  check_output(kName, output, 1);
  const int axis = check_axis(kName, options.axis, output.rank());
  Tensor logits = options.from_logits ? output : internal::softmax_logits(output, axis);
  if (!logits.defined()) logits = log(clipped(output));
  const bool is_index = target.dtype() == DType::kInt32 || target.dtype() == DType::kInt64;
  const Tensor labels = is_index ? target : cast(target, DType::kInt64);
  return make_all<SparseSoftmaxCrossEntropy>({with_last(logits, axis), labels})[0];
}

Tensor binary_crossentropy(const Tensor& target, const Tensor& output,
                           const CrossentropyOptions& options) {
  constexpr std::string_view kName = "binary_crossentropy";
  check_output(kName, output, 0);
  check_target(kName, target, output);
  if (options.from_logits && !fit(target.shape(), output.shape())) {
    fail(kName, ": target of shape ", target.shape(), " and logits of shape ", output.shape(), " differ");
  }
  Tensor logits = output;
  if (!options.from_logits && output.op().name() == "sigmoid") {
    logits = output.input(0);
  } else if (!options.from_logits) {
    const Tensor p = clipped(output);
    // The epsilon within is Keras's.
    return -(target * log(p + epsilon()) + (1 - target) * log(1 - p + epsilon()));
  }
  // Both terms are positive where targets are in [0, 1]: nothing cancels.
  return target * softplus(-logits) + (1 - target) * softplus(logits);
}

}  // namespace keel
