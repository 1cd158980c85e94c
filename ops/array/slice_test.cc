#include "ops/array/slice.h"

#include <limits>
#include <string>

#include "core/gradients.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/array/test_util.h"
#include "ops/math/math.h"
#include "testing/error_of.h"
#include "testing/gradient_check.h"

namespace keel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing_util::both_ways;
using testing_util::error_of;
using testing_util::fed_unknown;
using testing_util::iota;

TEST(Slice, TakesPartOfAnAxis) {
  const auto of = [](int64_t axis, int64_t begin, int64_t size) {
    return [=](const Tensor& t) { return slice(t, axis, begin, size); };
  };
  EXPECT_THAT(both_ways(of(0, 1, 2), iota({4})).to_vector<int>(), ElementsAre(1, 2));
  EXPECT_THAT(both_ways(of(1, 1, 2), iota({2, 4})).to_vector<int>(), ElementsAre(1, 2, 5, 6));
  EXPECT_THAT(both_ways(of(-1, -1, 1), iota({2, 4})).to_vector<int>(), ElementsAre(3, 7));
  EXPECT_THAT(both_ways(of(0, -3, 2), iota({5})).to_vector<int>(), ElementsAre(2, 3));
  EXPECT_EQ(both_ways(of(0, 4, 0), iota({4, 2})).shape(), (Shape{0, 2}));
  EXPECT_EQ(slice(placeholder({.shape = Shape{None}}), 0, -2, 2).shape(), Shape{2});
}

TEST(Slice, WithSteps) {
  const Array y = both_ways(
      [](const Tensor& t) { return strided_slice(t, {{0, SliceRange::kEnd, 2}, {1, -1}, {}}); }, iota({3, 4, 2}));
  EXPECT_EQ(y.shape(), (Shape{2, 2, 2}));
  EXPECT_THAT(y.to_vector<int>(), ElementsAre(2, 3, 4, 5, 18, 19, 20, 21));
  const Array odd = both_ways([](const Tensor& t) { return strided_slice(t, {{1, 9, 3}}); }, iota({10}, "uint8"));
  EXPECT_THAT(odd.to_vector<int>(), ElementsAre(1, 4, 7));
}

TEST(Slice, SaysWhatIsOutside) {
  const Tensor x = constant(iota({2, 4}));
  EXPECT_THAT(error_of([&] { slice(x, 1, 2, 3); }), HasSubstr("slice: 2:5 of axis 1 of x of shape (2, 4)"));
  EXPECT_THAT(error_of([&] { slice(x, 1, -5, 1); }), HasSubstr("slice: -5:-4"));
  EXPECT_THAT(error_of([&] { slice(x, 1, -2, 3); }), HasSubstr("beyond the end"));
  EXPECT_THAT(error_of([&] { slice(x, 1, 0, -1); }), HasSubstr("slice: size -1"));
  EXPECT_THAT(error_of([&] { slice(x, 2, 0, 1); }), HasSubstr("slice: axis 2"));
  EXPECT_THAT(error_of([&] { strided_slice(x, {{0, 2, 0}}); }), HasSubstr("step 0"));
  EXPECT_THAT(error_of([&] { strided_slice(x, {{}, {}, {}}); }), HasSubstr("3 ranges"));
  EXPECT_THAT(error_of([&] { strided_slice(x, {{2, 1}}); }), HasSubstr("slice: 2:1"));
  EXPECT_THAT(error_of([] { fed_unknown([](const Tensor& t) { return slice(t, 0, 2, 3); }, iota({4})); }),
              HasSubstr("slice: 2:5"));
}

TEST(ElementAt, DropsTheAxis) {
  EXPECT_THAT(both_ways([](const Tensor& t) { return element_at(t, -1, 1); }, iota({2, 3})).to_vector<int>(),
              ElementsAre(2, 5));
}

TEST(Slice, BoundsAndStepsAtTheEndsOfTheIntegers) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max(), kLeast = std::numeric_limits<int64_t>::min();
  const Tensor x = constant(Array{1, 2, 3});
  EXPECT_THAT(eval(strided_slice(x, {{0, SliceRange::kEnd, kMost}})).to_vector<float>(), ElementsAre(1));
  EXPECT_THAT(eval(strided_slice(x, {{2, 3, kMost}})).to_vector<float>(), ElementsAre(3));
  EXPECT_THAT(error_of([&] { slice(x, 0, kLeast, 1); }), HasSubstr("slice"));
  const Tensor unknown = placeholder({.shape = Shape{None}});
  EXPECT_EQ(strided_slice(unknown, {{0, 5, kMost}}).shape(), Shape{1});
  const Tensor beyond = strided_slice(unknown, {{kLeast, SliceRange::kEnd, 1}});
  EXPECT_THAT(error_of([&] { function({unknown}, {beyond})({Array{1, 2}}); }), HasSubstr("slice"));
}

TEST(Slice, HasGradients) {
  const Array x = testing::random_array({3, 5, 2}, 1);
  testing::check_gradients([](const Tensors& in) { return slice(in[0], 1, 1, 3); }, {x});
  testing::check_gradients([](const Tensors& in) { return strided_slice(in[0], {{1, 3}, {0, -1}}); }, {x});
  testing::check_gradients([](const Tensors& in) { return strided_slice(in[0], {{}, {1, SliceRange::kEnd, 2}}); },
                           {x});
}

TEST(Slice, GradientsOfSeveralPartsAreWrittenSideBySide) {
  const Array x = testing::random_array({3, 7}, 1);
  // Parts that leave gaps, and parts that overlap.
  auto apart = [](const Tensors& in) { return slice(in[0], 1, 0, 2) * slice(in[0], 1, 5, 2); };
  auto across = [](const Tensors& in) {
    return slice(in[0], 1, 0, 3) * slice(in[0], 1, 4, 3) * slice(in[0], 1, 2, 3);
  };
  testing::check_gradients(apart, {x});
  testing::check_gradients(across, {x});

  const Tensor t = placeholder({.shape = Shape{3, 4}, .dtype = "float64"});
  const Tensor y = exp(slice(t, 1, 0, 1)) * slice(t, 1, 1, 1) * exp(slice(t, 1, 2, 2));
  const std::string plan = function({t}, {gradients(y, {t})[0]}).explain({testing::random_array({3, 4}, 2)});
  EXPECT_EQ(plan.find("embed_like"), plan.rfind("embed_like")) << plan;
  EXPECT_NE(plan.find("embed_like"), std::string::npos);
}

}  // namespace
}  // namespace keel
