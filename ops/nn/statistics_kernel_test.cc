#include "core/simd_targets.h"

#include "ops/nn/statistics_kernel.h"

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "core/dtype.h"
#include "gtest/gtest.h"
#include "ops/math/kernel_test_util.h"

namespace keel {
namespace {

using testing_util::epsilon_of;
using testing_util::Guarded;
using testing_util::on_every_target;
using testing_util::pool_of;
using testing_util::value_of;

// `offset` is added to numbers of [-2, 2].
template <typename T>
void check(const StatisticsShape& s, double offset = 0) {
  SCOPED_TRACE(testing::Message() << s.outer << " x " << s.groups << " x " << s.inner);
  const int64_t n = s.outer * s.groups * s.inner;
  const Shape shape{s.outer, s.groups, s.inner}, group_shape{s.groups};
  std::mt19937 random(static_cast<unsigned>(n));
  Guarded<T> x(n, 1);
  x.fill(random);
  for (int64_t i = 0; i < n; ++i) x.data()[i] = convert_element<T>(value_of(x.data()[i]) + offset);
  std::vector<Guarded<T>> means, variances, sums, products;
  for (int threads : {1, 2, 7}) {
    Guarded<T> mean(s.groups, 1), variance(s.groups, 3);
    Guarded<char> scratch(static_cast<int64_t>(batch_statistics_scratch_bytes(s)));
    batch_statistics({x.data(), dtype_of<T>(), &shape}, s, {mean.data(), dtype_of<T>(), &group_shape},
                     {variance.data(), dtype_of<T>(), &group_shape}, scratch.data(), pool_of(threads));
    ASSERT_TRUE(mean.intact() && variance.intact() && scratch.intact());
    means.push_back(mean);
    variances.push_back(variance);
    // Of x as its own gradient: the sum, and the product with what is left of it.
    Guarded<T> total(s.groups, 2), product(s.groups, 1);
    batch_gradient_sums({x.data(), dtype_of<T>(), &shape}, {x.data(), dtype_of<T>(), &shape},
                        {mean.data(), dtype_of<T>(), &group_shape}, s,
                        {total.data(), dtype_of<T>(), &group_shape},
                        {product.data(), dtype_of<T>(), &group_shape}, scratch.data(), pool_of(threads));
    ASSERT_TRUE(total.intact() && product.intact() && scratch.intact());
    sums.push_back(total);
    products.push_back(product);
    ASSERT_TRUE(sums.back().same_bits(sums[0]) && products.back().same_bits(products[0]));
    ASSERT_TRUE(means.back().same_bits(means[0]) && variances.back().same_bits(variances[0]));
  }
  for (int64_t g = 0; g < s.groups; ++g) {
    long double mean = 0, variance = 0;
    const long double count = static_cast<long double>(s.outer * s.inner);
    const auto each = [&](auto f) {
      for (int64_t o = 0; o < s.outer; ++o) {
        for (int64_t i = 0; i < s.inner; ++i) {
          f(value_of(x.data()[(o * s.groups + g) * s.inner + i]));
        }
      }
    };
    each([&](double v) { mean += v; });
    mean /= count;
    each([&](double v) { variance += (v - mean) * (v - mean); });
    variance /= count;
    const double eps = (sizeof(T) == 8 ? 64 : 16) * epsilon_of<T>();
    const long double centre = count == 0 ? 0 : value_of(means[0].data()[g]);
    long double sum = 0, product = 0, magnitude = 0;
    each([&](double v) {
      sum += v;
      product += v * (v - centre);
      magnitude += std::abs(v) * (1 + std::abs(v - centre));
    });
    if (sizeof(T) != 2 || magnitude < 60000) {  // Beyond that float16 ends.
      ASSERT_NEAR(value_of(sums[0].data()[g]), static_cast<double>(sum), eps * static_cast<double>(magnitude));
      ASSERT_NEAR(value_of(products[0].data()[g]), static_cast<double>(product), eps * static_cast<double>(magnitude));
    }
    if (count == 0) {
      ASSERT_TRUE(std::isnan(value_of(means[0].data()[g])));
      ASSERT_TRUE(std::isnan(value_of(variances[0].data()[g])));
    } else {
      ASSERT_NEAR(value_of(means[0].data()[g]), static_cast<double>(mean),
                  eps * (std::abs(offset) + 1));
      // Means that are off by a rounding of theirs stand a little too far apart.
      ASSERT_NEAR(value_of(variances[0].data()[g]), static_cast<double>(variance),
                  eps * (static_cast<double>(variance) + offset / 100));
    }
  }
}

template <typename T>
void check_shapes() {
  for (int64_t groups : {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 130, 1000}) {
    check<T>({3, groups, 1});
    check<T>({200, groups, 1});
  }
  for (int64_t rows : {1, 2, 127, 128, 129, 4000, 70001}) check<T>({rows, 5, 1});
  for (int64_t inner : {2, 3, 7, 8, 15, 16, 17, 33, 49, 63, 65, 130, 4095, 4096, 4097, 9000}) {
    check<T>({3, 4, inner});
  }
  check<T>({1, 1, 100000});
  check<T>({2000, 3, 20});
  check<T>({0, 3, 1});
  check<T>({0, 3, 5});
  check<T>({2, 3, 0});
  check<T>({2, 0, 1});
  check<T>({2, 0, 5});
}

TEST(Statistics, Float32) { on_every_target(check_shapes<float>); }
TEST(Statistics, Float64) { on_every_target(check_shapes<double>); }
TEST(Statistics, Float16) { on_every_target(check_shapes<hwy::float16_t>); }
TEST(Statistics, Bfloat16) { on_every_target(check_shapes<hwy::bfloat16_t>); }

TEST(Statistics, ALargeMeanCostsNothing) {
  on_every_target([] {
    check<float>({70000, 3, 1}, 1e4);
    check<float>({30, 3, 5000}, 1e4);
    check<double>({70000, 3, 1}, 1e9);
  });
}

}  // namespace
}  // namespace keel
