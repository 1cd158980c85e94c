#include "ops/array/transpose.h"

#include <numeric>

#include "core/op.h"
#include "ops/array/strided_copy_kernel.h"

namespace keel {
namespace {

// Printed as "pattern=[1, 0]": by this, and the op's name, a product knows a transpose that it can
// absorb.
struct Pattern {
  std::vector<int> axes;
  friend bool operator==(const Pattern& a, const Pattern& b) { return a.axes == b.axes; }
  template <typename H>
  friend H AbslHashValue(H h, const Pattern& p) {
    return H::combine(std::move(h), p.axes);
  }
  friend std::ostream& operator<<(std::ostream& out, const Pattern& p) {
    out << "pattern=[";
    for (size_t i = 0; i < p.axes.size(); ++i) out << (i > 0 ? ", " : "") << p.axes[i];
    return out << ']';
  }
};

Tensor permute(const Tensor& x, std::vector<int> axes);

class PermuteDimensions final : public OpOf<PermuteDimensions> {
 public:
  static constexpr std::string_view kName = "permute_dimensions";
  Pattern pattern;

  auto fields() const { return std::tie(pattern); }
  Signatures infer(SignatureSpan in) const override {
    Shape shape = in[0].shape;
    for (int i = 0; i < shape.rank(); ++i) shape[i] = in[0].shape[pattern.axes[i]];
    return {{in[0].dtype, shape}};
  }
  void run(const Exec& exec, Views in, Views out) const override {
    CopyAxes axes = dense_axes(*out[0].shape);
    const CopyAxes from = dense_axes(*in[0].shape);
    for (size_t i = 0; i < axes.size(); ++i) axes[i].in_stride = from[pattern.axes[i]].in_stride;
    strided_copy(exec.pool, axes, in[0].dtype.size(), in[0].data, out[0].data);
  }
  Tensors gradient(const Tensor&, const Tensor& dy) const {
    std::vector<int> inverse(pattern.axes.size());
    for (size_t i = 0; i < inverse.size(); ++i) inverse[pattern.axes[i]] = static_cast<int>(i);
    return {permute(dy, inverse)};
  }
};

// Axes in order are nothing to do, and two permutations are one.
Tensor permute(const Tensor& x, std::vector<int> axes) {
  if (const auto* before = op_as<PermuteDimensions>(x)) {
    for (int& axis : axes) axis = before->pattern.axes[axis];
    return permute(x.input(0), std::move(axes));
  }
  bool same = true;
  for (size_t i = 0; i < axes.size(); ++i) same &= axes[i] == static_cast<int>(i);
  return same ? x : make<PermuteDimensions>({x}, Pattern{std::move(axes)});
}

}  // namespace

Tensor transpose(const Tensor& x) {
  std::vector<int> axes(x.rank());
  std::iota(axes.rbegin(), axes.rend(), 0);
  return permute(x, std::move(axes));
}

Tensor permute_dimensions(const Tensor& x, const std::vector<int64_t>& pattern) {
  std::vector<int> axes;
  std::vector<bool> named(x.rank(), false);
  if (static_cast<int>(pattern.size()) != x.rank()) {
    fail("permute_dimensions: pattern names ", pattern.size(), " axes but x has ", x.rank(),
         " (x: ", x.shape(), ')');
  }
  for (int64_t axis : pattern) {
    axes.push_back(check_axis("permute_dimensions", axis, x.rank()));
    if (named[axes.back()]) fail("permute_dimensions: pattern names axis ", axis, " twice");
    named[axes.back()] = true;
  }
  return permute(x, std::move(axes));
}

}  // namespace keel
