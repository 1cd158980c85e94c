// Element types.
#ifndef KEEL_CORE_DTYPE_H_
#define KEEL_CORE_DTYPE_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/error.h"
#include "core/simd_targets.h"
#include "hwy/base.h"

namespace keel {

// Storage types: 16 bits with no arithmetic of their own. Kernels compute them in float32.
using float16 = hwy::float16_t;
using bfloat16 = hwy::bfloat16_t;

// Conversions; exact in this direction.
float to_float(float16 value);
float to_float(bfloat16 value);
float16 to_float16(float value);    // Rounds to nearest even; infinite beyond 65504.
bfloat16 to_bfloat16(float value);  // Rounds to nearest even.

// An element type; converts from Keras's names: `DType t = "float32"`.
class DType {
 public:
  enum Kind : uint8_t {
    kBool, kUint8, kInt8, kUint16, kInt16, kUint32, kInt32, kUint64, kInt64,
    kFloat16, kBfloat16, kFloat32, kFloat64,
  };
  static constexpr int kKinds = kFloat64 + 1;

  constexpr DType(Kind kind = kFloat32) : kind_(kind) {}  // NOLINT: implicit by design
  DType(std::string_view name);                           // NOLINT: ValueError on an unknown name
  DType(const char* name) : DType(std::string_view(name)) {}  // NOLINT
  DType(const std::string& name) : DType(std::string_view(name)) {}  // NOLINT

  constexpr Kind kind() const { return kind_; }
  constexpr operator Kind() const { return kind_; }
  std::string_view name() const;  // "float32"
  size_t size() const;            // Bytes of one element.

  bool is_floating() const { return kind_ >= kFloat16; }
  bool is_bool() const { return kind_ == kBool; }
  bool is_integer() const { return kind_ > kBool && kind_ < kFloat16; }
  bool is_signed() const {
    return is_floating() || kind_ == kInt8 || kind_ == kInt16 || kind_ == kInt32 ||
           kind_ == kInt64;
  }

  friend constexpr bool operator==(DType a, DType b) { return a.kind_ == b.kind_; }
  friend constexpr bool operator==(DType a, Kind b) { return a.kind_ == b; }
  friend constexpr bool operator!=(DType a, Kind b) { return a.kind_ != b; }
  friend constexpr bool operator!=(DType a, DType b) { return a.kind_ != b.kind_; }
  friend std::ostream& operator<<(std::ostream& out, DType t) { return out << t.name(); }
  template <typename H>
  friend H AbslHashValue(H h, DType t) {
    return H::combine(std::move(h), t.kind_);
  }

 private:
  Kind kind_;
};

// The dtype that stores C++'s T.
template <typename T>
constexpr DType dtype_of() {
  if constexpr (std::is_same_v<T, bool>) return DType::kBool;
  else if constexpr (std::is_same_v<T, float16>) return DType::kFloat16;
  else if constexpr (std::is_same_v<T, bfloat16>) return DType::kBfloat16;
  else if constexpr (std::is_same_v<T, float>) return DType::kFloat32;
  else if constexpr (std::is_same_v<T, double>) return DType::kFloat64;
  else {
    static_assert(std::is_integral_v<T>, "keel has no dtype for this type");
    constexpr bool s = std::is_signed_v<T>;
    switch (sizeof(T)) {
      case 1: return s ? DType::kInt8 : DType::kUint8;
      case 2: return s ? DType::kInt16 : DType::kUint16;
      case 4: return s ? DType::kInt32 : DType::kUint32;
      default: return s ? DType::kInt64 : DType::kUint64;
    }
  }
}

// Calls f(T{}) with the C++ type that stores `dtype`.
template <typename F>
decltype(auto) visit_dtype(DType dtype, F&& f) {
  switch (dtype.kind()) {
    case DType::kBool: return f(bool{});
    case DType::kUint8: return f(uint8_t{});
    case DType::kInt8: return f(int8_t{});
    case DType::kUint16: return f(uint16_t{});
    case DType::kInt16: return f(int16_t{});
    case DType::kUint32: return f(uint32_t{});
    case DType::kInt32: return f(int32_t{});
    case DType::kUint64: return f(uint64_t{});
    case DType::kInt64: return f(int64_t{});
    case DType::kFloat16: return f(float16{});
    case DType::kBfloat16: return f(bfloat16{});
    case DType::kFloat32: return f(float{});
    case DType::kFloat64: break;
  }
  return f(double{});
}

// Calls f(U{}) with the unsigned integer that has the size of an element: where only bits are moved.
template <typename F>
decltype(auto) visit_size(size_t size, F&& f) {
  switch (size) {
    case 1: return f(uint8_t{});
    case 2: return f(uint16_t{});
    case 4: return f(uint32_t{});
    default: return f(uint64_t{});
  }
}

// Element `value` as U, by Keel's rules of casting: a float becomes an integer by truncation,
// saturated, NaN as 0; anything but 0 becomes true.
template <typename U, typename T>
U convert_element(T value) {
  if constexpr (std::is_same_v<T, float16> || std::is_same_v<T, bfloat16>) {
    return convert_element<U>(to_float(value));
  } else if constexpr (std::is_same_v<U, float16>) {
    return to_float16(static_cast<float>(value));
  } else if constexpr (std::is_same_v<U, bfloat16>) {
    return to_bfloat16(static_cast<float>(value));
  } else if constexpr (std::is_same_v<U, bool>) {
    return value != T(0);
  } else if constexpr (std::is_floating_point_v<T> && std::is_integral_v<U>) {
    if (value != value) return U(0);
    constexpr U lowest = std::numeric_limits<U>::min(), highest = std::numeric_limits<U>::max();
    if (value <= static_cast<T>(lowest)) return lowest;
    if (value >= static_cast<T>(highest)) return highest;
    return static_cast<U>(value);
  } else {
    return static_cast<U>(value);
  }
}

}  // namespace keel

#endif  // KEEL_CORE_DTYPE_H_
