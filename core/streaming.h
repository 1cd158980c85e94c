// When results are written past the caches.
#ifndef KEEL_CORE_STREAMING_H_
#define KEEL_CORE_STREAMING_H_

#include <cstdint>

namespace keel {

// Results from this size on would push more out of the caches than they leave there, and a plain store first
// reads the line that it overwrites.
inline constexpr int64_t kStreamedBytes = int64_t{16} << 20;

// Whether results of `bytes` bytes at `to` go past the caches, in stores of `vector` bytes, which have to be
// aligned.
inline bool is_streamed(const void* to, int64_t bytes, int64_t vector) {
  return bytes >= kStreamedBytes && reinterpret_cast<uintptr_t>(to) % static_cast<uintptr_t>(vector) == 0;
}

}  // namespace keel

#endif  // KEEL_CORE_STREAMING_H_
