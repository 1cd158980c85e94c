#include "core/threads.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace keel {
namespace {

TEST(ThreadPool, PiecesDependOnNAndGrainAlone) {
  for (int threads : {1, 2, 7}) {
    const ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (int64_t n : {0, 1, 5, 16, 1000}) {
      for (int64_t grain : {0, 1, 3, 16, 2000}) {
        std::vector<std::atomic<int>> calls(static_cast<size_t>(n) + 1), covered(calls.size());
        pool.parallel_for(n, grain, [&](int64_t begin, int64_t end) {
          const int64_t step = grain > 0 ? grain : 1;
          EXPECT_EQ(begin % step, 0);
          EXPECT_EQ(end, std::min(n, begin + step));
          ++calls[static_cast<size_t>(begin)];
          for (int64_t i = begin; i < end; ++i) ++covered[static_cast<size_t>(i)];
        });
        for (int64_t i = 0; i < n; ++i) EXPECT_EQ(covered[static_cast<size_t>(i)], 1);
        if (n > 0) {
          EXPECT_EQ(calls[0], 1);
        }
      }
    }
  }
}

// More pieces than a loop's counter holds.
TEST(ThreadPool, ManyPieces) {
  const ThreadPool pool(3);
  const int64_t n = 3'000'001;
  std::atomic<int64_t> calls{0}, sum{0};
  pool.parallel_for(n, 1, [&](int64_t begin, int64_t end) {
    calls.fetch_add(end - begin, std::memory_order_relaxed);
    sum.fetch_add(begin, std::memory_order_relaxed);
  });
  EXPECT_EQ(calls, n);
  EXPECT_EQ(sum, n * (n - 1) / 2);
}

// A loop is over when its last piece is: helpers that come late find nothing, whatever ran since.
TEST(ThreadPool, LoopsOneAfterAnother) {
  const ThreadPool pool(4);
  for (int64_t round = 0; round < 20000; ++round) {
    const int64_t n = 1 + round % 9;
    std::atomic<int64_t> sum{0};
    pool.parallel_for(n, 1, [&](int64_t begin, int64_t) { sum += begin + round; });
    ASSERT_EQ(sum, n * (n - 1) / 2 + n * round);
  }
}

// Loop after loop, a thread begins with the same part.
TEST(ThreadPool, ThreadsKeepToTheirShares) {
  const ThreadPool pool(2);
  for (int round = 0; round < 2000; ++round) {
    std::thread::id ran[2];
    std::atomic<int> begun{0};
    pool.parallel_for(2, 1, [&](int64_t i, int64_t) {
      ran[i] = std::this_thread::get_id();
      ++begun;
      while (begun < 2) std::this_thread::yield();  // Each of the threads has one piece.
    });
    ASSERT_EQ(ran[0], std::this_thread::get_id());
    ASSERT_NE(ran[1], std::this_thread::get_id());
  }
}

// After a pause the helpers sleep, and must be woken.
TEST(ThreadPool, LoopsAfterAPause) {
  const ThreadPool pool(2);
  for (int round = 0; round < 20; ++round) {
    std::atomic<bool> other{false};
    const auto self = std::this_thread::get_id();
    pool.parallel_for(2, 1, [&](int64_t, int64_t) {
      if (std::this_thread::get_id() != self) {
        other = true;
        return;
      }
      while (!other) std::this_thread::yield();  // The other piece must run on the other thread.
    });
    EXPECT_TRUE(other);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

// More callers than places for loops in flight.
TEST(ThreadPool, ManyCallersAtOnce) {
  const ThreadPool pool(3);
  std::vector<std::thread> callers;
  std::atomic<int> wrong{0};
  for (int caller = 0; caller < 12; ++caller) {
    callers.emplace_back([&, caller] {
      for (int64_t round = 0; round < 300; ++round) {
        std::vector<int64_t> to(50, -1);
        pool.parallel_for(50, 4, [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) to[static_cast<size_t>(i)] = i * caller + round;
        });
        for (int64_t i = 0; i < 50; ++i) wrong += to[static_cast<size_t>(i)] != i * caller + round;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace keel
