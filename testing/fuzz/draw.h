// From the bytes of a fuzzer to arguments: numbers, shapes, tensors. What runs out reads as zeros, so
// every input is a program, and a small change to it a small change to that.
#ifndef KEEL_TESTING_FUZZ_DRAW_H_
#define KEEL_TESTING_FUZZ_DRAW_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/arguments.h"
#include "core/array.h"
#include "core/dtype.h"
#include "core/shape.h"
#include "core/tensor.h"

namespace keel::fuzz {

// Hands out arguments, and keeps the placeholders that it made, with what to feed them.
class Draw {
 public:
  Draw(const uint8_t* data, size_t size);

  bool done() const { return next_ >= size_; }
  uint8_t byte();
  bool flag() { return byte() & 1; }
  // From `low` to `high`; one time in sixteen a number that few expect.
  int64_t number(int64_t low, int64_t high);
  // From `low` to `high`, always.
  int64_t choice(int64_t low, int64_t high) { return low + byte() % (high - low + 1); }
  // A plain number: most often small, at times infinite, NaN or huge.
  double real();
  template <size_t N>
  std::array<int64_t, N> numbers(int64_t low, int64_t high) {
    std::array<int64_t, N> all;
    for (int64_t& n : all) n = number(low, high);
    return all;
  }
  std::vector<int64_t> list(int64_t most, int64_t low, int64_t high);
  Axes axes();
  DType dtype();
  DType float_dtype();
  // Dimensions come from few sizes, so that shapes often fit one another.
  Shape shape(int least_rank, int most_rank);
  Padding padding();
  DataFormat data_format();
  std::string word(const char* usual, const char* other);

  // An operand: one there is already, or a new placeholder, known or unknown in any dimension.
  Tensor tensor();
  // Of at least so many axes and at most so many, if it is a new one.
  Tensor tensor(int least_rank, int most_rank);
  Tensor new_tensor(const Shape& shape, DType dtype);
  // Integers from 0 to `high`, but for the odd one.
  Tensor indices(const Shape& shape, int64_t high);
  // Makes a result an operand of what follows.
  void keep(const Tensor& tensor);

  const Tensors& tensors() const { return tensors_; }
  const Tensors& placeholders() const { return placeholders_; }
  const std::vector<Array>& feeds() const { return feeds_; }

 private:
  Tensor feed(Array value);

  const uint8_t* data_;
  size_t size_, next_ = 0;
  std::array<int64_t, 4> sizes_;
  DType usual_;
  Tensors tensors_, placeholders_;
  std::vector<Array> feeds_;
};

}  // namespace keel::fuzz

#endif  // KEEL_TESTING_FUZZ_DRAW_H_
