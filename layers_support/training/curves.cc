#include "layers_support/training/curves.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace keel {
namespace {

constexpr int kWidth = 640, kPanel = 200, kLeft = 70, kRight = 20, kTop = 50, kGap = 45;
constexpr const char* kColours[] = {"#2266cc", "#cc5522", "#228844", "#884499"};

std::string escaped(const std::string& text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}});
}

struct Range {
  double low = INFINITY, high = -INFINITY;
  size_t length = 0;
};

Range range_of(const std::vector<Curve>& curves) {
  Range range;
  for (const auto& [name, values] : curves) {
    range.length = std::max(range.length, values.size());
    for (const double v : values) {
      if (!std::isfinite(v)) continue;
      range.low = std::min(range.low, v);
      range.high = std::max(range.high, v);
    }
  }
  return range;
}

void draw_panel(std::string& svg, const std::vector<Curve>& curves, int top) {
  const Range range = range_of(curves);
  if (!(range.high >= range.low)) return;
  const int width = kWidth - kLeft - kRight;
  auto x = [&](size_t i) {
    return kLeft + (range.length < 2 ? 0.0 : static_cast<double>(width) * static_cast<double>(i) / static_cast<double>(range.length - 1));
  };
  auto y = [&](double v) { return top + kPanel * (1 - (v - range.low) / std::max(range.high - range.low, 1e-9)); };
  absl::StrAppendFormat(&svg, "<rect x='%d' y='%d' width='%d' height='%d' fill='none' stroke='#ccc'/>\n", kLeft, top,
                        width, kPanel);
  int legend = kLeft;
  for (size_t c = 0; c < curves.size(); ++c) {
    const auto& [name, values] = curves[c];
    const char* colour = kColours[c % std::size(kColours)];
    absl::StrAppendFormat(&svg, "<text x='%d' y='%d' fill='%s'>%s</text>\n", legend, top - 6, colour, escaped(name));
    legend += 20 + 7 * static_cast<int>(name.size());
    absl::StrAppendFormat(&svg, "<polyline fill='none' stroke='%s' stroke-width='2' points='", colour);
    for (size_t i = 0; i < values.size(); ++i) {
      if (std::isfinite(values[i])) absl::StrAppendFormat(&svg, "%.1f,%.1f ", x(i), y(values[i]));
    }
    svg += "'/>\n";
  }
  for (const auto& [value, offset] : {std::pair(range.high, 10), std::pair(range.low, kPanel)}) {
    absl::StrAppendFormat(&svg, "<text x='%d' y='%d' text-anchor='end'>%.4g</text>\n", kLeft - 6, top + offset, value);
  }
  absl::StrAppendFormat(&svg, "<text x='%d' y='%d' text-anchor='end'>epoch %d</text>\n", kLeft + width,
                        top + kPanel + 16, static_cast<int>(range.length));
}

}  // namespace

std::vector<std::vector<Curve>> curves_of(const History& history) {
  std::vector<std::vector<Curve>> panels;
  const std::vector<std::string> names = history.names();
  for (const std::string& name : names) {
    if (name.rfind("val_", 0) == 0) continue;
    panels.push_back({{name, history[name]}});
    if (std::find(names.begin(), names.end(), "val_" + name) != names.end()) {
      panels.back().emplace_back("val_" + name, history["val_" + name]);
    }
  }
  return panels;
}

std::string draw_curves(const std::string& title, const std::vector<std::vector<Curve>>& panels) {
  const int height = kTop + static_cast<int>(panels.size()) * (kPanel + kGap);
  std::string svg = absl::StrFormat(
      "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' font-family='sans-serif' font-size='12'>\n"
      "<rect width='100%%' height='100%%' fill='white'/>\n<text x='%d' y='24' font-size='16'>%s</text>\n",
      kWidth, height, kLeft, escaped(title));
  for (size_t i = 0; i < panels.size(); ++i) draw_panel(svg, panels[i], kTop + static_cast<int>(i) * (kPanel + kGap));
  return svg + "</svg>\n";
}

bool write_curves(const std::string& path, const std::string& title, const std::vector<std::vector<Curve>>& panels) {
  std::ofstream file(path);
  file << draw_curves(title, panels);
  return static_cast<bool>(file.flush());
}

}  // namespace keel
