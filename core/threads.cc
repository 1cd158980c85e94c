#define EIGEN_USE_THREADS
#include "core/threads.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "hwy/cache_control.h"
#include "unsupported/Eigen/CXX11/ThreadPool"

namespace keel {
namespace {

using Body = absl::FunctionRef<void(int64_t, int64_t)>;

// A place for one loop in flight. `state` packs how often the place was used, the number of pieces
// and the next piece, so that taking a piece also proves that the loop is still the one seen: a
// helper that comes late never touches a loop that is over, and no caller waits for it to arrive.
struct alignas(64) Slot {
  static constexpr int kPieceBits = 20;
  static constexpr int64_t kMaxPieces = (int64_t{1} << kPieceBits) - 1;

  std::atomic<uint64_t> state{0};
  std::atomic<bool> taken{false};
  alignas(64) std::atomic<int64_t> done{0};
  // Read only by who holds a piece, written only when nobody does.
  const Body* body = nullptr;
  int64_t n = 0, grain = 0;
  int64_t per_piece = 1;  // Calls of body per piece taken.

  static uint64_t pieces_of(uint64_t s) { return (s >> kPieceBits) & kMaxPieces; }
  static uint64_t next_of(uint64_t s) { return s & kMaxPieces; }

  void publish(const Body& loop_body, int64_t loop_n, int64_t loop_grain, int64_t calls) {
    body = &loop_body;
    n = loop_n;
    grain = loop_grain;
    per_piece = (calls - 1) / kMaxPieces + 1;
    const int64_t pieces = (calls - 1) / per_piece + 1;
    done.store(0, std::memory_order_relaxed);
    const uint64_t uses = (state.load(std::memory_order_relaxed) >> (2 * kPieceBits)) + 1;
    state.store((uses << (2 * kPieceBits)) | (static_cast<uint64_t>(pieces) << kPieceBits),
                std::memory_order_seq_cst);
  }

  // Runs pieces until none is left to take; whether there was any.
  bool work() {
    bool any = false;
    uint64_t s = state.load(std::memory_order_seq_cst);
    while (next_of(s) < pieces_of(s)) {
      if (!state.compare_exchange_weak(s, s + 1, std::memory_order_acq_rel)) continue;
      any = true;
      const int64_t first = static_cast<int64_t>(next_of(s)) * per_piece;
      for (int64_t call = first; call < first + per_piece && call * grain < n; ++call) {
        (*body)(call * grain, std::min(n, (call + 1) * grain));
      }
      done.fetch_add(1, std::memory_order_release);
      s = state.load(std::memory_order_acquire);
    }
    return any;
  }
};

// How long a helper looks for the next loop before it leaves its thread to sleep. Waking it again
// costs some 50 us on a virtual machine; the loops of one plan, and the calls of a training loop, follow
// each other faster than this.
constexpr auto kLinger = std::chrono::microseconds(200);

}  // namespace

struct ThreadPool::Workers {
  explicit Workers(int threads) : pool(threads) {}

  // Helps with every loop there is until there has been none for kLinger.
  void help() {
    auto idle_since = std::chrono::steady_clock::now();
    for (;;) {
      if (work_any()) {
        idle_since = std::chrono::steady_clock::now();
        continue;
      }
      for (int i = 0; i < 16; ++i) hwy::Pause();
      if (std::chrono::steady_clock::now() - idle_since < kLinger) continue;
      helpers.fetch_sub(1, std::memory_order_seq_cst);
      // Who published before that counted on this helper; who publishes after it sees it gone.
      if (!work_any()) return;
      helpers.fetch_add(1, std::memory_order_seq_cst);
      idle_since = std::chrono::steady_clock::now();
    }
  }

  bool work_any() {
    bool any = false;
    for (Slot& slot : slots) any |= slot.work();
    return any;
  }

  Slot* take_slot() {
    for (Slot& slot : slots) {
      if (!slot.taken.load(std::memory_order_relaxed) &&
          !slot.taken.exchange(true, std::memory_order_acquire)) {
        return &slot;
      }
    }
    return nullptr;
  }

  Slot slots[8];
  std::atomic<int> helpers{0};  // Helping, lingering or on their way.
  Eigen::ThreadPool pool;       // Last: its threads use the rest until they are joined.
};

ThreadPool::ThreadPool(int threads) : threads_(std::max(threads, 1)) {
  if (threads_ > 1) workers_ = std::make_unique<Workers>(threads_ - 1);
}

ThreadPool::~ThreadPool() = default;

void ThreadPool::parallel_for(int64_t n, int64_t grain,
                              absl::FunctionRef<void(int64_t begin, int64_t end)> body) const {
  if (n <= 0) return;
  grain = std::max<int64_t>(grain, 1);
  const int64_t pieces = (n - 1) / grain + 1;
  // With more loops in flight than places for them, this one runs here.
  Slot* slot = pieces == 1 || workers_ == nullptr ? nullptr : workers_->take_slot();
  if (slot == nullptr) {
    for (int64_t piece = 0; piece < pieces; ++piece) {
      body(piece * grain, std::min(n, (piece + 1) * grain));
    }
    return;
  }
  slot->publish(body, n, grain, pieces);
  const int wanted = static_cast<int>(std::min<int64_t>(pieces - 1, threads_ - 1));
  for (int have = workers_->helpers.load(std::memory_order_seq_cst); have < wanted;) {
    if (!workers_->helpers.compare_exchange_weak(have, have + 1, std::memory_order_seq_cst)) {
      continue;
    }
    ++have;
    // The closure is one pointer, which std::function stores without the heap.
    workers_->pool.Schedule([workers = workers_.get()] { workers->help(); });
  }
  slot->work();
  const int64_t taken = static_cast<int64_t>(
      Slot::pieces_of(slot->state.load(std::memory_order_relaxed)));
  int spins = 0;
  while (slot->done.load(std::memory_order_acquire) != taken) {
    if (++spins < 4000) {
      hwy::Pause();
    } else {
      std::this_thread::yield();
    }
  }
  slot->taken.store(false, std::memory_order_release);
}

const ThreadPool& ThreadPool::global() {
  static const ThreadPool* pool = [] {
    int threads = static_cast<int>(std::thread::hardware_concurrency());
    if (const char* text = std::getenv("KEEL_NUM_THREADS")) {
      const int wanted = std::atoi(text);
      if (wanted > 0) threads = std::min(wanted, 1024);
    }
    return new ThreadPool(threads);
  }();
  return *pool;
}

}  // namespace keel
