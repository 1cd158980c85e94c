// Samples of arrays: batches to train on.
#ifndef KEEL_LAYERS_SUPPORT_TRAINING_ROWS_H_
#define KEEL_LAYERS_SUPPORT_TRAINING_ROWS_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "keel.h"

namespace keel {

// The data of a model: one array per input or output, each [samples, …].
using Arrays = std::vector<Array>;

// Samples `begin` to `end` of an array, copied; those at `rows`, in that order. ValueError where the
// array is a scalar or a row is not there.
Array slice_rows(const Array& array, int64_t begin, int64_t end);
Array take_rows(const Array& array, absl::Span<const int64_t> rows);

// Arrays one after the other along their first axis; of one dtype and shape otherwise.
class RowWriter {
 public:
  // Room for `rows` samples; shape and dtype are those of the first that is added.
  explicit RowWriter(int64_t rows) : rows_(rows) {}
  void add(const Array& part);
  Array take() { return std::move(array_); }

 private:
  int64_t rows_;
  int64_t written_ = 0;
  Array array_;
};

// The number of samples that all `arrays` have; ValueError, in the name of `function`, where they
// differ or an array is a scalar. 0 arrays: -1.
int64_t count_samples(std::string_view function, const Arrays& arrays);

// The numbers below n in random order, always the same for one seed.
std::vector<int64_t> shuffled(int64_t n, uint64_t seed);

}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_TRAINING_ROWS_H_
