// Functions and eval() where shapes are known only at run time.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "core/assign.h"
#include "core/function.h"
#include "core/gradients.h"
#include "core/graph.h"
#include "core/op.h"
#include "core/structure.h"
#include "core/subgraph.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/error_of.h"

namespace keel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The positive elements of a vector, and how many there are.
class Positive final : public OpOf<Positive> {
 public:
  static constexpr std::string_view kName = "positive";
  static constexpr std::string_view kNoGradient = "tests need none";
  auto fields() const { return std::tie(); }
  bool shapes_at_run_time() const override { return true; }
  Signatures infer(SignatureSpan in) const override {
    if (in[0].shape.rank() != 1) fail("positive: x has shape ", in[0].shape, "; accepted are vectors");
    if (in[0].shape[0] == 7) fail("positive: seven elements");
    return {{in[0].dtype, Shape{None}}, {DType::kFloat32, Shape{}}};
  }
  std::vector<Array> run_shaped(const Exec&, Views in) const override {
    std::vector<float> kept;
    for (int64_t i = 0; i < in[0].shape->elements(); ++i) {
      const float v = in[0].as<float>()[i];
      if (v == 1000) fail("positive: a thousand");
      if (v > 0) kept.push_back(v);
    }
    const auto n = static_cast<int64_t>(kept.size());
    return {Array::of(Shape{n}, kept), Array::full({}, static_cast<double>(n), DType::kFloat32)};
  }
};

// x + 1, counting its runs.
std::atomic<int> runs{0};
class CountedIncrement final : public OpOf<CountedIncrement> {
 public:
  static constexpr std::string_view kName = "counted_increment";
  static constexpr std::string_view kNoGradient = "tests need none";
  auto fields() const { return std::tie(); }
  bool stateful() const override { return true; }
  Signatures infer(SignatureSpan in) const override { return {in[0]}; }
  void run(const Exec&, Views in, Views out) const override {
    ++runs;
    for (int64_t i = 0; i < in[0].shape->elements(); ++i) out[0].as<float>()[i] = in[0].as<float>()[i] + 1;
  }
};

Tensors positive(const Tensor& x) { return make_all<Positive>({x}); }
Tensor increment(const Tensor& x) { return make<CountedIncrement>({x}); }

using testing_util::error_of;

std::vector<float> floats(const Array& a) { return a.to_vector<float>(); }

TEST(Split, ShapesFollowFromValues) {
  const Tensor x = placeholder({.shape = Shape{None}}), y = placeholder({.shape = Shape{}});
  const Tensors p = positive(add(x, x));
  EXPECT_EQ(p[0].shape(), Shape{None});
  const Function f = function({x, y}, {add(p[0], y), p[1], x, shape(p[0])});
  for (int round = 0; round < 2; ++round) {
    auto out = f({Array{1, -2, 3}, 10});
    EXPECT_THAT(floats(out[0]), ElementsAre(12, 16));
    EXPECT_EQ(out[0].shape(), Shape{2});
    EXPECT_EQ(out[1].item<float>(), 2);
    EXPECT_THAT(floats(out[2]), ElementsAre(1, -2, 3));
    EXPECT_EQ(out[3].item<int>(), 2);
    out = f({Array{-1, -2, -3}, 10});
    EXPECT_EQ(out[0].shape(), Shape{0});
    out = f({Array{5}, 1});
    EXPECT_THAT(floats(out[0]), ElementsAre(11));
  }
  EXPECT_THAT(f.explain({Array{1}, 2}), HasSubstr("split at positive"));
}

TEST(Split, OneAfterTheOtherAndSideBySide) {
  const Tensor x = placeholder({.shape = Shape{None}});
  const Tensor minus_two = constant(-2.0);
  const Tensor once = positive(x)[0], twice = positive(add(once, minus_two))[0];
  const Tensor beside = positive(add(x, minus_two))[0];
  const auto out = function({x}, {once, twice, beside})({Array{1, 2, 3, 4, -1}});
  EXPECT_THAT(floats(out[0]), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(floats(out[1]), ElementsAre(1, 2));
  EXPECT_THAT(floats(out[2]), ElementsAre(1, 2));
}

TEST(Split, EvalAndConstants) {
  EXPECT_THAT(floats(eval(positive(constant({3, -1, 2}))[0])), ElementsAre(3, 2));
  const Variable v = variable({1, -1});
  const Tensor t = add(positive(v)[0], constant(1.0));
  EXPECT_THAT(floats(eval(t)), ElementsAre(2));
  set_value(v, {1, 7});
  EXPECT_THAT(floats(eval(t)), ElementsAre(2, 8));
}

TEST(Split, NothingIsComputedTwice) {
  const Tensor x = placeholder({.shape = Shape{None}});
  const Tensor h = increment(x), other = increment(x);
  const Function f = function({x}, {h, add(positive(h)[0], constant(1.0)), add(h, other), other});
  runs = 0;
  const auto out = f({Array{-5, 0}});
  EXPECT_EQ(runs, 2);
  EXPECT_THAT(floats(out[0]), ElementsAre(-4, 1));
  EXPECT_THAT(floats(out[1]), ElementsAre(2));
  EXPECT_THAT(floats(out[2]), ElementsAre(-8, 2));
}

TEST(Split, UpdatesComeLastAndOnce) {
  const Variable count = variable(1.0), log = variable(0.0);
  const Tensor x = placeholder({.shape = Shape{None}});
  // The positive ones of x + the new count; the count is added to the log as well.
  const Tensor next = assign("update", count, constant(1.0), /*additive=*/true);
  const Tensors p = positive(add(x, next));
  const Function f = function({x}, {p[0], count}, {assign("update", log, p[1], true)});
  auto out = f({Array{-1, -3, 0}});
  EXPECT_THAT(floats(out[0]), ElementsAre(1, 2));
  EXPECT_EQ(out[1].item<float>(), 1);  // From before the call.
  EXPECT_EQ(get_value(count).item<float>(), 2);
  EXPECT_EQ(get_value(log).item<float>(), 2);
  EXPECT_THAT(error_of([&] { f({Array{997}}); }), HasSubstr("a thousand"));
  EXPECT_EQ(get_value(count).item<float>(), 2);
  f({Array{1}});
  EXPECT_EQ(get_value(count).item<float>(), 3);
  EXPECT_EQ(get_value(log).item<float>(), 3);
}

TEST(Split, UpdatesFromManyThreadsAllCount) {
  const Variable sum = variable(0.0);
  const Tensor x = placeholder({.shape = Shape{None}});
  const Function f = function({x}, {}, {assign("update", sum, positive(x)[1], true)});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&f, t] {
      for (int i = 0; i < 50; ++i) f({Array::full({t + 1}, 1, "float32")});
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(get_value(sum).item<float>(), 50 * (1 + 2 + 3 + 4));
}

TEST(Split, ErrorsAreErrors) {
  const Tensor x = placeholder({.shape = Shape{None}});
  const Function f = function({x}, {positive(x)[0]});
  EXPECT_THAT(error_of([&] { f({Array::full({7}, 1, "float32")}); }), HasSubstr("seven"));
  const Tensor unfed = placeholder({.shape = Shape{None}, .name = "other"});
  EXPECT_THAT(error_of([&] { function({x}, {add(positive(x)[0], unfed)})({Array{1}}); }), HasSubstr("'other'"));
  const Trace inside = trace([&] { return Tensors{positive(x)[0]}; });
  const Signature fed{DType::kFloat32, Shape{3}};
  EXPECT_THAT(error_of([&] { CompiledSubgraph(inside.graph, inside.captures, {&fed, 1}); }),
              HasSubstr("cannot be inside a branch"));
}

}  // namespace
}  // namespace keel
