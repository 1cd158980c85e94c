#include "ops/conv/local.h"

#include <memory>
#include <ostream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/op.h"
#include "ops/array/reshape.h"
#include "ops/array/transpose.h"
#include "ops/conv/patches_kernel.h"
#include "ops/conv/window.h"
#include "ops/math/dot.h"

namespace keel {
namespace {

// A "valid" window of `size` that makes `out` places of each axis. An attribute of ops.
struct PatchWindow {
  std::string function;
  Window window;
  std::vector<int64_t> size, out;

  auto fields() const { return std::tie(function, window, size, out); }
  friend bool operator==(const PatchWindow& a, const PatchWindow& b) { return a.fields() == b.fields(); }
  template <typename H>
  friend H AbslHashValue(H h, const PatchWindow& w) {
    return H::combine(std::move(h), w.fields());
  }
  friend std::ostream& operator<<(std::ostream& stream, const PatchWindow& w) {
    stream << w.function << " size=(";
    for (size_t i = 0; i < w.size.size(); ++i) stream << (i > 0 ? ", " : "") << w.size[i];
    return stream << ") " << w.window;
  }

  int64_t places() const {
    int64_t places = 1;
    for (int64_t extent : out) places = checked_multiply(places, extent);
    return places;
  }
};

PatchShape patch_shape(const PatchWindow& w, const Shape& x) {
  PatchShape s;
  s.batch = x[0];
  s.channels = x[w.window.channel_axis()];
  s.channels_first = w.window.channels_first;
  for (int i = 3 - w.window.rank; i < 3; ++i) {
    const int axis = i - (3 - w.window.rank), to = i - 1;
    s.in[to] = x[w.window.axis(i)];
    s.window[to] = w.size[axis];
    s.stride[to] = w.window.strides[i];
    s.out[to] = w.out[axis];
  }
  return s;
}

// The shape [places, batch, elements of a patch].
Shape patches_shape(const PatchWindow& w, const Shape& x) {
  int64_t elements = x[w.window.channel_axis()];
  for (int i = 3 - w.window.rank; i < 3; ++i) {
    const int axis = i - (3 - w.window.rank);
    const int64_t in = x[w.window.axis(i)];
    const int64_t reach =
        checked_add(checked_multiply(w.out[axis] - 1, w.window.strides[i]), w.size[axis]);
    if (in != None && reach > in) {
      fail(w.function, ": ", w.out[axis], " places of a window of ", w.size[axis], ", ", w.window.strides[i],
           " apart, do not fit an axis of ", in, " (inputs: ", x, ')');
    }
    if (elements != None) elements = checked_multiply(elements, w.size[axis]);
  }
  return {w.places(), x[0], elements};
}

template <typename T>
class PatchesKernel final : public Kernel {
 public:
  PatchesKernel(const PatchShape& shape, bool back) : shape_(shape), back_(back) {}
  size_t scratch_bytes(const ThreadPool& pool) const override {
    return back_ ? scatter_patches_scratch_bytes<T>(shape_, pool) : 0;
  }
  void run(const Exec& exec, Views in, Views out) const override {
    if (back_) {
      scatter_patches<T>(shape_, in[0].as<T>(), out[0].as<T>(), exec.scratch, exec.pool);
    } else {
      gather_patches<T>(shape_, in[0].as<T>(), out[0].as<T>(), exec.pool);
    }
  }

 private:
  const PatchShape shape_;
  const bool back_;
};

// What a window sees at each place, or (`back`) the sum of that to the shape of input 1; each is the
// other's gradient.
template <class D, bool back>
class PatchOp : public OpOf<D> {
 public:
  PatchWindow window;
  auto fields() const { return std::tie(window); }
  std::unique_ptr<Kernel> compile(SignatureSpan in, SignatureSpan out) const override {
    const PatchShape shape = patch_shape(window, back ? out[0].shape : in[0].shape);
    return visit_floating(in[0].dtype, [&](auto zero) -> std::unique_ptr<Kernel> {
      return std::make_unique<PatchesKernel<decltype(zero)>>(shape, back);
    });
  }
};

class ScatterPatches final : public PatchOp<ScatterPatches, true> {
 public:
  static constexpr std::string_view kName = "scatter_patches";
  bool reads_only_shape(int i) const override { return i == 1; }
  Signatures infer(SignatureSpan in) const override { return {{in[0].dtype, in[1].shape}}; }
  Tensors gradient(const Tensor& x, const Tensor& dx) const;
};

class GatherPatches final : public PatchOp<GatherPatches, false> {
 public:
  static constexpr std::string_view kName = "gather_patches";
  Signatures infer(SignatureSpan in) const override {
    return {{in[0].dtype, patches_shape(window, in[0].shape)}};
  }
  Tensors gradient(const Tensor& patches, const Tensor& dpatches) const {
    return {make<ScatterPatches>({dpatches, patches.input(0)}, window)};
  }
};

Tensors ScatterPatches::gradient(const Tensor&, const Tensor& dx) const {
  return {make<GatherPatches>({dx}, window), Tensor()};
}

Tensor local_conv(const PatchWindow& w, const Tensor& inputs, const Tensor& kernel) {
  const std::string& name = w.function;
  check_rank(name, "inputs", inputs.shape(), w.window.rank);
  const Shape& ks = kernel.shape();
  if (ks.rank() != 3) fail(name, ": kernel has shape ", ks, "; it needs 3 axes");
  if (kernel.dtype() != inputs.dtype() || !inputs.dtype().is_floating()) {
    fail(name, ": the operands are ", inputs.dtype(), " and ", kernel.dtype(),
         "; accepted are two of one floating dtype");
  }
  for (const auto* sizes : {&w.size, &w.out}) {
    for (int64_t size : *sizes) {
      if (size < 1) {
        fail(name, ": ", sizes == &w.size ? "kernel_size" : "output_shape", " holds ", size,
             "; accepted are sizes from 1");
      }
    }
  }
  const Shape patches = patches_shape(w, inputs.shape());
  const int64_t expected[] = {patches[0], patches[2]};
  for (int i = 0; i < 2; ++i) {
    if (ks[i] != None && expected[i] != None && ks[i] != expected[i]) {
      fail(name, ": kernel is for ", ks[i], i == 0 ? " places" : " elements of a patch", " but there are ",
           expected[i], " (inputs: ", inputs.shape(), ", kernel: ", ks, ')');
    }
  }
  const Tensor seen = make<GatherPatches>({inputs}, w);
  const Tensor products = batch_dot(seen, kernel, {2, 1});  // [places, N, F]
  const bool first = w.window.channels_first;
  const Tensor y = permute_dimensions(products, first ? std::vector<int64_t>{1, 2, 0} : std::vector<int64_t>{1, 0, 2});
  return w.out.size() == 1 ? y : split_axis(y, first ? 2 : 1, w.out[0], None);
}

}  // namespace

Tensor local_conv1d(const Tensor& inputs, const Tensor& kernel, const std::array<int64_t, 1>& kernel_size,
                    const std::array<int64_t, 1>& strides, DataFormat) {
  const char* const name = "local_conv1d";
  if (kernel.rank() != 3 || kernel.shape()[0] == None) {
    fail(name, ": kernel has shape ", kernel.shape(), "; it needs 3 axes, the first of known size");
  }
  return local_conv({name, make_window(name, strides, {1}, "valid", "channels_last"),
                     {kernel_size[0]}, {kernel.shape()[0]}}, inputs, kernel);
}

Tensor local_conv2d(const Tensor& inputs, const Tensor& kernel, const std::array<int64_t, 2>& kernel_size,
                    const std::array<int64_t, 2>& strides, const std::array<int64_t, 2>& output_shape,
                    DataFormat data_format) {
  const char* const name = "local_conv2d";
  return local_conv({name, make_window(name, strides, {1, 1}, "valid", data_format),
                     {kernel_size[0], kernel_size[1]}, {output_shape[0], output_shape[1]}}, inputs, kernel);
}

}  // namespace keel
