// Shapes, and the one routine that computes sizes.
#ifndef KEEL_CORE_SHAPE_H_
#define KEEL_CORE_SHAPE_H_

#include <cstdint>
#include <initializer_list>
#include <ostream>
#include <string>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"
#include "core/dtype.h"

namespace keel {

// A dimension that is not known before a graph is fed.
inline constexpr int64_t None = -1;

using Dims = absl::Span<const int64_t>;

// The extents of a tensor's axes, outermost first; `None` where not known. A scalar has rank 0.
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<int64_t> dims) : dims_(dims) {}
  explicit Shape(Dims dims) : dims_(dims.begin(), dims.end()) {}

  int rank() const { return static_cast<int>(dims_.size()); }
  bool empty() const { return dims_.empty(); }
  int64_t operator[](int axis) const { return dims_[axis]; }
  int64_t& operator[](int axis) { return dims_[axis]; }
  const int64_t* begin() const { return dims_.data(); }
  const int64_t* end() const { return dims_.data() + dims_.size(); }
  int64_t back() const { return dims_.back(); }
  void push_back(int64_t dim) { dims_.push_back(dim); }
  void insert(int axis, int64_t dim) { dims_.insert(dims_.begin() + axis, dim); }
  void erase(int axis) { dims_.erase(dims_.begin() + axis); }
  void resize(int rank, int64_t dim = 1) { dims_.resize(rank, dim); }
  operator Dims() const { return dims_; }

  // True when no dimension is None.
  bool is_static() const;
  // The product of all dimensions; None when one is unknown. ValueError when it overflows.
  int64_t elements() const;
  // As Keras prints it: `()`, `(3,)`, `(None, 28)`.
  std::string to_string() const;

  friend bool operator==(const Shape& a, const Shape& b) { return a.dims_ == b.dims_; }
  friend bool operator!=(const Shape& a, const Shape& b) { return !(a == b); }
  friend std::ostream& operator<<(std::ostream& out, const Shape& shape) {
    return out << shape.to_string();
  }
  template <typename H>
  friend H AbslHashValue(H h, const Shape& shape) {
    return H::combine(std::move(h), shape.dims_);
  }

 private:
  absl::InlinedVector<int64_t, 6> dims_;
};

// a·b for sizes ≥ 0; ValueError that names `what` when it does not fit 63 bits.
int64_t checked_multiply(int64_t a, int64_t b, const char* what = "size");
// a+b likewise.
int64_t checked_add(int64_t a, int64_t b, const char* what = "size");
// Bytes of a static shape's elements.
int64_t byte_size(const Shape& shape, DType dtype);

// Whether a value of shape `actual` (static) may be where `expected` (perhaps with None) is asked.
bool fits(const Shape& actual, const Shape& expected);

// NumPy's rule. Unknown dimensions give None, except that a None beside a size above 1 is taken to
// become that size. ValueError, naming `function` and both shapes, when they do not fit.
Shape broadcast(std::string_view function, const Shape& a, const Shape& b);

// The axis of a tensor of rank `rank` that `axis` in [-rank, rank) names; ValueError otherwise.
int check_axis(std::string_view function, int64_t axis, int rank);

}  // namespace keel

#endif  // KEEL_CORE_SHAPE_H_
