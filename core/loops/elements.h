// Elements one by one: what loops do before and between their blocks.
#ifndef KEEL_CORE_LOOPS_ELEMENTS_H_
#define KEEL_CORE_LOOPS_ELEMENTS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/dtype.h"
#include "core/loops/stages.h"

namespace keel {

// Calls f(T{}) with the C++ type of the lanes.
template <typename F>
void visit_lane(Lane lane, F&& f) {
  switch (lane) {
    case Lane::kInt32: return f(int32_t{});
    case Lane::kUint32: return f(uint32_t{});
    case Lane::kFloat32: return f(float{});
    case Lane::kInt64: return f(int64_t{});
    case Lane::kUint64: return f(uint64_t{});
    case Lane::kFloat64: return f(double{});
  }
}

// Copies 16 bytes.
inline void copy_16(std::byte* to, const void* from) {
  uint64_t bytes[2];
  std::memcpy(bytes, from, 16);
  std::memcpy(to, bytes, 16);
}

// Fills n bytes, and up to 15 more, with a pattern of 8.
inline void fill_pattern(uint64_t pattern, std::byte* to, size_t n) {
  const uint64_t twice[2] = {pattern, pattern};
  for (size_t j = 0; j < n; j += 16) copy_16(to + j, twice);
}

// Copies n elements; meant for short runs, for which a call would take longer than the copy.
template <typename T>
void copy_elements(std::byte* to, const std::byte* from, size_t n) {
  const size_t bytes = n * sizeof(T);
  if (bytes < 16) {
    for (size_t j = 0; j < bytes; j += sizeof(T)) std::memcpy(to + j, from + j, sizeof(T));
    return;
  }
  for (size_t j = 0; j + 16 <= bytes; j += 16) copy_16(to + j, from + j);
  copy_16(to + bytes - 16, from + bytes - 16);
}

// Fills n elements, and up to 15 bytes more, with the one at `from`.
template <typename T>
void fill_elements(std::byte* to, const std::byte* from, size_t n) {
  T element;
  std::memcpy(&element, from, sizeof(T));
  constexpr uint64_t kEach = ~uint64_t{0} / static_cast<T>(~T{0});  // 1 in every place of a T.
  fill_pattern(kEach * element, to, n * sizeof(T));
}

// n lanes, whole blocks of them, of these bits.
inline void fill_lanes(Lane lane, uint64_t bits, std::byte* to, size_t n) {
  if (lane_size(lane) == 4) fill_pattern(bits << 32 | (bits & 0xFFFFFFFF), to, n * 4);
  else fill_pattern(bits, to, n * 8);
}

// n lanes equal to the element at `from`.
inline void splat(DType dtype, Lane lane, const std::byte* from, std::byte* to, size_t n) {
  uint64_t value = 0;
  if (is_lane_form(dtype)) {
    std::memcpy(&value, from, lane_size(lane));
  } else {
    visit_dtype(dtype, [&](auto storage) {
      std::memcpy(&storage, from, sizeof(storage));
      visit_lane(lane, [&](auto element) {
        element = convert_element<decltype(element)>(storage);
        std::memcpy(&value, &element, sizeof(element));
      });
    });
  }
  fill_lanes(lane, value, to, n);
}

// n elements as lanes.
inline void convert(DType dtype, Lane lane, const std::byte* from, std::byte* to, int64_t n) {
  if (is_lane_form(dtype)) {
    std::memcpy(to, from, n * lane_size(lane));
    return;
  }
  visit_dtype(dtype, [&](auto storage) {
    using S = decltype(storage);
    visit_lane(lane, [&](auto element) {
      using T = decltype(element);
      for (int64_t j = 0; j < n; ++j) {
        reinterpret_cast<T*>(to)[j] = convert_element<T>(reinterpret_cast<const S*>(from)[j]);
      }
    });
  });
}

}  // namespace keel

#endif  // KEEL_CORE_LOOPS_ELEMENTS_H_
