#include "testing/golden/isolate.h"

#include <cstdlib>
#include <string>

#include "gtest/gtest.h"

namespace keel::golden {
namespace {

TEST(Isolated, HandsOnWhatTheWorkReturns) {
  EXPECT_EQ(isolated([] { return std::string(); }, 10, "crashed"), "");
  // More than a pipe holds.
  EXPECT_EQ(isolated([] { return std::string(1 << 20, 'x'); }, 10, "crashed"), std::string(1 << 20, 'x'));
}

TEST(Isolated, OutlivesACrash) {
  EXPECT_EQ(isolated([]() -> std::string { std::abort(); }, 10, "crashed: "), "crashed: Aborted");
  EXPECT_EQ(isolated([]() -> std::string { std::_Exit(3); }, 10, "crashed: "), "crashed: exit status 3");
}

TEST(Isolated, EndsAnEndlessLoop) {
  const auto forever = []() -> std::string {
    for (volatile int i = 0;;) (void)i;
  };
  EXPECT_EQ(isolated(forever, 1, "crashed: "), "crashed: Alarm clock");
}

}  // namespace
}  // namespace keel::golden
