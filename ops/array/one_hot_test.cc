#include "ops/array/one_hot.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/array/test_util.h"
#include "testing/error_of.h"

namespace keel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing_util::both_ways;
using testing_util::error_of;

TEST(OneHot, MarksTheClass) {
  const auto of = [](int64_t classes) { return [=](const Tensor& t) { return one_hot(t, classes); }; };
  for (const char* dtype : {"int8", "int32", "int64"}) {
    const Array y = both_ways(of(3), Array{0, 5, -1, 2}.cast(dtype));
    EXPECT_EQ(y.dtype(), DType("float32"));
    EXPECT_THAT(y.to_vector<int>(), ElementsAre(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1));
  }
  EXPECT_THAT(both_ways(of(2), Array{1, 255}.cast("uint8")).to_vector<int>(), ElementsAre(0, 1, 0, 0));
  EXPECT_EQ(both_ways(of(4), Array({2, 0, 3}, "int32")).shape(), (Shape{2, 0, 3, 4}));
  EXPECT_EQ(both_ways(of(3), Array(1).cast("int32")).shape(), Shape{3});
  EXPECT_EQ(one_hot(placeholder({.shape = Shape{None, 2}, .dtype = "int32"}), 5).shape(), (Shape{None, 2, 5}));
}

TEST(OneHot, SaysWhatItGot) {
  const Tensor x = constant(Array{0, 1}, {.dtype = "int32"});
  EXPECT_THAT(error_of([&] { one_hot(x, 0); }), HasSubstr("one_hot: num_classes is 0"));
  EXPECT_THAT(error_of([] { one_hot(constant(Array{0, 1}), 2); }), HasSubstr("indices are float32"));
  EXPECT_NE(error_of([&] { eval(one_hot(x, int64_t{1} << 61)); }), "");
  EXPECT_NE(error_of([&] { eval(one_hot(x, int64_t{1} << 50)); }), "");
}

}  // namespace
}  // namespace keel
