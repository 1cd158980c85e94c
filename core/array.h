// Arrays: the values that go into graphs and come out of them.
#ifndef KEEL_CORE_ARRAY_H_
#define KEEL_CORE_ARRAY_H_

#include <cstddef>
#include <initializer_list>
#include <ostream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "core/buffer.h"
#include "core/dtype.h"
#include "core/shape.h"
#include "core/view.h"

namespace keel {

// A dense row-major array. A handle: copies share the elements, which `mutable_data` unshares
// before it lets them change.
class Array {
 public:
  Array() = default;
  // Uninitialised elements; `shape` must be static. ValueError beyond memory_limit().
  Array(const Shape& shape, DType dtype);
  // A scalar from a plain number. Its dtype is *weak*: where another is asked for, it is converted.
  template <typename T, typename = std::enable_if_t<std::is_arithmetic_v<T>>>
  Array(T value) : Array(Shape{}, dtype_of<T>()) {  // NOLINT: implicit by design
    *static_cast<T*>(buffer_raw()) = value;
    weak_ = true;
  }
  // One to three nested lists of numbers, weak float64 as in NumPy: `Array x = {{1, 2}, {3, 4}}`.
  Array(std::initializer_list<double> values);
  Array(std::initializer_list<std::initializer_list<double>> rows);
  Array(std::initializer_list<std::initializer_list<std::initializer_list<double>>> blocks);
  ~Array() {
    if (buffer_ != nullptr) buffer_->release();
  }
  Array(const Array& other)
      : buffer_(other.buffer_), shape_(other.shape_), dtype_(other.dtype_), weak_(other.weak_) {
    if (buffer_ != nullptr) buffer_->add_reference();
  }
  Array(Array&& other) noexcept
      : buffer_(std::exchange(other.buffer_, nullptr)), shape_(std::move(other.shape_)),
        dtype_(other.dtype_), weak_(other.weak_) {}
  Array& operator=(Array other) noexcept {
    std::swap(buffer_, other.buffer_);
    std::swap(shape_, other.shape_);
    dtype_ = other.dtype_;
    weak_ = other.weak_;
    return *this;
  }

  // A copy of `values`; ValueError unless there are as many as `shape` asks for.
  template <typename T>
  static Array of(const Shape& shape, absl::Span<const T> values) {
    Array array(shape, dtype_of<T>());
    array.check_count(static_cast<int64_t>(values.size()));
    std::copy(values.begin(), values.end(), static_cast<T*>(array.buffer_raw()));
    return array;
  }
  template <typename T>
  static Array of(const Shape& shape, const std::vector<T>& values) {
    return of(shape, absl::MakeConstSpan(values));
  }
  // Every element `value`, converted to `dtype`.
  static Array full(const Shape& shape, double value, DType dtype);

  // False for a default-constructed handle, which has neither shape nor elements.
  bool defined() const { return buffer_ != nullptr; }
  const Shape& shape() const { return shape_; }
  int rank() const { return shape_.rank(); }
  DType dtype() const { return dtype_; }
  int64_t elements() const { return shape_.elements(); }
  int64_t bytes() const { return elements() * static_cast<int64_t>(dtype_.size()); }
  bool is_weak() const { return weak_; }
  // The same elements as plain numbers.
  Array as_weak() const {
    Array out = *this;
    out.weak_ = true;
    return out;
  }

  // The elements; ValueError unless T stores this dtype.
  template <typename T>
  const T* data() const {
    check_dtype(dtype_of<T>());
    return reinterpret_cast<const T*>(buffer_->data());
  }
  template <typename T>
  absl::Span<const T> values() const {
    return {data<T>(), static_cast<size_t>(elements())};
  }
  // The same to write to, after making this handle the elements' only owner.
  template <typename T>
  T* mutable_data() {
    check_dtype(dtype_of<T>());
    return static_cast<T*>(unshared());
  }
  // The only element, converted to T; ValueError when there is not exactly one.
  template <typename T>
  T item() const {
    check_count(1);
    return element<T>(0);
  }
  // Element `i` in row-major order, converted to T.
  template <typename T>
  T element(int64_t i) const {
    check_defined();
    return visit_dtype(dtype_, [&](auto zero) {
      return convert_element<T>(reinterpret_cast<const decltype(zero)*>(buffer_->data())[i]);
    });
  }
  // All elements, converted to T.
  template <typename T>
  std::vector<T> to_vector() const {
    std::vector<T> out(elements());
    for (int64_t i = 0; i < elements(); ++i) out[i] = element<T>(i);
    return out;
  }

  // The same elements under another shape; ValueError unless the counts agree.
  Array reshape(const Shape& shape) const;
  // Converted by convert_element's rules; this array itself where the dtype is the same.
  Array cast(DType dtype) const;
  // A copy that shares nothing.
  Array copy() const;

  // The memory, whatever the dtype; for the code that runs plans.
  std::byte* bytes_begin() const { return buffer_->data(); }
  bool is_shared() const { return buffer_->is_shared(); }
  uint64_t version() const { return buffer_->version(); }
  void renew_version() { buffer_->renew_version(); }
  View view() const { return {buffer_->data(), dtype_, &shape_, 0}; }

  // As NumPy prints it, in brackets, long axes shortened.
  std::string to_string() const;
  friend std::ostream& operator<<(std::ostream& out, const Array& array) {
    return out << array.to_string();
  }

 private:
  void* buffer_raw() { return buffer_->data(); }
  void* unshared();
  void check_defined() const {
    if (buffer_ == nullptr) fail("array: an empty handle has no elements");
  }
  void check_dtype(DType wanted) const;
  void check_count(int64_t count) const;

  Buffer* buffer_ = nullptr;
  Shape shape_;
  DType dtype_;
  bool weak_ = false;
};

}  // namespace keel

#endif  // KEEL_CORE_ARRAY_H_
