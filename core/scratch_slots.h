// Scratch memory for the bodies of one parallel loop: one slot per thread of the pool.
#ifndef KEEL_CORE_SCRATCH_SLOTS_H_
#define KEEL_CORE_SCRATCH_SLOTS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace keel {

constexpr size_t kScratchAlign = 64;

// `bytes`, rounded up to that alignment.
constexpr size_t round_up_bytes(size_t bytes) {
  return (bytes + kScratchAlign - 1) / kScratchAlign * kScratchAlign;
}

// Hands out `threads` slots of `bytes` each from `base`. A pool runs at most one body per thread
// at a time, so a body always finds a free slot; what it computes must not depend on which.
// Thread-safe.
class ScratchSlots {
 public:
  ScratchSlots(void* base, size_t bytes, int threads)
      : base_(static_cast<char*>(base)), bytes_(step(bytes)), threads_(threads) {}

  static size_t total_bytes(size_t bytes, int threads) {
    return step(bytes) * static_cast<size_t>(threads);
  }

  // A slot held for the life of this object.
  class Lease {
   public:
    explicit Lease(ScratchSlots& slots) : slots_(slots), index_(slots.take()) {}
    ~Lease() { slots_.give(index_); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    char* data() const { return slots_.base_ + slots_.bytes_ * static_cast<size_t>(index_); }

   private:
    ScratchSlots& slots_;
    const int index_;
  };

 private:
  // From a slot to the next. A page lies between them, which the hardware's prefetch does not cross: reading
  // the first lines of a slot that another thread writes cost 10 % of a product of 150 us.
  static size_t step(size_t bytes) { return round_up_bytes(bytes) + 4096; }

  // A thread looks at the same slot first every time: what is written there stays in its own caches.
  int take() {
    static std::atomic<unsigned> started{0};
    thread_local const unsigned number = started.fetch_add(1, std::memory_order_relaxed);
    for (int i = static_cast<int>(number % static_cast<unsigned>(threads_));; i = i + 1 < threads_ ? i + 1 : 0) {
      std::atomic<uint64_t>& word = used_[i / 64 % kWords];
      const uint64_t bit = uint64_t{1} << (i % 64);
      if ((word.load(std::memory_order_relaxed) & bit) == 0 &&
          (word.fetch_or(bit, std::memory_order_acquire) & bit) == 0) {
        return i;
      }
    }
  }
  void give(int i) {
    used_[i / 64 % kWords].fetch_and(~(uint64_t{1} << (i % 64)), std::memory_order_release);
  }

  static constexpr int kWords = 16;  // 1024 threads, the pool's own limit.
  char* const base_;
  const size_t bytes_;
  const int threads_;
  std::atomic<uint64_t> used_[kWords] = {};
};

}  // namespace keel

#endif  // KEEL_CORE_SCRATCH_SLOTS_H_
