// The golden corpus's files, format 1.
#ifndef KEEL_TESTING_GOLDEN_CORPUS_H_
#define KEEL_TESTING_GOLDEN_CORPUS_H_

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/array.h"
#include "core/sparse.h"
#include "nlohmann/json.hpp"

namespace keel::golden {

using Json = nlohmann::json;

// What is wrong with a case, a file or the runner, never with what the library answered: it fails
// a case even where that expects an error.
class CaseError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The cases of one file. CaseError where it cannot be read or is not of format 1.
std::vector<Json> read_cases(const std::string& path);

// The files that `paths` name: a file stands for itself, a folder for every corpus file in it and
// below, in alphabetical order (what else is there in JSON is passed over). CaseError where there is
// nothing under a name.
std::vector<std::string> corpus_files(const std::vector<std::string>& paths);

// A tensor: `data` (or `fill`) in `shape` as `dtype`.
Array read_tensor(const Json& tensor);
// A sparse tensor: `indices` and `values` in `dense_shape`.
SparseArray read_sparse_tensor(const Json& tensor);
// Elements in row-major order.
Array read_elements(const Json& data, const Shape& shape, DType dtype);
// A shape, null for None.
Shape read_shape(const Json& shape);
// A number, or one of "nan", "inf", "-inf".
double read_number(const Json& number);

// `name` up to its index or field: "tensors" of "tensors[0]", "step" of "step.W".
std::string_view base_name(std::string_view name);

}  // namespace keel::golden

#endif  // KEEL_TESTING_GOLDEN_CORPUS_H_
