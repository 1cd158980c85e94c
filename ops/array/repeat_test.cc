#include "ops/array/repeat.h"

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
using testing_util::both_ways;
using testing_util::error_of;
using testing_util::iota;

TEST(RepeatElements, RepeatsEach) {
  const auto by = [](int64_t rep, int64_t axis) {
    return [=](const Tensor& t) { return repeat_elements(t, rep, axis); };
  };
  EXPECT_THAT(both_ways(by(2, 0), iota({3})).to_vector<int>(), ElementsAre(0, 0, 1, 1, 2, 2));
  EXPECT_THAT(both_ways(by(2, 0), iota({2, 2})).to_vector<int>(), ElementsAre(0, 1, 0, 1, 2, 3, 2, 3));
  EXPECT_THAT(both_ways(by(3, -1), iota({2, 2}, "uint8")).to_vector<int>(),
              ElementsAre(0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3));
  EXPECT_EQ(repeat_elements(placeholder({.shape = Shape{None, 3}}), 2, 1).shape(), (Shape{None, 6}));
  EXPECT_THAT(error_of([&] { by(0, 0)(constant(iota({2}))); }), HasSubstr("repeat_elements: rep 0"));
  EXPECT_THAT(error_of([&] { by(2, 1)(constant(iota({2}))); }), HasSubstr("repeat_elements: axis 1"));
}

TEST(Repeat, RepeatsRows) {
  const Array y = both_ways([](const Tensor& t) { return repeat(t, 2); }, iota({2, 2}));
  EXPECT_EQ(y.shape(), (Shape{2, 2, 2}));
  EXPECT_THAT(y.to_vector<int>(), ElementsAre(0, 1, 0, 1, 2, 3, 2, 3));
  EXPECT_THAT(error_of([] { repeat(constant(iota({2})), 2); }), HasSubstr("repeat: x has shape (2,)"));
  EXPECT_THAT(error_of([] { repeat(constant(iota({2, 2})), -1); }), HasSubstr("repeat: n -1"));
}

TEST(Tile, RepeatsTheWhole) {
  const auto by = [](std::vector<int64_t> n) { return [=](const Tensor& t) { return tile(t, n); }; };
  EXPECT_THAT(both_ways(by({2}), iota({3})).to_vector<int>(), ElementsAre(0, 1, 2, 0, 1, 2));
  EXPECT_THAT(both_ways(by({2, 2}), iota({2, 2}, "int32")).to_vector<int>(),
              ElementsAre(0, 1, 0, 1, 2, 3, 2, 3, 0, 1, 0, 1, 2, 3, 2, 3));
  EXPECT_THAT(both_ways(by({2}), iota({2, 2})).to_vector<int>(), ElementsAre(0, 1, 0, 1, 2, 3, 2, 3));
  EXPECT_EQ(both_ways(by({0, 2}), iota({2, 2})).shape(), (Shape{0, 4}));
  EXPECT_EQ(tile(constant(iota({3})), 2).shape(), Shape{6});
  EXPECT_THAT(error_of([&] { by({-1})(constant(iota({2}))); }), HasSubstr("tile: n holds -1"));
  EXPECT_THAT(error_of([&] { by({1, 1})(constant(iota({2}))); }), HasSubstr("tile: n has 2 numbers"));
  EXPECT_THAT(error_of([&] { by({int64_t{1} << 62})(constant(iota({4}))); }), HasSubstr("tile: size"));
  EXPECT_THAT(error_of([&] { eval(by({int64_t{1} << 60})(constant(iota({2})))); }), HasSubstr("byte"));
}

TEST(Repetition, HasGradients) {
  const Array x = testing::random_array({2, 1, 3}, 1);
  testing::check_gradients([](const Tensors& in) { return repeat_elements(in[0], 3, 1); }, {x});
  testing::check_gradients([](const Tensors& in) { return repeat_elements(in[0], 2, 2); }, {x});
  testing::check_gradients([](const Tensors& in) { return tile(in[0], {2, 1, 3}); }, {x});
  testing::check_gradients([](const Tensors& in) { return tile(in[0], {1, 4, 1}); }, {x});
  testing::check_gradients([](const Tensors& in) { return repeat(in[0], 3); }, {testing::random_array({2, 2}, 2)});
}

// As Keras does, bit for bit.
TEST(Repetition, GradientsAreSummedInOrder) {
  const Tensor x = placeholder({.shape = Shape{None, 1}}), seed = placeholder({.shape = Shape{None, 3}});
  const Tensors g = gradients({repeat_elements(x, 3, 1)}, {seed}, {x});
  const Array sums = function({x, seed}, g)({Array({2, 1}, "float32"), Array{{-0.48, 0.91, 0.21}, {1, 2, 3}}})[0];
  EXPECT_EQ(sums.element<float>(0), (-0.48f + 0.91f) + 0.21f);
  EXPECT_NE(sums.element<float>(0), -0.48f + (0.91f + 0.21f));
  EXPECT_EQ(sums.element<float>(1), 6);
}

TEST(Repetition, GradientOfNone) {
  const Tensor x = placeholder({.shape = Shape{None, 2}});
  const Function f = function({x}, gradients(tile(x, {0, 1}), {x}));
  EXPECT_THAT(f({iota({2, 2})})[0].to_vector<int>(), ElementsAre(0, 0, 0, 0));
}

}  // namespace
}  // namespace keel
