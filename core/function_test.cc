#include "core/function.h"

#include <atomic>
#include <cstdlib>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "core/assign.h"
#include "core/gradients.h"
#include "core/graph.h"
#include "core/session.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/error_of.h"

// Every allocation of this program.
static std::atomic<int64_t> allocations{0};

void* operator new(size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return std::malloc(size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace keel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using testing_util::error_of;

std::vector<float> floats(const Array& a) { return a.to_vector<float>(); }

Tensor vector_input(int64_t n = None) { return placeholder({.shape = Shape{n}}); }

TEST(Function, Computes) {
  const Tensor x = vector_input(), y = vector_input();
  const Function f = function({x, y}, {add(x, y), add(x, add(x, y))});
  const auto out = f({Array{1, 2, 3}, Array{10, 20, 30}});
  EXPECT_THAT(floats(out[0]), ElementsAre(11, 22, 33));
  EXPECT_THAT(floats(out[1]), ElementsAre(12, 24, 36));
}

TEST(Function, MakesAPlanPerShape) {
  const Tensor x = vector_input();
  const Function f = function({x}, {add(x, x)});
  for (int64_t n : {1, 5, 64, 1000, 5, 0, 1}) {
    const Array in = Array::full({n}, 2, "float32");
    const Array out = f({in})[0];
    EXPECT_EQ(out.shape(), Shape{n});
    for (float v : floats(out)) EXPECT_EQ(v, 4);
  }
}

TEST(Function, BroadcastsAndSumsBack) {
  const Tensor x = placeholder({.shape = Shape{None, 3}}), b = vector_input(3);
  const Tensor y = add(x, b);
  const Tensors g = gradients(y, {x, b});
  const Function f = function({x, b}, {y, g[0], g[1]});
  const auto out = f({Array{{1, 2, 3}, {4, 5, 6}}, Array{10, 20, 30}});
  EXPECT_THAT(floats(out[0]), ElementsAre(11, 22, 33, 14, 25, 36));
  EXPECT_THAT(floats(out[1]), ElementsAre(1, 1, 1, 1, 1, 1));
  EXPECT_THAT(floats(out[2]), ElementsAre(2, 2, 2));
  EXPECT_EQ(out[2].shape(), Shape{3});
}

TEST(Function, OneColumnStillSumsBack) {
  // Unknown dimensions that turn out to be 1 are broadcast, and only the plan knows.
  const Tensor x = placeholder({.ndim = 2}), b = placeholder({.ndim = 2});
  const Function f = function({x, b}, {gradients(add(x, b), {b})[0]});
  const Array out = f({Array{{1, 2}, {3, 4}, {5, 6}}, Array{{1, 1}}})[0];
  EXPECT_EQ(out.shape(), (Shape{1, 2}));
  EXPECT_THAT(floats(out), ElementsAre(3, 3));
}

TEST(Function, ReturnsInputsConstantsAndVariables) {
  const Tensor x = vector_input(2);
  const Variable v = variable({5, 6});
  const Function f = function({x}, {x, v, constant({7, 8}), identity(x), zeros_like(x)});
  const auto out = f({Array{1, 2}});
  EXPECT_THAT(floats(out[0]), ElementsAre(1, 2));
  EXPECT_THAT(floats(out[1]), ElementsAre(5, 6));
  EXPECT_THAT(floats(out[2]), ElementsAre(7, 8));
  EXPECT_THAT(floats(out[3]), ElementsAre(1, 2));
  EXPECT_THAT(floats(out[4]), ElementsAre(0, 0));
}

TEST(Function, ReturnedArraysAreTheCallers) {
  const Variable v = variable({1, 2});
  Array out = function({}, {v})()[0];
  out.mutable_data<float>()[0] = 99;
  EXPECT_THAT(floats(v.value()), ElementsAre(1, 2));
}

TEST(Function, UpdatesComeAfterOutputs) {
  const Variable v = variable({1, 2});
  const Tensor one = constant({1, 1});
  const Function f = function({}, {v}, {assign("update_add", v, one, true)});
  EXPECT_THAT(floats(f()[0]), ElementsAre(1, 2));
  EXPECT_THAT(floats(f()[0]), ElementsAre(2, 3));
  EXPECT_THAT(floats(v.value()), ElementsAre(3, 4));
}

TEST(Function, AdditionsToOneVariableAddUp) {
  const Variable v = variable({1});
  const Tensor one = constant({1});
  const Tensor set = constant({10});
  function({}, {}, {assign("update_add", v, one, true), assign("update_add", v, v, true)})();
  EXPECT_THAT(floats(v.value()), ElementsAre(3));
  function({}, {}, {assign("update", v, set, false), assign("update_add", v, one, true)})();
  EXPECT_THAT(floats(v.value()), ElementsAre(11));
}

TEST(Function, SwapsTwoVariables) {
  const Variable a = variable({1, 1}), b = variable({2, 2});
  const Function f = function({}, {}, {assign("update", a, b, false), assign("update", b, a, false)});
  f();
  EXPECT_THAT(floats(a.value()), ElementsAre(2, 2));
  EXPECT_THAT(floats(b.value()), ElementsAre(1, 1));
  f();
  EXPECT_THAT(floats(a.value()), ElementsAre(1, 1));
}

TEST(Function, HeldValuesDoNotChange) {
  const Variable v = variable({0});
  const Function f = function({}, {v}, {assign("update_add", v, constant({1}), true)});
  std::vector<Array> held;
  for (int i = 0; i < 5; ++i) held.push_back(f()[0]);
  for (int i = 0; i < 5; ++i) EXPECT_THAT(floats(held[i]), ElementsAre(i));
}

TEST(Function, UpdatesOfOneVariableAreSerialized) {
  const Variable v = variable({0});
  const Function f = function({}, {}, {assign("update_add", v, constant({1}), true)});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 250; ++i) f();
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(v.value().item<int>(), 1000);
}

TEST(Function, ConcurrentCallsDoNotMeet) {
  const Tensor x = vector_input();
  const Function f = function({x}, {add(add(x, x), x)});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const Array out = f({Array::full({50 + t}, t, "float32")})[0];
        for (float value : floats(out)) ASSERT_EQ(value, 3 * t);
      }
    });
  }
  for (std::thread& t : threads) t.join();
}

TEST(Function, BadInputsAreErrorsAndTheNextCallWorks) {
  const Tensor x = placeholder({.shape = Shape{None, 2}, .name = "images"});
  const Function f = function({x}, {add(x, x)});
  EXPECT_THAT(error_of([&] { f(); }), HasSubstr("0 inputs were given; it has 1"));
  EXPECT_THAT(error_of([&] { f({Array{1, 2}, Array{1, 2}}); }), HasSubstr("2 inputs"));
  EXPECT_THAT(error_of([&] { f({Array{1, 2}}); }), HasSubstr("shape (2,) but placeholder 'images'"));
  EXPECT_THAT(error_of([&] { f({Array::full({3, 2}, 0, "int32")}); }),
              HasSubstr("is int32 but placeholder 'images' is float32"));
  EXPECT_THAT(error_of([&] { f({Array()}); }), HasSubstr("empty array handle"));
  EXPECT_EQ(f({Array{{1, 2}}})[0].elements(), 2);
}

TEST(Function, BadGraphsAreErrors) {
  const Tensor x = placeholder({.shape = Shape{2}, .name = "x"});
  EXPECT_THAT(error_of([&] { function({x, x}, {x}); }), HasSubstr("inputs 0 and 1 are both"));
  EXPECT_THAT(error_of([&] { function({add(x, x)}, {x}); }), HasSubstr("inputs are placeholders"));
  EXPECT_THAT(error_of([&] { function({}, {add(x, x)})(); }), HasSubstr("depends on placeholder 'x'"));
  EXPECT_THAT(error_of([&] { function({}, {Tensor()}); }), HasSubstr("empty tensor handle"));
}

TEST(Function, PlaceholdersMayHaveDefaults) {
  const Tensor x = placeholder({.shape = Shape{2}, .default_value = Array{3, 4}});
  EXPECT_THAT(floats(function({}, {add(x, x)})()[0]), ElementsAre(6, 8));
  EXPECT_THAT(floats(function({x}, {add(x, x)})({Array{1, 1}})[0]), ElementsAre(2, 2));
}

TEST(Function, DependenciesRun) {
  const Variable v = variable({0});
  const Tensor x = vector_input(1);
  const Tensor y = with_dependencies(x, {assign("update_add", v, constant({2}), true)});
  function({x}, {y})({Array{5}});
  EXPECT_EQ(v.value().item<int>(), 2);
}

TEST(Function, SubexpressionsAreSharedAndChainsFused) {
  const Tensor x = vector_input(64);
  const Tensor a = add(x, x), b = add(x, x);
  const std::string plan = function({x}, {add(add(a, b), constant(1.0))}).explain({Array::full({64}, 1, "float32")});
  EXPECT_THAT(plan, HasSubstr("fused"));
  EXPECT_THAT(plan, HasSubstr("1 steps"));
}

TEST(Function, WhatIsCheapIsComputedWhereverItIsRead) {
  const Tensor x = placeholder({.shape = Shape{1000, 100}}), b = vector_input(100);
  const Tensor c = add(x, b), y = add(c, c), z = add(c, sum_to_like(y, b));
  const Function f = function({x, b}, {y, z});
  const std::vector<Array> inputs{Array::full({1000, 100}, 1, "float32"), Array::full({100}, 2, "float32")};
  // Each step reads x and b and writes one array of that size, never c.
  EXPECT_THAT(f.explain(inputs), HasSubstr("2 steps, 1601600 bytes"));
  const std::vector<Array> out = f(inputs);
  EXPECT_EQ(out[0].element<float>(99999), 6);
  EXPECT_EQ(out[1].element<float>(99999), 3 + 6000);
}

TEST(Function, SteadyCallsAllocateOnlyWhatTheyReturn) {
  const Tensor x = placeholder({.shape = Shape{None, 100}}), b = vector_input(100);
  const Variable v = zeros({100});
  const Tensor y = add(add(x, b), x);
  const Tensor sums = sum_to_like(y, v);
  const Function f = function({x, b}, {y}, {assign("update_add", v, sums, true)});
  const std::vector<Array> inputs{Array::full({1000, 100}, 1, "float32"), Array::full({100}, 2, "float32")};
  for (int i = 0; i < 3; ++i) f(inputs);
  const int64_t before = allocations;
  constexpr int kCalls = 20;
  for (int i = 0; i < kCalls; ++i) f(inputs);
  EXPECT_EQ(allocations - before, kCalls);  // The vector of results.
  EXPECT_EQ(v.value().element<float>(0), 23 * 4000);
}

TEST(Function, DeepGraphsNeedNoStack) {
  const Tensor x = vector_input(1);
  Tensor y = x;
  for (int i = 0; i < 20000; ++i) y = add(y, x);
  EXPECT_EQ(function({x}, {y})({Array{1}})[0].item<int>(), 20001);
  // Taken down without recursion too, which would want some 30 MB.
  for (int i = 0; i < 300000; ++i) y = identity(y);
}

TEST(Eval, ReusesPlansForOneStructure) {
  for (int i = 0; i < 3; ++i) {
    const Variable v = variable(Array::full({100}, i, "float32"));
    const Array out = eval(add(v, add(v, constant(Array::full({100}, 10.0 * i, "float32")))));
    EXPECT_EQ(out.element<float>(99), 12 * i);
  }
  EXPECT_THAT(floats(eval(variable({4, 5}))), ElementsAre(4, 5));
  EXPECT_THAT(error_of([] { eval(placeholder({.shape = Shape{1}, .name = "p"})); }), HasSubstr("'p'"));
}

TEST(Eval, ConstantsOfOtherValuesAreOtherGraphs) {
  EXPECT_EQ(eval(add(constant(1.0), constant(2.0))).item<float>(), 3);
  EXPECT_EQ(eval(add(constant(1.0), constant(3.0))).item<float>(), 4);
}

TEST(Gradients, SecondOrderAndUnconnected) {
  const Tensor x = vector_input(2), z = vector_input(2);
  const Tensors g = gradients(add(x, x), {x, z});
  EXPECT_FALSE(g[1].defined());
  EXPECT_THAT(floats(function({x}, {g[0]})({Array{1, 2}})[0]), ElementsAre(2, 2));
  EXPECT_FALSE(gradients(g[0], {x})[0].defined());
  EXPECT_FALSE(gradients(stop_gradient(x), {x})[0].defined());
  EXPECT_THAT(error_of([&] { gradients(constant(1, {.dtype = "int32"}), {x}); }), HasSubstr("int32"));
}

TEST(LearningPhase, IsOnePlaceholderUntilFixed) {
  clear_session();
  const LearningPhaseScope scope;
  const Tensor phase = learning_phase();
  EXPECT_TRUE(phase.same_as(learning_phase()));             // 1
  EXPECT_EQ(eval(phase).item<int>(), 0);                    // 2
  const Function f = function({phase}, {phase});
  EXPECT_EQ(f({1})[0].item<int>(), 1);                      // 9
  EXPECT_EQ(f({0})[0].item<int>(), 0);
  EXPECT_THAT(error_of([&] { f({2}); }), HasSubstr("accepted are 0 (test) and 1 (train)"));
  set_learning_phase(true);                                 // 3
  EXPECT_EQ(eval(learning_phase()).item<int>(), 1);
  set_learning_phase(0.0);
  EXPECT_EQ(eval(learning_phase()).item<int>(), 0);
  EXPECT_NE(error_of([] { set_learning_phase(2); }), "");
  EXPECT_NE(error_of([] { set_learning_phase(-1); }), "");
  EXPECT_NE(error_of([] { set_learning_phase("1"); }), "");
  EXPECT_NE(error_of([] { set_learning_phase(nullptr); }), "");
  EXPECT_EQ(eval(learning_phase()).item<int>(), 0);
  clear_session();                                          // 5
  EXPECT_TRUE(is_placeholder(learning_phase()));
  EXPECT_FALSE(phase.same_as(learning_phase()));
}

TEST(Memory, TooLargeIsAnErrorBeforeAllocation) {
  const int64_t big = int64_t{1} << 40;
  EXPECT_THAT(error_of([&] { zeros({big, big}); }), HasSubstr("overflows"));
  EXPECT_THAT(error_of([&] { zeros({big}); }), HasSubstr("memory"));
  const Tensor x = placeholder({.shape = Shape{None, 1}}), y = placeholder({.shape = Shape{1, None}});
  const Function f = function({x, y}, {add(x, y)});
  EXPECT_NE(error_of([&] { f({Array::full({1 << 20, 1}, 1, "float32"), Array::full({1, 1 << 20}, 1, "float32")}); }), "");
}

TEST(Variables, RejectWhatDoesNotFit) {
  const Variable v = variable({1, 2}, {.name = "weights"});
  EXPECT_THAT(error_of([&] { set_value(v, {1, 2, 3}); }), HasSubstr("'weights' has shape (2,)"));
  EXPECT_THAT(error_of([&] { batch_set_value({{v, {3, 4}}, {constant(1.0), 1.0}}); }), HasSubstr("not a variable"));
  EXPECT_THAT(floats(get_value(v)), ElementsAre(1, 2));
  set_value(v, {3, 4});
  EXPECT_THAT(floats(get_value(v)), ElementsAre(3, 4));
  EXPECT_THAT(error_of([&] { assign("update", v, constant({1, 2, 3}), false); }), HasSubstr("shape (2,)"));
  EXPECT_THAT(error_of([&] { assign("update", constant({1.0}), v, false); }), HasSubstr("not a variable"));
  EXPECT_THAT(error_of([] { placeholder({}); }), HasSubstr("neither shape nor ndim"));
  EXPECT_THAT(error_of([] { placeholder({.shape = Shape{-2}}); }), HasSubstr("-2"));
}

}  // namespace
}  // namespace keel
