// What reductions share. One that the element-wise engine can do is a class of a few lines:
//
//   class Max final : public ReductionOf<Max> {
//    public:
//     static constexpr std::string_view kName = "max";
//     static constexpr const Reducer* kReducer = &kMaxReducer;
//     Tensors gradient(const Tensor& y, const Tensor& dy) const { … }
//   };
//   Tensor max(const Tensor& x, const Axes& axis, bool keepdims) {
//     return reduce<Max>(x, axis, keepdims);
//   }
#ifndef KEEL_OPS_REDUCTION_REDUCTION_OP_H_
#define KEEL_OPS_REDUCTION_REDUCTION_OP_H_

#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "core/arguments.h"
#include "core/op.h"
#include "core/structure.h"
#include "ops/array/reshape.h"

namespace keel {

// `shape` without the axes that are reduced, or with 1 in their place.
inline Shape reduced_shape(const Shape& shape, const std::vector<bool>& reduced, bool keepdims) {
  Shape out;
  for (int a = 0; a < shape.rank(); ++a) {
    if (!reduced[a]) {
      out.push_back(shape[a]);
    } else if (keepdims) {
      out.push_back(1);
    }
  }
  return out;
}

// `y` with axes of size 1 where axes were reduced away.
inline Tensor restore_axes(Tensor y, const std::vector<bool>& reduced) {
  for (size_t a = 0; a < reduced.size(); ++a) {
    if (reduced[a]) y = expand_dims(y, static_cast<int64_t>(a));
  }
  return y;
}

// `y`, whose reduced axes have size 1, without them.
inline Tensor drop_axes(Tensor y, const std::vector<bool>& reduced) {
  for (size_t a = reduced.size(); a-- > 0;) {
    if (reduced[a]) y = squeeze(y, static_cast<int64_t>(a));
  }
  return y;
}

// The base of ops that reduce axes by the element-wise engine: alone, or at the end of a fused chain.
template <typename D>
class ReductionOf : public OpOf<D> {
 public:
  std::vector<bool> reduced;  // Per axis of x.
  bool keepdims;

  auto fields() const { return std::tie(reduced, keepdims); }
  // What the reduced values are multiplied by, for an x of this shape.
  double scale(const Shape& x) const { (void)x; return 1; }

  Signatures infer(SignatureSpan in) const override {
    return {{in[0].dtype, reduced_shape(in[0].shape, reduced, keepdims)}};
  }
  // Nothing to reduce, or only axes of size 1 that stay.
  int forwards(SignatureSpan in, SignatureSpan out) const override {
    return in[0].shape == out[0].shape ? 0 : -1;
  }
  bool reduction(SignatureSpan in, Reduction* how) const override {
    *how = {D::kReducer, reduced, static_cast<const D*>(this)->scale(in[0].shape)};
    return true;
  }
  std::unique_ptr<Kernel> compile(SignatureSpan in, SignatureSpan) const override {
    Reduction how;
    reduction(in, &how);
    return make_reduction_kernel(how, in[0]);
  }

 protected:
  // A result of this op, or its gradient, with every axis of x in its place.
  Tensor restored(const Tensor& y) const { return keepdims ? y : restore_axes(y, reduced); }
};

// A node that applies the reduction O to `x`.
template <typename O>
Tensor reduce(const Tensor& x, const Axes& axis, bool keepdims) {
  return make<O>({x}, axis.mask(O::kName, x.rank()), keepdims);
}

}  // namespace keel

#endif  // KEEL_OPS_REDUCTION_REDUCTION_OP_H_
