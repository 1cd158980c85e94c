#include "ops/array/reverse.h"

#include <vector>

#include "core/op.h"
#include "ops/array/strided_copy_kernel.h"

namespace keel {
namespace {

class Reverse final : public OpOf<Reverse> {
 public:
  static constexpr std::string_view kName = "reverse";
  std::vector<bool> reversed;  // Per axis.

  auto fields() const { return std::tie(reversed); }
  Signatures infer(SignatureSpan in) const override { return {{in[0].dtype, in[0].shape}}; }
  void run(const Exec& exec, Views in, Views out) const override {
    CopyAxes axes = dense_axes(*in[0].shape);
    int64_t offset = 0;
    for (size_t a = 0; a < axes.size(); ++a) {
      if (!reversed[a]) continue;
      offset += (axes[a].size - 1) * axes[a].in_stride;
      axes[a].in_stride = -axes[a].in_stride;
    }
    if (in[0].shape->elements() == 0) return;
    const size_t size = in[0].dtype.size();
    strided_copy(exec.pool, axes, size, in[0].as<char>() + offset * size, out[0].data);
  }
  Tensors gradient(const Tensor&, const Tensor& dy) const { return {make<Reverse>({dy}, reversed)}; }
};

}  // namespace

Tensor reverse(const Tensor& x, const Axes& axes) {
  return make<Reverse>({x}, axes.mask("reverse", x.rank()));
}

}  // namespace keel
