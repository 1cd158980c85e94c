#include "ops/array/slice.h"

#include <algorithm>
#include <limits>

#include "core/op.h"
#include "ops/array/embed_kernel.h"
#include "ops/array/reshape.h"
#include "ops/array/strided_copy_kernel.h"

namespace keel {
namespace {

// How many indices there are from `begin` to `end`, no less; what no axis can have is cut off.
int64_t count(int64_t begin, int64_t end, int64_t step) {
  const uint64_t distance = static_cast<uint64_t>(end) - static_cast<uint64_t>(begin);
  if (distance == 0) return 0;
  constexpr uint64_t kMost = std::numeric_limits<int64_t>::max();
  return static_cast<int64_t>(std::min((distance - 1) / static_cast<uint64_t>(step) + 1, kMost));
}

// A range of an axis of known size.
struct Resolved {
  int64_t begin, size;
};

Resolved resolve(const SliceRange& range, const Shape& x, int axis) {
  const int64_t dim = x[axis];
  const int64_t begin = range.begin < 0 ? range.begin + dim : range.begin;
  const int64_t end = range.end == SliceRange::kEnd ? dim : range.end < 0 ? range.end + dim : range.end;
  if (begin < 0 || end > dim || begin > end) {
    fail("slice: ", range, " of axis ", axis, " of x of shape ", x, "; accepted are bounds within 0 to ",
         dim, ", in order");
  }
  return {begin, count(begin, end, range.step)};
}

// How many indices a range has where the axis' size is not known; None where that depends on it.
int64_t size_of(const SliceRange& range) {
  const bool from_end = range.begin < 0 && (range.end < 0 || range.end == SliceRange::kEnd);
  const int64_t end = range.end == SliceRange::kEnd ? 0 : range.end;
  if (!from_end && (range.begin < 0 || range.end < 0 || range.end == SliceRange::kEnd)) return None;
  if (end < range.begin) fail("slice: ", range, " ends before it begins");
  return count(range.begin, end, range.step);
}

// Per axis, where the slice begins, its step (1 where nothing follows), and its size.
struct Region {
  explicit Region(const std::vector<SliceRange>& ranges, const Shape& x) {
    for (int a = 0; a < x.rank(); ++a) {
      const SliceRange range = a < static_cast<int>(ranges.size()) ? ranges[a] : SliceRange{};
      const Resolved r = resolve(range, x, a);
      begin.push_back(r.begin);
      step.push_back(r.size > 1 ? range.step : 1);
      size.push_back(r.size);
    }
  }
  Shape begin, step, size;
};

Tensor embed_like(const Tensor& dy, const Tensor& x, const std::vector<SliceRange>& ranges);

class Slice final : public OpOf<Slice> {
 public:
  static constexpr std::string_view kName = "slice";
  std::vector<SliceRange> ranges;

  auto fields() const { return std::tie(ranges); }
  Signatures infer(SignatureSpan in) const override {
    Shape out = in[0].shape;
    for (int a = 0; a < static_cast<int>(ranges.size()); ++a) {
      out[a] = out[a] == None ? size_of(ranges[a]) : resolve(ranges[a], in[0].shape, a).size;
    }
    return {{in[0].dtype, out}};
  }
  int forwards(SignatureSpan in, SignatureSpan out) const override {
    return in[0].shape == out[0].shape ? 0 : -1;
  }
  void run(const Exec& exec, Views in, Views out) const override {
    const Region region(ranges, *in[0].shape);
    CopyAxes axes = dense_axes(*out[0].shape);
    const CopyAxes from = dense_axes(*in[0].shape);
    int64_t offset = 0;
    for (size_t a = 0; a < axes.size(); ++a) {
      axes[a].in_stride = from[a].in_stride * region.step[a];
      offset += from[a].in_stride * region.begin[a];
    }
    const size_t size = in[0].dtype.size();
    strided_copy(exec.pool, axes, size, in[0].as<char>() + offset * size, out[0].data);
  }
  Tensors gradient(const Tensor& y, const Tensor& dy) const {
    return {embed_like(dy, y.input(0), ranges)};
  }
};

// The gradient of slices: zeros in the shape of inputs 1, 3 …, with inputs 0, 2 … where the slices are,
// no two of which overlap.
class EmbedLike final : public OpOf<EmbedLike> {
 public:
  static constexpr std::string_view kName = "embed_like";
  std::vector<std::vector<SliceRange>> slices;

  auto fields() const { return std::tie(slices); }
  bool reads_only_shape(int i) const override { return i % 2 == 1; }
  Signatures infer(SignatureSpan in) const override { return {{in[0].dtype, in[1].shape}}; }
  void run(const Exec& exec, Views in, Views out) const override {
    const Shape& shape = *out[0].shape;
    const size_t size = in[0].dtype.size();
    if (slices.size() == 1) {
      const Region region(slices[0], shape);
      embed(exec.pool, *in[0].shape, region.begin, region.step, shape, size, in[0].data, out[0].data);
      return;
    }
    int64_t covered = 0;
    for (size_t i = 0; i < slices.size(); ++i) covered += in[2 * i].shape->elements();
    if (covered != shape.elements()) {
      fill_zero(exec.pool, out[0].data, byte_size(shape, out[0].dtype));
    }
    for (size_t i = 0; i < slices.size(); ++i) {
      const Region region(slices[i], shape);
      CopyAxes axes = dense_axes(*in[2 * i].shape);
      const CopyAxes to = dense_axes(shape);
      int64_t offset = 0;
      for (size_t a = 0; a < axes.size(); ++a) {
        axes[a].out_stride = to[a].out_stride * region.step[a];
        offset += to[a].out_stride * region.begin[a];
      }
      strided_copy(exec.pool, axes, size, in[2 * i].data, out[0].as<char>() + offset * size);
    }
  }

  // The gradients of several slices of one tensor are written side by side.
  std::shared_ptr<const Op> sum_with(const Op& other, SignatureSpan in) const override {
    const auto* more = dynamic_cast<const EmbedLike*>(&other);
    if (more == nullptr) return nullptr;
    for (const auto& a : slices) {
      for (const auto& b : more->slices) {
        if (overlap(Region(a, in[1].shape), Region(b, in[1].shape))) return nullptr;
      }
    }
    auto all = slices;
    all.insert(all.end(), more->slices.begin(), more->slices.end());
    return make_op<EmbedLike>(std::move(all));
  }

  Tensors gradient(const Tensor&, const Tensor& dy) const {
    Tensors grads;
    for (const auto& ranges : slices) {
      grads.push_back(make<Slice>({dy}, ranges));
      grads.emplace_back();
    }
    return grads;
  }

 private:
  // Whether two regions may have an element in common: seen as if their steps were 1.
  static bool overlap(const Region& a, const Region& b) {
    const auto last = [](const Region& r, int k) { return r.begin[k] + (r.size[k] - 1) * r.step[k]; };
    for (int k = 0; k < a.begin.rank(); ++k) {
      if (last(a, k) < b.begin[k] || last(b, k) < a.begin[k]) return false;
    }
    return true;
  }
};

Tensor embed_like(const Tensor& dy, const Tensor& x, const std::vector<SliceRange>& ranges) {
  return make<EmbedLike>({dy, x}, std::vector<std::vector<SliceRange>>{ranges});
}

}  // namespace

Tensor strided_slice(const Tensor& x, const std::vector<SliceRange>& ranges) {
  if (static_cast<int>(ranges.size()) > x.rank()) {
    fail("slice: ", ranges.size(), " ranges for x of shape ", x.shape());
  }
  for (const SliceRange& range : ranges) {
    if (range.step < 1) fail("slice: step ", range.step, "; accepted are steps from 1 on");
  }
  return make<Slice>({x}, ranges);
}

Tensor slice(const Tensor& x, int64_t axis, int64_t begin, int64_t size) {
  const int checked = check_axis("slice", axis, x.rank());
  if (size < 0) fail("slice: size ", size, "; accepted are sizes from 0 on");
  if (begin < 0 && begin + size > 0) {
    fail("slice: ", size, " elements from ", begin, " on reach beyond the end of axis ", axis);
  }
  std::vector<SliceRange> ranges(checked + 1);
  const int64_t end = begin < 0 && begin + size == 0 ? SliceRange::kEnd : checked_add(begin, size);
  ranges[checked] = {begin, end};
  return strided_slice(x, ranges);
}

Tensor element_at(const Tensor& x, int64_t index, int64_t axis) {
  return squeeze(slice(x, axis, index, 1), axis);
}

}  // namespace keel
