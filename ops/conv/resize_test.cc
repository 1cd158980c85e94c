#include "ops/conv/resize.h"

#include <string>

#include "core/function.h"
#include "core/graph.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/conv/test_util.h"
#include "testing/error_of.h"
#include "testing/gradient_check.h"

namespace keel {
namespace {

using ::keel::testing::check_gradients;
using ::keel::testing::random_array;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing_util::error_of;

Array numbers(const Shape& shape, DType dtype = "float32") {
  Array values(shape, "float64");
  for (int64_t i = 0; i < values.elements(); ++i) values.mutable_data<double>()[i] = static_cast<double>(i);
  return values.cast(dtype);
}

TEST(ResizeImages, Nearest) {
  const Tensor x = constant(numbers({1, 2, 2, 1}, "uint8"), {.dtype = "uint8"});
  EXPECT_THAT(eval(resize_images(x, 1, 2)).to_vector<int>(), ElementsAre(0, 0, 1, 1, 2, 2, 3, 3));
  EXPECT_THAT(eval(resize_images(x, 2, 1)).to_vector<int>(), ElementsAre(0, 1, 0, 1, 2, 3, 2, 3));
  EXPECT_THAT(eval(resize_images(x, 1, 3, "channels_first")).to_vector<int>(), ElementsAre(0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3));
  EXPECT_EQ(resize_images(x, 3, 5).shape(), (Shape{1, 6, 10, 1}));
  EXPECT_EQ(resize_images(x, 3, 5, "channels_first").shape(), (Shape{1, 2, 6, 5}));
}

TEST(ResizeImages, Bilinear) {
  const Tensor x = constant(numbers({1, 2, 2, 1}));
  EXPECT_THAT(eval(resize_images(x, 2, 2, "channels_last", "bilinear")).to_vector<double>(),
              ElementsAre(0, 0.5, 1, 1, 1, 1.5, 2, 2, 2, 2.5, 3, 3, 2, 2.5, 3, 3));
  const Tensor p = placeholder({.ndim = 4});
  const Tensor y = resize_images(p, 2, 3, "channels_first", "bilinear");
  EXPECT_EQ(y.shape(), (Shape{None, None, None, None}));
  const Function f = function({p}, {y});
  EXPECT_EQ(f({numbers({2, 3, 4, 5})})[0].shape(), (Shape{2, 3, 8, 15}));
  EXPECT_EQ(f({numbers({0, 3, 4, 5})})[0].shape(), (Shape{0, 3, 8, 15}));
  EXPECT_EQ(f({numbers({2, 3, 0, 5})})[0].shape(), (Shape{2, 3, 0, 15}));
}

TEST(ResizeVolumes, RepeatsEach) {
  const Tensor x = constant(numbers({1, 1, 2, 1, 2}));
  EXPECT_THAT(eval(resize_volumes(x, 2, 1, 2)).to_vector<int>(), ElementsAre(0, 1, 0, 1, 2, 3, 2, 3, 0, 1, 0, 1, 2, 3, 2, 3));
  EXPECT_EQ(resize_volumes(x, 2, 3, 4, "channels_first").shape(), (Shape{1, 1, 4, 3, 8}));
  EXPECT_EQ(resize_volumes(placeholder({.shape = Shape{None, None, 2, 3, 4}}), 2, 3, 4).shape(), (Shape{None, None, 6, 12, 4}));
}

TEST(Resize, HasGradients) {
  for (const char* format : {"channels_last", "channels_first"}) {
    for (const char* interpolation : {"nearest", "bilinear"}) {
      SCOPED_TRACE(std::string(format) + " " + interpolation);
      check_gradients([&](const Tensors& t) { return resize_images(t[0], 2, 3, format, interpolation); },
                      {random_array({2, 3, 2, 2}, 1)});
    }
    check_gradients([&](const Tensors& t) { return resize_volumes(t[0], 2, 1, 3, format); }, {random_array({1, 2, 3, 2, 2}, 1)});
  }
}

TEST(Resize, Errors) {
  const Tensor x = placeholder({.shape = Shape{1, 4, 4, 2}});
  EXPECT_THAT(error_of([&] { resize_images(x, 0, 2); }), HasSubstr("resize_images: a factor of 0"));
  EXPECT_THAT(error_of([&] { resize_images(x, 2, -1, "channels_last", "bilinear"); }), HasSubstr("a factor of -1"));
  EXPECT_THAT(error_of([&] { resize_images(x, 2, 2, "channels_last", "cubic"); }), HasSubstr("interpolation is 'cubic'"));
  EXPECT_THAT(error_of([&] { resize_images(x, 2, 2, "last"); }), HasSubstr("'last' is neither"));
  EXPECT_THAT(error_of([&] { resize_images(placeholder({.ndim = 3}), 2, 2); }), HasSubstr("resize_images: x has shape (None, None, None); it needs 4 axes"));
  EXPECT_THAT(error_of([&] { resize_volumes(x, 2, 2, 2); }), HasSubstr("resize_volumes: x has shape"));
  EXPECT_THAT(error_of([&] { resize_images(placeholder({.shape = Shape{1, 4, 4, 2}, .dtype = "int32"}), 2, 2, "channels_last", "bilinear"); }),
              HasSubstr("x is int32"));
  for (const char* interpolation : {"nearest", "bilinear"}) {
    EXPECT_THAT(error_of([&] { resize_images(x, int64_t{1} << 62, 2, "channels_last", interpolation); }), HasSubstr("overflow"));
    EXPECT_THAT(error_of([&] { eval(resize_images(constant(numbers({1, 4, 4, 2})), int64_t{1} << 40, 2, "channels_last", interpolation)); }), HasSubstr("byte"));
  }
}

}  // namespace
}  // namespace keel
