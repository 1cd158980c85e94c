#include "ops/array/repeat.h"

#include <algorithm>

#include "core/op.h"
#include "core/structure.h"
#include "ops/array/reshape.h"
#include "ops/array/strided_copy_kernel.h"

namespace keel {
namespace {

// Axis i becomes n[i] axes of its size (tiles) or each of its elements n[i] times (`elements`).
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
    const CopyAxes from = dense_axes(*in[0].shape), to = dense_axes(*out[0].shape);
    CopyAxes axes;
    for (size_t a = 0; a < to.size(); ++a) {
      const int64_t stride = to[a].out_stride, size = from[a].size;
      axes.push_back({n[a], 0, elements ? stride : stride * size});
      axes.push_back({size, from[a].in_stride, elements ? stride * n[a] : stride});
    }
    strided_copy(exec.pool, axes, in[0].dtype.size(), in[0].data, out[0].data);
  }
  // The sum over the repetitions, which get axes of their own.
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    const Tensor& x = y.input(0);
    if (std::find(n.begin(), n.end(), 0) != n.end()) return {full_like(x, 0, x.dtype())};
    Tensor split = dy, like = x;
    for (int a = static_cast<int>(n.size()) - 1; a >= 0; --a) {
      if (n[a] == 1) continue;
      split = elements ? split_axis(split, a, None, n[a]) : split_axis(split, a, n[a], None);
      like = expand_dims(like, elements ? a + 1 : a);
    }
    return {reshape_like(sum_to_like(split, like), x)};
  }
};

}  // namespace

Tensor repeat_elements(const Tensor& x, int64_t rep, int64_t axis) {
  if (rep < 1) fail("repeat_elements: rep ", rep, "; accepted are numbers from 1 on");
  std::vector<int64_t> n(x.rank(), 1);
  n[check_axis("repeat_elements", axis, x.rank())] = rep;
  return make<Repeat>({x}, std::move(n), true);
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
