// Memory for arrays.
#ifndef KEEL_CORE_BUFFER_H_
#define KEEL_CORE_BUFFER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace keel {

class Device;

// A reference-counted block of memory, 64-byte aligned. Freed blocks are kept by size and given out
// again, since a fresh page costs more to touch than most kernels do to fill it.
class Buffer {
 public:
  // A block of at least `bytes` bytes, its content undefined, with one reference. ValueError when
  // it would take what this process holds beyond memory_limit().
  static Buffer* allocate(int64_t bytes);

  std::byte* data() { return reinterpret_cast<std::byte*>(this) + kHeader; }
  int64_t capacity() const { return capacity_; }
  // Names the contents of this block, as View::version does; a new name at each allocation.
  uint64_t version() const { return version_; }
  // Gives the contents, about to be overwritten, a new name.
  void renew_version();

  void add_reference() { references_.fetch_add(1, std::memory_order_relaxed); }
  void release();
  bool is_shared() const { return references_.load(std::memory_order_acquire) > 1; }

 private:
  friend class BufferPool;
  static constexpr size_t kHeader = 64;

  std::atomic<int64_t> references_{1};
  int64_t capacity_ = 0;
  uint64_t version_ = 0;
  int bin_ = 0;
  Buffer* next_ = nullptr;
  Device* device_ = nullptr;  // That allocated it; null: the system.
};

// A name for contents that no array has had, for View::version.
uint64_t next_version();

// The most bytes that arrays may hold at once; by default the machine's memory.
int64_t memory_limit();
// Sets that limit; ValueError below 0.
void set_memory_limit(int64_t bytes);
// Bytes that arrays hold now, kept free blocks aside.
int64_t memory_in_use();

}  // namespace keel

#endif  // KEEL_CORE_BUFFER_H_
