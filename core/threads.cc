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

// Places and shares: what several threads write lies on lines of its own, since handing a line from core
// to core takes up to 1 us.
constexpr int kPlaces = 8, kMaxShares = 16;

// A loop in flight, in a word: how often the place was used, how many pieces there are, and in how many shares
// of consecutive pieces they are dealt out.
class Loop {
 public:
  static constexpr int kPieceBits = 20, kShareBits = 5;
  static constexpr int64_t kMaxPieces = (int64_t{1} << kPieceBits) - 1;

  explicit Loop(uint64_t bits) : bits_(bits) {}
  Loop(uint64_t use, int64_t pieces, int shares)
      : bits_(use << (kPieceBits + kShareBits) | static_cast<uint64_t>(pieces) << kShareBits |
              static_cast<uint64_t>(shares)) {}

  uint64_t bits() const { return bits_; }
  uint64_t use() const { return bits_ >> (kPieceBits + kShareBits); }
  int shares() const { return static_cast<int>(bits_ & ((1 << kShareBits) - 1)); }
  int64_t pieces() const { return static_cast<int64_t>(bits_ >> kShareBits) & kMaxPieces; }
  int64_t begin_of(int share) const { return pieces() * share / shares(); }

 private:
  uint64_t bits_;
};

// How far a share is: the use of its place that it was last worked on in, and the piece to take next.
struct alignas(64) Share {
  std::atomic<uint64_t> state{0};

  // The next piece of [begin, end), or -1 where there is none. Taking one proves that the loop is still in
  // flight: of one that is over, every share was emptied in that use or a later one.
  int64_t take(uint64_t use, int64_t begin, int64_t end) {
    uint64_t s = state.load(std::memory_order_acquire);
    for (;;) {
      const uint64_t last_use = s >> Loop::kPieceBits;
      if (last_use > use) return -1;
      const int64_t piece = last_use < use ? begin : static_cast<int64_t>(s) & Loop::kMaxPieces;
      if (piece >= end) return -1;
      if (state.compare_exchange_weak(s, use << Loop::kPieceBits | static_cast<uint64_t>(piece + 1),
                                      std::memory_order_acq_rel)) {
        return piece;
      }
    }
  }
};

// A place for one loop in flight. A thread works on its own share first, so that loop after loop, and call
// after call, it meets the part of memory that its own caches hold; then it helps with the others'.
// A helper that comes late finds nothing to take, and no caller waits for it to arrive.
struct Place {
  alignas(64) std::atomic<uint64_t> loop{0};
  // Read only by who holds a piece, written only when nobody does.
  const Body* body = nullptr;
  int64_t n = 0, grain = 0;
  int64_t per_piece = 1;  // Calls of body per piece.
  alignas(64) std::atomic<int64_t> done{0};  // Pieces, by helpers.
  alignas(64) std::atomic<bool> taken{false};
  Share share[kMaxShares];

  Loop publish(const Body& loop_body, int64_t loop_n, int64_t loop_grain, int64_t calls, int threads) {
    body = &loop_body;
    n = loop_n;
    grain = loop_grain;
    per_piece = (calls - 1) / Loop::kMaxPieces + 1;
    const int64_t pieces = (calls - 1) / per_piece + 1;
    const int shares = static_cast<int>(std::min<int64_t>({pieces, threads, kMaxShares}));
    done.store(0, std::memory_order_relaxed);
    const Loop now(Loop(loop.load(std::memory_order_relaxed)).use() + 1, pieces, shares);
    loop.store(now.bits(), std::memory_order_seq_cst);
    return now;
  }

  // Runs pieces until none is left to take; how many.
  int64_t work(Loop now, int thread) {
    int64_t ran = 0;
    for (int i = 0; i < now.shares(); ++i) {
      const int of = (thread + i) % now.shares();
      const int64_t begin = now.begin_of(of), end = now.begin_of(of + 1);
      for (int64_t piece; (piece = share[of].take(now.use(), begin, end)) >= 0; ++ran) {
        const int64_t first = piece * per_piece;
        for (int64_t call = first; call < first + per_piece && call * grain < n; ++call) {
          (*body)(call * grain, std::min(n, (call + 1) * grain));
        }
      }
    }
    return ran;
  }
};

// How long a helper looks for the next loop before it leaves its thread to sleep. Waking it again
// costs some 50 us on a virtual machine; the loops of one plan, and the calls of a training loop, follow
// each other faster than this.
constexpr auto kLinger = std::chrono::microseconds(200);

}  // namespace

struct ThreadPool::Workers {
  explicit Workers(int threads) : pool(threads) {}

  struct Helper {
    int thread;
    uint64_t seen[kPlaces] = {};  // The loops that nothing is left of.
  };

  // Helps with every loop there is until there has been none for kLinger.
  void help() {
    Helper helper{pool.CurrentThreadId() + 1};  // A caller is 0.
    auto idle_since = std::chrono::steady_clock::now();
    for (;;) {
      if (work_any(helper)) {
        idle_since = std::chrono::steady_clock::now();
        continue;
      }
      for (int i = 0; i < 16; ++i) hwy::Pause();
      if (std::chrono::steady_clock::now() - idle_since < kLinger) continue;
      helpers.fetch_sub(1, std::memory_order_seq_cst);
      // Who published before that counted on this helper; who publishes after it sees it gone.
      if (!work_any(helper)) return;
      helpers.fetch_add(1, std::memory_order_seq_cst);
      idle_since = std::chrono::steady_clock::now();
    }
  }

  bool work_any(Helper& helper) {
    bool any = false;
    for (int i = 0; i < kPlaces; ++i) {
      const Loop now(places[i].loop.load(std::memory_order_seq_cst));
      if (now.bits() == helper.seen[i]) continue;
      const int64_t ran = places[i].work(now, helper.thread);
      if (ran != 0) places[i].done.fetch_add(ran, std::memory_order_release);
      any |= ran != 0;
      helper.seen[i] = now.bits();
    }
    return any;
  }

  Place* take_place() {
    for (Place& place : places) {
      if (!place.taken.load(std::memory_order_relaxed) &&
          !place.taken.exchange(true, std::memory_order_acquire)) {
        return &place;
      }
    }
    return nullptr;
  }

  Place places[kPlaces];
  alignas(64) std::atomic<int> helpers{0};  // Helping, lingering or on their way.
  Eigen::ThreadPool pool;                   // Last: its threads use the rest until they are joined.
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
  Place* place = pieces == 1 || workers_ == nullptr ? nullptr : workers_->take_place();
  if (place == nullptr) {
    for (int64_t piece = 0; piece < pieces; ++piece) {
      body(piece * grain, std::min(n, (piece + 1) * grain));
    }
    return;
  }
  const Loop loop = place->publish(body, n, grain, pieces, threads_);
  const int wanted = static_cast<int>(std::min<int64_t>(pieces - 1, threads_ - 1));
  for (int have = workers_->helpers.load(std::memory_order_seq_cst); have < wanted;) {
    if (!workers_->helpers.compare_exchange_weak(have, have + 1, std::memory_order_seq_cst)) {
      continue;
    }
    ++have;
    // The closure is one pointer, which std::function stores without the heap.
    workers_->pool.Schedule([workers = workers_.get()] { workers->help(); });
  }
  const int64_t left = loop.pieces() - place->work(loop, 0);
  int spins = 0;
  while (place->done.load(std::memory_order_acquire) != left) {
    if (++spins < 4000) {
      hwy::Pause();
    } else {
      std::this_thread::yield();
    }
  }
  place->taken.store(false, std::memory_order_release);
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
