#include "core/graph.h"

#include <string>

#include "core/function.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/error_of.h"

namespace keel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using testing_util::error_of;

TEST(Eye, OfOneSizeAndOfTwo) {
  EXPECT_THAT(eye(2).value().to_vector<int>(), ElementsAre(1, 0, 0, 1));
  EXPECT_THAT(eye({2, 3}).value().to_vector<int>(), ElementsAre(1, 0, 0, 0, 1, 0));
  EXPECT_THAT(eye({3, 2}, {.dtype = "bool"}).value().to_vector<int>(), ElementsAre(1, 0, 0, 1, 0, 0));
  EXPECT_EQ(eye(0).shape(), (Shape{0, 0}));
  EXPECT_EQ(eye({2, 0}).shape(), (Shape{2, 0}));
  EXPECT_THAT(error_of([] { eye(-1); }), HasSubstr("eye: size is -1"));
  EXPECT_THAT(error_of([] { eye({1, 2, 3}); }), HasSubstr("size is (1, 2, 3)"));
}

TEST(IsKerasTensor, AsksWhoMadeIt) {
  EXPECT_TRUE(is_keras_tensor(placeholder({.shape = Shape{2}, .keras_tensor = true})));
  EXPECT_TRUE(is_keras_tensor(placeholder({.shape = Shape{2}, .sparse = true, .keras_tensor = true})));
  EXPECT_FALSE(is_keras_tensor(placeholder({.shape = Shape{2, 4, 5}})));
  EXPECT_FALSE(is_keras_tensor(placeholder({.shape = Shape{2}, .sparse = true})));
  EXPECT_FALSE(is_keras_tensor(zeros({1})));
  EXPECT_THAT(error_of([] { is_keras_tensor(Array{1, 2}); }), HasSubstr("array of shape (2,)"));
  EXPECT_THAT(error_of([] { is_keras_tensor(Tensor()); }), HasSubstr("empty tensor handle"));
}

}  // namespace
}  // namespace keel
