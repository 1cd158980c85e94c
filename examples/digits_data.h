// The handwritten digits of examples/data/digits.csv.
#ifndef KEEL_EXAMPLES_DIGITS_DATA_H_
#define KEEL_EXAMPLES_DIGITS_DATA_H_

#include <cstdint>
#include <string>
#include <vector>

#include "keel.h"

namespace keel::examples {

// Images and their labels.
struct Digits {
  Array images;  // [n, 8, 8, 1] float32, 0 to 1.
  Array labels;  // [n] int32, 0 to 9.

  int64_t size() const { return labels.elements(); }
  // Those at `rows`, in that order.
  Digits at(const std::vector<int64_t>& rows) const;
};

// What is learnt from, and every fifth row, which is held out.
struct DigitsSplit {
  Digits train, held_out;
};

// Reads the file; ValueError, in one line, where it is missing or damaged.
DigitsSplit read_digits(const std::string& path);

}  // namespace keel::examples

#endif  // KEEL_EXAMPLES_DIGITS_DATA_H_
