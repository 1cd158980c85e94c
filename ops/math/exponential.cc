#include "core/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/math/exponential.cc"
#include "hwy/foreach_target.h"

#include "core/loops/micro_op-inl.h"
#include "ops/math/exponential-inl.h"
#include "ops/math/exponential.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

KEEL_MICRO_OP_1(Exp, kFloatLanes, ExpOf(d, a))
KEEL_MICRO_OP_1(Log, kFloatLanes, LogOf(d, a))
KEEL_MICRO_OP_1(Sin, kFloatLanes, SinOf(d, a))
KEEL_MICRO_OP_1(Cos, kFloatLanes, CosOf(d, a))
KEEL_MICRO_OP_1(Tanh, kFloatLanes, TanhOf(d, a))
KEEL_MICRO_OP_1(Sigmoid, kFloatLanes, SigmoidOf(d, a))

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "core/elementwise.h"
#include "ops/math/arithmetic.h"

namespace keel {

KEEL_EXPORT_MICRO_OP(Exp, "exp", 1, "exp(a)", 5)
KEEL_EXPORT_MICRO_OP(Log, "log", 1, "log(a)", 9)
KEEL_EXPORT_MICRO_OP(Sin, "sin", 1, "sin(a)", 8)
KEEL_EXPORT_MICRO_OP(Cos, "cos", 1, "cos(a)", 8)
KEEL_EXPORT_MICRO_OP(Tanh, "tanh", 1, "tanh(a)", 7)
KEEL_EXPORT_MICRO_OP(Sigmoid, "sigmoid", 1, "1 / (1 + exp(-a))", 7)

namespace {

class Exp final : public ElementwiseOp<Exp> {
 public:
  static constexpr std::string_view kName = "exp";
  const MicroOp* micro_op() const override { return &kExp; }
  Tensors gradient(const Tensor& y, const Tensor& dy) const { return {dy * y}; }
};

class Log final : public ElementwiseOp<Log> {
 public:
  static constexpr std::string_view kName = "log";
  const MicroOp* micro_op() const override { return &kLog; }
  Tensors gradient(const Tensor& y, const Tensor& dy) const { return {dy / y.input(0)}; }
};

class Sin final : public ElementwiseOp<Sin> {
 public:
  static constexpr std::string_view kName = "sin";
  const MicroOp* micro_op() const override { return &kSin; }
  Tensors gradient(const Tensor& y, const Tensor& dy) const { return {dy * cos(y.input(0))}; }
};

class Cos final : public ElementwiseOp<Cos> {
 public:
  static constexpr std::string_view kName = "cos";
  const MicroOp* micro_op() const override { return &kCos; }
  Tensors gradient(const Tensor& y, const Tensor& dy) const { return {-dy * sin(y.input(0))}; }
};

class Tanh final : public ElementwiseOp<Tanh> {
 public:
  static constexpr std::string_view kName = "tanh";
  const MicroOp* micro_op() const override { return &kTanh; }
  Tensors gradient(const Tensor& y, const Tensor& dy) const { return {dy * (1 - square(y))}; }
};

class Sigmoid final : public ElementwiseOp<Sigmoid> {
 public:
  static constexpr std::string_view kName = "sigmoid";
  const MicroOp* micro_op() const override { return &kSigmoid; }
  Tensors gradient(const Tensor& y, const Tensor& dy) const { return {dy * (y * (1 - y))}; }
};

}  // namespace

Tensor exp(const Tensor& x) { return make<Exp>({x}); }
Tensor log(const Tensor& x) { return make<Log>({x}); }
Tensor sin(const Tensor& x) { return make<Sin>({x}); }
Tensor cos(const Tensor& x) { return make<Cos>({x}); }
Tensor tanh(const Tensor& x) { return make<Tanh>({x}); }
Tensor sigmoid(const Tensor& x) { return make<Sigmoid>({x}); }

}  // namespace keel
#endif  // HWY_ONCE
