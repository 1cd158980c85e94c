#include "core/simd_targets.h"

#include "ops/random/distributions_kernel.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

#include "gtest/gtest.h"
#include "ops/math/kernel_test_util.h"

namespace keel {
namespace {

using testing_util::Guarded;
using testing_util::on_every_target;
using testing_util::pool_of;
using testing_util::value_of;

using Block = std::array<uint32_t, 4>;

// Philox 4x32-10, as its authors describe it.
Block philox(Block counter, uint32_t key0, uint32_t key1) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xD2511F53} * counter[0], b = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(b >> 32) ^ counter[1] ^ key0, static_cast<uint32_t>(b),
               static_cast<uint32_t>(a >> 32) ^ counter[3] ^ key1, static_cast<uint32_t>(a)};
    key0 += 0x9E3779B9;
    key1 += 0xBB67AE85;
  }
  return counter;
}

uint32_t word(const RandomStream& s, uint64_t i) {
  const uint64_t block = i / 4;
  return philox({static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32),
                 static_cast<uint32_t>(s.call), static_cast<uint32_t>(s.call >> 32)},
                static_cast<uint32_t>(s.seed), static_cast<uint32_t>(s.seed >> 32))[i % 4];
}

// Edges of vectors, of the words made at a time, and more than one piece of parallel work.
const int64_t kSizes[] = {0, 1, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65, 130, 1023, 1024, 1025,
                          2047, 2048, 2049, 65536, 65537, 140000};

using Filling = std::function<void(const View&, const ThreadPool&)>;

// Runs `fill` for every size, at every target and with 1, 2 and 7 threads, into guarded memory;
// checks that all get the same bits, and returns those of the largest size.
template <typename T>
std::vector<T> same_everywhere(const Filling& fill) {
  std::vector<std::vector<T>> expected;
  on_every_target([&] {
    size_t at = 0;
    for (int64_t size : kSizes) {
      for (int threads : {1, 2, 7}) {
        Guarded<T> out(size, threads == 2 ? 3 : 0);
        const Shape shape{size};
        fill(View{out.data(), dtype_of<T>(), &shape}, pool_of(threads));
        ASSERT_TRUE(out.intact()) << size;
        if (at == expected.size()) expected.emplace_back(out.data(), out.data() + size);
        ASSERT_TRUE(size == 0 || std::memcmp(out.data(), expected[at].data(), sizeof(T) * size) == 0)
            << size << " elements, " << threads << " threads";
      }
      ++at;
    }
  });
  // A longer array begins as a shorter one does.
  for (const std::vector<T>& shorter : expected) {
    EXPECT_TRUE(shorter.empty() || std::memcmp(shorter.data(), expected.back().data(),
                                               sizeof(T) * shorter.size()) == 0);
  }
  return expected.back();
}

struct Moments {
  double mean = 0, stddev = 0, skew = 0, kurtosis = 0, least = INFINITY, most = -INFINITY;
};

template <typename T>
Moments moments(const std::vector<T>& values) {
  Moments m;
  const double n = static_cast<double>(values.size());
  for (const T& v : values) {
    m.mean += value_of(v) / n;
    m.least = std::min(m.least, value_of(v));
    m.most = std::max(m.most, value_of(v));
  }
  for (const T& v : values) m.stddev += std::pow(value_of(v) - m.mean, 2) / n;
  m.stddev = std::sqrt(m.stddev);
  for (const T& v : values) {
    m.skew += std::pow((value_of(v) - m.mean) / m.stddev, 3) / n;
    m.kurtosis += std::pow((value_of(v) - m.mean) / m.stddev, 4) / n;
  }
  return m;
}

// The x whose normal distribution function is p = 1 − upper, by bisection; |x| < 10.
double quantile(double lower, double upper) {
  if (lower > upper) return -quantile(upper, lower);
  double low = -10, high = 1;
  for (int i = 0; i < 80; ++i) {
    const double middle = (low + high) / 2;
    (std::erfc(-middle / std::sqrt(2.0)) / 2 < lower ? low : high) = middle;
  }
  return (low + high) / 2;
}

TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox({0, 0, 0, 0}, 0, 0), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({~0u, ~0u, ~0u, ~0u}, ~0u, ~0u),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0xa4093822, 0x299f31d0),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, WordsAreTheStream) {
  for (const RandomStream& s : {RandomStream{0, 0}, RandomStream{0x123456789ABCDEF0, 0xFEDCBA987},
                                RandomStream{~uint64_t{0}, ~uint64_t{0}}}) {
    const auto words = same_everywhere<uint32_t>(
        [&](const View& out, const ThreadPool& pool) { fill_words(s, out, pool); });
    for (size_t i = 0; i < words.size(); ++i) ASSERT_EQ(words[i], word(s, i)) << i;
  }
}

TEST(Uniform, Float32) {
  const RandomStream s{1, 2};
  const auto values = same_everywhere<float>(
      [&](const View& out, const ThreadPool& pool) { fill_uniform(s, -3, 5, out, pool); });
  for (size_t i = 0; i < values.size(); ++i) {
    const float u = static_cast<float>(word(s, i) >> 8) * 0x1p-24f;
    const float scaled = u * 8.0f;
    ASSERT_EQ(values[i], scaled + -3.0f);
  }
  const Moments m = moments(values);
  EXPECT_NEAR(m.mean, 1, 0.02);
  EXPECT_NEAR(m.stddev, 8 / std::sqrt(12.0), 0.02);
  EXPECT_GE(m.least, -3);
  EXPECT_LT(m.most, 5);
}

TEST(Uniform, Float64) {
  const RandomStream s{1, 2};
  const auto values = same_everywhere<double>(
      [&](const View& out, const ThreadPool& pool) { fill_uniform(s, 0, 1, out, pool); });
  for (size_t i = 0; i < values.size(); ++i) {
    const uint64_t bits = word(s, 2 * i) | uint64_t{word(s, 2 * i + 1)} << 32;
    ASSERT_EQ(values[i], static_cast<double>(bits >> 12) * 0x1p-52);
  }
}

template <typename T>
void check_narrow_uniform() {
  const auto values = same_everywhere<T>(
      [](const View& out, const ThreadPool& pool) { fill_uniform({7, 0}, 0, 1, out, pool); });
  const Moments m = moments(values);
  EXPECT_NEAR(m.mean, 0.5, 0.005);
  EXPECT_NEAR(m.stddev, 1 / std::sqrt(12.0), 0.005);
  EXPECT_GE(m.least, 0);
  EXPECT_LT(m.most, 1);
}

TEST(Uniform, NarrowFloats) {
  check_narrow_uniform<hwy::float16_t>();
  check_narrow_uniform<hwy::bfloat16_t>();
}

TEST(Uniform, StaysBelowTheUpperBound) {
  // The sum of 2^24 and a fraction of 1 rounds up to the bound half of the time.
  const auto values = same_everywhere<float>([](const View& out, const ThreadPool& pool) {
    fill_uniform({1, 0}, 0x1p24, 0x1p24 + 2, out, pool);
  });
  EXPECT_EQ(moments(values).most, 0x1p24);
  const auto equal = same_everywhere<float>(
      [](const View& out, const ThreadPool& pool) { fill_uniform({1, 0}, 0.1, 0.1, out, pool); });
  EXPECT_EQ(moments(equal).least, 0.1f);
  EXPECT_EQ(moments(equal).most, 0.1f);
}

TEST(Integers, AreUniformInTheirRange) {
  const RandomStream s{3, 4};
  const auto values = same_everywhere<int32_t>([&](const View& out, const ThreadPool& pool) {
    fill_uniform_integers(s, -5, 10, out, pool);
  });
  std::array<int, 10> counts{};
  for (size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(values[i], -5 + static_cast<int32_t>(uint64_t{word(s, i)} * 10 >> 32));
    ++counts[static_cast<size_t>(values[i] + 5)];
  }
  for (int count : counts) EXPECT_NEAR(count, 14000, 600);

  const auto bytes = same_everywhere<uint8_t>([&](const View& out, const ThreadPool& pool) {
    fill_uniform_integers(s, 0, 256, out, pool);
  });
  EXPECT_EQ(bytes[5], word(s, 5) >> 24);

  const uint64_t range = 0xC000000000000000;
  const int64_t low = std::numeric_limits<int64_t>::min();
  const auto wide = same_everywhere<int64_t>([&](const View& out, const ThreadPool& pool) {
    fill_uniform_integers(s, low, range, out, pool);
  });
  EXPECT_LT(*std::max_element(wide.begin(), wide.end()), int64_t{1} << 62);
  EXPECT_GT(*std::max_element(wide.begin(), wide.end()), int64_t{1} << 61);
  const auto all = same_everywhere<uint64_t>([&](const View& out, const ThreadPool& pool) {
    fill_uniform_integers(s, 0, 0, out, pool);
  });
  EXPECT_EQ(all[3], word(s, 6) | uint64_t{word(s, 7)} << 32);
}

TEST(Normal, IsTheQuantileOfTheStream) {
  const RandomStream s{5, 6};
  const auto values = same_everywhere<float>(
      [&](const View& out, const ThreadPool& pool) { fill_normal(s, 0, 1, false, out, pool); });
  const auto doubles = same_everywhere<double>(
      [&](const View& out, const ThreadPool& pool) { fill_normal(s, 0, 1, false, out, pool); });
  // Every 7th, and all that are far out.
  for (size_t i = 0; i < values.size(); ++i) {
    if (i % 7 != 0 && std::abs(values[i]) < 3) continue;
    const double p = ((word(s, i) ^ 0x80000000) + 0.5) * 0x1p-32;
    const double wanted = quantile(p, 1 - p);
    ASSERT_NEAR(values[i], wanted, 5e-7 * std::abs(wanted)) << i;
  }
  for (size_t i = 0; i < doubles.size(); ++i) {
    if (i % 7 != 0 && std::abs(doubles[i]) < 3) continue;
    const uint64_t bits = (word(s, 2 * i) | uint64_t{word(s, 2 * i + 1) ^ 0x80000000} << 32) >> 11;
    const double below = (static_cast<double>(bits) + 0.5) * 0x1p-53;
    const double above = (static_cast<double>(bits ^ ((uint64_t{1} << 53) - 1)) + 0.5) * 0x1p-53;
    const double wanted = quantile(below, above);
    ASSERT_NEAR(doubles[i], wanted, 1e-14 * std::abs(wanted) + 1e-15) << i;
  }
  for (const Moments& m : {moments(values), moments(doubles)}) {
    EXPECT_NEAR(m.mean, 0, 0.01);
    EXPECT_NEAR(m.stddev, 1, 0.01);
    EXPECT_NEAR(m.skew, 0, 0.03);
    EXPECT_NEAR(m.kurtosis, 3, 0.06);
  }
}

template <typename T>
void check_truncated() {
  const auto values = same_everywhere<T>([](const View& out, const ThreadPool& pool) {
    fill_normal({8, 0}, 2.5, 0.5, true, out, pool);
  });
  const Moments m = moments(values);
  EXPECT_NEAR(m.mean, 2.5, 0.005);
  EXPECT_NEAR(m.stddev, 0.5 * 0.879626, 0.003);
  EXPECT_GE(m.least, 1.5);
  EXPECT_LE(m.most, 3.5);
  EXPECT_LT(m.least, 1.51);
  EXPECT_GT(m.most, 3.49);
}

TEST(Normal, TruncatedStaysWithinTwoDeviations) {
  check_truncated<float>();
  check_truncated<double>();
  check_truncated<hwy::float16_t>();
  check_truncated<hwy::bfloat16_t>();
}

template <typename T>
void check_bernoulli() {
  const RandomStream s{9, 1};
  for (double p : {0.0, 0.3, 1.0}) {
    const auto values = same_everywhere<T>(
        [&](const View& out, const ThreadPool& pool) { fill_bernoulli(s, p, out, pool); });
    for (size_t i = 0; i < values.size(); ++i) {
      ASSERT_EQ(value_of(values[i]), word(s, i) < p * 0x1p32 ? 1 : 0) << i;
    }
  }
}

TEST(Bernoulli, ComparesWords) {
  check_bernoulli<float>();
  check_bernoulli<double>();
  check_bernoulli<hwy::bfloat16_t>();
  check_bernoulli<uint8_t>();
  check_bernoulli<int64_t>();
}

TEST(Bernoulli, Masks) {
  const RandomStream s{9, 1};
  for (double p : {0.0, 0.8, 1.0}) {
    on_every_target([&] {
      for (int64_t size : kSizes) {
        Guarded<bool> out(size, 1);
        const Shape shape{size};
        fill_bernoulli(s, p, View{out.data(), DType::kBool, &shape}, pool_of(2));
        ASSERT_TRUE(out.intact());
        for (int64_t i = 0; i < size; ++i) {
          const uint8_t byte = reinterpret_cast<const uint8_t*>(out.data())[i];
          ASSERT_EQ(byte, word(s, static_cast<uint64_t>(i)) < p * 0x1p32 ? 1 : 0);
        }
      }
    });
  }
}

}  // namespace
}  // namespace keel
