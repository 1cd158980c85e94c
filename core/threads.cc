#define EIGEN_USE_THREADS
#include "core/threads.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <thread>

#include "unsupported/Eigen/CXX11/ThreadPool"

namespace keel {

struct ThreadPool::Workers {
  explicit Workers(int threads) : pool(threads) {}
  Eigen::ThreadPool pool;
};

ThreadPool::ThreadPool(int threads) : threads_(std::max(threads, 1)) {
  if (threads_ > 1) workers_ = std::make_unique<Workers>(threads_ - 1);
}

ThreadPool::~ThreadPool() = default;

namespace {

// One loop in flight. Every thread takes the next piece until none is left.
struct Loop {
  void work() {
    for (;;) {
      const int64_t piece = next.fetch_add(1, std::memory_order_relaxed);
      if (piece >= pieces) return;
      body(piece * grain, std::min(n, (piece + 1) * grain));
    }
  }

  int64_t n, grain, pieces;
  absl::FunctionRef<void(int64_t, int64_t)> body;
  std::atomic<int64_t> next{0};
  std::atomic<int> helpers{0};  // Helpers that may still touch this loop.
};

}  // namespace

void ThreadPool::parallel_for(int64_t n, int64_t grain,
                              absl::FunctionRef<void(int64_t begin, int64_t end)> body) const {
  if (n <= 0) return;
  grain = std::max<int64_t>(grain, 1);
  const int64_t pieces = (n - 1) / grain + 1;
  if (pieces == 1 || workers_ == nullptr) {
    for (int64_t piece = 0; piece < pieces; ++piece) {
      body(piece * grain, std::min(n, (piece + 1) * grain));
    }
    return;
  }
  Loop loop{n, grain, pieces, body};
  const int helpers = static_cast<int>(std::min<int64_t>(pieces - 1, threads_ - 1));
  loop.helpers = helpers;
  for (int i = 0; i < helpers; ++i) {
    // The closure is one pointer, which std::function stores without the heap.
    workers_->pool.Schedule([state = &loop] {
      state->work();
      state->helpers.fetch_sub(1, std::memory_order_release);
    });
  }
  loop.work();
  // Helpers hold a pointer to this frame: leave only when each has let go. A helper that was never
  // scheduled in time finds no piece left and returns at once.
  int spins = 0;
  while (loop.helpers.load(std::memory_order_acquire) != 0) {
    if (++spins > 2000) std::this_thread::yield();
  }
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
