#include "examples/digits_data.h"

#include <algorithm>
#include <charconv>
#include <fstream>

namespace keel::examples {
namespace {

constexpr int kPixels = 64;

// The 65 numbers of a line.
std::vector<int> parse_line(const std::string& path, int64_t number, const std::string& line) {
  std::vector<int> values;
  const char *at = line.data(), *end = at + line.size();
  while (end != at && (end[-1] == '\r' || end[-1] == ' ')) --end;
  while (at != end) {
    int value = 0;
    const auto [next, error] = std::from_chars(at, end, value);
    if (error != std::errc() || (next != end && *next != ',')) break;
    values.push_back(value);
    at = next == end ? end : next + 1;
  }
  const bool pixels_fit = std::all_of(values.begin(), values.end(), [](int v) { return v >= 0 && v <= 16; });
  if (at != end || values.size() != kPixels + 1 || !pixels_fit || values.back() > 9) {
    throw ValueError(path + ": line " + std::to_string(number) +
                     " is damaged: 64 pixels of 0 to 16 and a label of 0 to 9 are wanted");
  }
  return values;
}

}  // namespace

Digits Digits::at(const std::vector<int64_t>& rows) const {
  const auto n = static_cast<int64_t>(rows.size());
  Digits out{Array({n, 8, 8, 1}, "float32"), Array({n}, "int32")};
  const float* pixels = images.data<float>();
  const int32_t* digits = labels.data<int32_t>();
  float* to = out.images.mutable_data<float>();
  for (int64_t i = 0; i < n; ++i) {
    std::copy_n(pixels + rows[i] * kPixels, kPixels, to + i * kPixels);
    out.labels.mutable_data<int32_t>()[i] = digits[rows[i]];
  }
  return out;
}

DigitsSplit read_digits(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw ValueError(path + ": cannot be read");
  std::vector<float> pixels;
  std::vector<int32_t> labels;
  for (std::string line; std::getline(in, line);) {
    if (line.empty()) continue;
    const std::vector<int> values = parse_line(path, static_cast<int64_t>(labels.size()) + 1, line);
    for (int i = 0; i < kPixels; ++i) pixels.push_back(static_cast<float>(values[i]) / 16);
    labels.push_back(values.back());
  }
  const auto n = static_cast<int64_t>(labels.size());
  if (n < 10) throw ValueError(path + ": only " + std::to_string(n) + " rows; the file is damaged");
  const Digits all{Array::of<float>({n, 8, 8, 1}, pixels), Array::of<int32_t>({n}, labels)};
  std::vector<int64_t> train, held_out;
  for (int64_t i = 0; i < n; ++i) (i % 5 == 4 ? held_out : train).push_back(i);
  return {all.at(train), all.at(held_out)};
}

}  // namespace keel::examples
