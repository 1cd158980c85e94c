#include "ops/ctc/decode.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/function.h"
#include "core/gradients.h"
#include "core/graph.h"
#include "core/structure.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/math/math.h"
#include "testing/error_of.h"
#include "testing/gradient_check.h"

namespace keel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Tensor lengths(const std::vector<int32_t>& values) {
  return constant_tensor(Array::of(Shape{static_cast<int64_t>(values.size())}, values));
}

// A sample whose most probable class at each step is given, over `classes` classes.
Array peaks(const std::vector<std::vector<int>>& best, int64_t classes, DType dtype = DType::kFloat32) {
  std::vector<double> values;
  for (const auto& row : best) {
    for (int k : row) {
      for (int64_t c = 0; c < classes; ++c) values.push_back(c == k ? 0.7 : 0.3 / static_cast<double>(classes - 1));
    }
  }
  const Shape shape{static_cast<int64_t>(best.size()), static_cast<int64_t>(best[0].size()), classes};
  return Array::of(shape, values).cast(dtype);
}

using testing_util::error_of;

TEST(CtcDecode, GreedyMergesAndDropsBlanks) {
  const Tensor y = placeholder({.shape = Shape{None, None, 4}}), steps = placeholder({.ndim = 1, .dtype = "int32"});
  const CtcDecoded decoded = ctc_decode(y, steps);
  ASSERT_EQ(decoded.decoded.size(), 1u);
  EXPECT_EQ(decoded.decoded[0].shape(), (Shape{None, None}));
  const Function f = function({y, steps}, {decoded.decoded[0], decoded.log_probability});
  auto out = f({peaks({{0, 0, 3, 0, 1, 1}, {3, 2, 2, 2, 3, 3}, {3, 3, 3, 3, 3, 3}}, 4), Array::of(Shape{3}, std::vector<int32_t>{6, 3, 6})});
  EXPECT_EQ(out[0].shape(), (Shape{3, 3}));
  EXPECT_EQ(out[0].dtype(), DType::kInt64);
  EXPECT_THAT(out[0].to_vector<int>(), ElementsAre(0, 0, 1, 2, -1, -1, -1, -1, -1));
  EXPECT_EQ(out[1].shape(), (Shape{3, 1}));
  EXPECT_NEAR(out[1].element<double>(0), -6 * std::log(0.7), 1e-5);
  EXPECT_NEAR(out[1].element<double>(1), -3 * std::log(0.7), 1e-5);
  out = f({peaks({{3, 3}}, 4), Array::of(Shape{1}, std::vector<int32_t>{2})});
  EXPECT_EQ(out[0].shape(), (Shape{1, 0}));
  out = f({Array({0, 5, 4}, "float32"), Array({0}, "int32")});
  EXPECT_EQ(out[0].shape(), (Shape{0, 0}));
  EXPECT_EQ(out[1].shape(), (Shape{0, 1}));
  out = f({peaks({{1, 2}}, 4), Array::of(Shape{1}, std::vector<int32_t>{0})});
  EXPECT_EQ(out[0].shape(), (Shape{1, 0}));
  EXPECT_EQ(out[1].element<double>(0), 0);
}

TEST(CtcDecode, GreedyOverLongAndImprobableInputs) {
  const Array y = Array::full({1, 3000, 2}, 1e-7, "float32");
  const CtcDecoded decoded = ctc_decode(constant_tensor(y), lengths({3000}));
  EXPECT_NEAR(eval(decoded.log_probability).item<double>() / (3000 * -std::log(2e-7)), 1, 1e-6);
}

TEST(CtcDecode, AnyDtype) {
  for (DType dtype : {"float16", "bfloat16", "float32", "float64"}) {
    const Tensor y = constant_tensor(peaks({{0, 2, 1}}, 3, dtype));
    for (bool greedy : {true, false}) {
      const CtcDecoded decoded = ctc_decode(y, cast(lengths({3}), "float32"), {.greedy = greedy});
      EXPECT_THAT(eval(decoded.decoded[0]).to_vector<int>(), ElementsAre(0, 1));
      EXPECT_EQ(eval(decoded.log_probability).dtype(), dtype);
    }
  }
}

TEST(CtcDecode, BeamSearchSumsPaths) {
  // Two steps over {a, blank}: "a" has three paths, though blank is best twice.
  const Tensor y = constant_tensor(Array::of(Shape{1, 2, 2}, std::vector<double>{0.4, 0.6, 0.4, 0.6}));
  const CtcDecoded greedy = ctc_decode(y, lengths({2}));
  EXPECT_THAT(eval(greedy.decoded[0]).to_vector<int>(), IsEmpty());
  const CtcDecoded beams = ctc_decode(y, lengths({2}), {.greedy = false, .top_paths = 2});
  EXPECT_THAT(eval(beams.decoded[0]).to_vector<int>(), ElementsAre(0));
  EXPECT_EQ(eval(beams.decoded[1]).shape(), (Shape{1, 0}));
  const Array logs = eval(beams.log_probability);
  EXPECT_EQ(logs.shape(), (Shape{1, 2}));
  EXPECT_NEAR(logs.element<double>(0), std::log(0.64), 1e-6);
  EXPECT_NEAR(logs.element<double>(1), std::log(0.36), 1e-6);
}

TEST(CtcDecode, MergesRepetitionsOnlyWhenAsked) {
  const Tensor p = constant_tensor(peaks({{0, 2, 0, 1}}, 3));
  const Tensor y = p * p * p;
  const auto decoded = [&](bool merge) {
    return eval(ctc_decode(y, lengths({4}), {.greedy = false, .merge_repeated = merge}).decoded[0]).to_vector<int>();
  };
  EXPECT_THAT(decoded(false), ElementsAre(0, 0, 1));
  EXPECT_THAT(decoded(true), ElementsAre(0, 1));
}

TEST(CtcDecode, FeedsFurtherOps) {
  const Tensor y = placeholder({.shape = Shape{2, 4, 3}});
  const CtcDecoded decoded = ctc_decode(y * y, lengths({4, 3}));
  const Tensor next = decoded.decoded[0] + cast(full_like(decoded.decoded[0], 1, "int64"), "int64");
  const auto out = function({y}, {next, y * y})({peaks({{0, 1, 2, 0}, {2, 2, 1, 0}}, 3)});
  EXPECT_THAT(out[0].to_vector<int>(), ElementsAre(1, 2, 1, 2, 0, 0));
  EXPECT_NEAR(out[1].element<double>(0), 0.49, 1e-6);
}

TEST(CtcDecode, RejectsWhatIsOutOfRange) {
  const Tensor y = constant_tensor(peaks({{0, 1}}, 3)), steps = lengths({2});
  EXPECT_THAT(error_of([&] { ctc_decode(y, steps, {.greedy = false, .beam_width = 0}); }), HasSubstr("beam_width is 0"));
  EXPECT_THAT(error_of([&] { ctc_decode(y, steps, {.greedy = false, .beam_width = 2, .top_paths = 3}); }),
              HasSubstr("top_paths is 3; accepted are 1 to 2"));
  EXPECT_THAT(error_of([&] { ctc_decode(y, steps, {.greedy = false, .top_paths = 0}); }), HasSubstr("top_paths is 0"));
  EXPECT_THAT(error_of([&] { ctc_decode(y, steps, {.greedy = false, .beam_width = int64_t{1} << 40, .top_paths = int64_t{1} << 40}); }),
              HasSubstr("accepted are 1 to 65536"));
  EXPECT_THAT(error_of([&] { eval(ctc_decode(y, lengths({3})).decoded[0]); }), HasSubstr("input_length of sample 0 is 3"));
  EXPECT_THAT(error_of([&] { eval(ctc_decode(y, lengths({-1})).decoded[0]); }), HasSubstr("input_length of sample 0 is -1"));
  EXPECT_THAT(error_of([&] { ctc_decode(y, lengths({1, 2})); }), HasSubstr("input_length has shape (2,)"));
  EXPECT_THAT(error_of([&] { ctc_decode(lengths({1}), steps); }), HasSubstr("y_pred is of dtype int32"));
  EXPECT_THAT(error_of([&] { ctc_decode(constant_tensor(Array({1, 2, 0}, "float32")), steps); }), HasSubstr("(1, 2, 0)"));
  // One step over one label and the blank has two sequences.
  const Tensor small = constant_tensor(peaks({{0}}, 2));
  const auto paths = [&](int64_t n) {
    return error_of([&] { eval(ctc_decode(small, lengths({1}), {.greedy = false, .top_paths = n}).decoded[0]); });
  };
  EXPECT_EQ(paths(2), "");
  EXPECT_THAT(paths(3), HasSubstr("sample 0 has 2 sequences that are possible; top_paths is 3"));
  // A beam without bounds is none where there are few sequences.
  EXPECT_EQ(error_of([&] {
              eval(ctc_decode(y, steps, {.greedy = false, .beam_width = std::numeric_limits<int64_t>::max()}).decoded[0]);
            }), "");
}

TEST(CtcDecode, HasNoGradient) {
  const Tensor y = placeholder({.shape = Shape{1, 4, 3}});
  EXPECT_FALSE(gradients(ctc_decode(y, lengths({4})).log_probability, {y})[0].defined());
}

}  // namespace
}  // namespace keel
