#include "ops/reduction/arg_extreme.h"

#include <string_view>

#include "core/op.h"
#include "ops/reduction/arg_extreme_kernel.h"

namespace keel {
namespace {

int64_t product(const Shape& shape, int begin, int end) {
  int64_t n = 1;
  for (int a = begin; a < end; ++a) n *= shape[a];
  return n;
}

template <typename D>
class ArgExtreme : public OpOf<D> {
 public:
  static constexpr std::string_view kNoGradient = "an index has no slope";
  int axis;

  auto fields() const { return std::tie(axis); }
  Signatures infer(SignatureSpan in) const override {
    Shape out = in[0].shape;
    if (out[axis] == 0) fail(D::kName, ": axis ", axis, " of x of shape ", out, " is empty");
    out.erase(axis);
    return {{DType::kInt64, out}};
  }
  void run(const Exec& exec, Views in, Views out) const override {
    const Shape& x = *in[0].shape;
    arg_extreme(exec.pool, in[0].data, in[0].dtype, product(x, 0, axis), x[axis],
                product(x, axis + 1, x.rank()), D::kLeast, out[0].as<int64_t>());
  }
};

class ArgMax final : public ArgExtreme<ArgMax> {
 public:
  static constexpr std::string_view kName = "argmax";
  static constexpr bool kLeast = false;
};

class ArgMin final : public ArgExtreme<ArgMin> {
 public:
  static constexpr std::string_view kName = "argmin";
  static constexpr bool kLeast = true;
};

}  // namespace

Tensor argmax(const Tensor& x, int64_t axis) {
  return make<ArgMax>({x}, check_axis("argmax", axis, x.rank()));
}

Tensor argmin(const Tensor& x, int64_t axis) {
  return make<ArgMin>({x}, check_axis("argmin", axis, x.rank()));
}

}  // namespace keel
