#include "ops/rnn/rnn.h"

#include <stdexcept>
#include <string>
#include <vector>

#include "core/function.h"
#include "core/gradients.h"
#include "core/graph.h"
#include "core/session.h"
#include "gtest/gtest.h"
#include "ops/array/array.h"
#include "ops/math/math.h"
#include "ops/nn/nn.h"
#include "ops/reduction/reduction.h"
#include "testing/error_of.h"
#include "testing/gradient_check.h"

namespace keel {
namespace {

using testing::check_gradients;
using testing::random_array;

using testing_util::error_of;

Array floats(const Shape& shape, double value) { return Array::full(shape, value, "float32"); }

// h = tanh(x·W + s·U + b)
StepFunction simple_step(const Tensor& w, const Tensor& u, const Tensor& b) {
  return [=](const Tensor& x, const Tensors& s) -> std::pair<Tensor, Tensors> {
    const Tensor h = tanh(dot(x, w) + b + dot(s[0], u));
    return {h, {h}};
  };
}

StepFunction lstm_step(const Tensor& w, const Tensor& u, const Tensor& b, int64_t units) {
  return [=](const Tensor& x, const Tensors& s) -> std::pair<Tensor, Tensors> {
    const Tensor z = dot(x, w) + b + dot(s[0], u);
    auto part = [&](int64_t i) { return slice(z, -1, i * units, units); };
    const Tensor c = sigmoid(part(1)) * s[1] + sigmoid(part(0)) * tanh(part(2));
    const Tensor h = sigmoid(part(3)) * tanh(c);
    return {h, {h, c}};
  };
}

// A weighting of everything that rnn returns, so that a check of gradients sees all of it.
Tensor weigh(const RnnResult& r) {
  Tensor total = sum(r.outputs * r.outputs) + sum(sin(3 * r.last_output));
  for (const Tensor& state : r.states) total = total + sum(state * state * state);
  return total;
}

TEST(Rnn, GradientsOfASimpleStep) {
  for (const bool unroll : {false, true}) {
    check_gradients(
        [&](const Tensors& v) {
          return weigh(rnn(simple_step(v[1], v[2], v[3]), v[0], {v[4]}, {.unroll = unroll}));
        },
        {random_array({2, 3, 4}, 1), random_array({4, 3}, 2), random_array({3, 3}, 3),
         random_array({3}, 4), random_array({2, 3}, 5)},
        {.unknown_shapes = !unroll});
  }
}

TEST(Rnn, GradientsOfAnLstmBackwardsAndMasked) {
  const Tensor mask = constant(Array({1, 0, 1, 0, 1, 1}).reshape({2, 3}));
  check_gradients(
      [&](const Tensors& v) {
        return weigh(rnn(lstm_step(v[1], v[2], v[3], 2), v[0], {v[4], v[5]},
                         {.go_backwards = true, .mask = mask}));
      },
      {random_array({2, 3, 3}, 1), random_array({3, 8}, 2), random_array({2, 8}, 3),
       random_array({8}, 4), random_array({2, 2}, 5), random_array({2, 2}, 6)});
}

TEST(Rnn, GradientsOfConstantsAndOfWhatIsReadInEveryWay) {
  check_gradients(
      [&](const Tensors& v) {
        auto step = [&](const Tensor& x, const Tensors& s) -> std::pair<Tensor, Tensors> {
          // s[1] is the constant; v[2] is read as it is, by an element-wise op and in a product.
          const Tensor h = tanh(x * s[1] + dot(s[0] * v[2], transpose(v[3])) + v[2]);
          return {h * x, {h}};
        };
        return weigh(rnn(step, v[0], {v[1]}, {.constants = {v[4]}}));
      },
      {random_array({2, 3, 3}, 1), random_array({2, 3}, 2), random_array({2, 3}, 3),
       random_array({3, 3}, 4), random_array({2, 3}, 5)});
}

TEST(Rnn, AStateThatIsAnIntegerIsCarriedAlong) {
  const Tensor x = placeholder({.shape = Shape{2, None, 3}});
  auto step = [](const Tensor& in, const Tensors& s) -> std::pair<Tensor, Tensors> {
    const Tensor h = in + s[0];
    return {h, {h, s[1] + 2}};
  };
  const RnnResult r = rnn(step, x, {constant(floats({2, 3}, 0)), constant(Array(int32_t{1}))});
  const Tensor g = gradients(sum(r.outputs), {x})[0];
  const Function f = function({x}, {r.states[1], g});
  const auto got = f({floats({2, 4, 3}, 1)});
  EXPECT_EQ(got[0].item<int32_t>(), 9);
  EXPECT_EQ(got[1].element<float>(0), 4);  // The first time step is in all four outputs.
  EXPECT_EQ(got[1].element<float>(9), 1);
}

TEST(Rnn, WorkThatNeedsNoStateIsDoneOnceForAllSteps) {
  const Tensor x = placeholder({.shape = Shape{2, 5, 4}});
  const Tensor w = constant(random_array({4, 3}, 1).cast("float32"));
  const Tensor u = constant(random_array({3, 3}, 2).cast("float32"));
  const Tensor state = constant(floats({2, 3}, 0.5));
  auto step = [&](const Tensor& in, const Tensors& s) -> std::pair<Tensor, Tensors> {
    const Tensor h = tanh(dot(in * 2, w) + dot(s[0], u));
    return {h, {h}};
  };
  const std::string plan = function({x}, {rnn(step, x, {state}).outputs}).explain({floats({2, 5, 4}, 1)});
  // The product with W is a step of the outer plan, of 5·2 rows at once, with the loop after it.
  EXPECT_NE(plan.find("dot"), std::string::npos) << plan;
  EXPECT_LT(plan.find("float32(5, 2, 3)"), plan.find("scan")) << plan;
}

TEST(Rnn, GradientsRunOneForwardLoopAndSumWeightsOutsideOfTheOther) {
  const Tensor x = placeholder({.shape = Shape{2, 5, 4}});
  const Variable w = variable(random_array({4, 3}, 1)), u = variable(random_array({3, 3}, 2));
  const Tensor state = constant(floats({2, 3}, 0.5));
  const RnnResult r = rnn(simple_step(w, u, zeros({3})), x, {state});
  const Tensor loss = sum(r.outputs);
  const std::string plan =
      function({x}, {loss, gradients(loss, {u})[0], gradients(sum(r.last_output), {w})[0]})
          .explain({floats({2, 5, 4}, 1)});
  size_t loops = 0;
  for (size_t at = plan.find("scan["); at != std::string::npos; at = plan.find("scan[", at + 1)) ++loops;
  EXPECT_EQ(loops, 3u) << plan;  // One forward, one backward for each of the two gradients.
  EXPECT_NE(plan.find("dot[true, false] (float32(5, 2, 3)"), std::string::npos) << plan;
}

TEST(Rnn, EveryStepDrawsItsOwnNumbersAndGradientsSeeTheSame) {
  set_random_seed(3);
  const Tensor x = placeholder({.shape = Shape{1, 6, 8}});
  auto step = [](const Tensor& in, const Tensors& s) -> std::pair<Tensor, Tensors> {
    const Tensor h = dropout(in, 0.5) + s[0];
    return {h, {h}};
  };
  const RnnResult r = rnn(step, x, {constant(floats({1, 8}, 0))});
  const Function f = function({x}, {r.outputs, gradients(sum(r.last_output), {x})[0]});
  const Array ones = floats({1, 6, 8}, 1);
  std::vector<float> seen;
  for (int call = 0; call < 2; ++call) {
    const auto got = f({ones});
    bool differs = false;
    for (int t = 0; t < 6; ++t) {
      for (int i = 0; i < 8; ++i) {
        const float before = t == 0 ? 0 : got[0].element<float>((t - 1) * 8 + i);
        const float drawn = got[0].element<float>(t * 8 + i) - before;
        EXPECT_TRUE(drawn == 0 || drawn == 2);
        EXPECT_EQ(drawn, got[1].element<float>(t * 8 + i));
        differs |= t > 0 && drawn != got[1].element<float>(i);
        seen.push_back(drawn);
      }
    }
    EXPECT_TRUE(differs);
  }
  EXPECT_NE(std::vector<float>(seen.begin(), seen.begin() + 48),
            std::vector<float>(seen.begin() + 48, seen.end()));
}

TEST(Rnn, LoopsWithinLoops) {
  // The outer step runs an inner rnn over its input's rows, from the outer state.
  check_gradients(
      [&](const Tensors& v) {
        auto inner = [&](const Tensor& x, const Tensors& s) -> std::pair<Tensor, Tensors> {
          const Tensor h = tanh(x + s[0] * v[2]);
          return {h, {h}};
        };
        auto outer = [&](const Tensor& x, const Tensors& s) -> std::pair<Tensor, Tensors> {
          const RnnResult r = rnn(inner, x, {s[0]});
          return {r.last_output, {r.last_output + sum(r.outputs, {1})}};
        };
        return weigh(rnn(outer, v[0], {v[1]}));
      },
      {random_array({2, 2, 3, 2}, 1), random_array({2, 2}, 2), random_array({2}, 3)});
}

TEST(Rnn, TheSameBitsOnAnyNumberOfThreads) {
  const Tensor x = placeholder({.shape = Shape{16, None, 40}});
  const Tensor w = constant(random_array({40, 256}, 1).cast("float32"));
  const Tensor u = constant(random_array({64, 256}, 2).cast("float32"));
  const Tensor zero = constant(floats({16, 64}, 0));
  const RnnResult r = rnn(lstm_step(w, u, zeros({256}), 64), x, {zero, zero});
  const Tensors g = gradients(sum(r.outputs * r.outputs), {x});
  const Array in = random_array({16, 9, 40}, 4).cast("float32");
  std::vector<Array> first;
  for (const int threads : {1, 2, 7}) {
    const ThreadPool pool(threads);
    const UseThreadPool use(pool);
    const auto got = function({x}, {r.outputs, g[0]})({in});
    if (first.empty()) first = got;
    for (size_t i = 0; i < got.size(); ++i) {
      for (int64_t k = 0; k < got[i].elements(); ++k) {
        ASSERT_EQ(got[i].element<float>(k), first[i].element<float>(k)) << threads << " threads";
      }
    }
  }
}

TEST(Rnn, AnEmptyBatch) {  // HOSTILE_INPUTS 19
  const Tensor x = placeholder({.shape = Shape{None, 3, 4}});
  const Variable w = variable(random_array({4, 2}, 1)), u = variable(random_array({2, 2}, 2));
  const Tensor state = placeholder({.shape = Shape{None, 2}});
  const RnnResult r = rnn(simple_step(w, u, zeros({2})), x, {state});
  const auto got = function({x, state}, {r.last_output, r.outputs, gradients(sum(r.outputs), {x})[0],
                                         gradients(sum(r.outputs), {w})[0]})(
      {Array(Shape{0, 3, 4}, "float32"), Array(Shape{0, 2}, "float32")});
  EXPECT_EQ(got[0].shape(), Shape({0, 2}));
  EXPECT_EQ(got[1].shape(), Shape({0, 3, 2}));
  EXPECT_EQ(got[2].shape(), Shape({0, 3, 4}));
  for (int64_t i = 0; i < 8; ++i) EXPECT_EQ(got[3].element<float>(i), 0);
}

TEST(Rnn, BadInput) {  // HOSTILE_INPUTS 27
  const Tensor x = placeholder({.shape = Shape{2, None, 3}}), state = placeholder({.shape = Shape{2, 3}});
  auto good = [](const Tensor& in, const Tensors& s) -> std::pair<Tensor, Tensors> {
    return {in + s[0], {in + s[0]}};
  };
  auto none = [](const Tensor& in, const Tensors&) -> std::pair<Tensor, Tensors> { return {in, {}}; };
  auto wider = [](const Tensor& in, const Tensors& s) -> std::pair<Tensor, Tensors> {
    return {in, {concatenate({s[0], s[0]})}};
  };
  auto thrower = [](const Tensor&, const Tensors&) -> std::pair<Tensor, Tensors> {
    throw std::runtime_error("a step of the user's");
  };
  auto message = [&](const StepFunction& step, const Tensor& in, const Tensors& s, const RnnOptions& o = {}) {
    return error_of([&] { rnn(step, in, s, o); });
  };
  const Tensor no_steps = placeholder({.shape = Shape{2, 0, 3}});
  EXPECT_NE(message(good, no_steps, {state}).find("no time steps"), std::string::npos);
  EXPECT_NE(message(good, state, {state}).find("at least 3 axes"), std::string::npos);
  EXPECT_NE(message(good, x, {state}, {.unroll = true}).find("unroll"), std::string::npos);
  EXPECT_NE(message(none, x, {}, {.mask = placeholder({.shape = Shape{2, None}})}).find("no initial states"),
            std::string::npos);
  EXPECT_NE(message(good, x, {state}, {.mask = placeholder({.shape = Shape{2, None, 3}})}).find("mask has shape"),
            std::string::npos);
  EXPECT_NE(message(wider, x, {state}).find("state 0 is float32(2, 3) before a step and float32(2, 6)"),
            std::string::npos)
      << message(wider, x, {state});
  EXPECT_NE(message(none, x, {state}).find("returned 0"), std::string::npos);
  EXPECT_THROW(rnn(thrower, x, {state}), std::runtime_error);

  // What is only seen when it is fed; the next call works.
  const Function f = function({x, state}, {rnn(good, x, {state}).last_output});
  const Array zero = floats({2, 3}, 0);
  EXPECT_NE(error_of([&] { f({Array(Shape{2, 0, 3}, "float32"), zero}); }).find("no time steps"),
            std::string::npos);
  EXPECT_EQ(f({floats({2, 2, 3}, 1), zero})[0].element<float>(0), 2);
}

}  // namespace
}  // namespace keel
