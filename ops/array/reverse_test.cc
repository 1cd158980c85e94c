#include "ops/array/reverse.h"

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

TEST(Reverse, TurnsAxesRound) {
  const auto by = [](Axes axes) { return [axes](const Tensor& t) { return reverse(t, axes); }; };
  EXPECT_THAT(both_ways(by(0), iota({4})).to_vector<int>(), ElementsAre(3, 2, 1, 0));
  EXPECT_THAT(both_ways(by(1), iota({2, 3})).to_vector<int>(), ElementsAre(2, 1, 0, 5, 4, 3));
  EXPECT_THAT(both_ways(by(0), iota({2, 3})).to_vector<int>(), ElementsAre(3, 4, 5, 0, 1, 2));
  EXPECT_THAT(both_ways(by({0, -1}), iota({2, 3}, "uint8")).to_vector<int>(), ElementsAre(5, 4, 3, 2, 1, 0));
  EXPECT_EQ(both_ways(by(0), iota({0, 3})).shape(), (Shape{0, 3}));
  EXPECT_THAT(error_of([&] { by({0, 0})(constant(iota({2, 3}))); }), HasSubstr("reverse: axis 0 is named twice"));
  EXPECT_THAT(error_of([&] { by(2)(constant(iota({2, 3}))); }), HasSubstr("reverse: axis 2"));
}

TEST(Reverse, HasGradients) {
  testing::check_gradients([](const Tensors& in) { return reverse(in[0], {0, 2}); },
                           {testing::random_array({2, 3, 4}, 1)});
}

}  // namespace
}  // namespace keel
