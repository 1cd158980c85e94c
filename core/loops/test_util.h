// For tests of loops: a plain reference in long double, which holds every value of every dtype exactly.
#ifndef KEEL_CORE_LOOPS_TEST_UTIL_H_
#define KEEL_CORE_LOOPS_TEST_UTIL_H_

#include <algorithm>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/dtype.h"
#include "core/loops/loop_kernel.h"
#include "core/loops/micro_ops.h"
#include "core/loops/stages.h"
#include "core/loops/test_ops.h"
#include "core/view.h"
#include "gtest/gtest.h"
#include "hwy/aligned_allocator.h"
#include "hwy/targets.h"

namespace keel::loop_test {

using Real = long double;

inline constexpr Reducer kTestMaximum = {"max", &kTestMax, -std::numeric_limits<double>::infinity()};

// An array of any dtype, with bytes of 0xFF (NaN, for floats) around it, `misaligned` elements off
// the alignment of vectors.
class TestArray {
 public:
  TestArray(DType dtype, Shape shape, size_t misaligned = 0)
      : dtype_(dtype), shape_(std::move(shape)), bytes_(shape_.elements() * dtype.size()) {
    const size_t guard = 4096;
    offset_ = guard + misaligned * dtype.size();
    size_ = offset_ + bytes_ + guard;
    memory_ = hwy::AllocateAligned<std::byte>(size_);
    std::memset(memory_.get(), 0xFF, size_);
    std::memset(memory_.get() + offset_, 0, bytes_);
  }

  View view() const { return {data(), dtype_, &shape_, 0}; }
  std::byte* data() const { return memory_.get() + offset_; }
  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  int64_t elements() const { return shape_.elements(); }

  Real get(int64_t i) const {
    return visit_dtype(dtype_, [&](auto element) -> Real {
      std::memcpy(&element, data() + i * sizeof(element), sizeof(element));
      if constexpr (std::is_same_v<decltype(element), float16> ||
                    std::is_same_v<decltype(element), bfloat16>) {
        return to_float(element);
      } else {
        return element;
      }
    });
  }
  void set(int64_t i, Real value) {
    visit_dtype(dtype_, [&](auto element) {
      using T = decltype(element);
      if constexpr (std::is_same_v<T, float16>) element = to_float16(static_cast<float>(value));
      else if constexpr (std::is_same_v<T, bfloat16>) element = to_bfloat16(static_cast<float>(value));
      else element = static_cast<T>(value);
      std::memcpy(data() + i * sizeof(element), &element, sizeof(element));
    });
  }
  // Small whole numbers, halves for floats: sums and products of a few are exact.
  void fill(std::mt19937& random) {
    for (int64_t i = 0; i < elements(); ++i) {
      const int n = static_cast<int>(random() % 41);
      if (dtype_.is_bool()) set(i, n % 2);
      else if (dtype_.is_floating()) set(i, (n - 20) * Real(0.5));
      else set(i, dtype_.is_signed() ? n - 20 : n);
    }
  }
  bool guards_intact() const {
    const auto untouched = [](std::byte b) { return b == std::byte{0xFF}; };
    return std::all_of(memory_.get(), data(), untouched) &&
           std::all_of(data() + bytes_, memory_.get() + size_, untouched);
  }
  bool same_bits(const TestArray& other) const {
    return bytes_ == other.bytes_ && std::memcmp(data(), other.data(), bytes_) == 0;
  }

 private:
  DType dtype_;
  Shape shape_;
  size_t bytes_, offset_, size_;
  hwy::AlignedFreeUniquePtr<std::byte[]> memory_;
};

// What the outputs of `program` should hold: one odometer step per element.
std::vector<std::vector<Real>> reference(const LoopProgram& program, const std::vector<TestArray>& in);

// Arrays for the outputs of `program`.
std::vector<TestArray> make_outputs(const LoopProgram& program, size_t misaligned = 0);

// Runs with NaNs in the scratch, beyond which nothing may be written.
void run(const LoopKernel& kernel, const std::vector<TestArray>& in, const std::vector<TestArray>& out,
         int threads = 1);

// Every value, within `tolerance` relative to what was expected.
void expect_equal(const std::vector<TestArray>& out, const std::vector<std::vector<Real>>& expected,
                  Real tolerance, const std::string& what);

// Runs `program` on small random numbers and compares with the reference.
void check(const LoopProgram& program, const std::string& what, Real tolerance = 0,
           size_t misaligned = 0);

// Each test runs at each target that this machine has.
class Loops : public testing::TestWithParam<int64_t> {
 public:
  void SetUp() override {
    hwy::SetSupportedTargetsForTest(GetParam());
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    ASSERT_EQ(stages().target, GetParam()) << "another target runs";
  }
  void TearDown() override {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
  int64_t block() const { return static_cast<int64_t>(stages().block); }
};

// Every target of this machine, for INSTANTIATE_TEST_SUITE_P.
std::vector<int64_t> targets();
// The target's name, for the names of tests.
std::string target_name(const testing::TestParamInfo<int64_t>& info);

// Every dtype.
std::vector<DType> all_dtypes();

// `op` applied to two inputs of these shapes.
LoopProgram binary(const MicroOp& op, DType dtype, Shape shape, Shape a, Shape b);

}  // namespace keel::loop_test

#endif  // KEEL_CORE_LOOPS_TEST_UTIL_H_
