#include "layers_support/optimizers/schedules.h"

#include <fstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "testing/error_of.h"

namespace keel {
namespace {

using testing_util::error_of;

// testdata/schedules.json: tf_keras's rates.
TEST(Schedules, RatesOfTfKeras) {
  std::ifstream file("layers_support/optimizers/testdata/schedules.json");
  const Json data = Json::parse(file);
  ASSERT_GE(data["schedules"].size(), 11u);
  for (const Json& row : data["schedules"]) {
    const Schedule schedule = Schedule::from_config(row);
    EXPECT_EQ(schedule.config()["class_name"], row["class_name"]);
    EXPECT_EQ(Schedule::from_config(schedule.config()).config(), schedule.config());
    for (size_t i = 0; i < data["steps"].size(); ++i) {
      const double expected = row["rates"][i];
      EXPECT_NEAR(schedule.at(data["steps"][i]), expected, 1e-12 + 1e-10 * expected)
          << row["class_name"] << row["config"] << " at step " << data["steps"][i];
    }
  }
}

TEST(Schedules, ACallableServes) {
  const Schedule warm_up([](const Tensor& step) { return minimum(step / 10.0, 1); });
  EXPECT_DOUBLE_EQ(warm_up.at(5), 0.5);
  EXPECT_DOUBLE_EQ(warm_up.at(50), 1);
}

TEST(Schedules, Errors) {
  EXPECT_NE(error_of([] { schedules::exponential_decay({.decay_steps = 0}); }).find("decay_steps is 0"), std::string::npos);
  EXPECT_NE(error_of([] { schedules::piecewise_constant_decay({1, 2}, {1, 2}); }).find("one value more"), std::string::npos);
  EXPECT_NE(error_of([] { schedules::piecewise_constant_decay({2, 1}, {1, 2, 3}); }).find("increase"), std::string::npos);
  EXPECT_NE(error_of([] { Schedule::from_config("Linear"); }).find("'Linear'"), std::string::npos);
  EXPECT_NE(error_of([] { schedules::cosine_decay_restarts({.t_mul = 0.5}); }).find("t_mul is 0.5"), std::string::npos);
}

}  // namespace
}  // namespace keel
