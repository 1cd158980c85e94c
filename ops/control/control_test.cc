// Switches, phases and updates. Tests of the learning phase name the statement they check.
#include "ops/control/control.h"

#include <limits>
#include <string>
#include <vector>

#include "core/function.h"
#include "core/gradients.h"
#include "core/graph.h"
#include "core/session.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/math/math.h"
#include "testing/error_of.h"
#include "testing/gradient_check.h"

namespace keel {
namespace {

using ::keel::testing::check_gradients;
using ::keel::testing::random_array;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using testing_util::error_of;

std::vector<double> of(const Array& a) { return a.to_vector<double>(); }

Tensor input(const Shape& shape, const char* dtype = "float32") {
  return placeholder({.shape = shape, .dtype = dtype});
}

TEST(Switch, ChoosesAtRunTime) {
  const Tensor c = input({}, "int32"), x = input({None});
  const Function f = function({c, x}, {switch_(c, [&] { return x * 2; }, [&] { return x + 10; })});
  EXPECT_THAT(of(f({1, Array{1, 2}})[0]), ElementsAre(2, 4));
  EXPECT_THAT(of(f({0, Array{1, 2}})[0]), ElementsAre(11, 12));
  EXPECT_THAT(of(f({-3, Array{1, 2, 3}})[0]), ElementsAre(2, 4, 6));
}

TEST(Switch, OnlyTheBranchTakenRuns) {  // 12
  const Tensor c = input({}, "bool"), x = input({1});
  const Variable then_count = zeros({}), else_count = zeros({});
  auto counting = [&](const Variable& count) {
    return [&] { return with_dependencies(x, {update_add(count, 1)}); };
  };
  const Function f = function({c, x}, {switch_(c, counting(then_count), counting(else_count))});
  for (int i = 0; i < 3; ++i) f({true, Array{1}});
  f({false, Array{1}});
  EXPECT_EQ(then_count.value().item<int>(), 3);
  EXPECT_EQ(else_count.value().item<int>(), 1);
}

TEST(Switch, KnownConditionsLeaveOneBranch) {
  const Tensor x = input({3});
  const Tensor y = switch_(constant(1, {.dtype = "int32"}), [&] { return x * x; }, [&] { return exp(x); });
  const std::string plan = function({x}, {y}).explain({Array{1, 2, 3}});
  EXPECT_THAT(plan, HasSubstr("1 steps"));
  EXPECT_THAT(plan, ::testing::Not(HasSubstr("exp")));
}

TEST(Switch, ConditionsWithAxesSelect) {  // 13
  const Tensor rows = constant({1, 0}, {.dtype = "bool"});
  const Tensor x = constant({{1, 2}, {3, 4}}), y = constant({{10, 20}, {30, 40}});
  EXPECT_THAT(of(eval(switch_(rows, x, y))), ElementsAre(1, 2, 30, 40));
  const Tensor each = constant({{1, 0}, {0, 1}}, {.dtype = "int32"});
  EXPECT_THAT(of(eval(switch_(each, x, y))), ElementsAre(1, 20, 30, 4));
  EXPECT_THAT(error_of([&] { switch_(each, constant({1, 2}), constant({1, 2})); }),
              HasSubstr("condition has rank 2, more than the expressions' rank 1"));
}

TEST(Switch, BranchesMustAgree) {  // 14
  const Tensor c = input({}, "bool");
  EXPECT_THAT(error_of([&] { switch_(c, constant({1, 2}), constant({1, 2, 3})); }),
              HasSubstr("then_expression is float32(2,) but else_expression float32(3,)"));
  EXPECT_THAT(error_of([&] { switch_(c, constant({1, 2}), constant({1, 2}, {.dtype = "int32"})); }), HasSubstr("int32"));
  EXPECT_THAT(error_of([&] { switch_(constant(0.5), constant(1.0), constant(2.0)); }), HasSubstr("condition is float32"));
}

TEST(Switch, GradientsFlowThroughTheBranchTaken) {  // 15
  const Tensor c = input({}, "bool"), x = input({2}), w = input({2});
  const Tensor y = switch_(c, [&] { return x * w; }, [&] { return log(x) * 0; });
  const Tensors g = gradients(y, {x, w});
  const Function f = function({c, x, w}, g);
  auto taken = f({true, Array{-1, 0}, Array{3, 4}});
  EXPECT_THAT(of(taken[0]), ElementsAre(3, 4));  // log'(0) · 0 is NaN and must not leak.
  EXPECT_THAT(of(taken[1]), ElementsAre(-1, 0));
  taken = f({false, Array{1, 2}, Array{3, 4}});
  EXPECT_THAT(of(taken[0]), ElementsAre(0, 0));
  EXPECT_THAT(of(taken[1]), ElementsAre(0, 0));
}

TEST(Switch, HasGradients) {
  for (bool condition : {true, false}) {
    const Tensor c = placeholder({.shape = Shape{}, .dtype = "bool", .default_value = Array(condition)});
    check_gradients(
        [&](const Tensors& t) {
          const Tensor shared = t[0] * t[1];
          return switch_(c, [&] { return shared * exp(t[0]); }, [&] { return sin(shared) * t[1]; });
        },
        {random_array({2, 3}, 1), random_array({2, 3}, 2)}, {.tolerance = 1e-5});
  }
}

TEST(Switch, ThrowingBranchesLeaveNothingBehind) {
  const Tensor c = input({}, "bool"), x = input({1});
  EXPECT_THROW(switch_(c, [&]() -> Tensor { throw std::runtime_error("mine"); }, x), std::runtime_error);
  EXPECT_THAT(error_of([&] { switch_(c, [] { return Tensor(); }, x); }), HasSubstr("empty tensor handle"));
  EXPECT_THAT(of(function({c, x}, {switch_(c, x, x + 1)})({true, Array{5}})[0]), ElementsAre(5));
}

class Phase : public ::testing::Test {
 protected:
  Phase() { clear_session(); }
  ~Phase() override { clear_session(); }
  const Tensor x = constant({1, 2}), alt = constant({10, 20});
};

TEST_F(Phase, StaticTrainingPicksWhenTheGraphIsBuilt) {  // 6
  int calls = 0;
  auto counted = [&] {
    ++calls;
    return alt;
  };
  EXPECT_THAT(of(eval(in_train_phase(x, counted, 1))), ElementsAre(1, 2));
  EXPECT_THAT(of(eval(in_train_phase(x, counted, true))), ElementsAre(1, 2));
  EXPECT_EQ(calls, 0);
  EXPECT_THAT(of(eval(in_train_phase(x, counted, 0))), ElementsAre(10, 20));
  EXPECT_EQ(calls, 1);
  EXPECT_FALSE(in_train_phase(x, alt, 1).uses_learning_phase());
  EXPECT_THAT(error_of([&] { in_train_phase(x, alt, 2); }), HasSubstr("training is 2"));
}

TEST_F(Phase, AbsentTrainingFollowsThePhase) {  // 2, 7, 8, 9
  const Tensor y = in_train_phase(x, alt);
  EXPECT_TRUE(y.uses_learning_phase());
  EXPECT_TRUE((y * 2 + 1).uses_learning_phase());
  EXPECT_THAT(of(eval(y)), ElementsAre(10, 20));
  const Function f = function({learning_phase()}, {y});
  EXPECT_THAT(of(f({1})[0]), ElementsAre(1, 2));
  EXPECT_THAT(of(f({0})[0]), ElementsAre(10, 20));
  EXPECT_THAT(error_of([&] { f({2}); }), HasSubstr("accepted are 0 (test) and 1 (train)"));
  EXPECT_THAT(of(f({1})[0]), ElementsAre(1, 2));
}

TEST_F(Phase, SettingThePhaseLeavesBuiltNodesAlone) {  // 4, 8
  const Tensor before = in_train_phase(x, alt);
  set_learning_phase(1);
  const Tensor after = in_train_phase(x, alt);
  EXPECT_FALSE(after.uses_learning_phase());
  EXPECT_THAT(of(eval(after)), ElementsAre(1, 2));
  EXPECT_THAT(of(eval(before)), ElementsAre(10, 20));
}

TEST_F(Phase, TensorsAsTraining) {  // 7, 10
  const Tensor training = input({}, "bool");
  const Tensor y = in_train_phase(x, alt, training);
  EXPECT_FALSE(y.uses_learning_phase());
  const Function f = function({training}, {y});
  EXPECT_THAT(of(f({true})[0]), ElementsAre(1, 2));
  EXPECT_THAT(of(f({false})[0]), ElementsAre(10, 20));
  EXPECT_THAT(error_of([&] { in_train_phase(x, alt, constant({1, 0}, {.dtype = "bool"})); }), HasSubstr("must be a scalar"));
}

TEST_F(Phase, TestPhaseIsTheReverse) {  // 11
  EXPECT_THAT(of(eval(in_test_phase(x, alt))), ElementsAre(1, 2));
  EXPECT_THAT(of(eval(in_test_phase(x, alt, true))), ElementsAre(10, 20));
  EXPECT_THAT(of(function({learning_phase()}, {in_test_phase(x, alt)})({1})[0]), ElementsAre(10, 20));
}

TEST_F(Phase, GradientsFollowThePhase) {
  const Tensor p = input({2});
  const Tensor y = in_train_phase([&] { return p * p; }, [&] { return p * 5; });
  const Function f = function({p, learning_phase()}, {gradients(y, {p})[0]});
  EXPECT_THAT(of(f({Array{3, 4}, 1})[0]), ElementsAre(6, 8));
  EXPECT_THAT(of(f({Array{3, 4}, 0})[0]), ElementsAre(5, 5));
}

TEST(Update, Kinds) {
  const Variable v = variable({1, 2});
  const Function f = function({}, {}, {update(v, constant({5, 6})), update_add(v, constant({1, 1})), update_sub(v, 2)});
  f();
  EXPECT_THAT(of(v.value()), ElementsAre(4, 5));
  function({}, {}, {moving_average_update(v, constant({0, 15}), 0.9)})();
  EXPECT_NEAR(v.value().element<double>(0), 3.6, 1e-6);
  EXPECT_NEAR(v.value().element<double>(1), 6.0, 1e-6);
}

TEST(Update, Errors) {
  const Variable v = variable({1, 2}, {.name = "w"});
  EXPECT_THAT(error_of([&] { update(v, constant({1, 2, 3})); }), HasSubstr("update: variable 'w' has shape (2,), the new value (3,)"));
  EXPECT_THAT(error_of([&] { update(v, constant({1, 2}, {.dtype = "float64"})); }), HasSubstr("float64"));
  EXPECT_THAT(error_of([&] { update_add(constant({1.0}), constant({1.0})); }), HasSubstr("not a variable"));
  EXPECT_THAT(error_of([&] { update_sub(v, Tensor()); }), HasSubstr("empty tensor handle"));
  const Variable count = variable({1, 2}, {.dtype = "int32"});
  EXPECT_THAT(error_of([&] { update_add(count, 0.5); }), HasSubstr("update_add: 0.5 is no int32"));
  EXPECT_THAT(error_of([&] { update_sub(count, 0.5); }), HasSubstr("update_sub: 0.5 is no int32"));
  EXPECT_THAT(error_of([&] { moving_average_update(count, count, 0.5); }), HasSubstr("0.5 is no int32"));
  EXPECT_THAT(of(v.value()), ElementsAre(1, 2));
}

TEST(Update, OfUnsignedVariables) {
  for (const char* dtype : {"uint8", "uint32", "uint64"}) {
    const Variable v = variable({5, 7}, {.dtype = dtype});
    eval(update_sub(v, 2));
    eval(update_sub(v, constant({1, 3}, {.dtype = dtype})));
    eval(update_add(v, 1));
    EXPECT_THAT(get_value(v).to_vector<int>(), ElementsAre(3, 3)) << dtype;
  }
  EXPECT_THAT(error_of([] { update_sub(Tensor(), 1); }), HasSubstr("empty tensor handle"));
  EXPECT_THAT(error_of([] { update_add(Tensor(), 1); }), HasSubstr("empty tensor handle"));
}

}  // namespace
}  // namespace keel
