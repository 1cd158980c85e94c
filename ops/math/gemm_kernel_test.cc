#include "core/simd_targets.h"
#include "ops/math/gemm_kernel.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "ops/math/kernel_test_util.h"

namespace keel {
namespace {

using testing_util::Guarded;
using testing_util::on_every_target;
using testing_util::pool_of;
using testing_util::value_of;

struct Case {
  GemmShape shape;
  bool accumulate = false, packed = false;
};

// What the sums of the product may differ by, relative to the sum of magnitudes.
template <typename T>
double sum_error(int64_t k) {
  if (std::is_integral_v<T>) return 0;
  const double unit = sizeof(T) == 8 ? 1.2e-16 : 6e-8;
  return unit * (2 + std::min<double>(static_cast<double>(k), 600));
}

template <typename T>
void check(const Case& test) {
  GemmShape s = test.shape;
  const int64_t a_rows = s.transpose_a ? s.k : s.m, a_cols = s.transpose_a ? s.m : s.k;
  const int64_t b_rows = s.transpose_b ? s.n : s.k, b_cols = s.transpose_b ? s.k : s.n;
  const int64_t lda = s.lda != 0 ? s.lda : a_cols, ldb = s.ldb != 0 ? s.ldb : b_cols;
  const int64_t ldc = s.ldc != 0 ? s.ldc : s.n;
  const auto span = [](int64_t batch, int64_t step, int64_t rows, int64_t ld, int64_t cols) {
    return batch == 0 || rows == 0 || cols == 0 ? 0 : (batch - 1) * step + (rows - 1) * ld + cols;
  };
  std::mt19937 random(static_cast<unsigned>(s.m * 31 + s.n * 7 + s.k));
  Guarded<T> a(span(s.batch, s.batch_step_a, a_rows, lda, a_cols), 1);
  Guarded<T> b(span(s.batch, s.batch_step_b, b_rows, ldb, b_cols), 3);
  // Only what is part of a matrix: the rest stays NaN.
  const auto fill = [&](Guarded<T>& to, int64_t step, int64_t rows, int64_t ld, int64_t cols) {
    for (int64_t i = 0; i < s.batch; ++i) {
      for (int64_t r = 0; r < rows; ++r) {
        for (int64_t c = 0; c < cols; ++c) {
          to.data()[i * step + r * ld + c] = testing_util::random_element<T>(random);
        }
      }
    }
  };
  fill(a, s.batch_step_a, a_rows, lda, a_cols);
  fill(b, s.batch_step_b, b_rows, ldb, b_cols);
  Guarded<T> before(span(s.batch, s.batch_step_c, s.m, ldc, s.n), 1);
  if (test.accumulate) fill(before, s.batch_step_c, s.m, ldc, s.n);

  std::vector<Guarded<T>> results;
  for (int threads : {1, 2, 7}) {
    const ThreadPool& pool = pool_of(threads);
    Guarded<T> c = before, told = before;
    // Rows as they are when they are told of.
    std::vector<std::atomic<int>> times(s.m);
    const auto keep = [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        ++times[row];
        std::memcpy(static_cast<void*>(told.data() + row * ldc), c.data() + row * ldc, s.n * sizeof(T));
      }
    };
    const RowsDone rows_done = keep;
    const GemmEnd end{test.accumulate, s.batch == 1 ? &rows_done : nullptr};
    if (test.packed) {
      Guarded<char> packed(static_cast<int64_t>(gemm_packed_b_bytes<T>(s)));
      Guarded<char> scratch(static_cast<int64_t>(gemm_packed_scratch_bytes<T>(s, pool)));
      gemm_pack_b<T>(s, b.data(), packed.data(), pool);
      gemm_packed<T>(s, a.data(), packed.data(), c.data(), end, scratch.data(), pool);
      ASSERT_TRUE(packed.intact());
      ASSERT_TRUE(scratch.intact());
    } else {
      Guarded<char> scratch(static_cast<int64_t>(gemm_scratch_bytes<T>(s, pool)));
      gemm<T>(s, a.data(), b.data(), c.data(), end, scratch.data(), pool);
      ASSERT_TRUE(scratch.intact());
    }
    ASSERT_TRUE(c.intact());
    if (s.batch == 1 && s.n > 0) {
      for (int64_t row = 0; row < s.m; ++row) ASSERT_EQ(times[row], 1) << row;
      ASSERT_TRUE(told.same_bits(c)) << threads << " threads";
    }
    results.push_back(c);
    ASSERT_TRUE(results.back().same_bits(results.front())) << threads << " threads";
  }
  Guarded<T>& c = results[0];

  int64_t next = 0;  // Everything of C between the rows is as it was.
  for (int64_t i = 0; i < s.batch; ++i) {
    for (int64_t row = 0; row < s.m; ++row) {
      const int64_t at = i * s.batch_step_c + row * ldc;
      for (; next < at; ++next) {
        ASSERT_EQ(0, std::memcmp(c.data() + next, before.data() + next, sizeof(T)));
      }
      next = at + s.n;
      for (int64_t col = 0; col < s.n; ++col) {
        double sum = 0, magnitude = 0;
        uint64_t whole = 0;
        for (int64_t k = 0; k < s.k; ++k) {
          const T x = a.data()[i * s.batch_step_a + (s.transpose_a ? k * lda + row : row * lda + k)];
          const T y = b.data()[i * s.batch_step_b + (s.transpose_b ? col * ldb + k : k * ldb + col)];
          const double product = value_of(x) * value_of(y);
          sum += product;
          magnitude += std::abs(product);
          if constexpr (std::is_integral_v<T>) {
            whole += static_cast<uint64_t>(x) * static_cast<uint64_t>(y);
          }
        }
        if (test.accumulate) {
          const T term = before.data()[at + col];
          sum += value_of(term);
          magnitude += std::abs(value_of(term));
          if constexpr (std::is_integral_v<T>) whole += static_cast<uint64_t>(term);
        }
        const T got = c.data()[at + col];
        if constexpr (std::is_integral_v<T>) {
          ASSERT_EQ(got, static_cast<T>(whole)) << row << ", " << col;
        } else {
          const double allowed = sum_error<T>(s.k) * magnitude +
                                 (sizeof(T) == 2 ? 0.502 * testing_util::epsilon_of<T>() : 0) *
                                     std::abs(sum) + 1e-7 * (sizeof(T) == 2);
          ASSERT_NEAR(value_of(got), sum, allowed) << row << ", " << col;
        }
      }
    }
  }
}

template <typename T>
void check_all(const Case& test) {
  for (int transposes = 0; transposes < 4; ++transposes) {
    Case one = test;
    one.shape.transpose_a = (transposes & 1) != 0;
    one.shape.transpose_b = (transposes & 2) != 0;
    SCOPED_TRACE(testing::Message()
                 << one.shape.m << "x" << one.shape.n << "x" << one.shape.k << " batch "
                 << one.shape.batch << (one.shape.transpose_a ? " T" : " N")
                 << (one.shape.transpose_b ? "T" : "N") << (one.accumulate ? " accumulate" : "")
                 << (one.packed ? " packed" : ""));
    check<T>(one);
    if (testing::Test::HasFatalFailure()) return;
  }
}

template <typename T>
class GemmKernel : public testing::Test {};
using Types =
    testing::Types<float, double, hwy::float16_t, hwy::bfloat16_t, int32_t, int64_t>;
TYPED_TEST_SUITE(GemmKernel, Types);

TYPED_TEST(GemmKernel, SmallShapes) {
  on_every_target([] {
    unsigned turn = 0;
    for (int64_t m : {0, 1, 2, 3, 4, 5, 8, 17, 33}) {
      for (int64_t n : {0, 1, 2, 5, 16, 17, 31, 33, 65}) {
        for (int64_t k : {0, 1, 2, 3, 9, 33}) {
          ++turn;
          check_all<TypeParam>({{.m = m, .n = n, .k = k}, turn % 2 != 0, turn % 7 == 0});
          if (testing::Test::HasFatalFailure()) return;
        }
      }
    }
  });
}

TYPED_TEST(GemmKernel, ManyBlocksAndTasks) {
  on_every_target([] {
    for (const GemmShape& shape : std::vector<GemmShape>{
             {.m = 131, .n = 70, .k = 301},
             {.m = 33, .n = 517, .k = 40},
             {.m = 150, .n = 140, .k = 64},
             {.m = 1, .n = 1300, .k = 30},
             {.m = 3, .n = 70, .k = 1111},
             {.m = 17, .n = 9, .k = 2700},
             {.m = 13, .n = 3, .k = 331},
             {.m = 70, .n = 10, .k = 300},
         }) {
      for (bool packed : {false, true}) {
        check_all<TypeParam>({shape, packed, packed});
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  });
}

TYPED_TEST(GemmKernel, LeadingDimensions) {
  on_every_target([] {
    for (int64_t m : {1, 3, 21}) {
      check_all<TypeParam>({{.m = m, .n = 35, .k = 23, .lda = 37, .ldb = 41, .ldc = 39}, true});
      check_all<TypeParam>({{.m = m, .n = 150, .k = 23, .lda = 37, .ldb = 161, .ldc = 152}});
      check_all<TypeParam>({{.m = m, .n = 2, .k = 150, .lda = 161, .ldb = 153, .ldc = 7}, true});
      if (testing::Test::HasFatalFailure()) return;
    }
  });
}

TYPED_TEST(GemmKernel, Batches) {
  on_every_target([] {
    for (int64_t batch : {0, 1, 3, 9, 20}) {
      for (int64_t m : {1, 7, 40}) {
        const int64_t n = 19, k = 11;
        check_all<TypeParam>({{.m = m, .n = n, .k = k, .batch = batch, .batch_step_a = m * k,
                               .batch_step_b = n * k, .batch_step_c = m * n},
                              m == 7});
        // One B for all, and gaps between the results.
        check_all<TypeParam>({{.m = m, .n = n, .k = k, .batch = batch, .batch_step_a = m * k,
                               .batch_step_b = 0, .batch_step_c = m * n + (m == 7 ? 5 : 0)}});
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  });
}

// Rows for many threads, and columns for several tasks.
TEST(GemmKernelEnd, TellsOfRowsWhateverTheCut) {
  on_every_target([] {
    for (const GemmShape& shape : std::vector<GemmShape>{{.m = 2100, .n = 700, .k = 3},
                                                         {.m = 40, .n = 1100, .k = 20},
                                                         {.m = 4, .n = 5000, .k = 2},
                                                         {.m = 5000, .n = 5, .k = 300}}) {
      for (bool packed : {false, true}) {
        check<float>({shape, false, packed});
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  });
}

TEST(GemmKernelEnd, NanAndInfinity) {
  on_every_target([] {
    const float inf = std::numeric_limits<float>::infinity();
    const float a[] = {NAN, 1, -inf, 1}, b[] = {1, 1};
    float c[2] = {1, inf};
    const GemmShape shape{.m = 2, .n = 1, .k = 2};
    std::vector<char> memory(gemm_scratch_bytes<float>(shape, pool_of(1)) + 64);
    void* scratch = memory.data();
    size_t space = memory.size();
    std::align(64, space - 64, scratch, space);
    gemm<float>(shape, a, b, c, {.accumulate = true}, scratch, pool_of(1));
    EXPECT_TRUE(std::isnan(c[0]));
    EXPECT_TRUE(std::isnan(c[1]));
    gemm<float>(shape, a, b, c, {}, scratch, pool_of(1));
    EXPECT_TRUE(std::isnan(c[0]));
    EXPECT_EQ(c[1], -inf);
  });
}

// Narrow results round to nearest even, and overflow to infinity.
TEST(GemmKernelEnd, NarrowRounding) {
  on_every_target([] {
    const auto bits = [](auto x) {
      uint16_t b;
      std::memcpy(&b, &x, 2);
      return b;
    };
    const auto product = [&](auto type, uint16_t x, uint16_t y, uint16_t plus) {
      using T = decltype(type);
      constexpr int kCount = 40;  // Whole vectors and an edge.
      std::vector<T> left(1), right(kCount), c(kCount);
      std::memcpy(static_cast<void*>(left.data()), &x, 2);
      for (int i = 0; i < kCount; ++i) {
        std::memcpy(static_cast<void*>(&right[i]), &y, 2);
        std::memcpy(static_cast<void*>(&c[i]), &plus, 2);
      }
      const GemmShape shape{.m = 1, .n = kCount, .k = 1};
      Guarded<char> scratch(static_cast<int64_t>(gemm_scratch_bytes<T>(shape, pool_of(1))));
      gemm<T>(shape, left.data(), right.data(), c.data(), {.accumulate = true}, scratch.data(), pool_of(1));
      for (int i = 1; i < kCount; ++i) EXPECT_EQ(bits(c[i]), bits(c[0])) << i;
      return bits(c[0]);
    };
    const hwy::bfloat16_t b{};
    EXPECT_EQ(product(b, 0x3F80, 0x3F80, 0x3B80), 0x3F80);  // 1 + 2^-8: a tie, down to even.
    EXPECT_EQ(product(b, 0x3F81, 0x3F80, 0x3B80), 0x3F82);  // The next one up: to even again.
    EXPECT_EQ(product(b, 0x3F80, 0x3F80, 0x3B81), 0x3F81);  // Over the tie.
    EXPECT_EQ(product(b, 0x7F7F, 0x4000, 0x0000), 0x7F80);  // Overflow.
    EXPECT_TRUE(std::isnan(value_of(hwy::bfloat16_t{product(b, 0x7FFF, 0x3F80, 0x0000)})));
    const hwy::float16_t h{};
    EXPECT_EQ(product(h, 0x3C00, 0x3C00, 0x1000), 0x3C00);  // 1 + 2^-11
    EXPECT_EQ(product(h, 0x3C01, 0x3C00, 0x1000), 0x3C02);
    EXPECT_EQ(product(h, 0x7BFF, 0x4000, 0x0000), 0x7C00);
    EXPECT_EQ(product(h, 0x0001, 0x3C00, 0x0000), 0x0001);  // The least subnormal.
    EXPECT_EQ(product(h, 0x0003, 0x3800, 0x0000), 0x0002);  // 1.5 units: to even.
    EXPECT_EQ(product(h, 0x8001, 0x3800, 0x0000), 0x8000);  // -0.5 units.
    EXPECT_EQ(product(h, 0x7C00, 0x3C00, 0x0000), 0x7C00);
  });
}

}  // namespace
}  // namespace keel
