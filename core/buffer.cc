#include "core/buffer.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>
#include <new>

#include "core/device.h"
#include "core/error.h"

namespace keel {
namespace {

// Eight sizes per power of two, so that at most an eighth of a block is wasted.
constexpr int kStepBits = 3;
constexpr int kSmallest = 6;  // 64 bytes.
constexpr int kBins = (63 - kSmallest) << kStepBits;
// What the free lists may hold: a large returned array is worth keeping, a heap of them is not.
constexpr int64_t kMostKept = int64_t{1} << 30;

int bin_of(int64_t bytes) {
  if (bytes <= 64) return 0;
  const uint64_t n = static_cast<uint64_t>(bytes) - 1;
  const int top = 63 - __builtin_clzll(n);
  const int step = static_cast<int>(n >> (top - kStepBits)) & ((1 << kStepBits) - 1);
  return ((top - kSmallest) << kStepBits) + step + 1;
}

int64_t bin_bytes(int bin) {
  const int top = (bin >> kStepBits) + kSmallest, step = bin & ((1 << kStepBits) - 1);
  return (int64_t{1} << top) + (int64_t{step} << (top - kStepBits));
}

int64_t physical_memory() {
  return static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGE_SIZE);
}

}  // namespace

class BufferPool {
 public:
  static BufferPool& instance() {
    static BufferPool* pool = new BufferPool;  // Arrays may outlive every static object.
    return *pool;
  }

  Buffer* take(int64_t bytes) {
    const int64_t limit = limit_.load(std::memory_order_relaxed);
    if (bytes < 0 || bytes > limit || in_use_.load(std::memory_order_relaxed) > limit - bytes) {
      fail("memory: an array of ", bytes, " bytes does not fit the limit of ", limit, " bytes, of which ",
           in_use_.load(), " are in use");
    }
    const int bin = bin_of(bytes);
    Buffer* buffer = nullptr;
    {
      std::lock_guard lock(mutex_);
      if (free_[bin] != nullptr) {
        buffer = free_[bin];
        free_[bin] = buffer->next_;
        kept_ -= buffer->capacity_;
      }
    }
    if (buffer == nullptr) {
      const int64_t capacity = bin_bytes(bin);
      // Whole huge pages where they pay: 4 KiB ones take a walk of the page table every 64 lines.
      const bool huge = capacity >= (int64_t{1} << 22);
      const size_t alignment = huge ? size_t{1} << 21 : 64;
      const size_t size = (static_cast<size_t>(capacity) + Buffer::kHeader + alignment - 1) / alignment * alignment;
      Device* const owner = device();
      void* memory = owner != nullptr ? owner->allocate(size) : std::aligned_alloc(alignment, size);
      if (memory == nullptr) {
        fail("memory: ", owner != nullptr ? owner->name() : "the system", " has no ", size, " bytes left");
      }
#ifdef MADV_HUGEPAGE
      // Linux gives them to who asks, by most distributions' default; a refusal does no harm.
      if (huge && owner == nullptr) madvise(memory, size, MADV_HUGEPAGE);
#endif
      buffer = new (memory) Buffer;
      buffer->device_ = owner;
      buffer->capacity_ = capacity;
      buffer->bin_ = bin;
    }
    in_use_.fetch_add(buffer->capacity_, std::memory_order_relaxed);
    buffer->references_.store(1, std::memory_order_relaxed);
    buffer->version_ = new_version();
    return buffer;
  }

  void give_back(Buffer* buffer) {
    in_use_.fetch_sub(buffer->capacity_, std::memory_order_relaxed);
    {
      std::lock_guard lock(mutex_);
      if (kept_ + buffer->capacity_ <= kMostKept) {
        kept_ += buffer->capacity_;
        buffer->next_ = free_[buffer->bin_];
        free_[buffer->bin_] = buffer;
        return;
      }
    }
    Device* const owner = buffer->device_;
    buffer->~Buffer();
    if (owner != nullptr) owner->free(buffer);
    else std::free(buffer);
  }

  uint64_t new_version() { return next_version_.fetch_add(1, std::memory_order_relaxed); }

  std::atomic<int64_t> limit_{physical_memory()};
  std::atomic<int64_t> in_use_{0};

 private:
  std::mutex mutex_;
  Buffer* free_[kBins] = {};
  int64_t kept_ = 0;
  std::atomic<uint64_t> next_version_{1};
};

Buffer* Buffer::allocate(int64_t bytes) { return BufferPool::instance().take(bytes); }

uint64_t next_version() { return BufferPool::instance().new_version(); }

void Buffer::renew_version() { version_ = BufferPool::instance().new_version(); }

void Buffer::release() {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    BufferPool::instance().give_back(this);
  }
}

int64_t memory_limit() { return BufferPool::instance().limit_; }

void set_memory_limit(int64_t bytes) {
  if (bytes < 0) fail("set_memory_limit: bytes is ", bytes, "; accepted are 0 and above");
  BufferPool::instance().limit_ = bytes;
}

int64_t memory_in_use() { return BufferPool::instance().in_use_; }

}  // namespace keel
