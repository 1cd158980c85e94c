// The threads that kernels run on.
#ifndef KEEL_CORE_THREADS_H_
#define KEEL_CORE_THREADS_H_

#include <cstdint>
#include <memory>

#include "absl/functional/function_ref.h"

namespace keel {

// A fixed set of threads. Thread-safe: several callers may run loops at once.
class ThreadPool {
 public:
  // `threads` counts the calling thread: 1 starts none.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return threads_; }

  // Calls body(begin, end) for [0, grain), [grain, 2·grain) … up to n, on several threads, and
  // returns when all are done. The pieces depend on n and grain alone, never on the number of
  // threads, so what a body computes per piece has the same bits on any pool. `body` must not
  // throw. A single piece runs on the calling thread at once, with no synchronization.
  void parallel_for(int64_t n, int64_t grain,
                    absl::FunctionRef<void(int64_t begin, int64_t end)> body) const;

  // The pool that functions run on: KEEL_NUM_THREADS threads, by default one per core. Started on
  // first use.
  static const ThreadPool& global();

 private:
  struct Workers;
  const int threads_;
  std::unique_ptr<Workers> workers_;
};

// Told of rows [begin, end) of a result that have their final values: each row once, in any order, by any
// thread. What is to be done to them next is done while the caches hold them. Must not throw.
using RowsDone = absl::FunctionRef<void(int64_t begin, int64_t end)>;

}  // namespace keel

#endif  // KEEL_CORE_THREADS_H_
