// For tests of kernels: every target in turn, guarded buffers, plain conversions.
#ifndef KEEL_OPS_MATH_KERNEL_TEST_UTIL_H_
#define KEEL_OPS_MATH_KERNEL_TEST_UTIL_H_

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "core/dtype.h"
#include "core/shape.h"
#include "core/simd_targets.h"
#include "core/threads.h"
#include "core/view.h"
#include "gtest/gtest.h"
#include "hwy/targets.h"

namespace keel::testing_util {

// A pool of 1, 2 or else 7 threads, kept for the whole test program.
inline const ThreadPool& pool_of(int threads) {
  static const ThreadPool one(1), two(2), seven(7);
  return threads == 1 ? one : threads == 2 ? two : seven;
}

// Calls check() under each target that this machine has.
template <typename Check>
void on_every_target(const Check& check) {
  int targets = 0;
  const int64_t supported = hwy::SupportedTargets() & HWY_TARGETS;
  for (int64_t left = supported; left != 0; left &= left - 1) {
    const int64_t one = left & -left;
    hwy::SetSupportedTargetsForTest(one);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    SCOPED_TRACE(hwy::TargetName(one));
    check();
    ++targets;
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  EXPECT_GE(targets, 1);
}

// The value of any element type as a double.
inline double value_of(hwy::bfloat16_t x) {
  uint16_t half;
  std::memcpy(&half, &x, 2);
  const uint32_t bits = uint32_t{half} << 16;
  float wide;
  std::memcpy(&wide, &bits, 4);
  return wide;
}
inline double value_of(hwy::float16_t x) {
  uint16_t half;
  std::memcpy(&half, &x, 2);
  const int exponent = (half >> 10) & 31, mantissa = half & 1023;
  double value = exponent == 0    ? std::ldexp(mantissa, -24)
                 : exponent == 31 ? (mantissa ? NAN : INFINITY)
                                  : std::ldexp(1024 + mantissa, exponent - 25);
  return half & 0x8000 ? -value : value;
}
template <typename T>
double value_of(T x) {
  return static_cast<double>(x);
}

// A random element that every type holds exactly: k / 32 with |k| <= 64, whole for integers.
template <typename T>
T random_element(std::mt19937& random) {
  const int k = static_cast<int>(random() % 129) - 64;
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(k);
  } else if constexpr (sizeof(T) == 2) {
    const float value = static_cast<float>(k) / 32;
    uint16_t half = 0;
    if constexpr (std::is_same_v<T, hwy::bfloat16_t>) {
      uint32_t bits;
      std::memcpy(&bits, &value, 4);
      half = static_cast<uint16_t>(bits >> 16);
    } else if (k != 0) {
      int exponent;
      const float fraction = std::frexp(std::fabs(value), &exponent);  // [0.5, 1)
      half = static_cast<uint16_t>(((exponent + 14) << 10) |
                                   (static_cast<int>(fraction * 2048) & 1023) | (k < 0 ? 0x8000 : 0));
    }
    T x;
    std::memcpy(static_cast<void*>(&x), &half, 2);
    return x;
  } else {
    return static_cast<T>(k) / 32;
  }
}

// Relative distance between neighbours of T near 1.
template <typename T>
constexpr double epsilon_of() {
  if constexpr (std::is_same_v<T, hwy::bfloat16_t>) {
    return 1.0 / 128;
  } else if constexpr (std::is_same_v<T, hwy::float16_t>) {
    return 1.0 / 1024;
  } else if constexpr (std::is_integral_v<T>) {
    return 0;
  } else {
    return std::numeric_limits<T>::epsilon();
  }
}

// `size` elements amid guards of all-ones bytes (NaN in every floating-point type), `skew`
// elements off a 64-byte line.
template <typename T>
class Guarded {
 public:
  explicit Guarded(int64_t size, int64_t skew = 0) : size_(size), skew_(skew) {
    const size_t bytes = (static_cast<size_t>(size + skew) * sizeof(T) + 2 * kGuard + 63) / 64 * 64;
    memory_.assign(bytes + 64, 0xFF);
    const auto address = reinterpret_cast<uintptr_t>(memory_.data());
    start_ = (64 - address % 64) % 64 + kGuard + static_cast<size_t>(skew) * sizeof(T);
  }
  T* data() { return reinterpret_cast<T*>(memory_.data() + start_); }
  const T* data() const { return reinterpret_cast<const T*>(memory_.data() + start_); }
  int64_t size() const { return size_; }

  // Whether nothing wrote outside.
  bool intact() const {
    for (size_t i = 0; i < memory_.size(); ++i) {
      if (i >= start_ && i < start_ + static_cast<size_t>(size_) * sizeof(T)) continue;
      if (memory_[i] != 0xFF) return false;
    }
    return true;
  }
  bool same_bits(const Guarded& other) const {
    return size_ == other.size_ && (size_ == 0 || std::memcmp(data(), other.data(),
                                                 static_cast<size_t>(size_) * sizeof(T)) == 0);
  }
  void fill(std::mt19937& random) {
    for (int64_t i = 0; i < size_; ++i) data()[i] = random_element<T>(random);
  }

 private:
  static constexpr size_t kGuard = 256;
  int64_t size_, skew_;
  size_t start_;
  std::vector<unsigned char> memory_;
};

// What a kernel sees of `x`.
template <typename T>
View view(Guarded<T>& x, const Shape& shape) {
  return {x.data(), dtype_of<T>(), &shape};
}

}  // namespace keel::testing_util

#endif  // KEEL_OPS_MATH_KERNEL_TEST_UTIL_H_
