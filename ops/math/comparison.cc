#include "core/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/math/comparison.cc"
#include "hwy/foreach_target.h"

#include "core/loops/micro_op-inl.h"
#include "ops/math/comparison.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

KEEL_COMPARE(Equal, kAllLanes, hn::Eq(a, b))
KEEL_COMPARE(NotEqual, kAllLanes, hn::Not(hn::Eq(a, b)))
KEEL_COMPARE(Greater, kAllLanes, hn::Gt(a, b))
KEEL_COMPARE(GreaterEqual, kAllLanes, hn::Or(hn::Gt(a, b), hn::Eq(a, b)))
KEEL_MICRO_OP_2(LogicalAnd, kBoolLanes, hn::And(a, b))
KEEL_MICRO_OP_2(LogicalOr, kBoolLanes, hn::Or(a, b))
KEEL_TEST(LogicalNot, kBoolLanes, hn::Eq(a, hn::Zero(d)))

MicroOp::Code WhereCode(Lane lane, int form) {
  return CodeFor<SelectForms<void>, kAllLanes>(lane, form);
}

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "core/elementwise.h"
#include "core/structure.h"
#include "ops/math/number.h"

namespace keel {

KEEL_EXPORT_MICRO_OP(Equal, "equal", 2, "a == b")
KEEL_EXPORT_MICRO_OP(NotEqual, "not_equal", 2, "a != b")
KEEL_EXPORT_MICRO_OP(Greater, "greater", 2, "a > b")
KEEL_EXPORT_MICRO_OP(GreaterEqual, "greater_equal", 2, "a >= b")
KEEL_EXPORT_MICRO_OP(LogicalAnd, "and", 2, "a && b")
KEEL_EXPORT_MICRO_OP(LogicalOr, "or", 2, "a || b")
KEEL_EXPORT_MICRO_OP(LogicalNot, "not", 1, "!a")
KEEL_EXPORT_MICRO_OP(Where, "where", 3, "a ? b : c")

namespace {

// A comparison by its name and micro-op.
template <typename D>
class Comparison : public ElementwiseOp<D> {
 public:
  static constexpr std::string_view kNoGradient = "a truth value has no slope";
  DType result_dtype(DType) const override { return DType::kBool; }
};

class Equal final : public Comparison<Equal> {
 public:
  static constexpr std::string_view kName = "equal";
  const MicroOp* micro_op() const override { return &kEqual; }
};
class NotEqual final : public Comparison<NotEqual> {
 public:
  static constexpr std::string_view kName = "not_equal";
  const MicroOp* micro_op() const override { return &kNotEqual; }
};
class Greater final : public Comparison<Greater> {
 public:
  static constexpr std::string_view kName = "greater";
  const MicroOp* micro_op() const override { return &kGreater; }
};
class GreaterEqual final : public Comparison<GreaterEqual> {
 public:
  static constexpr std::string_view kName = "greater_equal";
  const MicroOp* micro_op() const override { return &kGreaterEqual; }
};

// An operation on truth values.
template <typename D>
class Logic : public ElementwiseOp<D> {
 public:
  static constexpr std::string_view kNoGradient = "a truth value has no slope";
  DType result_dtype(DType dtype) const override {
    if (!dtype.is_bool()) fail(D::kName, ": x is ", dtype, "; accepted is bool");
    return dtype;
  }
};

class LogicalAnd final : public Logic<LogicalAnd> {
 public:
  static constexpr std::string_view kName = "logical_and";
  const MicroOp* micro_op() const override { return &kLogicalAnd; }
};
class LogicalOr final : public Logic<LogicalOr> {
 public:
  static constexpr std::string_view kName = "logical_or";
  const MicroOp* micro_op() const override { return &kLogicalOr; }
};
class LogicalNot final : public Logic<LogicalNot> {
 public:
  static constexpr std::string_view kName = "logical_not";
  const MicroOp* micro_op() const override { return &kLogicalNot; }
};

class Where final : public ElementwiseOp<Where> {
 public:
  static constexpr std::string_view kName = "where";
  const MicroOp* micro_op() const override { return &kWhere; }
  Signatures infer(SignatureSpan in) const override {
    if (!in[0].dtype.is_bool()) fail("where: condition is ", in[0].dtype, "; accepted is bool");
    if (in[1].dtype != in[2].dtype) {
      fail("where: x is ", in[1].dtype, " and y ", in[2].dtype,
           "; dtypes are not promoted, cast one of them");
    }
    return {{in[1].dtype, broadcast(kName, broadcast(kName, in[0].shape, in[1].shape), in[2].shape)}};
  }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    const Tensor& condition = y.input(0);
    const Tensor zero = scalar(0, dy.dtype());
    return {Tensor(), where(condition, dy, zero), where(condition, zero, dy)};
  }
};

}  // namespace

Tensor equal(const Tensor& x, const Tensor& y) { return make<Equal>({x, y}); }
Tensor equal(const Tensor& x, double y) { return equal(x, number_like("equal", y, x)); }
Tensor not_equal(const Tensor& x, const Tensor& y) { return make<NotEqual>({x, y}); }
Tensor not_equal(const Tensor& x, double y) { return not_equal(x, number_like("not_equal", y, x)); }
Tensor greater(const Tensor& x, const Tensor& y) { return make<Greater>({x, y}); }
Tensor greater(const Tensor& x, double y) { return greater(x, number_like("greater", y, x)); }
Tensor greater_equal(const Tensor& x, const Tensor& y) { return make<GreaterEqual>({x, y}); }
Tensor greater_equal(const Tensor& x, double y) { return greater_equal(x, number_like("greater_equal", y, x)); }
Tensor less(const Tensor& x, const Tensor& y) { return make<Greater>({y, x}); }
Tensor less(const Tensor& x, double y) { return less(x, number_like("less", y, x)); }
Tensor less_equal(const Tensor& x, const Tensor& y) { return make<GreaterEqual>({y, x}); }
Tensor less_equal(const Tensor& x, double y) { return less_equal(x, number_like("less_equal", y, x)); }

Tensor logical_and(const Tensor& x, const Tensor& y) { return make<LogicalAnd>({x, y}); }
Tensor logical_or(const Tensor& x, const Tensor& y) { return make<LogicalOr>({x, y}); }
Tensor logical_not(const Tensor& x) { return make<LogicalNot>({x}); }

Tensor where(const Tensor& condition, const Tensor& x, const Tensor& y) {
  return make<Where>({condition, x, y});
}

}  // namespace keel
#endif  // HWY_ONCE
