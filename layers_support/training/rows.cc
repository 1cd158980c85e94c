#include "layers_support/training/rows.h"

#include <cstring>
#include <numeric>
#include <random>
#include <utility>

namespace keel {
namespace {

int64_t row_bytes(const Array& array) {
  if (array.rank() == 0) fail("rows: the array is a scalar; samples need a first axis");
  return array.shape()[0] == 0 ? 0 : array.bytes() / array.shape()[0];
}

// Uninitialised, with as many rows.
Array like(const Array& array, int64_t rows) {
  Shape shape = array.shape();
  shape[0] = rows;
  return Array(shape, array.dtype());
}

}  // namespace

Array slice_rows(const Array& array, int64_t begin, int64_t end) {
  const int64_t row = row_bytes(array);
  if (begin < 0 || end < begin || end > array.shape()[0]) {
    fail("slice_rows: rows ", begin, " to ", end, " of an array of shape ", array.shape());
  }
  if (begin == 0 && end == array.shape()[0]) return array;
  Array out = like(array, end - begin);
  std::memcpy(out.bytes_begin(), array.bytes_begin() + begin * row, (end - begin) * row);
  return out;
}

Array take_rows(const Array& array, absl::Span<const int64_t> rows) {
  const int64_t row = row_bytes(array);
  Array out = like(array, static_cast<int64_t>(rows.size()));
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] < 0 || rows[i] >= array.shape()[0]) {
      fail("take_rows: row ", rows[i], " of an array of shape ", array.shape());
    }
    std::memcpy(out.bytes_begin() + static_cast<int64_t>(i) * row, array.bytes_begin() + rows[i] * row, row);
  }
  return out;
}

void RowWriter::add(const Array& part) {
  const int64_t row = row_bytes(part);
  if (!array_.defined()) array_ = like(part, rows_);
  const bool fits = part.dtype() == array_.dtype() && part.rank() == array_.rank() && row == row_bytes(array_);
  if (!fits || written_ + part.shape()[0] > rows_) {
    fail("rows: a part of shape ", part.shape(), " does not go into ", array_.shape(), " at row ", written_);
  }
  std::memcpy(array_.bytes_begin() + written_ * row, part.bytes_begin(), part.bytes());
  written_ += part.shape()[0];
}

int64_t count_samples(std::string_view function, const Arrays& arrays) {
  int64_t samples = -1;
  for (const Array& array : arrays) {
    if (!array.defined() || array.rank() == 0) fail(function, ": an array is empty or a scalar; [samples, ...] is needed");
    if (samples >= 0 && array.shape()[0] != samples) {
      fail(function, ": arrays of ", samples, " and of ", array.shape()[0], " samples were given together");
    }
    samples = array.shape()[0];
  }
  return samples;
}

std::vector<int64_t> shuffled(int64_t n, uint64_t seed) {
  std::vector<int64_t> rows(n);
  std::iota(rows.begin(), rows.end(), 0);
  std::mt19937_64 generator(seed);
  // Written out, since what the library's shuffle does with a generator is not standardized.
  for (int64_t i = n - 1; i > 0; --i) {
    std::swap(rows[i], rows[static_cast<int64_t>(generator() % static_cast<uint64_t>(i + 1))]);
  }
  return rows;
}

}  // namespace keel
