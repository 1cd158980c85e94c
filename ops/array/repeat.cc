#include "ops/array/repeat.h"

#include <algorithm>

#include "core/op.h"
#include "ops/array/gather_kernel.h"
#include "ops/array/reshape.h"
#include "ops/array/strided_copy_kernel.h"

namespace keel {
namespace {

// Where each element of an array and each of its repetitions is: axes in pairs, of n[i] repetitions and
// of x's axis i; `in_stride` is that of x (0 for repetitions), `out_stride` that of the repeated array.
CopyAxes repetitions(const Shape& x, const Shape& repeated, const std::vector<int64_t>& n, bool elements) {
  const CopyAxes from = dense_axes(x), to = dense_axes(repeated);
  CopyAxes axes;
  for (size_t a = 0; a < to.size(); ++a) {
    const int64_t stride = to[a].out_stride, size = from[a].size;
    axes.push_back({n[a], 0, elements ? stride : stride * size});
    axes.push_back({size, from[a].in_stride, elements ? stride * n[a] : stride});
  }
  return axes;
}

Tensor sum_of_repetitions(const Tensor& dy, const Tensor& x, const std::vector<int64_t>& n, bool elements);

// Axis i n[i] times: as a whole, or (`elements`) each of its elements.
class Repeat final : public OpOf<Repeat> {
 public:
  static constexpr std::string_view kName = "tile";
  std::vector<int64_t> n;
  bool elements;

  auto fields() const { return std::tie(n, elements); }
  Signatures infer(SignatureSpan in) const override {
    Shape out = in[0].shape;
    for (int a = 0; a < out.rank(); ++a) {
      if (n[a] == 0) {
        out[a] = 0;
      } else if (out[a] != None) {
        out[a] = checked_multiply(out[a], n[a], elements ? "repeat_elements: size" : "tile: size");
      }
    }
    return {{in[0].dtype, out}};
  }
  int forwards(SignatureSpan in, SignatureSpan out) const override {
    return in[0].shape == out[0].shape ? 0 : -1;
  }
  void run(const Exec& exec, Views in, Views out) const override {
    strided_copy(exec.pool, repetitions(*in[0].shape, *out[0].shape, n, elements), in[0].dtype.size(),
                 in[0].data, out[0].data);
  }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    return {sum_of_repetitions(dy, y.input(0), n, elements)};
  }
};

// The gradient: input 0 summed over the repetitions, in their order, to the shape of input 1.
class SumOfRepetitions final : public OpOf<SumOfRepetitions> {
 public:
  static constexpr std::string_view kName = "sum_of_repetitions";
  std::vector<int64_t> n;
  bool elements;

  auto fields() const { return std::tie(n, elements); }
  bool reads_only_shape(int i) const override { return i == 1; }
  Signatures infer(SignatureSpan in) const override { return {{in[0].dtype, in[1].shape}}; }
  size_t scratch_bytes(SignatureSpan in, SignatureSpan out) const override {
    if (out[0].shape.elements() == 0) return 0;  // Of nothing there may be more copies than can be counted.
    return sum_bytes() + count() * sizeof(uint8_t) + 64 + static_cast<size_t>(byte_size(in[0].shape, in[0].dtype));
  }
  // One array per repetition, and then their sum.
  void run(const Exec& exec, Views in, Views out) const override {
    const int64_t size = out[0].shape->elements();
    if (size == 0) return;
    CopyAxes axes = repetitions(*out[0].shape, *in[0].shape, n, elements);
    int64_t stride = size;
    for (size_t a = axes.size(); a > 0; a -= 2) {
      CopyAxis &repetition = axes[a - 2], &axis = axes[a - 1];
      repetition = {repetition.size, repetition.out_stride, stride};
      axis = {axis.size, axis.out_stride, axis.in_stride};
      stride *= repetition.size;
    }
    std::byte* const repeated = exec.scratch;
    const size_t bytes = static_cast<size_t>(byte_size(*in[0].shape, in[0].dtype) + 63) / 64 * 64;
    std::byte* const room = repeated + bytes;
    uint8_t* const row = reinterpret_cast<uint8_t*>(room + sum_bytes());
    strided_copy(exec.pool, axes, in[0].dtype.size(), in[0].data, repeated);
    std::fill_n(row, count(), uint8_t{0});
    scatter_add_rows(exec.pool, row, static_cast<int64_t>(count()), repeated, in[0].dtype, 1, size,
                     out[0].data, room);
  }
  Tensors gradient(const Tensor&, const Tensor& dy) const {
    return {make<Repeat>({dy}, n, elements), Tensor()};
  }

 private:
  size_t count() const {
    size_t product = 1;
    for (int64_t times : n) product *= static_cast<size_t>(times);
    return product;
  }
  size_t sum_bytes() const { return scatter_add_scratch_bytes(1, static_cast<int64_t>(count())); }
};

Tensor sum_of_repetitions(const Tensor& dy, const Tensor& x, const std::vector<int64_t>& n, bool elements) {
  return make<SumOfRepetitions>({dy, x}, n, elements);
}

}  // namespace

Tensor repeat_elements(const Tensor& x, int64_t rep, int64_t axis) {
  if (rep < 1) fail("repeat_elements: rep ", rep, "; accepted are numbers from 1 on");
  std::vector<int64_t> n(x.rank(), 1);
  n[check_axis("repeat_elements", axis, x.rank())] = rep;
  return make<Repeat>({x}, std::move(n), true);
}

Tensor repeat_elements(const Tensor& x, const std::vector<int64_t>& n) {
  if (static_cast<int>(n.size()) != x.rank()) {
    fail("repeat_elements: n has ", n.size(), " numbers but x has shape ", x.shape());
  }
  for (int64_t rep : n) {
    if (rep < 1) fail("repeat_elements: n holds ", rep, "; accepted are numbers from 1 on");
  }
  return make<Repeat>({x}, n, true);
}

Tensor repeat(const Tensor& x, int64_t n) {
  if (x.rank() != 2) fail("repeat: x has shape ", x.shape(), "; accepted are tensors of rank 2");
  if (n < 0) fail("repeat: n ", n, "; accepted are numbers from 0 on");
  return tile(expand_dims(x, 1), {1, n, 1});
}

Tensor tile(const Tensor& x, const std::vector<int64_t>& n) {
  if (static_cast<int>(n.size()) > x.rank()) {
    fail("tile: n has ", n.size(), " numbers but x has shape ", x.shape());
  }
  std::vector<int64_t> all(x.rank() - n.size(), 1);
  for (int64_t count : n) {
    if (count < 0) fail("tile: n holds ", count, "; accepted are numbers from 0 on");
    all.push_back(count);
  }
  return make<Repeat>({x}, std::move(all), false);
}

Tensor tile(const Tensor& x, int64_t n) { return tile(x, std::vector<int64_t>{n}); }

}  // namespace keel
