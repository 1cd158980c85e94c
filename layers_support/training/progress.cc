#include "layers_support/training/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace keel {
namespace {

constexpr int64_t kBarWidth = 30;
constexpr std::chrono::milliseconds kBetweenDrawings{50};

}  // namespace

ProgressBar::ProgressBar(std::string label, int64_t steps)
    : label_(std::move(label)), steps_(steps), terminal_(isatty(STDOUT_FILENO) != 0) {}

bool ProgressBar::wants_update() const { return terminal_ && Clock::now() - drawn_ >= kBetweenDrawings; }

void ProgressBar::update(int64_t done, const std::string& numbers) {
  if (!wants_update()) return;
  drawn_ = Clock::now();
  const int64_t filled = std::clamp<int64_t>(kBarWidth * done / std::max<int64_t>(steps_, 1), 0, kBarWidth);
  const double taken = std::chrono::duration<double>(drawn_ - start_).count();
  const double left = done > 0 ? taken / static_cast<double>(done) * static_cast<double>(steps_ - done) : 0;
  std::printf("\r%s [%s%s] %lld/%lld - %.0fs left%s%s\033[K", label_.c_str(), std::string(filled, '=').c_str(),
              std::string(kBarWidth - filled, '.').c_str(), static_cast<long long>(done),
              static_cast<long long>(steps_), left, numbers.empty() ? "" : " - ", numbers.c_str());
  std::fflush(stdout);
}

void ProgressBar::finish(const std::string& numbers) {
  if (terminal_) {
    const double taken = std::chrono::duration<double>(Clock::now() - start_).count();
    std::printf("\r%s - %.1fs - %s\033[K\n", label_.c_str(), taken, numbers.c_str());
  } else {
    std::printf("%s - %s\n", label_.c_str(), numbers.c_str());
  }
  std::fflush(stdout);
}

}  // namespace keel
