#include "core/simd_targets.h"
#include "ops/reduction/arg_extreme.h"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/array/test_util.h"
#include "ops/math/kernel_test_util.h"
#include "ops/reduction/arg_extreme_kernel.h"
#include "testing/error_of.h"

namespace keel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing_util::both_ways;
using testing_util::error_of;
using testing_util::Guarded;
using testing_util::iota;
using testing_util::on_every_target;
using testing_util::value_of;

template <typename T>
int64_t reference(const T* x, int64_t n, int64_t stride, bool least) {
  int64_t at = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double v = value_of(x[i * stride]), best = value_of(x[at * stride]);
    if (std::isnan(best)) break;
    if (std::isnan(v) || (least ? v < best : v > best)) at = i;
  }
  return at;
}

template <typename T>
void check(int64_t outer, int64_t n, int64_t inner, int different) {
  const ThreadPool pool(2);
  SCOPED_TRACE(::testing::Message() << dtype_of<T>() << ' ' << outer << 'x' << n << 'x' << inner);
  std::mt19937 random(static_cast<unsigned>(outer + n * 3 + inner * 7));
  Guarded<T> x(outer * n * inner, 1);
  const ThreadPool one(1);
  for (int64_t i = 0; i < x.size(); ++i) {
    x.data()[i] = convert_element<T>(static_cast<int>(random() % different) - 1);
  }
  if constexpr (!std::is_integral_v<T>) {
    for (int64_t i = 0; i < x.size(); i += 97) x.data()[i] = convert_element<T>(NAN);
  }
  for (bool least : {false, true}) {
    std::vector<int64_t> out(outer * inner, -1);
    arg_extreme(pool, x.data(), dtype_of<T>(), outer, n, inner, least, out.data());
    for (int64_t o = 0; o < outer; ++o) {
      for (int64_t c = 0; c < inner; ++c) {
        ASSERT_EQ(out[o * inner + c], reference(x.data() + o * n * inner + c, n, inner, least)) << o << ' ' << c;
      }
    }
  }
}

template <typename T>
void check_shapes() {
  for (int64_t n : {1, 2, 7, 15, 16, 17, 63, 64, 65, 130}) {
    check<T>(5, n, 1, 60);
    check<T>(150, n, 1, 9);
    for (int64_t inner : {2, 7, 16, 33, 64, 65, 150}) check<T>(2, n, inner, 4);
  }
  check<T>(3, 5000, 1, 100);
  check<T>(1, 300, 3, 100);
}

TEST(ArgExtremeKernel, OfEveryDtypeOnEveryTarget) {
  on_every_target([] {
    check_shapes<float>();
    check_shapes<double>();
    check_shapes<float16>();
    check_shapes<bfloat16>();
    check_shapes<bool>();
    check_shapes<uint8_t>();
    check_shapes<int8_t>();
    check_shapes<uint16_t>();
    check_shapes<int16_t>();
    check_shapes<uint32_t>();
    check_shapes<int32_t>();
    check_shapes<uint64_t>();
    check_shapes<int64_t>();
  });
}

// More rows than an index of 8 bits counts.
TEST(ArgExtremeKernel, ManyRowsOfBytes) {
  on_every_target([] {
    check<uint8_t>(1, 1000, 5, 250);
    check<int16_t>(1, 70000, 2, 30000);
  });
}

TEST(ArgMax, TakesTheFirstOfEqualOnes) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  const Array x = Array{{kInf, 1, kInf}, {-kInf, 5, -kInf}}.cast("float32");
  const Array most = both_ways([](const Tensor& t) { return argmax(t, 1); }, x);
  EXPECT_EQ(most.dtype(), DType("int64"));
  EXPECT_THAT(most.to_vector<int>(), ElementsAre(0, 1));
  EXPECT_THAT(both_ways([](const Tensor& t) { return argmin(t); }, x).to_vector<int>(), ElementsAre(1, 0));
  EXPECT_THAT(both_ways([](const Tensor& t) { return argmax(t, 0); }, x).to_vector<int>(), ElementsAre(0, 1, 0));
  EXPECT_EQ(both_ways([](const Tensor& t) { return argmax(t, 0); }, iota({4, 0, 2})).shape(), (Shape{0, 2}));
}

TEST(ArgMax, SaysWhatItGot) {
  EXPECT_THAT(error_of([] { argmax(constant(iota({0, 3})), 0); }), HasSubstr("argmax: axis 0 of x of shape (0, 3) is empty"));
  EXPECT_THAT(error_of([] { testing_util::fed_unknown([](const Tensor& t) { return argmin(t, 0); }, iota({0, 3})); }),
              HasSubstr("argmin: axis 0 of x of shape (0, 3) is empty"));
  EXPECT_THAT(error_of([] { argmax(constant(1.0)); }), HasSubstr("argmax: axis -1"));
}

}  // namespace
}  // namespace keel
