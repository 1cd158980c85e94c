#include "core/simd_targets.h"
#include "ops/array/gather_kernel.h"

#include <algorithm>
#include <cmath>
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
using testing_util::value_of;

template <typename T>
void check_scatter(int64_t rows, int64_t count, int64_t width, int64_t used_rows) {
  SCOPED_TRACE(::testing::Message() << rows << " rows, " << count << " updates of " << width);
  std::mt19937 random(static_cast<unsigned>(rows + count * 3 + width * 5));
  std::vector<int32_t> indices(count);
  for (int32_t& index : indices) index = static_cast<int32_t>(random() % used_rows);
  Guarded<T> updates(count * width, 1);
  updates.fill(random);
  std::vector<double> want(rows * width, 0), size(rows * width, 0);
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t c = 0; c < width; ++c) {
      const double value = value_of(updates.data()[i * width + c]);
      want[indices[i] * width + c] += value;
      size[indices[i] * width + c] += std::fabs(value);
    }
  }
  std::vector<int64_t> scratch(scatter_add_scratch_bytes(rows, count) / sizeof(int64_t));
  Guarded<T> first(rows * width, 1);
  for (int threads : {1, 3}) {
    const ThreadPool pool(threads);
    Guarded<T> got(rows * width, 1);
    EXPECT_EQ(scatter_add_rows(pool, indices.data(), count, updates.data(), dtype_of<T>(), rows, width,
                               got.data(), reinterpret_cast<std::byte*>(scratch.data())),
              -1);
    EXPECT_TRUE(got.intact());
    for (int64_t i = 0; i < rows * width; ++i) {
      ASSERT_NEAR(value_of(got.data()[i]), want[i], epsilon_of<T>() * size[i] + 1e-6 * size[i]) << i;
    }
    if (threads == 1) {
      std::copy_n(got.data(), rows * width, first.data());
    } else {
      EXPECT_TRUE(got.same_bits(first));
    }
  }
}

template <typename T>
void check_scatters() {
  check_scatter<T>(5, 0, 3, 5);
  check_scatter<T>(1, 500, 1, 1);
  for (int64_t width : {1, 2, 7, 16, 17, 255, 256, 257, 600}) check_scatter<T>(11, 40, width, 9);
  check_scatter<T>(300, 1000, 33, 2);
}

// Infinities and NaN stay what they are.
template <typename T>
void check_special() {
  const std::vector<int32_t> indices{0, 1, 1, 2};
  std::vector<T> updates, out(3);
  for (double v : {double{INFINITY}, 1.0, double{NAN}, -double{INFINITY}}) updates.push_back(convert_element<T>(v));
  std::vector<int64_t> scratch(scatter_add_scratch_bytes(3, 4) / sizeof(int64_t));
  scatter_add_rows(ThreadPool(1), indices.data(), 4, updates.data(), dtype_of<T>(), 3, 1, out.data(),
                   reinterpret_cast<std::byte*>(scratch.data()));
  EXPECT_EQ(value_of(out[0]), INFINITY);
  EXPECT_TRUE(std::isnan(value_of(out[1])));
  EXPECT_EQ(value_of(out[2]), -INFINITY);
}

TEST(ScatterAdd, SumsRowsOnEveryTarget) {
  on_every_target([] {
    check_scatters<float>();
    check_scatters<double>();
    check_scatters<float16>();
    check_scatters<bfloat16>();
    check_special<float>();
    check_special<float16>();
    check_special<bfloat16>();
  });
}

// One row that gets very many updates: in partial sums, an error far below count times epsilon.
TEST(ScatterAdd, SumsManyAccurately) {
  const int64_t count = 200000;
  const std::vector<int64_t> indices(count, 0);
  const std::vector<float> updates(count, 0.1f);
  std::vector<int64_t> scratch(scatter_add_scratch_bytes(1, count) / sizeof(int64_t));
  float sum = 0;
  scatter_add_rows(ThreadPool(1), indices.data(), count, updates.data(), DType::kFloat32, 1, 1, &sum,
                   reinterpret_cast<std::byte*>(scratch.data()));
  EXPECT_NEAR(sum, 0.1f * static_cast<double>(count), 1.0);
}

TEST(GatherRows, FindsTheFirstBadIndex) {
  const ThreadPool pool(2);
  const std::vector<float> reference(40, 1.0f);
  std::vector<float> out(400000);
  std::vector<int8_t> indices(100000, 3);
  EXPECT_EQ(gather_rows(pool, reference.data(), 10, 16, indices.data(), 100000, out.data()), -1);
  indices[70000] = -1;
  indices[90000] = 10;
  EXPECT_EQ(gather_rows(pool, reference.data(), 10, 16, indices.data(), 100000, out.data()), 70000);
  // Rows that are fetched ahead.
  indices.resize(1000);
  indices[700] = 100;
  EXPECT_EQ(gather_rows(pool, reference.data(), 2, 80, indices.data(), 700, out.data()), 0);
  std::fill_n(indices.begin(), 700, int8_t{1});
  EXPECT_EQ(gather_rows(pool, reference.data(), 2, 80, indices.data(), 1000, out.data()), 700);
  const std::vector<uint64_t> huge{0, ~uint64_t{0}};
  EXPECT_EQ(gather_rows(pool, reference.data(), 10, 16, huge.data(), 2, out.data()), 1);
}

template <typename Index>
void check_rows_of_every_size() {
  for (int64_t bytes : {1, 2, 3, 4, 8, 12, 16, 63, 64, 100, 4096, 4100}) {
    const std::vector<Index> indices{4, 0, 4, 2, 1, 1, 3, 0, 4};
    const int64_t count = static_cast<int64_t>(indices.size());
    Guarded<uint8_t> reference(5 * bytes), out(count * bytes, 1);
    for (int64_t i = 0; i < 5 * bytes; ++i) reference.data()[i] = static_cast<uint8_t>(i * 31 / 7);
    EXPECT_EQ(gather_rows(ThreadPool(1), reference.data(), 5, bytes, indices.data(), count, out.data()), -1);
    for (int64_t i = 0; i < count * bytes; ++i) {
      ASSERT_EQ(out.data()[i], reference.data()[static_cast<int64_t>(indices[i / bytes]) * bytes + i % bytes]);
    }
    EXPECT_TRUE(out.intact());
  }
}

TEST(GatherRows, CopiesRows) {
  check_rows_of_every_size<int32_t>();
  check_rows_of_every_size<uint8_t>();
  check_rows_of_every_size<int64_t>();
  check_rows_of_every_size<uint16_t>();
}

}  // namespace
}  // namespace keel
