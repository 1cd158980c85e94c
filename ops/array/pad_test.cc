#include "ops/array/pad.h"

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

TEST(TemporalPadding, PadsTime) {
  const auto by = [](PadWidths w) { return [w](const Tensor& t) { return temporal_padding(t, w); }; };
  const Array x = iota({1, 2, 2}).cast("float32");
  EXPECT_THAT(both_ways(by({}), x).to_vector<int>(), ElementsAre(0, 0, 0, 1, 2, 3, 0, 0));
  EXPECT_THAT(both_ways(by({2, 0}), x).to_vector<int>(), ElementsAre(0, 0, 0, 0, 0, 1, 2, 3));
  EXPECT_EQ(both_ways(by({0, 0}), x).to_vector<int>(), x.to_vector<int>());
  EXPECT_EQ(both_ways(by({1, 2}), iota({3, 0, 2})).to_vector<int>(), std::vector<int>(18, 0));
}

// Every element against its place in the padded array.
void check_2d(const Shape& shape, const PadWidths2D& w, const char* format, const char* dtype) {
  const Array x = iota(shape, dtype);
  const Array y = both_ways([&](const Tensor& t) { return spatial_2d_padding(t, w, format); }, x);
  const bool first = DataFormat(format).channels_first();
  const int h = first ? 2 : 1, v = h + 1;
  Shape want = shape;
  want[h] += w.height.before + w.height.after;
  want[v] += w.width.before + w.width.after;
  ASSERT_EQ(y.shape(), want);
  for (int64_t i = 0; i < y.elements(); ++i) {
    int64_t at[4], rest = i;
    for (int a = 3; a >= 0; --a) at[a] = rest % want[a], rest /= want[a];
    at[h] -= w.height.before;
    at[v] -= w.width.before;
    const bool inside = at[h] >= 0 && at[h] < shape[h] && at[v] >= 0 && at[v] < shape[v];
    int64_t from = 0;
    for (int a = 0; a < 4; ++a) from = from * shape[a] + at[a];
    ASSERT_EQ(y.element<int>(i), inside ? x.element<int>(from) : 0) << i;
  }
}

TEST(Spatial2dPadding, PadsImages) {
  check_2d({2, 3, 4, 3}, {}, "channels_last", "float32");
  check_2d({2, 3, 4, 3}, {{0, 1}, {2, 0}}, "channels_last", "uint8");
  check_2d({2, 3, 4, 3}, {{2, 1}, {0, 3}}, "channels_first", "float64");
  check_2d({1, 1, 1, 1}, {{0, 0}, {0, 0}}, "channels_first", "float16");
  check_2d({0, 2, 2, 1}, {}, "channels_last", "float32");
}

TEST(Spatial3dPadding, PadsVolumes) {
  const Array x = iota({1, 1, 1, 1, 2});
  const Array last = both_ways(
      [](const Tensor& t) { return spatial_3d_padding(t, {{1, 0}, {0, 1}, {0, 0}}, "channels_last"); }, x);
  EXPECT_EQ(last.shape(), (Shape{1, 2, 2, 1, 2}));
  EXPECT_THAT(last.to_vector<int>(), ElementsAre(0, 0, 0, 0, 0, 1, 0, 0));
  EXPECT_EQ(spatial_3d_padding(constant(x), {}, "channels_first").shape(), (Shape{1, 1, 3, 3, 4}));
}

TEST(Padding, SaysWhatItGot) {
  const Tensor x = constant(iota({1, 2, 2}));
  EXPECT_THAT(error_of([&] { temporal_padding(x, {-1, 1}); }), HasSubstr("temporal_padding: padding (-1, 1) of axis 1"));
  EXPECT_THAT(error_of([&] { spatial_2d_padding(x); }), HasSubstr("spatial_2d_padding: x has shape (1, 2, 2)"));
  EXPECT_THAT(error_of([&] { spatial_3d_padding(x, {}, "nope"); }), HasSubstr("'nope'"));
  EXPECT_THAT(error_of([&] { temporal_padding(x, {INT64_MAX, 1}); }), HasSubstr("overflows"));
  EXPECT_THAT(error_of([&] { pad(x, {{1, 1}}); }), HasSubstr("pad: 1 pairs"));
}

TEST(Padding, HasGradients) {
  testing::check_gradients([](const Tensors& in) { return temporal_padding(in[0], {2, 0}); },
                           {testing::random_array({2, 3, 2}, 1)});
  testing::check_gradients(
      [](const Tensors& in) { return spatial_2d_padding(in[0], {{1, 2}, {0, 1}}, "channels_last"); },
      {testing::random_array({1, 2, 3, 2}, 2)});
}

}  // namespace
}  // namespace keel
