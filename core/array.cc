#include "core/array.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <sstream>

namespace keel {

Array::Array(const Shape& shape, DType dtype) : shape_(shape), dtype_(dtype) {
  if (!shape.is_static()) fail("array: shape ", shape, " has an unknown dimension");
  for (int64_t d : shape) {
    if (d < 0) fail("array: shape ", shape, " has a negative dimension");
  }
  buffer_ = Buffer::allocate(byte_size(shape, dtype));
}

Array::Array(std::initializer_list<double> values)
    : Array(Shape{static_cast<int64_t>(values.size())}, DType::kFloat64) {
  std::copy(values.begin(), values.end(), static_cast<double*>(buffer_raw()));
  weak_ = true;
}

Array::Array(std::initializer_list<std::initializer_list<double>> rows)
    : Array(Shape{static_cast<int64_t>(rows.size()),
                  rows.size() == 0 ? 0 : static_cast<int64_t>(rows.begin()->size())},
            DType::kFloat64) {
  auto* out = static_cast<double*>(buffer_raw());
  for (const auto& row : rows) {
    if (static_cast<int64_t>(row.size()) != shape_[1]) fail("array: rows of different lengths");
    out = std::copy(row.begin(), row.end(), out);
  }
  weak_ = true;
}

Array::Array(std::initializer_list<std::initializer_list<std::initializer_list<double>>> blocks) {
  std::vector<double> values;
  int64_t rows = -1, columns = -1;
  for (const auto& block : blocks) {
    if (rows >= 0 && static_cast<int64_t>(block.size()) != rows) {
      fail("array: blocks of different sizes");
    }
    rows = static_cast<int64_t>(block.size());
    for (const auto& row : block) {
      if (columns >= 0 && static_cast<int64_t>(row.size()) != columns) {
        fail("array: rows of different lengths");
      }
      columns = static_cast<int64_t>(row.size());
      values.insert(values.end(), row);
    }
  }
  *this = of<double>(Shape{static_cast<int64_t>(blocks.size()), std::max<int64_t>(rows, 0),
                           std::max<int64_t>(columns, 0)},
                     values);
  weak_ = true;
}

Array Array::full(const Shape& shape, double value, DType dtype) {
  Array array(shape, dtype);
  visit_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    std::fill_n(static_cast<T*>(array.buffer_raw()), array.elements(), convert_element<T>(value));
  });
  return array;
}

Array Array::reshape(const Shape& shape) const {
  if (shape.elements() != elements()) {
    fail("array: cannot reshape ", shape_, " to ", shape, ": the numbers of elements differ");
  }
  Array out = *this;
  out.shape_ = shape;
  return out;
}

Array Array::cast(DType dtype) const {
  check_defined();
  if (dtype == dtype_) return *this;
  Array out(shape_, dtype);
  const int64_t n = elements();
  visit_dtype(dtype_, [&](auto from) {
    const auto* source = reinterpret_cast<const decltype(from)*>(buffer_->data());
    visit_dtype(dtype, [&](auto to) {
      using To = decltype(to);
      auto* target = static_cast<To*>(out.buffer_raw());
      for (int64_t i = 0; i < n; ++i) target[i] = convert_element<To>(source[i]);
    });
  });
  return out;
}

Array Array::copy() const {
  check_defined();
  Array out(shape_, dtype_);
  std::memcpy(out.buffer_raw(), buffer_->data(), static_cast<size_t>(bytes()));
  return out;
}

void* Array::unshared() {
  if (buffer_->is_shared()) {
    const bool weak = weak_;
    *this = copy();
    weak_ = weak;
  }
  return buffer_raw();
}

void Array::check_dtype(DType wanted) const {
  check_defined();
  if (wanted != dtype_) fail("array: its elements are ", dtype_, ", not ", wanted);
}

void Array::check_count(int64_t count) const {
  if (!defined()) fail("array: an empty handle has no elements");
  if (count != elements()) {
    fail("array: ", count, " elements asked for or given, but shape ", shape_, " has ", elements());
  }
}

namespace {

constexpr int64_t kEdge = 3;  // Elements shown at each end of a long axis.

void print(const Array& array, int axis, int64_t offset, std::ostringstream& out) {
  if (axis == array.rank()) {
    if (array.dtype().is_bool()) {
      out << (array.element<bool>(offset) ? "true" : "false");
    } else if (array.dtype().is_floating()) {
      out << array.element<double>(offset);
    } else if (array.dtype() == DType::kUint64) {
      out << array.element<uint64_t>(offset);
    } else {
      out << array.element<int64_t>(offset);
    }
    return;
  }
  int64_t inner = 1;
  for (int i = axis + 1; i < array.rank(); ++i) inner *= array.shape()[i];
  const int64_t n = array.shape()[axis];
  const bool shorten = n > 2 * kEdge && array.elements() > 1000;
  out << '[';
  for (int64_t i = 0; i < n; ++i) {
    if (i > 0) out << (axis + 1 < array.rank() ? ",\n" + std::string(axis + 1, ' ') : std::string(", "));
    if (shorten && i == kEdge) {
      out << "...";
      i = n - kEdge - 1;
      continue;
    }
    print(array, axis + 1, offset + i * inner, out);
  }
  out << ']';
}

}  // namespace

std::string Array::to_string() const {
  if (!defined()) return "(no array)";
  std::ostringstream out;
  print(*this, 0, 0, out);
  return out.str();
}

}  // namespace keel
