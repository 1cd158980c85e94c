#include <cmath>
#include <numeric>
#include <string>

#include "gtest/gtest.h"
#include "keel.h"
#include "layers_support/training/curves.h"
#include "layers_support/training/logs.h"
#include "layers_support/training/rows.h"
#include "testing/error_of.h"

namespace keel {
namespace {

using testing_util::error_of;

TEST(Logs, NamesAndNumbers) {
  Logs logs;
  logs.set("loss", 0.25);
  logs.set("accuracy", 1);
  logs.set("loss", 0.00001);
  EXPECT_EQ(logs.to_string(), "loss: 1.0000e-05 - accuracy: 1.0000");
  EXPECT_EQ(logs.at("accuracy"), 1);
  EXPECT_FALSE(logs.find("val_loss").has_value());
  EXPECT_EQ(error_of([&] { logs.at("val_loss"); }), "logs: there is no 'val_loss'; there is loss, accuracy");
}

TEST(History, ColumnsAndCurves) {
  History history;
  for (int epoch = 0; epoch < 3; ++epoch) {
    Logs logs;
    logs.set("loss", 3 - epoch);
    logs.set("acc", 0.1 * epoch);
    logs.set("val_loss", 4 - epoch);
    history.add(epoch, logs);
  }
  EXPECT_EQ(history["loss"], (std::vector<double>{3, 2, 1}));
  EXPECT_EQ(history.names(), (std::vector<std::string>{"loss", "acc", "val_loss"}));
  const auto panels = curves_of(history);
  ASSERT_EQ(panels.size(), 2u);
  EXPECT_EQ(panels[0].size(), 2u);
  EXPECT_EQ(panels[1].size(), 1u);
}

TEST(Curves, APictureWithALinePerCurve) {
  const std::string svg = draw_curves("a < b", {{{"loss", {3, 2, NAN, 1}}, {"val_loss", {4}}}, {{"empty", {}}}});
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_NE(svg.find("a &lt; b"), std::string::npos);
  size_t lines = 0;
  for (size_t at = svg.find("<polyline"); at != std::string::npos; at = svg.find("<polyline", at + 1)) ++lines;
  EXPECT_EQ(lines, 2u);
  EXPECT_FALSE(write_curves("/dev/null/curve.svg", "x", {}));
}

TEST(Rows, SlicesAndOrders) {
  const Array x{{1, 2}, {3, 4}, {5, 6}};
  EXPECT_EQ(slice_rows(x, 1, 3).to_vector<double>(), (std::vector<double>{3, 4, 5, 6}));
  EXPECT_EQ(slice_rows(x, 2, 2).shape(), (Shape{0, 2}));
  EXPECT_EQ(take_rows(x, {2, 0, 2}).to_vector<double>(), (std::vector<double>{5, 6, 1, 2, 5, 6}));
  RowWriter writer(3);
  writer.add(slice_rows(x, 0, 2));
  writer.add(slice_rows(x, 2, 3));
  EXPECT_EQ(writer.take().to_vector<double>(), x.to_vector<double>());
  EXPECT_NE(error_of([&] { slice_rows(x, 2, 4); }).find("rows 2 to 4"), std::string::npos);
  EXPECT_NE(error_of([&] { take_rows(x, {3}); }).find("row 3"), std::string::npos);
  EXPECT_NE(error_of([&] { slice_rows(Array(1.0), 0, 1); }).find("scalar"), std::string::npos);
  EXPECT_NE(error_of([&] { count_samples("fit", {x, Array{1, 2}}); }).find("fit: arrays of 3 and of 2"), std::string::npos);
}

TEST(Rows, ShufflesRepeatBySeed) {
  const auto order = shuffled(100, 5);
  EXPECT_EQ(order, shuffled(100, 5));
  EXPECT_NE(order, shuffled(100, 6));
  auto sorted = order;
  std::sort(sorted.begin(), sorted.end());
  std::vector<int64_t> all(100);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(sorted, all);
  EXPECT_TRUE(shuffled(0, 1).empty());
}

}  // namespace
}  // namespace keel
