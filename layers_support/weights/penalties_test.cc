#include <cmath>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "keel.h"
#include "layers_support/weights/constraints.h"
#include "layers_support/weights/regularizers.h"
#include "nlohmann/json.hpp"
#include "testing/error_of.h"

namespace keel {
namespace {

using testing_util::error_of;

Tensor matrix() { return constant(Array{{3, -1}, {4, 0.5}}, {.dtype = "float32"}); }

std::vector<float> values(const Tensor& x) { return eval(x).to_vector<float>(); }

void expect_near(const Tensor& x, const std::vector<double>& expected) {
  const auto actual = values(x);
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(actual[i], expected[i], 1e-5) << i;
}

TEST(Regularizers, Penalties) {
  expect_near(regularizers::l1(0.1)(matrix()), {0.85});
  expect_near(regularizers::l2(0.1)(matrix()), {2.625});
  expect_near(regularizers::l1_l2(0.1, 0.2)(matrix()), {0.85 + 5.25});
  expect_near(Regularizer("l2")(matrix()), {0.2625});
  expect_near(Regularizer([](const Tensor& x) { return sum(x); })(matrix()), {6.5});
  EXPECT_FALSE(Regularizer());
  EXPECT_TRUE(Regularizer("l1_l2"));
}

TEST(Regularizers, Configs) {
  // As Keras 2.3.1 writes l2(0.3).
  EXPECT_EQ(regularizers::l2(0.3).config(), Json::parse(R"({"class_name": "L1L2", "config": {"l1": 0, "l2": 0.3}})"));
  // As tf_keras does.
  const Json l1 = Json::parse(R"({"module": "keras.regularizers", "class_name": "L1", "config": {"l1": 0.25}})");
  EXPECT_EQ(Regularizer::from_config(l1).config(), regularizers::l1(0.25).config());
  EXPECT_EQ(Regularizer::from_config(regularizers::l1_l2(1, 2).config()).config(), regularizers::l1_l2(1, 2).config());
  EXPECT_FALSE(Regularizer::from_config(nullptr));
  EXPECT_TRUE(Regularizer().config().is_null());
}

TEST(Regularizers, Errors) {
  EXPECT_NE(error_of([] { regularizers::l1(-1); }).find("l1_l2: the factors are -1"), std::string::npos);
  EXPECT_NE(error_of([] { Regularizer("l3"); }).find("'l3'"), std::string::npos);
  EXPECT_NE(error_of([] { Regularizer()(matrix()); }).find("empty"), std::string::npos);
}

TEST(Constraints, Projections) {
  const double norm = std::sqrt(1.25);  // Of the second column; the first has 5.
  expect_near(constraints::max_norm(2)(matrix()), {1.2, -1, 1.6, 0.5});
  expect_near(constraints::unit_norm()(matrix()), {0.6, -1 / norm, 0.8, 0.5 / norm});
  expect_near(constraints::non_neg()(matrix()), {3, 0, 4, 0.5});
  // 5 comes half of the way down to 3; 1.118 half of the way up to 2.
  const double raised = (0.5 * 2 + 0.5 * norm) / norm;
  expect_near(constraints::min_max_norm(2, 3, 0.5)(matrix()), {2.4, -raised, 3.2, 0.5 * raised});
  expect_near(constraints::max_norm(1, {0, 1})(matrix()),
              {3 / std::sqrt(26.25), -1 / std::sqrt(26.25), 4 / std::sqrt(26.25), 0.5 / std::sqrt(26.25)});
  expect_near(WeightConstraint([](const Tensor& w) { return w * 2; })(matrix()), {6, -2, 8, 1});
  expect_near(WeightConstraint()(matrix()), {3, -1, 4, 0.5});
}

TEST(Constraints, GoWithAVariable) {
  const Variable v = variable(Array{{3, -1}}, {.constraint = WeightConstraint("non_neg").constraint()});
  expect_near(v.constraint()(v), {3, 0});
  EXPECT_EQ(WeightConstraint().constraint(), nullptr);
}

TEST(Constraints, Configs) {
  EXPECT_EQ(constraints::max_norm(3).config(),
            Json::parse(R"({"class_name": "MaxNorm", "config": {"max_value": 3.0, "axis": 0}})"));
  for (const WeightConstraint& c : {constraints::max_norm(3, {0, 1, 2}), constraints::non_neg(),
                                    constraints::unit_norm({1}), constraints::min_max_norm(0.5, 2, 0.9)}) {
    EXPECT_EQ(WeightConstraint::from_config(c.config()).config(), c.config());
  }
  for (const char* name : {"maxnorm", "MaxNorm", "max_norm", "nonneg", "unit_norm", "MinMaxNorm"}) {
    EXPECT_TRUE(WeightConstraint(name)) << name;
  }
  EXPECT_FALSE(WeightConstraint::from_config(nullptr));
}

TEST(Constraints, Errors) {
  EXPECT_NE(error_of([] { constraints::max_norm(-1); }).find("max_value is -1"), std::string::npos);
  EXPECT_NE(error_of([] { constraints::min_max_norm(2, 1); }).find("min_value is 2"), std::string::npos);
  EXPECT_NE(error_of([] { constraints::min_max_norm(0, 1, 2); }).find("rate is 2"), std::string::npos);
  EXPECT_NE(error_of([] { WeightConstraint("norm"); }).find("'norm'"), std::string::npos);
  EXPECT_NE(error_of([] { constraints::max_norm(1, {2})(matrix()); }).find("axis"), std::string::npos);
}

}  // namespace
}  // namespace keel
