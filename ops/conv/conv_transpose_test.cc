#include <string>
#include <vector>

#include "core/function.h"
#include "core/gradients.h"
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

// x [h, w, f] to a result [oh, ow, c]; `pad`: zeros before the result where conv2d() reads it.
struct Case {
  int64_t h, w, f, c, kh, kw, oh, ow;
  std::array<int64_t, 2> strides, dilation, pad;
  const char* padding;
};

const Case kCases[] = {
    {3, 4, 2, 3, 3, 2, 5, 5, {1, 1}, {1, 1}, {0, 0}, "valid"},
    {3, 4, 1, 2, 3, 3, 3, 4, {1, 1}, {1, 1}, {1, 1}, "same"},
    {2, 3, 2, 2, 3, 3, 4, 6, {2, 2}, {1, 1}, {0, 0}, "same"},
    {2, 3, 2, 2, 4, 4, 4, 6, {2, 2}, {1, 1}, {1, 1}, "same"},
    {2, 3, 2, 1, 3, 3, 3, 5, {2, 2}, {1, 1}, {1, 1}, "same"},
    {2, 3, 2, 2, 3, 2, 6, 7, {2, 2}, {1, 1}, {0, 0}, "valid"},  // The last row and column get nothing.
    {2, 2, 3, 2, 1, 2, 3, 8, {2, 4}, {1, 1}, {0, 0}, "valid"},  // Nor do those between.
    {3, 4, 2, 2, 2, 3, 5, 8, {1, 1}, {2, 2}, {0, 0}, "valid"},
    {4, 5, 2, 2, 3, 2, 4, 5, {1, 1}, {2, 3}, {2, 1}, "same"},
};

Conv2dTransposeOptions options_of(const Case& c, const char* format) {
  return {.strides = c.strides, .padding = c.padding, .data_format = format, .dilation_rate = c.dilation};
}

TEST(Conv2dTranspose, MatchesItsDefinition) {
  for (const char* format : kFormats) {
    for (const Case& c : kCases) {
      const bool last = std::string(format) == "channels_last";
      const Array x = random_array(image(format, 2, c.h, c.w, c.f), 1), k = random_array({c.kh, c.kw, c.c, c.f}, 2);
      const Tensor px = placeholder({.ndim = 4, .dtype = "float64"}), pk = placeholder({.ndim = 4, .dtype = "float64"});
      const Tensor y = conv2d_transpose(px, pk, image(format, None, c.oh, c.ow, c.c), options_of(c, format));
      const Array got = function({px, pk}, {y})({x, k})[0];
      ASSERT_EQ(got.shape(), image(format, 2, c.oh, c.ow, c.c));
      auto at = [&](int64_t n, int64_t i, int64_t j, int64_t ch, int64_t h, int64_t w, int64_t chs) {
        return last ? ((n * h + i) * w + j) * chs + ch : ((n * chs + ch) * h + i) * w + j;
      };
      std::vector<double> want(got.elements());
      for (int64_t n = 0; n < 2; ++n)
        for (int64_t i = 0; i < c.h; ++i)
          for (int64_t j = 0; j < c.w; ++j)
            for (int64_t a = 0; a < c.kh; ++a)
              for (int64_t b = 0; b < c.kw; ++b) {
                const int64_t r = i * c.strides[0] + a * c.dilation[0] - c.pad[0], s = j * c.strides[1] + b * c.dilation[1] - c.pad[1];
                if (r < 0 || r >= c.oh || s < 0 || s >= c.ow) continue;
                for (int64_t ch = 0; ch < c.c; ++ch)
                  for (int64_t f = 0; f < c.f; ++f)
                    want[at(n, r, s, ch, c.oh, c.ow, c.c)] +=
                        x.element<double>(at(n, i, j, f, c.h, c.w, c.f)) * k.element<double>(((a * c.kw + b) * c.c + ch) * c.f + f);
              }
      for (int64_t i = 0; i < got.elements(); ++i) ASSERT_NEAR(got.element<double>(i), want[i], 1e-12) << i;
    }
  }
}

TEST(Conv2dTranspose, HasGradients) {
  for (const char* format : kFormats) {
    for (const Case& c : kCases) {
      SCOPED_TRACE(std::string(format) + " kernel " + std::to_string(c.kh) + "x" + std::to_string(c.kw) + " " + c.padding);
      check_gradients([&](const Tensors& t) {
        return conv2d_transpose(t[0], t[1], image(format, None, c.oh, c.ow, None), options_of(c, format));
      }, {random_array(image(format, 1, c.h, c.w, c.f), 1), random_array({c.kh, c.kw, c.c, c.f}, 2)});
    }
  }
}

TEST(Conv3dTranspose, HasGradients) {
  for (const char* format : kFormats) {
    const bool last = std::string(format) == "channels_last";
    check_gradients([&](const Tensors& t) {
      return conv3d_transpose(t[0], t[1], last ? Shape{1, 3, 4, 3, 2} : Shape{1, 2, 3, 4, 3},
                              {.strides = {1, 2, 1}, .padding = "same", .data_format = format});
    }, {random_array(last ? Shape{1, 3, 2, 3, 2} : Shape{1, 2, 3, 2, 3}, 1), random_array({2, 2, 3, 2, 2}, 2)});
  }
}

// conv2d() sees in the result what x was.
TEST(Conv2dTranspose, GradientIsTheConvolution) {
  const Array x = random_array({1, 3, 3, 2}, 1), k = random_array({3, 3, 4, 2}, 2), dy = random_array({1, 6, 6, 4}, 3);
  const Tensor tx = constant(x, {.dtype = "float64"}), tk = constant(k, {.dtype = "float64"}), td = constant(dy, {.dtype = "float64"});
  const Tensor y = conv2d_transpose(tx, tk, {1, 6, 6, 4}, {.strides = {2, 2}, .padding = "same"});
  EXPECT_EQ(eval(gradients(Tensors{y}, Tensors{td}, Tensors{tx})[0]).to_vector<double>(),
            eval(conv2d(td, tk, {.strides = {2, 2}, .padding = "same"})).to_vector<double>());
}

TEST(Conv2dTranspose, WhatIsNotGivenFollows) {
  const Tensor x = placeholder({.shape = Shape{None, 5, 4, 3}}), k = ones({3, 2, 7, 3});
  const Shape open{None, None, None, None};
  EXPECT_EQ(conv2d_transpose(x, k, open).shape(), (Shape{None, 7, 5, 7}));
  EXPECT_EQ(conv2d_transpose(x, k, open, {.strides = {2, 3}, .padding = "same"}).shape(), (Shape{None, 10, 12, 7}));
  EXPECT_EQ(conv2d_transpose(x, k, open, {.strides = {2, 3}}).shape(), (Shape{None, 11, 12, 7}));
  EXPECT_EQ(conv2d_transpose(x, k, open, {.dilation_rate = {2, 1}}).shape(), (Shape{None, 9, 5, 7}));
  const Tensor any = placeholder({.ndim = 4});
  const Tensor y = conv2d_transpose(any, k, open, {.strides = {2, 2}});
  EXPECT_EQ(y.shape(), (Shape{None, None, None, 7}));
  EXPECT_EQ(function({any}, {y})({Array::full({0, 2, 2, 3}, 1, "float32")})[0].shape(), (Shape{0, 5, 4, 7}));
}

TEST(Conv2dTranspose, TakesAShapeThatTheGraphComputes) {
  const Tensor x = placeholder({.ndim = 4}), like = placeholder({.ndim = 4}), k = ones({3, 3, 2, 3});
  const Tensor y = conv2d_transpose(x, k, shape(like), {.strides = {2, 2}, .padding = "same"});
  EXPECT_EQ(y.shape(), (Shape{None, None, None, 2}));
  const Function f = function({x, like}, {y, gradients(y, {x})[0]});
  const Array small = Array::full({1, 2, 2, 3}, 1, "float32");
  for (int64_t size : {3, 4}) {
    const std::vector<Array> got = f({small, Array::full({1, size, 3, 2}, 1, "float32")});
    EXPECT_EQ(got[0].shape(), (Shape{1, size, 3, 2}));
    EXPECT_EQ(got[1].shape(), small.shape());
  }
  EXPECT_THAT(error_of([&] { f({small, Array::full({1, 5, 3, 2}, 1, "float32")}); }), HasSubstr("an axis of 5 has 3 places"));
  EXPECT_THAT(error_of([&] { conv2d_transpose(x, k, like); }), HasSubstr("accepted are vectors of 4 integers"));
}

TEST(Conv2dTranspose, Errors) {
  const Tensor x = placeholder({.shape = Shape{8, 4, 4, 3}}), k = ones({3, 3, 2, 3});
  const auto error = [&](const Shape& shape, const Conv2dTransposeOptions& options = {}) {
    return error_of([&] { conv2d_transpose(x, k, shape, options); });
  };
  EXPECT_THAT(error({8, 7, 6, 2}), HasSubstr("conv2d_transpose: an axis of 7 has 5 places for a window of 3"));
  EXPECT_THAT(error({8, 9, 9, 2}, {.strides = {2, 2}, .padding = "same"}), HasSubstr("an axis of 9 has 5 places"));
  EXPECT_THAT(error({8, 0, 6, 2}), HasSubstr("does not fit an axis of 0"));
  EXPECT_THAT(error({7, 6, 6, 2}), HasSubstr("has 7 images where there are 8"));
  EXPECT_THAT(error({8, 6, 6, 3}), HasSubstr("has 3 channels where there are 2"));
  EXPECT_THAT(error({8, -6, 6, 2}), HasSubstr("holds -6"));
  EXPECT_THAT(error({8, 6, 6}), HasSubstr("it needs 4 axes"));
  EXPECT_THAT(error({8, 6, 6, 2}, {.strides = {0, 1}}), HasSubstr("a stride of 0"));
  EXPECT_THAT(error({8, 6, 6, 2}, {.dilation_rate = {0, 1}}), HasSubstr("a dilation of 0"));
  EXPECT_THAT(error({8, None, None, 2}, {.strides = {2, 2}, .dilation_rate = {2, 2}}), HasSubstr("both above 1"));
  EXPECT_THAT(error({8, 6, 6, 2}, {.padding = "causal"}), HasSubstr("conv1d alone"));
  EXPECT_THAT(error({None, None, None, None}, {.strides = {int64_t{1} << 62, 1}}), HasSubstr("overflow"));
  EXPECT_THAT(error_of([&] { conv2d_transpose(x, ones({3, 3, 2, 4}), {8, 6, 6, 2}); }),
              HasSubstr("kernel has 4 input channels but x has 3"));
  EXPECT_THAT(error_of([&] { conv2d_transpose(x, ones({3, 3, 0, 3}), {8, 6, 6, 0}); }), HasSubstr("zero channels"));
  EXPECT_THAT(error_of([&] { conv3d_transpose(x, k, {8, 6, 6, 2}); }), HasSubstr("conv3d_transpose: x has shape"));
}

// The gradient goes through the residues of a stride, of which only those inside the image count.
TEST(Conv2d, StridesBeyondTheImage) {
  const int64_t far = int64_t{1} << 40;
  check_gradients([&](const Tensors& t) { return conv2d(t[0], t[1], {.strides = {far, far}}); },
                  {random_array({1, 4, 5, 2}, 1), random_array({2, 3, 2, 2}, 2)});
  check_gradients([&](const Tensors& t) { return conv2d(t[0], t[1], {.strides = {far, 2}, .padding = "same"}); },
                  {random_array({1, 2, 5, 2}, 1), random_array({4, 3, 2, 2}, 2)});
}

}  // namespace
}  // namespace keel
