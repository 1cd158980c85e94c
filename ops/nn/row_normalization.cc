#include "ops/nn/row_normalization.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/gradients.h"
#include "core/op.h"
#include "core/structure.h"
#include "ops/math/math.h"
#include "ops/nn/row_normalization_kernel.h"
#include "ops/reduction/reduction.h"

namespace keel {
namespace {

RowShape row_shape(const Shape& x, int row_axes) {
  RowShape shape;
  for (int i = 0; i < x.rank(); ++i) (i < x.rank() - row_axes ? shape.count : shape.length) *= x[i];
  return shape;
}

Axes last_axes(int count) {
  std::vector<int64_t> axes;
  for (int i = -count; i < 0; ++i) axes.push_back(i);
  return axes;
}

Tensor composed(const Tensor& x, const Tensor& gamma, const Tensor& beta, int row_axes, double epsilon) {
  const Tensor centred = x - mean(x, last_axes(row_axes), true);
  const Tensor deviation = sqrt(mean(square(centred), last_axes(row_axes), true) + epsilon);
  return centred / deviation * gamma + beta;
}

// Inputs: dy, x, gamma, beta, mean, inverse; the gradients by x, gamma and beta. The last two inputs are
// what the forward op found for x: gradients flow through x alone.
class NormalizedRowsGradient final : public OpOf<NormalizedRowsGradient> {
 public:
  static constexpr std::string_view kName = "normalized_rows_gradient";
  int row_axes;
  double epsilon;
  auto fields() const { return std::tie(row_axes, epsilon); }
  bool reads_only_shape(int i) const override { return i == 3; }
  Signatures infer(SignatureSpan in) const override {
    return {{in[1].dtype, in[1].shape}, {in[2].dtype, in[2].shape}, {in[3].dtype, in[3].shape}};
  }
  size_t scratch_bytes(SignatureSpan in, SignatureSpan) const override {
    return normalize_rows_scratch_bytes(row_shape(in[1].shape, row_axes));
  }
  void run(const Exec& exec, Views in, Views out) const override {
    normalize_rows_backward(in[0], in[1], in[2], in[4], in[5], row_shape(*in[1].shape, row_axes), out[0],
                            out[1], out[2], exec.scratch, exec.pool);
  }
  Tensors gradient(const Tensors& outputs, const Tensors& flows) const {
    const Tensors& in = outputs[0].node().inputs();
    const Tensor &dy = in[0], &x = in[1], &gamma = in[2], &beta = in[3];
    const Tensors found = gradients({composed(x, gamma, beta, row_axes, epsilon)}, {dy}, {x, gamma, beta});
    Tensors results, seeds;
    for (size_t i = 0; i < found.size(); ++i) {
      if (!flows[i].defined()) continue;
      results.push_back(found[i]);
      seeds.push_back(flows[i]);
    }
    Tensors to = gradients(results, seeds, {dy, x, gamma}, /*independent=*/true);
    to.resize(in.size());
    return to;
  }
};

// Inputs: x, gamma, beta. Outputs: the rows normalized, and each one's mean and 1 / √(variance + epsilon),
// which the gradient reads.
class NormalizedRows final : public OpOf<NormalizedRows> {
 public:
  static constexpr std::string_view kName = "normalized_rows";
  int row_axes;
  double epsilon;
  auto fields() const { return std::tie(row_axes, epsilon); }
  Signatures infer(SignatureSpan in) const override {
    const DType computed = in[0].dtype.size() == 8 ? DType::kFloat64 : DType::kFloat32;
    Signature rows{computed, {}};
    for (int i = 0; i < in[0].shape.rank() - row_axes; ++i) rows.shape.push_back(in[0].shape[i]);
    return {{in[0].dtype, in[0].shape}, rows, rows};
  }
  void run(const Exec& exec, Views in, Views out) const override {
    normalize_rows(in[0], in[1], in[2], row_shape(*in[0].shape, row_axes), epsilon, out[0], out[1], out[2],
                   exec.pool);
  }
  Tensors gradient(const Tensors& outputs, const Tensors& flows) const {
    const Tensors& in = outputs[0].node().inputs();
    return make_all<NormalizedRowsGradient>({flows[0], in[0], in[1], in[2], outputs[1], outputs[2]}, row_axes,
                                            epsilon);
  }
};

// Whether the two are one expression: the same ops applied to the same tensors, which lie at most `depth`
// ops away.
bool same(const Tensor& a, const Tensor& b, int depth) {
  if (a.node_ptr() == b.node_ptr()) return a.output() == b.output();
  const Node &x = a.node(), &y = b.node();
  const auto same_inputs = [&](const Tensor& i, const Tensor& j) { return same(i, j, depth - 1); };
  return depth > 0 && a.output() == b.output() && !x.op().stateful() && x.op().equals(y.op()) &&
         x.after().empty() && y.after().empty() &&
         std::equal(x.inputs().begin(), x.inputs().end(), y.inputs().begin(), y.inputs().end(), same_inputs);
}

// How many of the last axes of x `mean` is the mean of; 0 where it is something else.
int axes_of_mean(const Tensor& mean, const Tensor& x) {
  if (mean.node().inputs().size() != 1 || mean.rank() != x.rank()) return 0;
  Reduction how;
  if (!mean.op().reduction({&x.signature(), 1}, &how) || mean.input(0).shape() != x.shape()) return 0;
  const auto first = std::find(how.reduced.begin(), how.reduced.end(), true);
  const bool last_ones = std::find(first, how.reduced.end(), false) == how.reduced.end();
  const int count = static_cast<int>(how.reduced.end() - first);
  return last_ones && count > 0 && same(mean, keel::mean(x, last_axes(count), true), 1) ? count : 0;
}

// `parameter`, or `value` where there is none, in the shape of the last axes of x; empty where it has
// another shape.
Tensor along_rows(const Tensor& parameter, double value, const Tensor& x, int row_axes) {
  Shape row;
  for (int i = x.rank() - row_axes; i < x.rank(); ++i) row.push_back(x.shape()[i]);
  if (!row.is_static()) return {};
  if (!parameter.defined()) return constant_tensor(Array::full(row, value, x.dtype()));
  Shape own = parameter.shape();
  while (own.rank() > row_axes && own[0] == 1) own.erase(0);
  return own == row ? parameter : Tensor();
}

}  // namespace

namespace internal {

Tensor normalized_rows(const Tensor& x, const Tensor& mean, const Tensor& var, const Tensor& beta,
                       const Tensor& gamma, double epsilon) {
  const int row_axes = axes_of_mean(mean, x);
  if (row_axes == 0 || !same(var, keel::var(x, last_axes(row_axes), true), 4)) return {};
  const Tensor factor = along_rows(gamma, 1, x, row_axes), shift = along_rows(beta, 0, x, row_axes);
  if (!factor.defined() || !shift.defined()) return {};
  return make<NormalizedRows>({x, factor, shift}, row_axes, epsilon);
}

}  // namespace internal
}  // namespace keel
