#include "core/dtype.h"

#include <cstring>

#include "Eigen/Core"

namespace keel {
namespace {

struct Entry {
  std::string_view name;
  size_t size;
};

constexpr Entry kEntries[DType::kKinds] = {
    {"bool", 1},  {"uint8", 1},  {"int8", 1},    {"uint16", 2},   {"int16", 2},   {"uint32", 4},
    {"int32", 4}, {"uint64", 8}, {"int64", 8},   {"float16", 2},  {"bfloat16", 2},
    {"float32", 4}, {"float64", 8},
};

template <typename To, typename From>
To same_bits(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof(to));
  return to;
}

}  // namespace

float to_float(float16 value) {
  return static_cast<float>(Eigen::numext::bit_cast<Eigen::half>(same_bits<uint16_t>(value)));
}

float to_float(bfloat16 value) {
  return same_bits<float>(static_cast<uint32_t>(same_bits<uint16_t>(value)) << 16);
}

float16 to_float16(float value) { return same_bits<float16>(Eigen::half(value).x); }

bfloat16 to_bfloat16(float value) { return same_bits<bfloat16>(Eigen::bfloat16(value).value); }

DType::DType(std::string_view name) {
  for (int kind = 0; kind < kKinds; ++kind) {
    if (kEntries[kind].name == name) {
      kind_ = static_cast<Kind>(kind);
      return;
    }
  }
  fail("dtype: unknown name '", name,
       "'; accepted are bool, (u)int8 to (u)int64, float16, bfloat16, float32 and float64");
}

std::string_view DType::name() const { return kEntries[kind_].name; }

size_t DType::size() const { return kEntries[kind_].size; }

}  // namespace keel
