#include "core/sparse.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>
#include <utility>

#include "core/config.h"
#include "core/graph.h"
#include "core/op.h"
#include "core/structure.h"

namespace keel {
namespace {

Shape frame_of(const Shape& shape) {
  Shape frame = shape;
  frame.insert(0, 0);
  return frame;
}

// Where elements lie in a dense array. Sums are unsigned, for indices that are out of range.
class Places {
 public:
  Places(const int64_t* indices, int64_t count, const Shape& shape)
      : indices_(indices), count_(count), shape_(shape) {}

  int64_t count() const { return count_; }
  bool in_range(int64_t i) const {
    for (int a = 0; a < shape_.rank(); ++a) {
      if (static_cast<uint64_t>(at(i)[a]) >= static_cast<uint64_t>(shape_[a])) return false;
    }
    return true;
  }
  bool is_padding(int64_t i) const { return at(i)[0] == shape_[0]; }
  uint64_t offset(int64_t i) const {
    uint64_t offset = 0;
    for (int a = 0; a < shape_.rank(); ++a) {
      offset = offset * static_cast<uint64_t>(shape_[a]) + static_cast<uint64_t>(at(i)[a]);
    }
    return offset;
  }
  // The first element whose offset is not below `offset`.
  int64_t first_from(uint64_t offset) const {
    int64_t low = 0, high = count_;
    while (low < high) {
      const int64_t middle = low + (high - low) / 2;
      if (this->offset(middle) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
  [[noreturn]] void fail_at(std::string_view function, int64_t i) const {
    Shape index, before;
    for (int a = 0; a < shape_.rank(); ++a) index.push_back(at(i)[a]);
    if (!in_range(i)) {
      fail(function, ": index ", index, " at position ", i, " is out of range for shape ", shape_);
    }
    for (int a = 0; a < shape_.rank(); ++a) before.push_back(at(i - 1)[a]);
    fail(function, ": index ", index, " at position ", i, " comes after ", before,
         "; accepted are indices in row-major order, each once");
  }

 private:
  const int64_t* at(int64_t i) const { return indices_ + i * shape_.rank(); }

  const int64_t* const indices_;
  const int64_t count_;
  const Shape& shape_;
};

// The least of the positions that several threads find.
class FirstBad {
 public:
  void found(int64_t position) {
    int64_t least = position_.load();
    while (position < least && !position_.compare_exchange_weak(least, position)) {
    }
  }
  // -1 where there is none.
  int64_t position() const { return position_ == kNone ? -1 : position_.load(); }

 private:
  static constexpr int64_t kNone = std::numeric_limits<int64_t>::max();
  std::atomic<int64_t> position_{kNone};
};

constexpr int64_t kPiece = int64_t{1} << 16;  // Elements per task.

// Zeros in `out`, and the values in their places. The position of the first index that is out of range
// or order, or -1. Every position falls into a piece whose bounds it is checked against.
template <typename T>
int64_t spread(const ThreadPool& pool, const Places& places, const T* values, int64_t size, T* out) {
  FirstBad bad;
  const int64_t pieces = std::max<int64_t>(1, (size + kPiece - 1) / kPiece);
  pool.parallel_for(pieces, 1, [&](int64_t first, int64_t last) {
    const int64_t begin = first * kPiece, end = std::min(size, last * kPiece);
    const int64_t stop = last == pieces ? places.count() : places.first_from(end);
    int64_t before = begin - 1;
    std::memset(static_cast<void*>(out + begin), 0, (end - begin) * sizeof(T));
    for (int64_t i = places.first_from(begin); i < stop; ++i) {
      const auto offset = static_cast<int64_t>(places.offset(i));
      if (places.is_padding(i) && last == pieces) continue;
      if (!places.in_range(i) || offset <= before || offset >= end) return bad.found(i);
      out[offset] = values[i];
      before = offset;
    }
  });
  return bad.position();
}

Tensor sample(const Tensor& indices, const Tensor& dense, const Tensor& frame);

// Inputs are the parts of a sparse tensor; the result is that tensor, spread out.
template <typename D>
class Spread : public OpOf<D> {
 public:
  auto fields() const { return std::tie(); }
  bool reads_only_shape(int i) const override { return i == 2; }
  Signatures infer(SignatureSpan in) const override {
    const Shape &indices = in[0].shape, &values = in[1].shape, shape = framed_shape(in[2].shape);
    if (indices[0] != None && values[0] != None && indices[0] != values[0]) {
      fail("to_dense: there are ", indices[0], " indices but ", values[0], " values");
    }
    if (indices[1] != None && indices[1] != shape.rank()) {
      fail("to_dense: indices have shape ", indices, " but the tensor ", shape);
    }
    return {{in[1].dtype, shape}};
  }
  void run(const Exec& exec, Views in, Views out) const override {
    const Places places(in[0].as<int64_t>(), in[1].shape->elements(), *out[0].shape);
    visit_size(out[0].dtype.size(), [&](auto zero) {
      using T = decltype(zero);
      const int64_t bad = spread(exec.pool, places, in[1].as<T>(), out[0].shape->elements(), out[0].as<T>());
      if (bad >= 0) places.fail_at("to_dense", bad);
    });
  }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    return {Tensor(), sample(y.input(0), dy, y.input(2)), Tensor()};
  }
};

// A sparse tensor; spread out only for those who read it as a dense one.
class SparseTensorOp final : public Spread<SparseTensorOp> {
 public:
  static constexpr std::string_view kName = "sparse_tensor";
};

class ToDense final : public Spread<ToDense> {
 public:
  static constexpr std::string_view kName = "to_dense";
};

// Elements `indices` (input 0) of input 1, whose shape is that of the frame.
class Sample final : public OpOf<Sample> {
 public:
  static constexpr std::string_view kName = "sparse_sample";
  auto fields() const { return std::tie(); }
  bool reads_only_shape(int i) const override { return i == 2; }
  Signatures infer(SignatureSpan in) const override { return {{in[1].dtype, Shape{in[0].shape[0]}}}; }
  void run(const Exec& exec, Views in, Views out) const override {
    const Places places(in[0].as<int64_t>(), out[0].shape->elements(), *in[1].shape);
    FirstBad bad;
    visit_size(out[0].dtype.size(), [&](auto zero) {
      using T = decltype(zero);
      exec.pool.parallel_for(places.count(), kPiece / 8, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const bool padding = places.is_padding(i);
          if (!padding && !places.in_range(i)) return bad.found(i);
          out[0].as<T>()[i] = padding ? T{} : in[1].as<T>()[places.offset(i)];
        }
      });
    });
    if (bad.position() >= 0) places.fail_at("to_dense", bad.position());
  }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    return {Tensor(), make<ToDense>({y.input(0), dy, y.input(2)}), Tensor()};
  }
};

Tensor sample(const Tensor& indices, const Tensor& dense, const Tensor& frame) {
  return make<Sample>({indices, dense, frame});
}

class FrameLike final : public OpOf<FrameLike> {
 public:
  static constexpr std::string_view kName = "frame_like";
  static constexpr std::string_view kNoGradient = "a shape has no slope";
  auto fields() const { return std::tie(); }
  bool reads_only_shape(int) const override { return true; }
  Signatures infer(SignatureSpan in) const override { return {{DType::kBool, frame_of(in[0].shape)}}; }
  void run(const Exec&, Views, Views) const override {}
};

const Tensor& part(const Tensor& x, int i) {
  if (!is_sparse(x)) fail("sparse: x is ", x, ", not a sparse tensor");
  return x.input(i);
}

}  // namespace

SparseArray::SparseArray(const Array& indices, const Array& values, const Shape& shape) : shape_(shape) {
  if (!indices.defined() || !values.defined()) fail("SparseArray: an empty array handle was given");
  if (shape.rank() == 0) fail("SparseArray: shape is (); accepted are one axis and more");
  for (int64_t d : shape) {
    if (d < 0) fail("SparseArray: shape ", shape, " has the dimension ", d, "; accepted are sizes from 0");
  }
  shape.elements();  // ValueError where that overflows.
  if (values.rank() != 1) fail("SparseArray: values have shape ", values.shape(), "; accepted are vectors");
  if (indices.shape() != Shape{values.shape()[0], shape.rank()}) {
    fail("SparseArray: indices have shape ", indices.shape(), "; for ", values.shape()[0],
         " values of an array of shape ", shape, " it is ", Shape{values.shape()[0], shape.rank()});
  }
  if (!indices.dtype().is_integer() && !indices.is_weak()) {
    fail("SparseArray: indices are ", indices.dtype(), "; accepted are integer dtypes");
  }
  indices_ = indices.cast(DType::kInt64);
  for (int64_t i = 0; i < indices.elements() && indices.dtype().is_floating(); ++i) {
    if (indices.element<double>(i) != static_cast<double>(indices_.data<int64_t>()[i])) {
      fail("SparseArray: ", indices.element<double>(i), " among the indices is no integer");
    }
  }
  values_ = values;
  const Places places(indices_.data<int64_t>(), values.elements(), shape_);
  for (int64_t i = 0; i < places.count(); ++i) {
    if (!places.in_range(i) || (i > 0 && places.offset(i) <= places.offset(i - 1))) {
      places.fail_at("SparseArray", i);
    }
  }
}

SparseArray SparseArray::of_dense(const Array& dense) {
  if (!dense.defined()) fail("SparseArray: an empty array handle was given");
  if (dense.rank() == 0) fail("SparseArray: the array is a scalar; accepted are one axis and more");
  std::vector<int64_t> given;
  visit_dtype(dense.dtype(), [&](auto zero) {
    const auto* elements = dense.data<decltype(zero)>();
    for (int64_t i = 0; i < dense.elements(); ++i) {
      if (convert_element<bool>(elements[i])) given.push_back(i);
    }
  });
  SparseArray out;
  const auto count = static_cast<int64_t>(given.size());
  out.shape_ = dense.shape();
  out.indices_ = Array({count, dense.rank()}, DType::kInt64);
  out.values_ = Array({count}, dense.dtype());
  auto* indices = out.indices_.mutable_data<int64_t>();
  const size_t size = dense.dtype().size();
  for (int64_t i = 0; i < count; ++i) {
    std::memcpy(out.values_.bytes_begin() + i * size, dense.bytes_begin() + given[i] * size, size);
    int64_t rest = given[i];
    for (int a = dense.rank() - 1; a >= 0; --a) {
      indices[i * dense.rank() + a] = rest % dense.shape()[a];
      rest /= dense.shape()[a];
    }
  }
  if (dense.is_weak()) out.values_ = out.values_.as_weak();
  return out;
}

Array SparseArray::to_dense() const {
  if (!defined()) fail("SparseArray: an empty handle has no dense form");
  Array out(shape_, values_.dtype());
  const Places places(indices_.data<int64_t>(), values_.elements(), shape_);
  visit_size(out.dtype().size(), [&](auto zero) {
    using T = decltype(zero);
    spread(ThreadPool::global(), places, reinterpret_cast<const T*>(values_.bytes_begin()), out.elements(),
           reinterpret_cast<T*>(out.bytes_begin()));
  });
  return out;
}

bool is_sparse(const Tensor& x) { return x.defined() && op_as<SparseTensorOp>(x) != nullptr; }

Tensor to_dense(const Tensor& tensor) {
  if (!tensor.defined()) fail("to_dense: an empty tensor handle was given");
  return is_sparse(tensor) ? make<ToDense>(tensor.node().inputs()) : tensor;
}

Tensor variable(const SparseArray& value, const SparseVariableOptions& options) {
  if (!value.defined()) fail("variable: value is an empty handle");
  const DType dtype = options.dtype.value_or(value.values().is_weak() ? DType(floatx()) : value.dtype());
  return sparse_tensor(constant_tensor(value.indices()), constant_tensor(value.values().cast(dtype)),
                       constant_tensor(Array(frame_of(value.shape()), DType::kBool)));
}

Tensor sparse_tensor(const Tensor& indices, const Tensor& values, const Tensor& frame) {
  for (const Tensor* t : {&indices, &values, &frame}) {
    if (!t->defined()) fail("sparse_tensor: an empty tensor handle was given");
  }
  if (indices.dtype() != DType::kInt64 || indices.rank() != 2 || values.rank() != 1) {
    fail("sparse_tensor: indices are ", indices, " and values ", values,
         "; accepted are an int64 matrix and a vector");
  }
  if (frame.rank() < 2 || frame.shape()[0] != 0) fail("sparse_tensor: ", frame, " is no frame");
  return make<SparseTensorOp>({indices, values, frame});
}

const Tensor& sparse_indices(const Tensor& x) { return part(x, 0); }
const Tensor& sparse_values(const Tensor& x) { return part(x, 1); }
const Tensor& sparse_frame(const Tensor& x) { return part(x, 2); }

Tensor frame_like(const Tensor& like) { return make<FrameLike>({like}); }

std::vector<Array> padded_parts(const SparseArray& sparse, DType dtype) {
  const Array given = sparse.values().is_weak() ? sparse.values().cast(dtype) : sparse.values();
  const int64_t count = given.elements(), rank = sparse.shape().rank();
  // Eighths of a power of two: at most 12 % more.
  int64_t step = 64;
  while (step * 16 <= count) step *= 2;
  const int64_t padded = checked_add(count, (step - count % step) % step);
  Array indices({padded, rank}, DType::kInt64), values({padded}, given.dtype());
  std::copy_n(sparse.indices().data<int64_t>(), count * rank, indices.mutable_data<int64_t>());
  std::fill_n(indices.mutable_data<int64_t>() + count * rank, (padded - count) * rank, 0);
  for (int64_t i = count; i < padded; ++i) indices.mutable_data<int64_t>()[i * rank] = sparse.shape()[0];
  const size_t size = given.dtype().size();
  std::memcpy(values.bytes_begin(), given.bytes_begin(), count * size);
  std::memset(values.bytes_begin() + count * size, 0, (padded - count) * size);
  return {std::move(indices), std::move(values), Array(frame_of(sparse.shape()), DType::kBool)};
}

Shape framed_shape(const Shape& frame) { return Shape(Dims(frame).subspan(1)); }

}  // namespace keel
