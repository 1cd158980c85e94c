// Functions over elements: map_fn, foldl and foldr.
#include "ops/control/map.h"

#include <stdexcept>
#include <string>

#include "core/function.h"
#include "core/graph.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/math/math.h"
#include "ops/random/random.h"
#include "ops/reduction/reduction.h"
#include "testing/error_of.h"
#include "testing/gradient_check.h"

namespace keel {
namespace {

using ::keel::testing::check_gradients;
using ::keel::testing::random_array;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using testing_util::error_of;

Tensor less(const Tensor& a, const Tensor& x) { return a - x; }

TEST(MapFn, Gradients) {
  check_gradients(
      [](const Tensors& v) {
        auto f = [&](const Tensor& x) { return dot(tanh(x), v[1]) * sum(x); };
        return map_fn(f, v[0]);
      },
      {random_array({3, 2, 4}, 1), random_array({4, 2}, 2)});
}

TEST(MapFn, OfSeveralTensors) {
  const Tensor x = placeholder({.shape = Shape{None, 2}}), y = placeholder({.shape = Shape{None}});
  auto f = [](const Tensors& e) { return sum(e[0]) * e[1]; };
  const Function g = function({x, y}, {map_fn(f, {x, y})});
  EXPECT_THAT(g({Array{{1, 2}, {3, 4}}, Array{10, 1}})[0].to_vector<double>(), ElementsAre(30, 7));
  EXPECT_EQ(g({Array(Shape{0, 2}, "float32"), Array(Shape{0}, "float32")})[0].shape(), Shape({0}));
  EXPECT_THAT(error_of([&] { g({Array{{1, 2}, {3, 4}}, Array{10, 1, 2}}); }), HasSubstr("map_fn: the sequences"));
}

TEST(MapFn, EveryElementDrawsItsOwnNumbers) {
  auto f = [](const Tensor& x) { return x + random_uniform({}); };
  const Array got = eval(map_fn(f, constant(Array{0, 0, 0, 0})));
  for (int i = 1; i < 4; ++i) EXPECT_NE(got.element<float>(i), got.element<float>(0));
}

TEST(Fold, FromTheLeftAndFromTheRight) {
  const Tensor x = constant(Array{1, 2, 4}), start = constant(Array(100.0f));
  EXPECT_EQ(eval(foldl(less, x)).item<int>(), -5);
  EXPECT_EQ(eval(foldr(less, x)).item<int>(), 1);
  EXPECT_EQ(eval(foldl(less, x, {.initializer = start})).item<int>(), 93);
  EXPECT_EQ(eval(foldr(less, x, {.initializer = start})).item<int>(), 93);
}

TEST(Fold, Gradients) {
  auto f = [](const Tensor& a, const Tensor& x) { return tanh(a * x) + x; };
  check_gradients([&](const Tensors& v) { return foldl(f, v[0]); }, {random_array({4, 3}, 1)});
  check_gradients([&](const Tensors& v) { return foldr(f, v[0], {.initializer = v[1]}); },
                  {random_array({4, 3}, 1), random_array({3}, 2)});
}

TEST(Fold, BadInput) {  // HOSTILE_INPUTS 30
  const Tensor nothing = placeholder({.shape = Shape{0, 2}}), some = placeholder({.shape = Shape{None, 2}});
  const Tensor scalar = placeholder({.shape = Shape{}});
  EXPECT_THAT(error_of([&] { foldl(less, nothing); }), HasSubstr("foldl: there is nothing to fold"));
  EXPECT_THAT(error_of([&] { foldr(less, nothing, {.name = "diff"}); }), HasSubstr("foldr 'diff'"));
  EXPECT_THAT(error_of([&] { foldl(less, scalar); }), HasSubstr("scalar"));
  EXPECT_THAT(error_of([&] { map_fn([](const Tensor& x) { return x; }, scalar); }), HasSubstr("map_fn: a scalar"));
  auto smaller = [](const Tensor& a, const Tensor&) { return sum(a); };
  EXPECT_THAT(error_of([&] { foldl(smaller, some); }), HasSubstr("foldl: state 0 is float32(2,)"));
  auto thrower = [](const Tensor&, const Tensor&) -> Tensor { throw std::runtime_error("the user's"); };
  EXPECT_THAT(error_of<std::runtime_error>([&] { foldl(thrower, some); }), HasSubstr("the user's"));
  auto to_int = [](const Tensor& x) { return cast(x, "int32"); };
  EXPECT_THAT(error_of([&] { map_fn(to_int, some, {.dtype = "float32"}); }),
              HasSubstr("map_fn: fn returns int32 but dtype is float32"));
  // Nothing to fold, seen when it is fed: an error without an initializer, which else is the result.
  const Function f = function({some}, {foldl(less, some)});
  EXPECT_NE(error_of([&] { f({Array(Shape{0, 2}, "float32")}); }), "");
  const Tensor start = constant(Array{7, 8});
  const Array got = function({some}, {foldl(less, some, {.initializer = start})})({Array(Shape{0, 2}, "float32")})[0];
  EXPECT_THAT(got.to_vector<double>(), ElementsAre(7, 8));
}

}  // namespace
}  // namespace keel
