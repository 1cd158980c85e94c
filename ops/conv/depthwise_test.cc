#include "ops/conv/depthwise.h"

#include <string>
#include <vector>

#include "core/function.h"
#include "core/graph.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/conv/convolution.h"
#include "ops/conv/test_util.h"
#include "testing/error_of.h"
#include "testing/gradient_check.h"

namespace keel {
namespace {

using ::keel::testing::check_gradients;
using ::keel::testing::random_array;
using ::testing::HasSubstr;
using testing_util::error_of;
using testing_util::image;
using testing_util::kFormats;

struct Case {
  int64_t h, w, c, m, kh, kw;
  std::array<int64_t, 2> strides, dilation;
  const char* padding;
};

const Case kCases[] = {
    {5, 6, 2, 1, 3, 2, {1, 1}, {1, 1}, "valid"}, {5, 6, 2, 3, 3, 3, {1, 1}, {1, 1}, "same"},
    {7, 5, 1, 2, 3, 3, {2, 2}, {1, 1}, "same"},  {6, 7, 3, 1, 2, 3, {2, 1}, {1, 1}, "valid"},
    {7, 7, 2, 2, 2, 2, {1, 1}, {2, 3}, "same"},  {4, 4, 3, 1, 1, 1, {1, 1}, {1, 1}, "valid"},
};

DepthwiseConv2dOptions options_of(const Case& c, const char* format) {
  return {.strides = c.strides, .padding = c.padding, .data_format = format, .dilation_rate = c.dilation};
}

// A depthwise convolution is one with a kernel [.., C, C·M] that is zero where a filter is not the
// channel's own.
TEST(DepthwiseConv2d, IsAConvolutionOfEachChannel) {
  for (const char* format : kFormats) {
    for (const Case& c : kCases) {
      const Array x = random_array(image(format, 2, c.h, c.w, c.c), 1), k = random_array({c.kh, c.kw, c.c, c.m}, 2);
      Array dense = Array::full({c.kh, c.kw, c.c, c.c * c.m}, 0, "float64");
      for (int64_t t = 0; t < c.kh * c.kw; ++t)
        for (int64_t ch = 0; ch < c.c; ++ch)
          for (int64_t m = 0; m < c.m; ++m)
            dense.mutable_data<double>()[(t * c.c + ch) * c.c * c.m + ch * c.m + m] = k.element<double>((t * c.c + ch) * c.m + m);
      const Tensor px = placeholder({.ndim = 4, .dtype = "float64"}), pk = placeholder({.ndim = 4, .dtype = "float64"}),
                   pd = placeholder({.ndim = 4, .dtype = "float64"});
      const std::vector<Array> y = function({px, pk, pd},
          {depthwise_conv2d(px, pk, options_of(c, format)),
           conv2d(px, pd, {.strides = c.strides, .padding = c.padding, .data_format = format, .dilation_rate = c.dilation})})({x, k, dense});
      ASSERT_EQ(y[0].shape(), y[1].shape());
      for (int64_t i = 0; i < y[0].elements(); ++i) ASSERT_NEAR(y[0].element<double>(i), y[1].element<double>(i), 1e-12) << i;
    }
  }
}

TEST(DepthwiseConv2d, HasGradients) {
  for (const char* format : kFormats) {
    for (const Case& c : kCases) {
      SCOPED_TRACE(std::string(format) + " kernel " + std::to_string(c.kh) + "x" + std::to_string(c.kw) + " " + c.padding);
      check_gradients([&](const Tensors& t) { return depthwise_conv2d(t[0], t[1], options_of(c, format)); },
                      {random_array(image(format, 1, c.h, c.w, c.c), 1), random_array({c.kh, c.kw, c.c, c.m}, 2)});
    }
  }
}

TEST(DepthwiseConv2d, Shapes) {
  const Tensor x = placeholder({.shape = Shape{None, 8, None, 3}}), k = ones({3, 3, 3, 2});
  EXPECT_EQ(depthwise_conv2d(x, k).shape(), (Shape{None, 6, None, 6}));
  EXPECT_EQ(depthwise_conv2d(placeholder({.ndim = 4}), k, {.padding = "same"}).shape(), (Shape{None, None, None, 6}));
  EXPECT_EQ(function({x}, {depthwise_conv2d(x, k)})({Array::full({0, 8, 4, 3}, 1, "float32")})[0].shape(), (Shape{0, 6, 2, 6}));
}

TEST(DepthwiseConv2d, Errors) {
  const Tensor x = placeholder({.shape = Shape{8, 32, 32, 3}});
  EXPECT_THAT(error_of([&] { depthwise_conv2d(x, ones({3, 3, 4, 1})); }),
              HasSubstr("depthwise_conv2d: kernel has 4 input channels but x has 3 (x: (8, 32, 32, 3), kernel: (3, 3, 4, 1))"));
  const Tensor ok = ones({3, 3, 3, 2});
  EXPECT_THAT(error_of([&] { depthwise_conv2d(x, ok, {.strides = {0, 1}}); }), HasSubstr("depthwise_conv2d: a stride of 0"));
  EXPECT_THAT(error_of([&] { depthwise_conv2d(x, ok, {.strides = {2, 2}, .dilation_rate = {2, 2}}); }), HasSubstr("both above 1"));
  EXPECT_THAT(error_of([&] { depthwise_conv2d(x, ok, {.padding = "causal"}); }), HasSubstr("conv1d alone"));
  EXPECT_THAT(error_of([&] { depthwise_conv2d(x, ones({3, 3, 3, 0})); }), HasSubstr("zero channels"));
  EXPECT_THAT(error_of([&] { depthwise_conv2d(x, ones({33, 3, 3, 2})); }), HasSubstr("does not fit an axis of 32"));
  EXPECT_THAT(error_of([&] { depthwise_conv2d(x, ones({3, 3, 3})); }), HasSubstr("depthwise_kernel has shape (3, 3, 3); it needs 4 axes"));
  const Tensor whole = placeholder({.shape = Shape{8, 32, 32, 3}, .dtype = "int32"});
  EXPECT_THAT(error_of([&] { depthwise_conv2d(whole, ok); }), HasSubstr("the operands are int32 and float32"));
  const Tensor unknown = placeholder({.ndim = 4});
  const Function f = function({unknown}, {depthwise_conv2d(unknown, ok)});
  EXPECT_THAT(error_of([&] { f({Array::full({1, 2, 5, 3}, 1, "float32")}); }), HasSubstr("does not fit an axis of 2"));
  EXPECT_EQ(f({Array::full({1, 3, 5, 3}, 1, "float32")})[0].shape(), (Shape{1, 1, 3, 6}));
}

TEST(SeparableConv, HasGradients) {
  for (const char* format : kFormats) {
    check_gradients([&](const Tensors& t) {
      return separable_conv2d(t[0], t[1], t[2], {.strides = {2, 1}, .padding = "same", .data_format = format});
    }, {random_array(image(format, 1, 4, 5, 2), 1), random_array({3, 2, 2, 2}, 2), random_array({1, 1, 4, 3}, 3)});
    const bool last = std::string(format) == "channels_last";
    check_gradients([&](const Tensors& t) {
      return separable_conv1d(t[0], t[1], t[2], {.padding = "same", .data_format = format, .dilation_rate = 2});
    }, {random_array(last ? Shape{2, 6, 2} : Shape{2, 2, 6}, 1), random_array({3, 2, 2}, 2), random_array({1, 4, 3}, 3)});
  }
}

// Along an axis of one row, in one dimension as in two.
TEST(SeparableConv, OneAxisIsARow) {
  const Array x = random_array({2, 9, 3}, 1), k = random_array({4, 3, 2}, 2), p = random_array({1, 6, 5}, 3);
  const auto tensor = [](const Array& a, const Shape& shape) { return constant(a, {.dtype = "float64", .shape = shape}); };
  const Array line = eval(separable_conv1d(tensor(x, x.shape()), tensor(k, k.shape()), tensor(p, p.shape()), {.strides = 2, .padding = "same"}));
  const Array row = eval(separable_conv2d(tensor(x, {2, 1, 9, 3}), tensor(k, {1, 4, 3, 2}), tensor(p, {1, 1, 6, 5}),
                                          {.strides = {2, 2}, .padding = "same"}));
  EXPECT_EQ(line.shape(), (Shape{2, 5, 5}));
  EXPECT_EQ(line.to_vector<double>(), row.to_vector<double>());
}

TEST(SeparableConv, Errors) {
  const Tensor x = placeholder({.shape = Shape{8, 32, 32, 3}}), k = ones({3, 3, 3, 2});
  const auto error = [&](const Tensor& depthwise, const Tensor& pointwise, const SeparableConv2dOptions& options = {}) {
    return error_of([&] { separable_conv2d(x, depthwise, pointwise, options); });
  };
  EXPECT_THAT(error(k, ones({1, 1, 3, 4})), HasSubstr("separable_conv2d: pointwise_kernel has 3 input channels but x times the depth multiplier 6"));
  EXPECT_THAT(error(k, ones({3, 1, 6, 4})), HasSubstr("its first 2 axes must be 1"));
  EXPECT_THAT(error(k, ones({1, 6, 4})), HasSubstr("pointwise_kernel has shape (1, 6, 4); it needs 4 axes"));
  EXPECT_THAT(error(ones({3, 3, 5, 2}), ones({1, 1, 6, 4})), HasSubstr("separable_conv2d: kernel has 5 input channels but x has 3"));
  EXPECT_THAT(error(k, ones({1, 1, 6, 4}), {.strides = {1, -2}}), HasSubstr("separable_conv2d: a stride of -2"));
  EXPECT_THAT(error_of([&] { separable_conv1d(x, k, k); }), HasSubstr("separable_conv1d: x has shape"));
}

}  // namespace
}  // namespace keel
