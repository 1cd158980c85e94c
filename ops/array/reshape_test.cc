#include "ops/array/reshape.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/array/test_util.h"
#include "testing/error_of.h"
#include "testing/gradient_check.h"

namespace keel {
namespace {

using ::testing::HasSubstr;
using testing_util::both_ways;
using testing_util::error_of;
using testing_util::fed_unknown;
using testing_util::iota;

TEST(Reshape, InfersOneDimension) {
  const Array x = iota({2, 3, 4});
  for (const Shape& shape : {Shape{24}, Shape{-1}, Shape{4, -1}, Shape{-1, 6, 2}, Shape{1, 4, 1, -1, 2}}) {
    const Array y = both_ways([&](const Tensor& t) { return reshape(t, shape); }, x);
    EXPECT_EQ(y.to_vector<float>(), x.to_vector<float>());
    EXPECT_EQ(y.shape().elements(), 24);
  }
  EXPECT_EQ(reshape(constant(x), {4, -1}).shape(), (Shape{4, 6}));
  EXPECT_EQ(reshape(placeholder({.shape = Shape{None, 4}}), {-1, 2}).shape(), (Shape{None, 2}));
  EXPECT_EQ(reshape(placeholder({.shape = Shape{None, 4}}), {7, 4}).shape(), (Shape{7, 4}));
  EXPECT_EQ(eval(reshape(constant(iota({1})), Shape{})).rank(), 0);
}

TEST(Reshape, OfNothing) {
  EXPECT_EQ(reshape(constant(iota({0, 4})), {-1, 2}).shape(), (Shape{0, 2}));
  EXPECT_EQ(fed_unknown([](const Tensor& t) { return reshape(t, {-1, 2}); }, iota({0, 4})).shape(),
            (Shape{0, 2}));
  EXPECT_THAT(error_of([] { reshape(constant(iota({0, 4})), Shape{-1, 0}); }), HasSubstr("could be anything"));
}

TEST(Reshape, SaysWhatDoesNotFit) {
  const Tensor x = constant(iota({2, 3}));
  EXPECT_THAT(error_of([&] { reshape(x, {4, 2}); }),
              HasSubstr("reshape: x of shape (2, 3) has 6 elements, which do not make (4, 2)"));
  EXPECT_THAT(error_of([&] { reshape(x, {-1, 4}); }), HasSubstr("do not make (None, 4)"));
  EXPECT_THAT(error_of([&] { reshape(x, {-1, -1}); }), HasSubstr("more than one -1"));
  EXPECT_THAT(error_of([&] { reshape(x, {-2, 3}); }), HasSubstr("holds -2"));
  EXPECT_THAT(error_of([&] { reshape(x, {int64_t{1} << 40, int64_t{1} << 40}); }), HasSubstr("overflows"));
  EXPECT_THAT(error_of([] { fed_unknown([](const Tensor& t) { return reshape(t, {4, 2}); }, iota({2, 3})); }),
              HasSubstr("has 6 elements, which do not make (4, 2)"));
}

TEST(Reshape, ToAComputedShape) {
  const Tensor x = placeholder({.shape = Shape{None, 2}}), like = placeholder({.ndim = 3});
  const Tensor y = reshape(x, shape(like));
  EXPECT_EQ(y.shape(), (Shape{None, None, None}));
  const Array out = function({x, like}, {y})({iota({6, 2}), iota({2, 3, 2})})[0];
  EXPECT_EQ(out.shape(), (Shape{2, 3, 2}));
  EXPECT_EQ(out.to_vector<int>(), iota({12}).to_vector<int>());
  EXPECT_EQ(reshape(x, constant(Array{3, -1}, {.dtype = "int32"})).shape(), (Shape{3, None}));
  EXPECT_THAT(error_of([&] { function({x, like}, {y})({iota({5, 2}), iota({2, 3, 2})}); }),
              HasSubstr("has 10 elements"));
  EXPECT_THAT(error_of([&] { reshape(x, like); }), HasSubstr("accepted are vectors of integers"));
}

TEST(Flatten, Flattens) {
  EXPECT_EQ(both_ways(flatten, iota({2, 3})).shape(), Shape{6});
  EXPECT_EQ(both_ways(flatten, iota({})).shape(), Shape{1});
  EXPECT_EQ(both_ways(flatten, iota({0, 3})).shape(), Shape{0});
}

TEST(BatchFlatten, KeepsTheFirstAxis) {
  EXPECT_EQ(both_ways(batch_flatten, iota({2, 3, 4})).shape(), (Shape{2, 12}));
  EXPECT_EQ(both_ways(batch_flatten, iota({5})).shape(), (Shape{5, 1}));
  EXPECT_EQ(both_ways(batch_flatten, iota({0, 3, 4})).shape(), (Shape{0, 12}));
  EXPECT_EQ(batch_flatten(placeholder({.shape = Shape{None, 3, 4}})).shape(), (Shape{None, 12}));
  EXPECT_EQ(batch_flatten(placeholder({.shape = Shape{None, None, 4}})).shape(), (Shape{None, None}));
  EXPECT_THAT(error_of([] { batch_flatten(constant(1.0)); }), HasSubstr("batch_flatten: x is a scalar"));
}

TEST(ExpandDims, PutsAnAxis) {
  const auto at = [](int64_t axis) { return [axis](const Tensor& t) { return expand_dims(t, axis); }; };
  EXPECT_EQ(both_ways(at(-1), iota({})).shape(), Shape{1});
  EXPECT_EQ(both_ways(at(-1), iota({2, 3})).shape(), (Shape{2, 3, 1}));
  EXPECT_EQ(both_ways(at(1), iota({2, 3})).shape(), (Shape{2, 1, 3}));
  EXPECT_EQ(both_ways(at(-3), iota({2, 3})).shape(), (Shape{1, 2, 3}));
  EXPECT_THAT(error_of([&] { at(3)(constant(iota({2, 3}))); }), HasSubstr("expand_dims: axis 3"));
}

TEST(Squeeze, DropsAnAxisOfOne) {
  const auto at = [](int64_t axis) { return [axis](const Tensor& t) { return squeeze(t, axis); }; };
  EXPECT_EQ(both_ways(at(0), iota({1})).shape(), Shape{});
  EXPECT_EQ(both_ways(at(-2), iota({1, 2, 1, 1, 3})).shape(), (Shape{1, 2, 1, 3}));
  EXPECT_THAT(error_of([&] { at(1)(constant(iota({2, 3}))); }),
              HasSubstr("squeeze: axis 1 of x of shape (2, 3) has size 3"));
  EXPECT_THAT(error_of([&] { fed_unknown(at(1), iota({2, 3})); }), HasSubstr("has size 3"));
  EXPECT_THAT(error_of([&] { at(2)(constant(iota({2, 3}))); }), HasSubstr("squeeze: axis 2"));
}

TEST(SplitAxis, Splits) {
  const auto y = both_ways([](const Tensor& t) { return split_axis(t, 1, None, 2); }, iota({2, 6}));
  EXPECT_EQ(y.shape(), (Shape{2, 3, 2}));
  EXPECT_EQ(split_axis(constant(iota({2, 6})), -1, 2, None).shape(), (Shape{2, 2, 3}));
  EXPECT_EQ(split_axis(constant(iota({0, 6})), 0, 2, None).shape(), (Shape{2, 0, 6}));
  EXPECT_THAT(error_of([] { split_axis(constant(iota({2, 6})), 1, 4, None); }), HasSubstr("no multiple of 4"));
  EXPECT_THAT(error_of([] { split_axis(constant(iota({2, 6})), 1, 3, 2); }), HasSubstr("split_axis: sizes 3 and 2"));
}

TEST(Views, HaveGradients) {
  const Array x = testing::random_array({2, 1, 6}, 1);
  testing::check_gradients([](const Tensors& in) { return reshape(in[0], {3, -1}); }, {x});
  testing::check_gradients([](const Tensors& in) { return batch_flatten(in[0]); }, {x});
  testing::check_gradients([](const Tensors& in) { return expand_dims(squeeze(in[0], 1), 0); }, {x});
  testing::check_gradients([](const Tensors& in) { return split_axis(in[0], 2, 2, None); }, {x});
  testing::check_gradients([](const Tensors& in) { return reshape(in[0], shape(in[1])); },
                           {x, testing::random_array({4, 3}, 2)});
}

TEST(Views, MoveNothing) {
  const Tensor x = placeholder({.shape = Shape{None, 4}});
  const Function f = function({x}, {expand_dims(reshape(add(x, x), {-1, 2}))});
  const std::string plan = f.explain({iota({3, 4})});
  EXPECT_EQ(plan.find("reshape"), std::string::npos) << plan;
}

}  // namespace
}  // namespace keel
