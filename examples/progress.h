// What examples show while they train: a progress bar, and a picture of the learning curve.
#ifndef KEEL_EXAMPLES_PROGRESS_H_
#define KEEL_EXAMPLES_PROGRESS_H_

#include <string>
#include <utility>
#include <vector>

namespace keel::examples {

// True once the user has pressed Ctrl-C; the first call installs the handler.
bool interrupted();

// One line per epoch: on a terminal it grows as steps are done, elsewhere it is printed at the end.
class ProgressBar {
 public:
  ProgressBar(int epoch, int epochs, int steps);
  void step(int done) const;
  // Ends the line with what the epoch came to: `loss 0.1234 - accuracy 0.9876`.
  void finish(const std::string& summary) const;

 private:
  const std::string label_;
  const int steps_;
  const bool terminal_;
};

// A curve to draw: a name and a value per epoch.
using Curve = std::pair<std::string, std::vector<double>>;

// Writes the curves as an SVG picture, each scaled to its own panel, one below the other. False where
// the file cannot be written.
bool write_curves(const std::string& path, const std::string& title, const std::vector<Curve>& curves);

// `path` as the user meant it: relative to where `bazel run` was called, if it was.
std::string user_path(const std::string& path);

}  // namespace keel::examples

#endif  // KEEL_EXAMPLES_PROGRESS_H_
