#include "core/simd_targets.h"
#include "ops/ctc/decode_kernel.h"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "ops/math/kernel_test_util.h"

namespace keel {
namespace {

using testing_util::Guarded;
using testing_util::on_every_target;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

template <typename T>
class DecodeKernel : public ::testing::Test {};
using Types = ::testing::Types<float, double>;
TYPED_TEST_SUITE(DecodeKernel, Types);

TYPED_TEST(DecodeKernel, BestClassIsTheFirstOfTheGreatest) {
  on_every_target([] {
    std::mt19937 random(1);
    for (int64_t classes : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33, 100}) {
      Guarded<TypeParam> y(6 * classes, 1);
      for (int64_t i = 0; i < y.size(); ++i) y.data()[i] = static_cast<TypeParam>(static_cast<int>(random() % 5) - 7);
      for (int64_t k = 0; k < classes; ++k) y.data()[k] = k == classes - 1 ? TypeParam(-100) : TypeParam(NAN);
      for (int64_t k = 0; k < classes; ++k) y.data()[classes + k] = TypeParam(NAN);
      for (int64_t k = 0; k < classes; ++k) y.data()[2 * classes + k] = TypeParam(-kInfinity);
      std::vector<int64_t> best(6, -1);
      ctc_best_classes<TypeParam>(y.data(), 6, classes, best.data());
      EXPECT_EQ(best[0], classes - 1);
      EXPECT_EQ(best[1], 0);
      EXPECT_EQ(best[2], 0);
      for (int64_t t = 3; t < 6; ++t) {
        int64_t want = 0;
        for (int64_t k = 1; k < classes; ++k) {
          if (y.data()[t * classes + k] > y.data()[t * classes + want]) want = k;
        }
        EXPECT_EQ(best[t], want) << classes;
      }
    }
  });
}

TYPED_TEST(DecodeKernel, LogProbabilities) {
  on_every_target([] {
    std::mt19937 random(2);
    for (int64_t classes : {1, 2, 3, 4, 5, 8, 11}) {
      Guarded<TypeParam> y(classes);
      for (int64_t i = 0; i < classes; ++i) y.data()[i] = static_cast<TypeParam>(random() % 1000 + 1);
      Guarded<double> logs(classes);
      ctc_log_probabilities<TypeParam>(y.data(), classes, TypeParam(0.5), logs.data());
      double sum = 0;
      for (int64_t i = 0; i < classes; ++i) sum += static_cast<double>(y.data()[i]) + 0.5;
      for (int64_t i = 0; i < classes; ++i) {
        EXPECT_NEAR(logs.data()[i], std::log((static_cast<double>(y.data()[i]) + 0.5) / sum), 1e-13);
      }
      EXPECT_TRUE(logs.intact());
    }
    const TypeParam odd[] = {1, TypeParam(NAN), -1, 0, 1};
    double logs[5];
    ctc_log_probabilities<TypeParam>(odd, 5, 0, logs);
    EXPECT_NEAR(logs[0], std::log(0.5), 1e-15);
    for (int i : {1, 2, 3}) EXPECT_EQ(logs[i], -kInfinity);
    const TypeParam infinite[] = {1, TypeParam(kInfinity), TypeParam(kInfinity)};
    ctc_log_probabilities<TypeParam>(infinite, 3, 0, logs);
    EXPECT_NEAR(logs[1], std::log(0.5), 1e-15);
    EXPECT_LT(logs[0], -600);
    const TypeParam none[] = {0, 0};
    ctc_log_probabilities<TypeParam>(none, 2, 0, logs);
    EXPECT_EQ(logs[0], -kInfinity);
  });
}

double log_add(double a, double b) {
  return std::isinf(a) && std::isinf(b) ? -kInfinity
                                        : std::max(a, b) + std::log1p(std::exp(std::min(a, b) - std::max(a, b)));
}

TEST(DecodeKernels, AdvancesBeams) {
  on_every_target([] {
    std::mt19937 random(3);
    for (int64_t n : {0, 1, 2, 3, 4, 5, 8, 9, 31}) {
      Guarded<double> label(n), blank(n), total(n), parent(n), emission(n);
      for (auto* v : {&label, &total, &parent, &emission}) {
        for (int64_t i = 0; i < n; ++i) {
          v->data()[i] = random() % 6 == 0 ? -kInfinity : -static_cast<double>(random() % 100000) / 50;
        }
      }
      const std::vector<double> old_label(label.data(), label.data() + n), old_total(total.data(), total.data() + n);
      ctc_advance_beams(n, parent.data(), emission.data(), -0.25, label.data(), blank.data(), total.data());
      for (int64_t i = 0; i < n; ++i) {
        const double want_label = log_add(old_label[i], parent.data()[i]) + emission.data()[i];
        const double want_blank = old_total[i] - 0.25, want = log_add(want_label, want_blank);
        const auto near = [](double a, double b) { return a == b || std::abs(a - b) < 1e-12 * std::max(1.0, std::abs(b)); };
        EXPECT_TRUE(near(label.data()[i], want_label)) << label.data()[i] << ' ' << want_label;
        EXPECT_TRUE(near(blank.data()[i], want_blank)) << blank.data()[i] << ' ' << want_blank;
        EXPECT_TRUE(near(total.data()[i], want)) << total.data()[i] << ' ' << want;
      }
      EXPECT_TRUE(label.intact() && blank.intact() && total.intact());
    }
  });
}

}  // namespace
}  // namespace keel
