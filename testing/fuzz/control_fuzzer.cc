#include "ops/control/control.h"

#include "ops/math/math.h"
#include "ops/reduction/reduction.h"
#include "testing/fuzz/drive.h"

namespace keel::fuzz {
namespace {

// Something to do to one tensor, or to two.
Tensor work(uint8_t kind, const Tensor& x, const Tensor& y) {
  switch (kind % 8) {
    case 0: return x;
    case 1: return x * y;
    case 2: return x + 1;
    case 3: return sum(x, -1, /*keepdims=*/true) * y;
    case 4: return tanh(x);
    case 5: return cast(x, DType::kInt32);
    case 6: return sum(x);
    default: return x * x - y;
  }
}

Tensors fuzz_switch(Draw& d) {
  const Tensor condition = d.flag() ? cast(d.tensor(), DType::kBool) : cast(d.tensor(0, 0), DType::kBool);
  const Tensor x = d.tensor(), y = d.tensor();
  const uint8_t a = d.byte(), b = d.byte();
  if (d.flag()) return {switch_(condition, work(a, x, y), work(b, y, x))};
  return {switch_(condition, [=] { return work(a, x, y); }, [=] { return work(b, y, x); })};
}
Tensors fuzz_phase(Draw& d) {
  const Tensor x = d.tensor(), y = d.tensor();
  const uint8_t a = d.byte(), b = d.byte();
  const auto one = [=] { return work(a, x, y); };
  const auto other = [=] { return work(b, x, y); };
  switch (d.byte() % 3) {
    case 0: return {in_train_phase(one, other)};
    case 1: return {in_test_phase(one, other, d.number(0, 1))};
    default: return {in_train_phase(one, other, cast(d.tensor(0, 0), DType::kBool))};
  }
}
Tensors fuzz_map(Draw& d) {
  const Tensor x = d.tensor(1, 3), y = d.tensor();
  const uint8_t a = d.byte(), b = d.byte();
  if (d.flag()) return {map_fn([=](const Tensor& e) { return work(a, work(b, e, e), y); }, x)};
  return {map_fn([=](const Tensors& e) { return work(a, e[0], e[1]); }, Tensors{x, y})};
}
Tensors fuzz_fold(Draw& d) {
  const Tensor x = d.tensor(1, 3), initial = d.flag() ? d.tensor() : Tensor();
  const uint8_t a = d.byte(), b = d.byte();
  const auto f = [=](const Tensor& accumulator, const Tensor& e) { return work(a, accumulator, work(b, e, accumulator)); };
  return {d.flag() ? foldl(f, x, {.initializer = initial}) : foldr(f, x, {.initializer = initial})};
}

}  // namespace

const Family& family() {
  static const Family known{{fuzz_switch, fuzz_phase, fuzz_map, fuzz_fold}};
  return known;
}

}  // namespace keel::fuzz
