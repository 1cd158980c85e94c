// Element-wise math and products.
#include "ops/math/math.h"

#include <limits>

#include "testing/golden/calls.h"

namespace keel::golden {
namespace {

// A function of one tensor, or of two.
template <Tensor (*f)(const Tensor&)>
Answer unary(Call& call) {
  return f(call.tensor("x"));
}
template <Tensor (*f)(const Tensor&, const Tensor&)>
Answer binary(Call& call) {
  const Tensor x = call.tensor("x");
  return f(x, call.tensor_like("y", x));
}

Answer call_pow(Call& call) {
  const Tensor x = call.tensor("x");
  if (call.is_array("a")) return pow(x, call.tensor("a"));
  return pow(x, call.arg<double>("a"));
}

Answer call_clip(Call& call) {
  const Tensor x = call.tensor("x");
  const double infinity = std::numeric_limits<double>::infinity();
  return clip(x, call.arg("min_value", -infinity), call.arg("max_value", infinity));
}

Answer call_batch_dot(Call& call) {
  const Tensor x = call.tensor("x"), y = call.tensor("y");
  if (call.json("axes").is_array()) return batch_dot(x, y, call.arg<std::pair<int64_t, int64_t>>("axes"));
  if (call.has("axes")) return batch_dot(x, y, call.arg<int64_t>("axes"));
  return batch_dot(x, y);
}

constexpr Entry kEntries[] = {
    {"abs", "x", unary<abs>},
    {"square", "x", unary<square>},
    {"sqrt", "x", unary<sqrt>},
    {"sign", "x", unary<sign>},
    {"round", "x", unary<round>},
    {"exp", "x", unary<exp>},
    {"log", "x", unary<log>},
    {"sin", "x", unary<sin>},
    {"cos", "x", unary<cos>},
    {"tanh", "x", unary<tanh>},
    {"sigmoid", "x", unary<sigmoid>},
    {"pow", "x a", call_pow},
    {"clip", "x min_value max_value", call_clip},
    {"maximum", "x y", binary<maximum>},
    {"minimum", "x y", binary<minimum>},
    {"equal", "x y", binary<equal>},
    {"not_equal", "x y", binary<not_equal>},
    {"greater", "x y", binary<greater>},
    {"greater_equal", "x y", binary<greater_equal>},
    {"less", "x y", binary<less>},
    {"less_equal", "x y", binary<less_equal>},
    {"cast", "x dtype", [](Call& c) -> Answer { return cast(c.tensor("x"), c.arg<DType>("dtype")); }},
    {"dot", "x y", binary<dot>},
    {"batch_dot", "x y axes", call_batch_dot},
};

}  // namespace

Entries math_calls() { return kEntries; }

}  // namespace keel::golden
