#include "ops/array/transpose.h"

#include "core/op.h"
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

TEST(Transpose, ReversesTheAxes) {
  EXPECT_THAT(both_ways(transpose, iota({2, 3})).to_vector<int>(), ElementsAre(0, 3, 1, 4, 2, 5));
  const Array y = both_ways(transpose, iota({2, 3, 4}));
  EXPECT_EQ(y.shape(), (Shape{4, 3, 2}));
  EXPECT_EQ(y.element<int>(1), 12);
  EXPECT_EQ(y.element<int>(2), 4);
  EXPECT_EQ(both_ways(transpose, iota({5})).to_vector<int>(), iota({5}).to_vector<int>());
  EXPECT_EQ(both_ways(transpose, iota({})).rank(), 0);
  EXPECT_EQ(both_ways(transpose, iota({0, 3})).shape(), (Shape{3, 0}));
}

TEST(PermuteDimensions, OfEveryDtype) {
  for (const char* dtype : {"bool", "uint8", "int16", "float16", "bfloat16", "int32", "float64"}) {
    const Array y = both_ways([](const Tensor& t) { return permute_dimensions(t, {2, 0, -2}); },
                              iota({2, 3, 5}, dtype));
    EXPECT_EQ(y.shape(), (Shape{5, 2, 3}));
    EXPECT_EQ(y.dtype(), DType(dtype));
    for (int k = 0; k < 5; ++k) {
      for (int i = 0; i < 2; ++i) {
        for (int j = 0; j < 3; ++j) {
          const double from = i * 15 + j * 5 + k;
          EXPECT_EQ(y.element<double>(k * 6 + i * 3 + j), y.dtype().is_bool() ? from != 0 : from);
        }
      }
    }
  }
}

TEST(PermuteDimensions, SaysWhatItGot) {
  const Tensor x = constant(iota({2, 3}));
  EXPECT_THAT(error_of([&] { permute_dimensions(x, {0}); }), HasSubstr("pattern names 1 axes but x has 2"));
  EXPECT_THAT(error_of([&] { permute_dimensions(x, {0, 0}); }), HasSubstr("names axis 0 twice"));
  EXPECT_THAT(error_of([&] { permute_dimensions(x, {0, 2}); }), HasSubstr("permute_dimensions: axis 2"));
}

TEST(PermuteDimensions, JoinsAndDropsPermutations) {
  const Tensor x = placeholder({.ndim = 3});
  EXPECT_TRUE(permute_dimensions(x, {0, 1, 2}).same_as(x));
  EXPECT_TRUE(transpose(transpose(x)).same_as(x));
  const Tensor twice = permute_dimensions(permute_dimensions(x, {1, 2, 0}), {1, 0, 2});
  EXPECT_TRUE(twice.input(0).same_as(x));
  EXPECT_EQ(twice.op().attributes(), "pattern=[2, 1, 0]");
}

TEST(PermuteDimensions, HasGradients) {
  testing::check_gradients([](const Tensors& in) { return permute_dimensions(in[0], {1, 2, 0}); },
                           {testing::random_array({2, 3, 4}, 1)});
}

}  // namespace
}  // namespace keel
