#include "ops/math/cast.h"

#include "core/elementwise.h"
#include "core/loops/micro_ops.h"

namespace keel {
namespace {

class Cast final : public OpOf<Cast, Elementwise> {
 public:
  static constexpr std::string_view kName = "cast";
  DType dtype;
  auto fields() const { return std::tie(dtype); }
  const MicroOp* micro_op() const override { return &kCast; }
  DType result_dtype(DType) const override { return dtype; }
  int forwards(SignatureSpan in, SignatureSpan out) const override {
    return in[0].dtype == out[0].dtype ? 0 : -1;
  }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    const DType from = y.input(0).dtype();
    return {from.is_floating() && dtype.is_floating() ? cast(dy, from) : Tensor()};
  }
};

}  // namespace

Tensor cast(const Tensor& x, DType dtype) {
  if (!x.defined()) fail("cast: an empty tensor handle was given");
  return x.dtype() == dtype ? x : make<Cast>({x}, dtype);
}

}  // namespace keel
