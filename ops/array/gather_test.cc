#include "ops/array/gather.h"

#include "core/gradients.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/array/test_util.h"
#include "testing/error_of.h"
#include "testing/gradient_check.h"

namespace keel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing_util::error_of;
using testing_util::iota;

Tensor indices(const Array& value, DType dtype = DType::kInt32) {
  return constant(value.cast(dtype), {.dtype = dtype});
}

TEST(Gather, TakesRows) {
  const Tensor x = constant(iota({4, 2}));
  EXPECT_THAT(eval(gather(x, indices({3, 0, 0}))).to_vector<int>(), ElementsAre(6, 7, 0, 1, 0, 1));
  EXPECT_EQ(eval(gather(x, indices({{0, 1}, {2, 3}, {0, 0}}))).shape(), (Shape{3, 2, 2}));
  EXPECT_THAT(eval(gather(x, indices(1, "uint8"))).to_vector<int>(), ElementsAre(2, 3));
  EXPECT_THAT(eval(gather(constant(iota({5})), indices({4, 2}, "int64"))).to_vector<int>(), ElementsAre(4, 2));
  EXPECT_EQ(eval(gather(constant(iota({0, 3})), constant(Array({0}, "int32"), {.dtype = "int32"}))).shape(),
            (Shape{0, 3}));
  EXPECT_EQ(gather(placeholder({.shape = Shape{None, 3}}), placeholder({.shape = Shape{None}, .dtype = "int32"})).shape(),
            (Shape{None, 3}));
}

TEST(Gather, SaysWhichIndexIsOutside) {
  const Tensor x = constant(iota({4, 2}));
  EXPECT_THAT(error_of([&] { eval(gather(x, indices({0, 4}))); }),
              HasSubstr("gather: index 4 at position 1 of indices of shape (2,) is out of range for "
                        "reference of shape (4, 2); accepted are 0 to 3"));
  EXPECT_THAT(error_of([&] { eval(gather(x, indices({-1, 0}))); }), HasSubstr("index -1 at position 0"));
  EXPECT_THAT(error_of([&] { eval(gather(x, indices({4294967296.0}, "int64"))); }), HasSubstr("index 4294967296"));
  EXPECT_THAT(error_of([&] { gather(x, constant(Array{0, 1})); }), HasSubstr("gather: indices are float32"));
  EXPECT_THAT(error_of([&] { gather(constant(1.0), indices({0})); }), HasSubstr("gather: reference is a scalar"));
}

// Where only the gradient is computed, gather itself never runs.
TEST(Gather, SaysSoInTheGradientToo) {
  const Tensor x = placeholder({.shape = Shape{4, 2}}), i = placeholder({.shape = Shape{None}, .dtype = "int32"});
  const Function f = function({x, i}, gradients(gather(x, i), {x}));
  EXPECT_THAT(f({iota({4, 2}), Array{2, 0, 2}})[0].to_vector<int>(), ElementsAre(1, 1, 0, 0, 2, 2, 0, 0));
  EXPECT_THAT(error_of([&] { f({iota({4, 2}), Array{7}}); }), HasSubstr("gather: index 7 at position 0"));
}

TEST(Gather, HasGradients) {
  testing::check_gradients([](const Tensors& in) { return gather(in[0], indices({{2, 0}, {2, 2}, {1, 0}})); },
                           {testing::random_array({4, 3}, 1)});
}

TEST(Gather, GradientOfHalves) {
  const Tensor x = placeholder({.shape = Shape{3, 5}, .dtype = "bfloat16"});
  const Array g = function({x}, gradients(gather(x, indices({1, 1, 1, 0})), {x}))({iota({3, 5}, "bfloat16")})[0];
  EXPECT_EQ(g.dtype(), DType("bfloat16"));
  EXPECT_THAT(g.to_vector<int>(), ElementsAre(1, 1, 1, 1, 1, 3, 3, 3, 3, 3, 0, 0, 0, 0, 0));
}

}  // namespace
}  // namespace keel
