#include "core/shape.h"

#include <algorithm>

namespace keel {

bool Shape::is_static() const {
  return std::all_of(dims_.begin(), dims_.end(), [](int64_t d) { return d != None; });
}

int64_t Shape::elements() const {
  if (!is_static()) return None;
  // An empty array is empty however large its other dimensions are.
  if (std::find(dims_.begin(), dims_.end(), 0) != dims_.end()) return 0;
  int64_t n = 1;
  for (int64_t d : dims_) n = checked_multiply(n, d, "number of elements");
  return n;
}

std::string Shape::to_string() const {
  std::string text = "(";
  for (int i = 0; i < rank(); ++i) {
    if (i > 0) text += ", ";
    text += dims_[i] == None ? "None" : std::to_string(dims_[i]);
  }
  return text + (rank() == 1 ? ",)" : ")");
}

int64_t checked_multiply(int64_t a, int64_t b, const char* what) {
  int64_t product;
  if (__builtin_mul_overflow(a, b, &product)) fail(what, ": ", a, " times ", b, " overflows");
  return product;
}

int64_t checked_add(int64_t a, int64_t b, const char* what) {
  int64_t sum;
  if (__builtin_add_overflow(a, b, &sum)) fail(what, ": ", a, " plus ", b, " overflows");
  return sum;
}

int64_t byte_size(const Shape& shape, DType dtype) {
  return checked_multiply(shape.elements(), static_cast<int64_t>(dtype.size()), "number of bytes");
}

bool fits(const Shape& actual, const Shape& expected) {
  if (actual.rank() != expected.rank()) return false;
  for (int i = 0; i < actual.rank(); ++i) {
    if (expected[i] != None && actual[i] != expected[i]) return false;
  }
  return true;
}

Shape broadcast(std::string_view function, const Shape& a, const Shape& b) {
  const int rank = std::max(a.rank(), b.rank());
  Shape out;
  out.resize(rank);
  for (int i = 0; i < rank; ++i) {
    const int ia = i - (rank - a.rank()), ib = i - (rank - b.rank());
    const int64_t x = ia < 0 ? 1 : a[ia], y = ib < 0 ? 1 : b[ib];
    if (x == y || y == 1) {
      out[i] = x;
    } else if (x == 1) {
      out[i] = y;
    } else if (x == None || y == None) {
      out[i] = std::max(x, y);
    } else {
      fail(function, ": shapes ", a, " and ", b, " do not broadcast: ", x, " and ", y,
           " differ and neither is 1");
    }
  }
  return out;
}

int check_axis(std::string_view function, int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) {
    fail(function, ": axis ", axis, " is out of range for a tensor of rank ", rank,
         "; accepted are ", -rank, " to ", rank - 1);
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

}  // namespace keel
