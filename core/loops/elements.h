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

// Calls f with an unsigned integer as wide as an element.
template <typename F>
void visit_size(size_t size, F&& f) {
  switch (size) {
    case 1: return f(uint8_t{});
    case 2: return f(uint16_t{});
    case 4: return f(uint32_t{});
    default: return f(uint64_t{});
  }
}

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

// n lanes of these bits.
inline void fill_lanes(Lane lane, uint64_t bits, std::byte* to, size_t n) {
  if (lane_size(lane) == 4) {
    std::fill_n(reinterpret_cast<uint32_t*>(to), n, static_cast<uint32_t>(bits));
  } else {
    std::fill_n(reinterpret_cast<uint64_t*>(to), n, bits);
  }
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
