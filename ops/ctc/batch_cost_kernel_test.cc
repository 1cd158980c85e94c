#include "core/simd_targets.h"
#include "ops/ctc/batch_cost_kernel.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "ops/math/kernel_test_util.h"

namespace keel {
namespace {

using testing_util::Guarded;
using testing_util::on_every_target;

// One batch and its values, random but for what a test sets.
template <typename T>
struct Problem {
  int64_t samples, steps, classes, width;
  std::vector<int64_t> labels, input_lengths, label_lengths;
  Guarded<T> y;
  double epsilon = 1e-7;
  bool zero_infinity = false;

  Problem(int64_t n, int64_t t, int64_t c, int64_t l, unsigned seed)
      : samples(n), steps(t), classes(c), width(l), labels(n * l), input_lengths(n, t), label_lengths(n, l),
        y(n * t * c, 1) {
    std::mt19937 random(seed);
    for (int64_t& label : labels) label = static_cast<int64_t>(random() % std::max<int64_t>(c - 1, 1));
    for (int64_t i = 0; i < y.size(); ++i) y.data()[i] = static_cast<T>(random() % 1000 + 1) / 1000;
  }
  CtcBatch batch() const {
    return {samples, steps, classes, width, labels.data(), input_lengths.data(), label_lengths.data(), epsilon,
            zero_infinity};
  }
};

template <typename T>
std::vector<std::byte> scratch_for(const Problem<T>& p, CtcPass pass, const ThreadPool& pool) {
  return std::vector<std::byte>(ctc_scratch_bytes<T>(pass, p.steps, p.width, pool) + 64);
}
void* aligned(std::vector<std::byte>& memory) {
  const auto address = reinterpret_cast<uintptr_t>(memory.data());
  return memory.data() + (64 - address % 64) % 64;
}

template <typename T>
std::vector<double> costs(const Problem<T>& p, const ThreadPool& pool) {
  Guarded<T> cost(p.samples);
  auto scratch = scratch_for(p, CtcPass::kCost, pool);
  ctc_cost<T>(p.batch(), p.y.data(), cost.data(), aligned(scratch), pool);
  EXPECT_TRUE(cost.intact());
  return {cost.data(), cost.data() + p.samples};
}

template <typename T>
std::vector<double> gradients(const Problem<T>& p, const std::vector<T>& dcost, const ThreadPool& pool) {
  Guarded<T> dy(p.y.size());
  auto scratch = scratch_for(p, CtcPass::kGradient, pool);
  ctc_cost_gradient<T>(p.batch(), p.y.data(), dcost.data(), dy.data(), aligned(scratch), pool);
  EXPECT_TRUE(dy.intact());
  return {dy.data(), dy.data() + p.y.size()};
}

// By the definition: every path of sample n, merged, compared with its labels.
template <typename T>
double cost_by_paths(const Problem<T>& p, int64_t n) {
  const int64_t steps = p.input_lengths[n], blank = p.classes - 1;
  const std::vector<int64_t> wanted(p.labels.begin() + n * p.width, p.labels.begin() + n * p.width + p.label_lengths[n]);
  std::vector<int64_t> path(steps, 0);
  double total = 0;
  for (bool more = true; more;) {
    double probability = 1;
    std::vector<int64_t> spelled;
    for (int64_t t = 0; t < steps; ++t) {
      const T* row = p.y.data() + (n * p.steps + t) * p.classes;
      double sum = 0;
      for (int64_t k = 0; k < p.classes; ++k) sum += static_cast<double>(row[k]) + p.epsilon;
      probability *= (static_cast<double>(row[path[t]]) + p.epsilon) / sum;
      if (path[t] != blank && (t == 0 || path[t] != path[t - 1])) spelled.push_back(path[t]);
    }
    if (spelled == wanted) total += probability;
    more = false;
    for (int64_t t = 0; t < steps && !more; ++t) {
      more = ++path[t] < p.classes;
      if (!more) path[t] = 0;
    }
  }
  return -std::log(total);
}

double log_add(double a, double b) {
  if (std::isinf(a) || std::isinf(b)) return std::max(a, b);
  return std::max(a, b) + std::log1p(std::exp(-std::abs(a - b)));
}

// By the recurrence of the paper over logarithms, for sizes with too many paths.
template <typename T>
double cost_by_logarithms(const Problem<T>& p, int64_t n) {
  const double none = -std::numeric_limits<double>::infinity();
  std::vector<int64_t> states{p.classes - 1};
  for (int64_t i = 0; i < p.label_lengths[n]; ++i) {
    states.push_back(p.labels[n * p.width + i]);
    states.push_back(p.classes - 1);
  }
  const auto count = static_cast<int64_t>(states.size());
  std::vector<double> alpha(count, none);
  for (int64_t t = 0; t < p.input_lengths[n]; ++t) {
    const T* row = p.y.data() + (n * p.steps + t) * p.classes;
    double sum = 0;
    for (int64_t k = 0; k < p.classes; ++k) sum += static_cast<double>(row[k]) + p.epsilon;
    std::vector<double> next(count);
    for (int64_t s = 0; s < count; ++s) {
      double from = t == 0 ? (s < 2 ? 0 : none) : alpha[s];
      if (t > 0 && s > 0) from = log_add(from, alpha[s - 1]);
      if (t > 0 && s > 1 && s % 2 == 1 && states[s] != states[s - 2]) from = log_add(from, alpha[s - 2]);
      next[s] = from + std::log((static_cast<double>(row[states[s]]) + p.epsilon) / sum);
    }
    alpha = next;
  }
  return -(count > 1 ? log_add(alpha[count - 1], alpha[count - 2]) : alpha[0]);
}

template <typename T>
class CtcCostKernel : public ::testing::Test {
 protected:
  const ThreadPool pool{3};
  static constexpr double kEpsilon = std::numeric_limits<T>::epsilon();
};
using Types = ::testing::Types<float, double>;
TYPED_TEST_SUITE(CtcCostKernel, Types);

TYPED_TEST(CtcCostKernel, IsTheSumOverPaths) {
  on_every_target([&] {
    for (int64_t classes : {2, 3}) {
      for (int64_t steps : {1, 2, 5, 6}) {
        for (int64_t width : {0, 1, 2, 3}) {
          Problem<TypeParam> p(4, steps, classes, width, static_cast<unsigned>(steps * 10 + width));
          p.input_lengths[1] = steps - 1;
          if (width > 1) p.label_lengths[2] = 1;
          if (width > 1) p.labels[1] = p.labels[0];  // A repetition.
          const auto got = costs(p, this->pool);
          for (int64_t n = 0; n < p.samples; ++n) {
            if (p.input_lengths[n] == 0) {
              EXPECT_EQ(got[n], p.label_lengths[n] == 0 ? 0 : INFINITY);
              continue;
            }
            const double want = cost_by_paths(p, n);
            if (std::isinf(want)) {
              EXPECT_EQ(got[n], want);
            } else {
              EXPECT_NEAR(got[n], want, 20 * this->kEpsilon * std::max(1.0, want)) << steps << ' ' << width << ' ' << n;
            }
          }
        }
      }
    }
  });
}

TYPED_TEST(CtcCostKernel, LongAndImprobable) {
  on_every_target([&] {
    for (int64_t width : {1, 7, 8, 9, 15, 16, 17, 40}) {
      Problem<TypeParam> p(2, 300, 12, width, static_cast<unsigned>(width));
      // Sample 1: every label has the probability epsilon, thousands of powers of ten below one.
      for (int64_t i = p.y.size() / 2; i < p.y.size(); ++i) p.y.data()[i] = i % 12 == 10 ? 1 : 0;
      for (int64_t i = 0; i < width; ++i) p.labels[width + i] = i % 10;
      const auto got = costs(p, this->pool);
      for (int64_t n = 0; n < 2; ++n) {
        const double want = cost_by_logarithms(p, n);
        EXPECT_NEAR(got[n] / want, 1, 300 * this->kEpsilon) << width;
      }
      EXPECT_GT(got[1], 4000);
    }
  });
}

TYPED_TEST(CtcCostKernel, AnyScaleOfProbabilities) {
  on_every_target([&] {
    Problem<TypeParam> p(1, 50, 5, 6, 3), scaled(1, 50, 5, 6, 3);
    p.epsilon = scaled.epsilon = 0;
    for (int64_t i = 0; i < p.y.size(); ++i) scaled.y.data()[i] *= static_cast<TypeParam>(sizeof(TypeParam) == 4 ? 1e-38 : 1e-306);
    EXPECT_NEAR(costs(p, this->pool)[0], costs(scaled, this->pool)[0], 100 * this->kEpsilon * costs(p, this->pool)[0]);
  });
}

TYPED_TEST(CtcCostKernel, GradientAndTangentAreSlopes) {
  on_every_target([&] {
    for (int64_t width : {0, 1, 5, 9, 18}) {
      Problem<TypeParam> p(3, 24, 6, width, static_cast<unsigned>(width) + 7);
      p.input_lengths[1] = 20;
      if (width > 1) p.label_lengths[2] = width - 1;
      // One repetition: more than that would leave too few steps.
      for (int64_t i = 0; i < 3 * width; ++i) p.labels[i] = i % width < 2 ? 1 : i % 5;
      const std::vector<TypeParam> dcost{1, TypeParam(-0.5), 2};
      const auto dy = gradients(p, dcost, this->pool);
      // The slope along a direction, of the gradient too, against differences in double.
      Problem<double> exact(3, 24, 6, width, static_cast<unsigned>(width) + 7);
      exact.input_lengths = p.input_lengths;
      exact.label_lengths = p.label_lengths;
      exact.labels = p.labels;
      std::mt19937 random(5);
      Guarded<TypeParam> v(p.y.size()), slope(3), dv(p.y.size());
      for (int64_t i = 0; i < v.size(); ++i) v.data()[i] = static_cast<TypeParam>(static_cast<int>(random() % 200) - 100) / 100;
      auto scratch = scratch_for(p, CtcPass::kTangent, this->pool);
      ctc_cost_tangent<TypeParam>(p.batch(), p.y.data(), v.data(), slope.data(), dv.data(), aligned(scratch), this->pool);
      EXPECT_TRUE(slope.intact() && dv.intact());
      const double h = 1e-5;
      std::vector<double> at[2], slopes[2];
      for (int side = 0; side < 2; ++side) {
        Problem<double> moved = exact;
        for (int64_t i = 0; i < moved.y.size(); ++i) {
          moved.y.data()[i] = static_cast<double>(p.y.data()[i]) + (side ? h : -h) * static_cast<double>(v.data()[i]);
        }
        for (int64_t n = 0; n < 3; ++n) at[side].push_back(cost_by_logarithms(moved, n));
        slopes[side] = gradients(moved, std::vector<double>{1, 1, 1}, this->pool);
      }
      const double tolerance = sizeof(TypeParam) == 4 ? 2e-4 : 1e-6;
      for (int64_t n = 0; n < 3; ++n) {
        const double want = (at[1][n] - at[0][n]) / (2 * h);
        EXPECT_NEAR(slope.data()[n], want, tolerance * std::max(1.0, std::abs(want))) << width;
        double along = 0;
        for (int64_t i = n * 24 * 6; i < (n + 1) * 24 * 6; ++i) along += dy[i] * static_cast<double>(v.data()[i]);
        EXPECT_NEAR(along, want * static_cast<double>(dcost[n]), tolerance * std::max(1.0, std::abs(want))) << width;
      }
      for (int64_t i = 0; i < v.size(); ++i) {
        const double want = (slopes[1][i] - slopes[0][i]) / (2 * h);
        ASSERT_NEAR(dv.data()[i], want, 10 * tolerance * std::max(1.0, std::abs(want))) << width << ' ' << i;
      }
      for (int64_t i = (24 + 20) * 6; i < 2 * 24 * 6; ++i) EXPECT_EQ(dy[i], 0);
    }
  });
}

TYPED_TEST(CtcCostKernel, OneSampleDoesNotHarmTheOthers) {
  on_every_target([&] {
    for (bool zero_infinity : {false, true}) {
      Problem<TypeParam> p(4, 6, 4, 5, 11);
      p.zero_infinity = zero_infinity;
      std::fill_n(p.labels.begin() + 5, 5, 1);         // Five of a kind need nine steps.
      p.y.data()[2 * 24 + 3] = TypeParam(NAN);
      p.label_lengths[3] = p.label_lengths[0] = 3;
      const auto cost = costs(p, this->pool);
      EXPECT_EQ(cost[1], zero_infinity ? 0 : INFINITY);
      EXPECT_TRUE(std::isnan(cost[2]));
      const auto dy = gradients(p, std::vector<TypeParam>(4, 1), this->pool);
      for (int64_t i = 0; i < 24; ++i) {
        EXPECT_TRUE(std::isfinite(dy[i]));
        EXPECT_TRUE(zero_infinity ? dy[24 + i] == 0 : std::isnan(dy[24 + i]));
        EXPECT_TRUE(std::isnan(dy[48 + i]));
        EXPECT_TRUE(std::isfinite(dy[72 + i]));
      }
      EXPECT_TRUE(std::isfinite(cost[0]) && std::isfinite(cost[3]));
    }
  });
}

TYPED_TEST(CtcCostKernel, NegativeInfiniteAndAllZeroRows) {
  on_every_target([&] {
    Problem<TypeParam> p(3, 4, 3, 1, 2);
    p.y.data()[0] = TypeParam(-0.5);
    p.y.data()[12 + 4] = TypeParam(INFINITY);
    for (int k = 0; k < 3; ++k) p.y.data()[24 + k] = 0;
    EXPECT_TRUE(std::isnan(costs(p, this->pool)[0]));
    EXPECT_TRUE(std::isnan(costs(p, this->pool)[1]));
    EXPECT_TRUE(std::isfinite(costs(p, this->pool)[2]));
    p.epsilon = 0;
    EXPECT_TRUE(std::isnan(costs(p, this->pool)[2]));
  });
}

TYPED_TEST(CtcCostKernel, SameBitsOnAnyPool) {
  const Problem<TypeParam> p(7, 40, 9, 12, 5);
  const ThreadPool one(1), four(4);
  const std::vector<TypeParam> dcost(7, 1);
  EXPECT_EQ(costs(p, one), costs(p, four));
  EXPECT_EQ(gradients(p, dcost, one), gradients(p, dcost, four));
}

}  // namespace
}  // namespace keel
