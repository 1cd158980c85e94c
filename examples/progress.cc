#include "examples/progress.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "absl/strings/str_format.h"

namespace keel::examples {
namespace {

constexpr int kBarWidth = 30;

volatile std::sig_atomic_t interrupt_seen = 0;

void on_interrupt(int) { interrupt_seen = 1; }

}  // namespace

bool interrupted() {
  static const bool installed = [] {
    std::signal(SIGINT, on_interrupt);
    return true;
  }();
  return installed && interrupt_seen != 0;
}

ProgressBar::ProgressBar(int epoch, int epochs, int steps)
    : label_(absl::StrFormat("epoch %*d/%d ", epochs >= 10 ? 2 : 1, epoch, epochs)), steps_(steps),
      terminal_(isatty(STDOUT_FILENO) != 0) {}

void ProgressBar::step(int done) const {
  if (!terminal_) return;
  const int filled = kBarWidth * done / std::max(steps_, 1);
  std::printf("\r%s[%s%s] %d/%d", label_.c_str(), std::string(filled, '=').c_str(),
              std::string(kBarWidth - filled, '.').c_str(), done, steps_);
  std::fflush(stdout);
}

void ProgressBar::finish(const std::string& summary) const {
  if (terminal_) {
    std::printf("\r%s[%s] %s\033[K\n", label_.c_str(), std::string(kBarWidth, '=').c_str(), summary.c_str());
  } else {
    std::printf("%s %s\n", label_.c_str(), summary.c_str());
  }
  std::fflush(stdout);
}

bool write_curves(const std::string& path, const std::string& title, const std::vector<Curve>& curves) {
  constexpr int kWidth = 640, kPanel = 200, kLeft = 70, kRight = 20, kTop = 50, kGap = 45;
  const int height = kTop + static_cast<int>(curves.size()) * (kPanel + kGap);
  std::string svg = absl::StrFormat(
      "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' font-family='sans-serif' "
      "font-size='12'>\n<rect width='100%%' height='100%%' fill='white'/>\n"
      "<text x='%d' y='26' font-size='16'>%s</text>\n",
      kWidth, height, kLeft, title);
  for (size_t i = 0; i < curves.size(); ++i) {
    const auto& [name, values] = curves[i];
    if (values.empty()) continue;
    const int top = kTop + static_cast<int>(i) * (kPanel + kGap), width = kWidth - kLeft - kRight;
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    const double range = std::max(*high - *low, 1e-9);
    auto x = [&](size_t k) {
      return kLeft + (values.size() < 2 ? 0.0 : static_cast<double>(width) * k / (values.size() - 1));
    };
    auto y = [&](double v) { return top + kPanel * (1 - (v - *low) / range); };
    absl::StrAppendFormat(&svg, "<rect x='%d' y='%d' width='%d' height='%d' fill='none' stroke='#ccc'/>\n",
                          kLeft, top, width, kPanel);
    for (double tick : {*low, (*low + *high) / 2, *high}) {
      absl::StrAppendFormat(&svg, "<text x='%d' y='%.1f' text-anchor='end'>%.4g</text>\n", kLeft - 6,
                            y(tick) + 4, tick);
    }
    absl::StrAppendFormat(&svg, "<text x='%d' y='%d'>%s, epochs 1 to %d</text>\n", kLeft,
                          top + kPanel + 18, name, values.size());
    svg += "<polyline fill='none' stroke='#1f6feb' stroke-width='2' points='";
    for (size_t k = 0; k < values.size(); ++k) absl::StrAppendFormat(&svg, "%.1f,%.1f ", x(k), y(values[k]));
    svg += "'/>\n";
  }
  svg += "</svg>\n";
  std::ofstream out(path);
  out << svg;
  out.close();
  return out.good();
}

std::string user_path(const std::string& path) {
  const char* stands = std::getenv("BUILD_WORKING_DIRECTORY");
  if (stands == nullptr || path.empty() || path[0] == '/') return path;
  return std::string(stands) + "/" + path;
}

}  // namespace keel::examples
