#include "ops/math/math.h"
#include "testing/fuzz/drive.h"

namespace keel::fuzz {
namespace {

template <Tensor (*f)(const Tensor&)>
Tensors unary(Draw& d) {
  return {f(d.tensor())};
}
template <Tensor (*f)(const Tensor&, const Tensor&)>
Tensors binary(Draw& d) {
  const Tensor x = d.tensor(), y = d.tensor();
  return {f(x, y)};
}
template <Tensor (*f)(const Tensor&, double)>
Tensors with_number(Draw& d) {
  const Tensor x = d.tensor();
  return {f(x, d.real())};
}

Tensors fuzz_clip(Draw& d) {
  const Tensor x = d.tensor();
  const double low = d.real();
  return {clip(x, low, d.real())};
}
Tensors fuzz_where(Draw& d) {
  const Tensor x = d.tensor(), y = d.tensor();
  return {where(greater(x, y), x, y)};
}
Tensors fuzz_cast(Draw& d) {
  const Tensor x = d.tensor();
  return {cast(x, static_cast<DType::Kind>(d.choice(0, DType::kKinds - 1)))};
}
Tensors fuzz_logic(Draw& d) {
  const Tensor x = cast(d.tensor(), DType::kBool), y = cast(d.tensor(), DType::kBool);
  return {logical_and(x, y), logical_or(x, y), logical_not(x)};
}
Tensors fuzz_batch_dot(Draw& d) {
  const Tensor x = d.tensor(2, 4), y = d.tensor(2, 4);
  switch (d.choice(0, 2)) {
    case 0: return {batch_dot(x, y)};
    case 1: return {batch_dot(x, y, DotAxes(d.number(-3, 3)))};
    default: {
      const int64_t axis = d.number(-3, 3);
      return {batch_dot(x, y, DotAxes(axis, d.number(-3, 3)))};
    }
  }
}

}  // namespace

const Family& family() {
  static const Family known{{binary<operator+>, binary<operator- >, binary<operator*>, binary<operator/>,
                           with_number<operator+>, with_number<operator- >, with_number<operator*>,
                           with_number<operator/>, unary<operator- >, unary<abs>, unary<square>, unary<sqrt>,
                           unary<sign>, unary<round>, with_number<pow>, binary<pow>, binary<maximum>,
                           with_number<maximum>, binary<minimum>, with_number<minimum>, fuzz_clip, binary<equal>,
                           with_number<not_equal>, binary<greater>, binary<less_equal>, fuzz_logic, fuzz_where,
                           unary<exp>, unary<log>, unary<sin>, unary<cos>, unary<tanh>, unary<sigmoid>, fuzz_cast,
                           binary<dot>, fuzz_batch_dot}};
  return known;
}

}  // namespace keel::fuzz
