#include "core/uid.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace keel {
namespace {

TEST(Uid, CountsFromOneForEachPrefix) {
  reset_uids();
  EXPECT_EQ(get_uid("dense"), 1);
  EXPECT_EQ(get_uid("dense"), 2);
  EXPECT_EQ(get_uid("conv"), 1);
  EXPECT_EQ(get_uid(), 1);
  EXPECT_EQ(get_uid(""), 2);
  EXPECT_EQ(get_uid("dense"), 3);
  reset_uids();
  EXPECT_EQ(get_uid("dense"), 1);
  EXPECT_EQ(get_uid(), 1);
}

TEST(Uid, NoNumberTwiceFromManyThreads) {
  reset_uids();
  constexpr int kThreads = 8, kEach = 200;
  std::vector<int> seen(kThreads * kEach);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&seen, t] {
      for (int i = 0; i < kEach; ++i) seen[t * kEach + i] = get_uid("x");
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::sort(seen.begin(), seen.end());
  std::vector<int> expected(kThreads * kEach);
  std::iota(expected.begin(), expected.end(), 1);
  EXPECT_EQ(seen, expected);
}

}  // namespace
}  // namespace keel
