#include "ops/reduction/reduce.h"

#include <algorithm>

#include "core/config.h"
#include "core/loops/micro_ops.h"
#include "ops/math/arithmetic.h"
#include "ops/math/cast.h"
#include "ops/math/comparison.h"
#include "ops/reduction/recurrence.h"
#include "ops/reduction/reducers.h"
#include "ops/reduction/reduction_op.h"

namespace keel {
namespace {

class Sum final : public ReductionOf<Sum> {
 public:
  static constexpr std::string_view kName = "sum";
  static constexpr const Reducer* kReducer = &kSum;
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    return {broadcast_like(restored(dy), y.input(0))};
  }
};

class Mean final : public ReductionOf<Mean> {
 public:
  static constexpr std::string_view kName = "mean";
  static constexpr const Reducer* kReducer = &kSum;
  double scale(const Shape& x) const {
    double count = 1;
    for (int a = 0; a < x.rank(); ++a) {
      if (reduced[a]) count *= static_cast<double>(x[a]);
    }
    return 1 / count;
  }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    const Tensor& x = y.input(0);
    return {broadcast_like(restored(dy) / size_ratio(x, y, x.dtype()), x)};
  }
};

// Sums of integers, divided by how many elements of input 1 went into each.
class DivideByCount final : public OpOf<DivideByCount> {
 public:
  static constexpr std::string_view kName = "divide_by_count";
  static constexpr std::string_view kNoGradient = "integers have no slope";
  auto fields() const { return std::tie(); }
  bool reads_only_shape(int i) const override { return i == 1; }
  Signatures infer(SignatureSpan in) const override { return {{in[0].dtype, in[0].shape}}; }
  void run(const Exec&, Views in, Views out) const override {
    const int64_t sums = in[0].shape->elements();
    if (sums == 0) return;
    const int64_t count = std::max<int64_t>(1, in[1].shape->elements() / sums);
    if (in[0].dtype == DType::kUint64) {
      const uint64_t* const sum = in[0].as<uint64_t>();
      for (int64_t i = 0; i < sums; ++i) out[0].as<uint64_t>()[i] = sum[i] / static_cast<uint64_t>(count);
    } else {
      const int64_t* const sum = in[0].as<int64_t>();
      for (int64_t i = 0; i < sums; ++i) out[0].as<int64_t>()[i] = sum[i] / count;
    }
  }
};

// Max and Min.
template <typename D>
class Extreme : public ReductionOf<D> {
 public:
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    const Tensor& x = y.input(0);
    const Tensor chosen = cast(equal(x, this->restored(y)), x.dtype());
    const Tensor ties = make<Sum>({chosen}, this->reduced, true);
    return {chosen * (this->restored(dy) / ties)};
  }
};

class Max final : public Extreme<Max> {
 public:
  static constexpr std::string_view kName = "max";
  static constexpr const Reducer* kReducer = &kMaxReducer;
};

class Min final : public Extreme<Min> {
 public:
  static constexpr std::string_view kName = "min";
  static constexpr const Reducer* kReducer = &kMinReducer;
};

class Prod final : public ReductionOf<Prod> {
 public:
  static constexpr std::string_view kName = "prod";
  static constexpr const Reducer* kReducer = &kProdReducer;
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    return {of_axes_from(0, y.input(0), restored(dy))};
  }

 private:
  // The gradient by `x` of its product over the reduced axes from `axis` on, when `dy` is that by the
  // product: axis after axis, the product of all others along it.
  Tensor of_axes_from(int axis, const Tensor& x, const Tensor& dy) const {
    while (axis < x.rank() && !reduced[axis]) ++axis;
    if (axis == x.rank()) return dy;
    std::vector<bool> only(x.rank(), false);
    only[axis] = true;
    const Tensor dproduct = of_axes_from(axis + 1, make<Prod>({x}, std::move(only), true), dy);
    return dproduct * product_before(x, axis, false) * product_before(x, axis, true);
  }
};

class Any final : public ReductionOf<Any> {
 public:
  static constexpr std::string_view kName = "any";
  static constexpr std::string_view kNoGradient = "a bool has no slope";
  static constexpr const Reducer* kReducer = &kAnyReducer;
};

class All final : public ReductionOf<All> {
 public:
  static constexpr std::string_view kName = "all";
  static constexpr std::string_view kNoGradient = "a bool has no slope";
  static constexpr const Reducer* kReducer = &kAllReducer;
};

template <typename O>
Tensor reduce_numbers(const Tensor& x, const Axes& axis, bool keepdims) {
  if (!x.defined()) fail(O::kName, ": x is an empty tensor handle");
  if (x.dtype().is_bool()) {
    fail(O::kName, ": x is bool; accepted are numeric dtypes, cast it, or take any() or all()");
  }
  return reduce<O>(x, axis, keepdims);
}

template <typename O>
Tensor reduce_bools(const Tensor& x, const Axes& axis, bool keepdims) {
  if (!x.defined()) fail(O::kName, ": x is an empty tensor handle");
  return reduce<O>(x.dtype().is_bool() ? x : not_equal(x, 0), axis, keepdims);
}

}  // namespace

Tensor sum(const Tensor& x, const Axes& axis, bool keepdims) {
  return reduce_numbers<Sum>(x, axis, keepdims);
}

Tensor mean(const Tensor& x, const Axes& axis, bool keepdims) {
  if (!x.defined()) fail("mean: x is an empty tensor handle");
  if (x.dtype().is_bool()) return mean(cast(x, floatx()), axis, keepdims);
  if (x.dtype().is_floating()) return reduce<Mean>(x, axis, keepdims);
  // Summed in 64 bits: the sum of bytes is no byte.
  const DType wide = x.dtype() == DType::kUint64 ? DType::kUint64 : DType::kInt64;
  const Tensor sums = make<Sum>({cast(x, wide)}, axis.mask("mean", x.rank()), keepdims);
  return cast(make<DivideByCount>({sums, x}), x.dtype());
}

Tensor prod(const Tensor& x, const Axes& axis, bool keepdims) {
  return reduce_numbers<Prod>(x, axis, keepdims);
}

Tensor max(const Tensor& x, const Axes& axis, bool keepdims) {
  return reduce_numbers<Max>(x, axis, keepdims);
}

Tensor min(const Tensor& x, const Axes& axis, bool keepdims) {
  return reduce_numbers<Min>(x, axis, keepdims);
}

Tensor any(const Tensor& x, const Axes& axis, bool keepdims) {
  return reduce_bools<Any>(x, axis, keepdims);
}

Tensor all(const Tensor& x, const Axes& axis, bool keepdims) {
  return reduce_bools<All>(x, axis, keepdims);
}

}  // namespace keel
