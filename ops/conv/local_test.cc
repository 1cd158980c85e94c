#include "ops/conv/local.h"

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
using ::testing::HasSubstr;
using testing_util::error_of;

constexpr int64_t kN = 2, kH = 6, kW = 5, kC = 3, kF = 2, kRows = 3, kCols = 2, kOutH = 2, kOutW = 4;

Shape image(bool first, int64_t h, int64_t w, int64_t c) { return first ? Shape{kN, c, h, w} : Shape{kN, h, w, c}; }

TEST(LocalConv2d, MatchesItsDefinition) {
  for (bool first : {false, true}) {
    const char* format = first ? "channels_first" : "channels_last";
    const Array x = random_array(image(first, kH, kW, kC), 1), k = random_array({kOutH * kOutW, kRows * kCols * kC, kF}, 2);
    const Tensor px = placeholder({.ndim = 4, .dtype = "float64"}), pk = placeholder({.ndim = 3, .dtype = "float64"});
    const Array y = function({px, pk}, {local_conv2d(px, pk, {kRows, kCols}, {3, 1}, {kOutH, kOutW}, format)})({x, k})[0];
    ASSERT_EQ(y.shape(), image(first, kOutH, kOutW, kF));
    auto at = [&](int64_t n, int64_t i, int64_t j, int64_t c, int64_t h, int64_t w, int64_t cs) {
      return first ? ((n * cs + c) * h + i) * w + j : ((n * h + i) * w + j) * cs + c;
    };
    for (int64_t n = 0; n < kN; ++n)
      for (int64_t i = 0; i < kOutH; ++i)
        for (int64_t j = 0; j < kOutW; ++j)
          for (int64_t f = 0; f < kF; ++f) {
            double sum = 0;
            for (int64_t a = 0; a < kRows; ++a)
              for (int64_t b = 0; b < kCols; ++b)
                for (int64_t c = 0; c < kC; ++c) {
                  const int64_t feature = first ? (c * kRows + a) * kCols + b : (a * kCols + b) * kC + c;
                  sum += x.element<double>(at(n, i * 3 + a, j + b, c, kH, kW, kC)) *
                         k.element<double>(((i * kOutW + j) * kRows * kCols * kC + feature) * kF + f);
                }
            ASSERT_NEAR(y.element<double>(at(n, i, j, f, kOutH, kOutW, kF)), sum, 1e-12);
          }
  }
}

TEST(LocalConv2d, HasGradients) {
  for (bool first : {false, true}) {
    check_gradients([&](const Tensors& t) {
      return local_conv2d(t[0], t[1], {kRows, kCols}, {3, 1}, {kOutH, kOutW}, first ? "channels_first" : "channels_last");
    }, {random_array(image(first, kH, kW, kC), 1), random_array({kOutH * kOutW, kRows * kCols * kC, kF}, 2)});
  }
}

// Along time it is an image of one row.
TEST(LocalConv1d, IsARow) {
  const Array x = random_array({2, 9, 3}, 1), k = random_array({4, 6, 5}, 2);
  const Tensor tx = constant(x, {.dtype = "float64"}), tk = constant(k, {.dtype = "float64"});
  const Tensor row = constant(x, {.dtype = "float64", .shape = Shape{2, 1, 9, 3}});
  for (const char* format : {"channels_last", "channels_first"}) {
    const Array y = eval(local_conv1d(tx, tk, {2}, {2}, format));
    EXPECT_EQ(y.shape(), (Shape{2, 4, 5}));
    EXPECT_EQ(y.to_vector<double>(), eval(local_conv2d(row, tk, {1, 2}, {1, 2}, {1, 4}, "channels_last")).to_vector<double>());
  }
}

TEST(LocalConv1d, HasGradients) {
  const Array x = random_array({2, 7, 2}, 1), k = random_array({3, 6, 2}, 2);
  check_gradients([&](const Tensors& t) { return local_conv1d(t[0], t[1], {3}, {2}); }, {x, k}, {.unknown_shapes = false});
  // The places must be known; the inputs need not be.
  check_gradients([&](const Tensors& t) { return local_conv1d(t[0], constant(k, {.dtype = "float64"}), {3}, {2}); }, {x});
}

TEST(LocalConv, Shapes) {
  const Tensor x = placeholder({.shape = Shape{None, None, 5, 3}}), k = ones({8, 18, 4});
  const Tensor y = local_conv2d(x, k, {3, 2}, {1, 1}, {2, 4});
  EXPECT_EQ(y.shape(), (Shape{None, 2, 4, 4}));
  EXPECT_EQ(function({x}, {y})({Array::full({0, 4, 5, 3}, 1, "float32")})[0].shape(), (Shape{0, 2, 4, 4}));
}

TEST(LocalConv, Errors) {
  const Tensor x = placeholder({.shape = Shape{8, 6, 5, 3}}), k = ones({8, 18, 4});
  const auto error = [&](const Tensor& kernel, const std::array<int64_t, 2>& size, const std::array<int64_t, 2>& strides,
                         const std::array<int64_t, 2>& out) {
    return error_of([&] { local_conv2d(x, kernel, size, strides, out); });
  };
  EXPECT_EQ(error(k, {3, 2}, {1, 1}, {2, 4}), "");
  EXPECT_THAT(error(k, {3, 2}, {1, 2}, {2, 4}), HasSubstr("local_conv2d: 4 places of a window of 2, 2 apart, do not fit an axis of 5"));
  EXPECT_THAT(error(k, {3, 2}, {1, 1}, {4, 4}), HasSubstr("kernel is for 8 places but there are 16"));
  EXPECT_THAT(error(ones({8, 17, 4}), {3, 2}, {1, 1}, {2, 4}), HasSubstr("kernel is for 17 elements of a patch but there are 18"));
  EXPECT_THAT(error(ones({8, 18}), {3, 2}, {1, 1}, {2, 4}), HasSubstr("kernel has shape (8, 18); it needs 3 axes"));
  EXPECT_THAT(error(k, {0, 2}, {1, 1}, {2, 4}), HasSubstr("kernel_size holds 0"));
  EXPECT_THAT(error(k, {3, 2}, {1, 0}, {2, 4}), HasSubstr("a stride of 0"));
  EXPECT_THAT(error(k, {3, 2}, {1, 1}, {-2, 4}), HasSubstr("output_shape holds -2"));
  EXPECT_THAT(error(k, {3, 2}, {int64_t{1} << 62, 1}, {4, 2}), HasSubstr("overflow"));
  EXPECT_THAT(error_of([&] { local_conv1d(x, k, {3}, {1}); }), HasSubstr("local_conv1d: inputs has shape"));
  EXPECT_THAT(error_of([&] { local_conv1d(x, placeholder({.ndim = 3}), {3}, {1}); }), HasSubstr("the first of known size"));
  const Tensor open = placeholder({.ndim = 4});
  const Function f = function({open}, {local_conv2d(open, k, {3, 2}, {1, 1}, {2, 4})});
  EXPECT_THAT(error_of([&] { f({Array::full({1, 3, 5, 3}, 1, "float32")}); }), HasSubstr("do not fit an axis of 3"));
}

}  // namespace
}  // namespace keel
