#include "ops/conv/convolution.h"

#include <cmath>
#include <string>
#include <vector>

#include "core/function.h"
#include "core/graph.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/conv/pool.h"
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
  int64_t h, w, c, f, kh, kw;
  std::array<int64_t, 2> strides, dilation;
  const char* padding;
};

const Case kCases[] = {
    {5, 6, 2, 3, 3, 2, {1, 1}, {1, 1}, "valid"}, {5, 6, 2, 3, 3, 2, {1, 1}, {1, 1}, "same"},
    {7, 5, 1, 2, 3, 3, {2, 2}, {1, 1}, "same"},  {6, 7, 3, 2, 2, 3, {2, 1}, {1, 1}, "valid"},
    {7, 7, 2, 2, 2, 2, {1, 1}, {2, 3}, "same"},  {4, 4, 3, 4, 1, 1, {1, 1}, {1, 1}, "valid"},
    {5, 4, 3, 2, 1, 1, {2, 2}, {1, 1}, "same"},
};

TEST(Conv2d, MatchesItsDefinition) {
  for (const char* format : kFormats) {
    for (const Case& c : kCases) {
      const bool last = std::string(format) == "channels_last";
      const Array x = random_array(image(format, 2, c.h, c.w, c.c), 1), k = random_array({c.kh, c.kw, c.c, c.f}, 2);
      const Tensor px = placeholder({.ndim = 4, .dtype = "float64"}), pk = placeholder({.ndim = 4, .dtype = "float64"});
      const Conv2dOptions options{.strides = c.strides, .padding = c.padding, .data_format = format, .dilation_rate = c.dilation};
      const Array y = function({px, pk}, {conv2d(px, pk, options)})({x, k})[0];
      const bool same = std::string(c.padding) == "same";
      auto out = [&](int64_t n, int64_t size, int i) {
        const int64_t reach = (size - 1) * c.dilation[i] + 1;
        return same ? (n + c.strides[i] - 1) / c.strides[i] : (n - reach) / c.strides[i] + 1;
      };
      const int64_t oh = out(c.h, c.kh, 0), ow = out(c.w, c.kw, 1);
      ASSERT_EQ(y.shape(), image(format, 2, oh, ow, c.f));
      auto before = [&](int64_t n, int64_t o, int64_t size, int i) {
        return same ? std::max<int64_t>((o - 1) * c.strides[i] + (size - 1) * c.dilation[i] + 1 - n, 0) / 2 : 0;
      };
      const int64_t ph = before(c.h, oh, c.kh, 0), pw = before(c.w, ow, c.kw, 1);
      auto at = [&](int64_t n, int64_t i, int64_t j, int64_t ch, int64_t h, int64_t w, int64_t chs) {
        return last ? ((n * h + i) * w + j) * chs + ch : ((n * chs + ch) * h + i) * w + j;
      };
      for (int64_t n = 0; n < 2; ++n)
        for (int64_t i = 0; i < oh; ++i)
          for (int64_t j = 0; j < ow; ++j)
            for (int64_t f = 0; f < c.f; ++f) {
              double sum = 0;
              for (int64_t a = 0; a < c.kh; ++a)
                for (int64_t b = 0; b < c.kw; ++b) {
                  const int64_t r = i * c.strides[0] + a * c.dilation[0] - ph, s = j * c.strides[1] + b * c.dilation[1] - pw;
                  if (r < 0 || r >= c.h || s < 0 || s >= c.w) continue;
                  for (int64_t ch = 0; ch < c.c; ++ch)
                    sum += x.element<double>(at(n, r, s, ch, c.h, c.w, c.c)) * k.element<double>(((a * c.kw + b) * c.c + ch) * c.f + f);
                }
              ASSERT_NEAR(y.element<double>(at(n, i, j, f, oh, ow, c.f)), sum, 1e-12);
            }
    }
  }
}

TEST(Conv2d, HasGradients) {
  for (const char* format : kFormats) {
    for (const Case& c : kCases) {
      SCOPED_TRACE(std::string(format) + " kernel " + std::to_string(c.kh) + "x" + std::to_string(c.kw) + " " + c.padding);
      const Conv2dOptions options{.strides = c.strides, .padding = c.padding, .data_format = format, .dilation_rate = c.dilation};
      check_gradients([&](const Tensors& t) { return conv2d(t[0], t[1], options); },
                      {random_array(image(format, 1, c.h, c.w, c.c), 1), random_array({c.kh, c.kw, c.c, c.f}, 2)});
    }
  }
}

TEST(Conv1d, HasGradients) {
  for (const char* padding : {"valid", "same", "causal"}) {
    check_gradients([&](const Tensors& t) { return conv1d(t[0], t[1], {.padding = padding, .dilation_rate = 2}); },
                    {random_array({2, 7, 2}, 1), random_array({3, 2, 2}, 2)});
  }
}

TEST(Conv3d, HasGradients) {
  check_gradients([&](const Tensors& t) { return conv3d(t[0], t[1], {.strides = {1, 2, 1}, .padding = "same"}); },
                  {random_array({1, 3, 4, 3, 2}, 1), random_array({2, 2, 3, 2, 2}, 2)});
}

TEST(Conv2d, EmptyBatch) {
  const Tensor x = placeholder({.shape = Shape{None, 8, 8, 3}});
  const Variable k = ones({3, 3, 3, 4});
  EXPECT_EQ(function({x}, {conv2d(x, k)})({Array::full({0, 8, 8, 3}, 1, "float32")})[0].shape(), (Shape{0, 6, 6, 4}));
  EXPECT_EQ(conv2d(x, k, {.strides = {2, 2}, .padding = "same"}).shape(), (Shape{None, 4, 4, 4}));
}

TEST(Conv2d, Errors) {
  const Tensor x = placeholder({.shape = Shape{8, 32, 32, 3}}), k = ones({3, 3, 4, 16});
  EXPECT_THAT(error_of([&] { conv2d(x, k); }),
              HasSubstr("conv2d: kernel has 4 input channels but x has 3 (x: (8, 32, 32, 3), kernel: (3, 3, 4, 16))"));
  const Tensor ok = ones({3, 3, 3, 2});
  EXPECT_THAT(error_of([&] { conv2d(x, ok, {.strides = {0, 1}}); }), HasSubstr("a stride of 0"));
  EXPECT_THAT(error_of([&] { conv2d(x, ok, {.dilation_rate = {-1, 1}}); }), HasSubstr("a dilation of -1"));
  EXPECT_THAT(error_of([&] { conv2d(x, ok, {.strides = {2, 2}, .dilation_rate = {2, 2}}); }), HasSubstr("both above 1"));
  EXPECT_THAT(error_of([&] { conv2d(x, ok, {.padding = "causal"}); }), HasSubstr("conv1d alone"));
  EXPECT_THAT(error_of([&] { conv2d(x, ok, {.padding = "full"}); }), HasSubstr("'full' is none of"));
  EXPECT_THAT(error_of([&] { conv2d(x, ok, {.data_format = "nhwc"}); }), HasSubstr("'nhwc' is neither"));
  EXPECT_THAT(error_of([&] { conv2d(x, ones({33, 3, 3, 2})); }), HasSubstr("does not fit an axis of 32"));
  const Tensor unknown = placeholder({.ndim = 4});
  const Function f = function({unknown}, {conv2d(unknown, ok)});
  EXPECT_THAT(error_of([&] { f({Array::full({1, 2, 5, 3}, 1, "float32")}); }), HasSubstr("does not fit an axis of 2"));
  EXPECT_EQ(f({Array::full({1, 3, 5, 3}, 1, "float32")})[0].shape(), (Shape{1, 1, 3, 2}));
}

TEST(Pool2d, MatchesItsDefinition) {
  for (const char* format : kFormats) {
    for (const char* padding : {"valid", "same"}) {
      for (const char* mode : {"max", "avg"}) {
        const bool last = std::string(format) == "channels_last";
        const int64_t h = 5, w = 7, c = 3;
        const Array x = random_array(image(format, 2, h, w, c), 4);
        const Tensor p = placeholder({.ndim = 4, .dtype = "float64"});
        const Array y = function({p}, {pool2d(p, {3, 2}, {.strides = {2, 2}, .padding = padding, .data_format = format, .pool_mode = mode})})({x})[0];
        const bool same = std::string(padding) == "same";
        const int64_t oh = same ? 3 : 2, ow = same ? 4 : 3;
        ASSERT_EQ(y.shape(), image(format, 2, oh, ow, c));
        auto at = [&](int64_t n, int64_t i, int64_t j, int64_t ch, int64_t hh, int64_t ww) {
          return last ? ((n * hh + i) * ww + j) * c + ch : ((n * c + ch) * hh + i) * ww + j;
        };
        const int64_t ph = same ? 1 : 0, pw = 0;
        for (int64_t n = 0; n < 2; ++n)
          for (int64_t ch = 0; ch < c; ++ch)
            for (int64_t i = 0; i < oh; ++i)
              for (int64_t j = 0; j < ow; ++j) {
                double most = -1e9, sum = 0, count = 0;
                for (int64_t r = std::max<int64_t>(i * 2 - ph, 0); r < std::min(i * 2 - ph + 3, h); ++r)
                  for (int64_t s = std::max<int64_t>(j * 2 - pw, 0); s < std::min(j * 2 - pw + 2, w); ++s) {
                    const double v = x.element<double>(at(n, r, s, ch, h, w));
                    most = std::max(most, v), sum += v, ++count;
                  }
                ASSERT_NEAR(y.element<double>(at(n, i, j, ch, oh, ow)), std::string(mode) == "max" ? most : sum / count, 1e-12);
              }
      }
    }
  }
}

TEST(Pool, HasGradients) {
  for (const char* format : kFormats) {
    for (const char* mode : {"max", "avg"}) {
      for (const char* padding : {"valid", "same"}) {
        SCOPED_TRACE(std::string(format) + mode + padding);
        const Pool2dOptions options{.strides = {2, 1}, .padding = padding, .data_format = format, .pool_mode = mode};
        check_gradients([&](const Tensors& t) { return pool2d(t[0], {2, 3}, options); }, {random_array(image(format, 2, 4, 5, 2), 3)});
      }
    }
  }
  check_gradients([&](const Tensors& t) { return pool3d(t[0], {2, 2, 2}, {.strides = {2, 2, 2}, .pool_mode = "avg"}); },
                  {random_array({1, 4, 2, 3, 2}, 3)});
}

TEST(Pool, Errors) {
  const Tensor x = placeholder({.shape = Shape{1, 4, 4, 2}});
  EXPECT_THAT(error_of([&] { pool2d(x, {0, 2}); }), HasSubstr("pool_size has 0"));
  EXPECT_THAT(error_of([&] { pool2d(x, {2, 2}, {.strides = {0, 1}}); }), HasSubstr("a stride of 0"));
  EXPECT_THAT(error_of([&] { pool2d(x, {2, 2}, {.pool_mode = "min"}); }), HasSubstr("pool_mode is 'min'"));
  EXPECT_THAT(error_of([&] { pool2d(x, {5, 2}); }), HasSubstr("does not fit an axis of 4"));
  EXPECT_THAT(error_of([&] { pool3d(x, {2, 2, 2}); }), HasSubstr("it needs 5 axes"));
}

}  // namespace
}  // namespace keel
