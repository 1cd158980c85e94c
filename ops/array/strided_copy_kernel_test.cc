#include "core/simd_targets.h"
#include "ops/array/strided_copy_kernel.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "gtest/gtest.h"
#include "ops/math/kernel_test_util.h"

namespace keel {
namespace {

using testing_util::Guarded;
using testing_util::on_every_target;

// Copies `axes` out of `in` and compares with a walk over all indices; `count` output elements, of
// which those that the axes do not name keep their value.
template <typename T>
void check(const ThreadPool& pool, const CopyAxes& axes, const T* in, int64_t count, int64_t skew = 0) {
  Guarded<T> got(count, skew), want(count, skew);
  std::vector<int64_t> index(axes.size(), 0);
  const bool any = std::all_of(axes.begin(), axes.end(), [](const CopyAxis& a) { return a.size > 0; });
  for (bool more = any; more;) {
    int64_t from = 0, to = 0;
    for (size_t a = 0; a < axes.size(); ++a) {
      from += index[a] * axes[a].in_stride;
      to += index[a] * axes[a].out_stride;
    }
    want.data()[to] = in[from];
    more = false;
    for (size_t a = axes.size(); a-- > 0;) {
      if (++index[a] < axes[a].size) {
        more = true;
        break;
      }
      index[a] = 0;
    }
  }
  strided_copy(pool, axes, sizeof(T), in, got.data());
  EXPECT_TRUE(got.same_bits(want));
  EXPECT_TRUE(got.intact());
}

template <typename T>
Guarded<T> numbers(int64_t count, int64_t skew = 0) {
  Guarded<T> in(count, skew);
  // Neighbours differ even where T has one byte and the row length is a multiple of 256.
  for (int64_t i = 0; i < count; ++i) in.data()[i] = static_cast<T>(i * 7 + i / 251);
  return in;
}

template <typename T>
void check_permutation(const ThreadPool& pool, const std::vector<int64_t>& shape,
                       const std::vector<int>& pattern, int64_t skew = 0) {
  const CopyAxes dense = dense_axes(shape);
  CopyAxes axes(shape.size());
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    axes[i] = {shape[pattern[i]], dense[pattern[i]].in_stride, stride};
    stride *= shape[pattern[i]];
  }
  const Guarded<T> in = numbers<T>(stride, skew);
  check<T>(pool, axes, in.data(), stride, skew);
}

template <typename T>
void check_transposes(const ThreadPool& pool) {
  for (int64_t rows : {1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33, 64, 65, 130}) {
    for (int64_t cols : {1, 2, 3, 4, 5, 8, 9, 16, 31, 33, 63, 64, 66, 129, 200}) {
      SCOPED_TRACE(::testing::Message() << rows << 'x' << cols);
      check_permutation<T>(pool, {rows, cols}, {1, 0}, rows % 3);
    }
  }
}

TEST(StridedCopy, Transposes) {
  const ThreadPool pool(2);
  on_every_target([&] {
    check_transposes<uint8_t>(pool);
    check_transposes<uint16_t>(pool);
    check_transposes<uint32_t>(pool);
    check_transposes<uint64_t>(pool);
  });
}

TEST(StridedCopy, PermutesEveryWay) {
  const ThreadPool pool(2);
  on_every_target([&] {
    for (const std::vector<int64_t>& shape :
         {std::vector<int64_t>{5, 1, 7, 3}, {2, 33, 4, 2}, {3, 2, 2, 20}, {17, 3, 9, 1}, {0, 2, 3, 4}}) {
      std::vector<int> pattern{0, 1, 2, 3};
      do {
        SCOPED_TRACE(::testing::PrintToString(shape) + ::testing::PrintToString(pattern));
        check_permutation<uint8_t>(pool, shape, pattern);
        check_permutation<uint16_t>(pool, shape, pattern);
        check_permutation<uint32_t>(pool, shape, pattern);
        check_permutation<uint64_t>(pool, shape, pattern);
      } while (std::next_permutation(pattern.begin(), pattern.end()));
    }
  });
}

// Past the size from which outputs are streamed, and with rows that do not begin on a cache line.
TEST(StridedCopy, TransposesLargeMatrices) {
  const ThreadPool pool(2);
  on_every_target([&] {
    check_permutation<uint32_t>(pool, {1536, 1600}, {1, 0});
    check_permutation<uint32_t>(pool, {1601, 1433}, {1, 0});
    check_permutation<uint64_t>(pool, {1100, 1024}, {1, 0}, 1);
    check_permutation<uint16_t>(pool, {5, 1000, 1024}, {0, 2, 1});
    check_permutation<uint8_t>(pool, {3000, 2944}, {1, 0});
    // Narrow ones.
    check_permutation<uint32_t>(pool, {11, 3136, 64}, {0, 2, 1});
    check_permutation<uint32_t>(pool, {11, 64, 3136}, {0, 2, 1});
    check_permutation<uint16_t>(pool, {2, 9001, 37}, {0, 2, 1}, 1);
    check_permutation<uint16_t>(pool, {2, 37, 9001}, {0, 2, 1}, 1);
    check_permutation<uint8_t>(pool, {70001, 3}, {1, 0});
    check_permutation<uint32_t>(pool, {4, 70001}, {1, 0});
  });
}

template <typename T>
void check_runs(const ThreadPool& pool) {
  const Guarded<T> in = numbers<T>(20000);
  for (int64_t n : {0, 1, 2, 3, 5, 6, 7, 9, 12, 15, 16, 17, 31, 33, 65, 200, 1000}) {
    SCOPED_TRACE(n);
    for (int64_t skew : {0, 1}) {
      check<T>(pool, {{n, 1, 1}}, in.data() + skew, n + 1, skew);                  // A run.
      check<T>(pool, {{4, n + 2, n + 1}, {n, 1, 1}}, in.data(), 4 * n + 8, skew);  // Runs.
      check<T>(pool, {{n, -1, 1}}, in.data() + n, n + 1, skew);                    // Backwards.
      check<T>(pool, {{3, 2000, n}, {n, -1, 1}}, in.data() + n, 3 * n + 1, skew);
      check<T>(pool, {{n, 0, 1}}, in.data() + 3, n + 1, skew);                     // Repeated.
      check<T>(pool, {{n, 1, 3}, {3, 0, 1}}, in.data(), 3 * n + 1, skew);
      check<T>(pool, {{3, 0, n}, {n, 1, 1}}, in.data(), 3 * n + 1, skew);
      check<T>(pool, {{n, 3, 1}}, in.data(), n + 1, skew);                         // With steps.
      check<T>(pool, {{n, 1, 3}}, in.data(), 3 * n + 1, skew);
      check<T>(pool, {{2, 5, 3 * n}, {n, 2, 3}, {2, 1, 1}}, in.data(), 6 * n + 9, skew);
    }
  }
}

TEST(StridedCopy, CopiesRunsRepetitionsAndSteps) {
  const ThreadPool pool(2);
  on_every_target([&] {
    check_runs<uint8_t>(pool);
    check_runs<uint16_t>(pool);
    check_runs<uint32_t>(pool);
    check_runs<uint64_t>(pool);
  });
}

TEST(StridedCopy, CutsLongRuns) {
  const ThreadPool pool(3);
  const Guarded<uint32_t> in = numbers<uint32_t>(400000);
  on_every_target([&] {
    check<uint32_t>(pool, {{300001, 1, 1}}, in.data(), 300001);
    check<uint32_t>(pool, {{2, 100001, 150000}, {100000, 1, 1}}, in.data(), 300000);
    check<uint32_t>(pool, {{200001, -1, 1}}, in.data() + 200000, 200001);
    check<uint32_t>(pool, {{300001, 0, 1}}, in.data(), 300001);
    check<uint32_t>(pool, {{3, 1, 1}, {100000, 3, 3}}, in.data(), 300000);
    check<uint32_t>(pool, {{150000, 2, 2}}, in.data(), 300000);
  });
}

// Runs of whole cache lines into an output that is written past the caches, and just not so.
TEST(StridedCopy, LargeOutputs) {
  const ThreadPool pool(3);
  const Guarded<uint32_t> in = numbers<uint32_t>(48 * 44000 + 1);
  on_every_target([&] {
    check<uint32_t>(pool, {{44000, 48, 64}, {48, 1, 1}}, in.data() + 1, 64 * 44000);
    check<uint32_t>(pool, {{44000, 48, 64}, {48, 1, 1}}, in.data(), 64 * 44000 + 1, 1);
    check<uint32_t>(pool, {{44000, 48, 63}, {48, 1, 1}}, in.data(), 64 * 44000);
    check<uint32_t>(pool, {{48 * 44000 - 1, 1, 1}}, in.data(), 48 * 44000);
  });
}

TEST(StridedCopy, FillsWithZero) {
  const ThreadPool pool(2);
  for (int64_t n : {0, 1, 100, 1000000}) {
    Guarded<uint8_t> out(n, 1);
    fill_zero(pool, out.data(), n);
    EXPECT_EQ(std::count(out.data(), out.data() + n, 0), n);
    EXPECT_TRUE(out.intact());
  }
}

}  // namespace
}  // namespace keel
