#include "ops/nn/normalization.h"

#include <limits>
#include <string_view>
#include <tuple>
#include <utility>

#include "core/op.h"
#include "core/structure.h"
#include "ops/array/array.h"
#include "ops/math/math.h"
#include "ops/nn/row_normalization.h"
#include "ops/nn/statistics_kernel.h"
#include "ops/reduction/reduce.h"

namespace keel {
namespace {

// The kept axes of `x` in one run, as the kernel wants them; false where they are several runs.
bool statistics_shape(const std::vector<bool>& reduced, const Shape& x, StatisticsShape* shape) {
  int runs = 0;
  *shape = StatisticsShape();
  for (int i = 0; i < x.rank(); ++i) {
    if (!reduced[i] && (i == 0 || reduced[i - 1])) ++runs;
    (reduced[i] ? (runs == 0 ? shape->outer : shape->inner) : shape->groups) *= x[i];
  }
  return runs <= 1;
}

// `x`, which lacks the reduced axes, with those of size 1.
Tensor with_reduced_axes(Tensor x, const std::vector<bool>& reduced) {
  for (size_t i = 0; i < reduced.size(); ++i) {
    if (reduced[i]) x = expand_dims(x, static_cast<int64_t>(i));
  }
  return x;
}

// Mean and variance over the reduced axes; the others are one run. The kernel reads x once, a mean and
// a mean of squares around it would read it twice.
class BatchStatistics final : public OpOf<BatchStatistics> {
 public:
  static constexpr std::string_view kName = "batch_statistics";
  std::vector<bool> reduced;
  auto fields() const { return std::tie(reduced); }
  Signatures infer(SignatureSpan in) const override {
    Signature kept{in[0].dtype, Shape{}};
    for (int i = 0; i < in[0].shape.rank(); ++i) {
      if (!reduced[i]) kept.shape.push_back(in[0].shape[i]);
    }
    return {kept, kept};
  }
  size_t scratch_bytes(SignatureSpan in, SignatureSpan) const override {
    StatisticsShape shape;
    statistics_shape(reduced, in[0].shape, &shape);
    return batch_statistics_scratch_bytes(shape);
  }
  void run(const Exec& exec, Views in, Views out) const override {
    StatisticsShape shape;
    statistics_shape(reduced, *in[0].shape, &shape);
    batch_statistics(in[0], shape, out[0], out[1], exec.scratch, exec.pool);
  }
  // Of the mean 1/n, of the variance 2(x − mean)/n.
  Tensors gradient(const Tensors& outputs, const Tensors& gradients) const {
    const Tensor& x = outputs[0].input(0);
    const Tensor share = size_ratio(outputs[0], x, x.dtype());
    Tensor dx;
    if (gradients[1].defined()) {
      dx = (x - with_reduced_axes(outputs[0], reduced)) *
           with_reduced_axes(gradients[1] * share * 2, reduced);
    }
    if (gradients[0].defined()) {
      const Tensor part = with_reduced_axes(gradients[0] * share, reduced);
      dx = dx.defined() ? dx + part : broadcast_like(part, x);
    }
    return {dx};
  }
};

// Per group Σ dy and Σ dy · (x − mean): inputs dy, x, mean. One read of both for what composed
// reductions and their gradients read three times.
class BatchGradientSums final : public OpOf<BatchGradientSums> {
 public:
  static constexpr std::string_view kName = "batch_gradient_sums";
  std::vector<bool> reduced;
  auto fields() const { return std::tie(reduced); }
  Signatures infer(SignatureSpan in) const override { return {in[2], in[2]}; }
  size_t scratch_bytes(SignatureSpan in, SignatureSpan) const override {
    StatisticsShape shape;
    statistics_shape(reduced, in[1].shape, &shape);
    return batch_statistics_scratch_bytes(shape);
  }
  void run(const Exec& exec, Views in, Views out) const override {
    StatisticsShape shape;
    statistics_shape(reduced, *in[1].shape, &shape);
    batch_gradient_sums(in[0], in[1], in[2], shape, out[0], out[1], exec.scratch, exec.pool);
  }
  Tensors gradient(const Tensors& outputs, const Tensors& gradients) const {
    const Tensor &dy = outputs[0].input(0), &x = outputs[0].input(1), &mean = outputs[0].input(2);
    const Tensor &of_sum = gradients[0], &of_product = gradients[1];
    Tensor to_dy, to_x, to_mean;
    if (of_product.defined()) {
      const Tensor spread = with_reduced_axes(of_product, reduced);
      to_dy = (x - with_reduced_axes(mean, reduced)) * spread;
      to_x = dy * spread;
      to_mean = -(of_product * outputs[0]);
    }
    if (of_sum.defined()) {
      const Tensor spread = with_reduced_axes(of_sum, reduced);
      to_dy = to_dy.defined() ? to_dy + spread : broadcast_like(spread, dy);
    }
    return {to_dy, to_x, to_mean};
  }
};

// Input 0, a composed normalization, with a gradient of its own. Inputs: that, x, its mean and variance
// over the reduced axes, and gamma and beta (of rank and shape as `normalize` takes them; 1 and 0 where
// there are none). The plan drops this op; composed, the gradient would go by way of the mean and the
// variance and read x and dy twice as often.
class NormalizedBatchOp final : public OpOf<NormalizedBatchOp> {
 public:
  static constexpr std::string_view kName = "normalized_batch";
  std::vector<bool> reduced;
  double epsilon;
  auto fields() const { return std::tie(reduced, epsilon); }
  Signatures infer(SignatureSpan in) const override { return {{in[0].dtype, in[0].shape}}; }
  bool reads_only_shape(int i) const override { return i != 0; }
  int forwards(SignatureSpan, SignatureSpan) const override { return 0; }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    const Tensor &x = y.input(1), &mean = y.input(2), &variance = y.input(3);
    const Tensor &gamma = y.input(4), &beta = y.input(5);
    const Tensors sums = make_all<BatchGradientSums>({dy, x, mean}, reduced);
    const Tensor share = size_ratio(mean, x, x.dtype());
    // Of no elements (share is infinite) the variance is NaN, but nothing flows.
    const Tensor some = less(share, std::numeric_limits<double>::infinity());
    const Tensor inverse = where(some, 1 / sqrt(variance + epsilon), scalar(0, x.dtype()));
    // dx = scale · (dy − Σdy/n − (x − mean) · Σ(dy·(x − mean))/n · inverse²)
    const Tensor scale = gamma * with_reduced_axes(inverse, reduced);
    const Tensor slope = with_reduced_axes(sums[1] * share * square(inverse), reduced);
    const Tensor centred = (x - with_reduced_axes(mean, reduced)) * slope;
    const Tensor dx = (dy - with_reduced_axes(sums[0] * share, reduced) - centred) * scale;
    return {Tensor(), dx, Tensor(), Tensor(),
            sum_to_like(with_reduced_axes(sums[1] * inverse, reduced), gamma),
            sum_to_like(with_reduced_axes(sums[0], reduced), beta)};
  }
};

void check_epsilon(std::string_view function, double epsilon) {
  if (!(epsilon >= 0)) fail(function, ": epsilon is ", epsilon, "; accepted are numbers from 0 on");
}

void check_floating(std::string_view function, const Tensor& x) {
  if (!x.dtype().is_floating()) {
    fail(function, ": x is ", x.dtype(), "; accepted are floating dtypes");
  }
}

// Fails unless `parameter` is of the dtype of x and broadcasts to its shape.
void check_parameter(std::string_view function, const char* name, const Tensor& parameter,
                     const Tensor& x) {
  if (!parameter.defined()) return;
  if (parameter.dtype() != x.dtype()) {
    fail(function, ": ", name, " is ", parameter.dtype(), " and x is ", x.dtype(),
         "; they must be of one dtype");
  }
  const Shape &p = parameter.shape(), &s = x.shape();
  bool fits = p.rank() <= s.rank();
  for (int i = 1; fits && i <= p.rank(); ++i) {
    const int64_t size = p[p.rank() - i], wanted = s[s.rank() - i];
    fits = size == 1 || size == wanted || size == None || wanted == None;
  }
  if (!fits) {
    fail(function, ": ", name, " of shape ", p, " does not fit x of shape ", s);
  }
}

// Parameters that broadcast to x: normalized, scaled, shifted. The difference comes first: x · scale
// − mean · scale would cancel digits where the mean is large.
Tensor normalize(const Tensor& x, const Tensor& mean, const Tensor& var, const Tensor& beta,
                 const Tensor& gamma, double epsilon) {
  const Tensor deviation = sqrt(var + epsilon);
  const Tensor scale = gamma.defined() ? gamma / deviation : 1 / deviation;
  const Tensor scaled = (x - mean) * scale;
  return beta.defined() ? scaled + beta : scaled;
}

}  // namespace

Tensor batch_normalization(const Tensor& x, const Tensor& mean, const Tensor& var,
                           const Tensor& beta, const Tensor& gamma,
                           const BatchNormalizationOptions& options) {
  constexpr const char* kName = "batch_normalization";
  check_floating(kName, x);
  check_epsilon(kName, options.epsilon);
  const int axis = check_axis(kName, options.axis, x.rank());
  const auto along_axis = [&](const char* name, Tensor parameter) {
    if (parameter.defined() && parameter.rank() == 1) {
      for (int i = axis + 1; i < x.rank(); ++i) parameter = expand_dims(parameter);
    }
    check_parameter(kName, name, parameter, x);
    return parameter;
  };
  const Tensor m = along_axis("mean", mean), v = along_axis("var", var);
  const Tensor b = along_axis("beta", beta), g = along_axis("gamma", gamma);
  const Tensor rows = internal::normalized_rows(x, m, v, b, g, options.epsilon);
  return rows.defined() ? rows : normalize(x, m, v, b, g, options.epsilon);
}

NormalizedBatch normalize_batch_in_training(const Tensor& x, const Tensor& gamma, const Tensor& beta,
                                            const std::vector<int64_t>& reduction_axes,
                                            double epsilon) {
  constexpr const char* kName = "normalize_batch_in_training";
  check_floating(kName, x);
  check_epsilon(kName, epsilon);
  if (reduction_axes.empty()) fail(kName, ": reduction_axes is empty; name at least one axis of x");
  const std::vector<bool> reduced = Axes(reduction_axes).mask(kName, x.rank());
  // The kernels want the kept axes to be one run: else the reduced ones are moved to the front.
  StatisticsShape unused;
  if (!statistics_shape(reduced, Shape(Dims(std::vector<int64_t>(x.rank(), 1))), &unused)) {
    std::vector<int64_t> order, back(x.rank()), front;
    for (bool wanted : {true, false}) {
      for (int i = 0; i < x.rank(); ++i) {
        if (reduced[i] != wanted) continue;
        back[i] = static_cast<int64_t>(order.size());
        if (wanted) front.push_back(back[i]);
        order.push_back(i);
      }
    }
    // A parameter without the reduced axes keeps its order.
    const auto moved_parameter = [&](const Tensor& p) {
      return p.defined() && p.rank() == x.rank() ? permute_dimensions(p, order) : p;
    };
    NormalizedBatch moved =
        normalize_batch_in_training(permute_dimensions(x, order), moved_parameter(gamma),
                                    moved_parameter(beta), front, epsilon);
    moved.normalized = permute_dimensions(moved.normalized, back);
    return moved;
  }
  const Tensors statistics = make_all<BatchStatistics>({x}, reduced);
  const auto parameter = [&](const char* name, const Tensor& p) {
    if (!p.defined()) return p;
    const Tensor spread = p.rank() == statistics[0].rank() ? with_reduced_axes(p, reduced) : p;
    check_parameter(kName, name, spread, x);
    return spread;
  };
  const Tensor shift = parameter("beta", beta), factor = parameter("gamma", gamma);
  const Tensor composed =
      normalize(x, with_reduced_axes(statistics[0], reduced), with_reduced_axes(statistics[1], reduced),
                shift, factor, epsilon);
  const auto or_scalar = [&](const Tensor& p, double value) {
    return p.defined() ? p : scalar(value, x.dtype());
  };
  const Tensor normalized =
      make<NormalizedBatchOp>({composed, x, statistics[0], statistics[1], or_scalar(factor, 1),
                               or_scalar(shift, 0)}, reduced, epsilon);
  return {normalized, statistics[0], statistics[1]};
}

Tensor l2_normalize(const Tensor& x, const Axes& axis) {
  check_floating("l2_normalize", x);
  axis.mask("l2_normalize", x.rank());
  return x / sqrt(maximum(sum(square(x), axis, true), 1e-12));
}

}  // namespace keel
