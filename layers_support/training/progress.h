// What a training run shows: a bar on a terminal, a line per epoch elsewhere.
#ifndef KEEL_LAYERS_SUPPORT_TRAINING_PROGRESS_H_
#define KEEL_LAYERS_SUPPORT_TRAINING_PROGRESS_H_

#include <chrono>
#include <cstdint>
#include <string>

namespace keel {

// One line of progress. On a terminal it is drawn again as steps are done, at most twenty times a
// second; elsewhere (a pipe, a file) finish() alone writes.
class ProgressBar {
 public:
  // On standard output; `label` precedes the bar.
  ProgressBar(std::string label, int64_t steps);

  // Whether a step's numbers would be seen: whoever must compute them asks before.
  bool wants_update() const;
  // Draws the bar at `done` steps, with `numbers` behind it.
  void update(int64_t done, const std::string& numbers = "");
  // The line as it stays; on a terminal with the time that the steps took, elsewhere without, so that
  // two logs of one run are the same.
  void finish(const std::string& numbers);

 private:
  using Clock = std::chrono::steady_clock;
  const std::string label_;
  const int64_t steps_;
  const bool terminal_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point drawn_{};
};

}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_TRAINING_PROGRESS_H_
