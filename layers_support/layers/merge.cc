#include "layers_support/layers/merge.h"

#include <algorithm>

#include "layers_support/layers/built_in.h"
#include "layers_support/layers/loading.h"

namespace keel::layers {
namespace {

// Where all of the masks that there are say 1; an empty handle where there is none.
Tensor all_of(const Tensors& masks) {
  Tensor out;
  for (const Tensor& mask : masks) {
    if (!mask.defined()) continue;
    const Tensor flags = mask.dtype().is_bool() ? mask : not_equal(mask, 0);
    out = out.defined() ? logical_and(out, flags) : flags;
  }
  return out;
}

class Elementwise final : public BuiltIn {
 public:
  using Combine = Tensor (*)(const Tensors&);

  Elementwise(const char* class_name, Combine combine, const MergeOptions& options)
      : BuiltIn(class_name, options.name), combine_(combine) {}
  Tensors call(const Tensors& inputs, const Training&) override {
    if (inputs.size() < 2) fail(name(), ": got ", inputs.size(), " inputs; at least two are accepted");
    int rank = 0;
    for (const Tensor& x : inputs) rank = std::max(rank, x.rank());
    Tensors same_rank;
    for (Tensor x : inputs) {
      if (x.rank() == 0) fail(name(), ": an input is a scalar; it needs an axis of samples");
      while (x.rank() < rank) x = expand_dims(x, 1);
      same_rank.push_back(std::move(x));
    }
    return {combine_(same_rank)};
  }
  Tensors compute_mask(const Tensors&, const Tensors& masks) override { return {all_of(masks)}; }

 private:
  const Combine combine_;
};

template <Tensor (*F)(const Tensor&, const Tensor&)>
Tensor fold(const Tensors& xs) {
  Tensor out = xs[0];
  for (size_t i = 1; i < xs.size(); ++i) out = F(out, xs[i]);
  return out;
}
Tensor sum_of(const Tensors& xs) { return fold<&operator+>(xs); }
Tensor product_of(const Tensors& xs) { return fold<&operator*>(xs); }
Tensor average_of(const Tensors& xs) { return sum_of(xs) / static_cast<double>(xs.size()); }
Tensor maximum_of(const Tensors& xs) { return fold<&keel::maximum>(xs); }
Tensor minimum_of(const Tensors& xs) { return fold<&keel::minimum>(xs); }
Tensor difference_of(const Tensors& xs) {
  if (xs.size() != 2) fail("Subtract: got ", xs.size(), " inputs; accepted are two");
  return xs[0] - xs[1];
}

class ConcatenateImpl final : public BuiltIn {
 public:
  ConcatenateImpl(int64_t axis, const MergeOptions& options) : BuiltIn("Concatenate", options.name), axis_(axis) {}
  Tensors call(const Tensors& inputs, const Training&) override {
    if (inputs.size() < 2) fail(name(), ": got ", inputs.size(), " inputs; at least two are accepted");
    return {concatenate(inputs, axis_)};
  }
  // Along time masks are put side by side; along another axis a time step is read where all say so.
  Tensors compute_mask(const Tensors& inputs, const Tensors& masks) override {
    if (check_axis(name(), axis_, inputs[0].rank()) != 1) return {all_of(masks)};
    if (std::none_of(masks.begin(), masks.end(), [](const Tensor& m) { return m.defined(); })) return {};
    Tensors parts;
    for (size_t i = 0; i < inputs.size(); ++i) {
      Tensor part = masks[i];
      if (!part.defined()) {
        part = inputs[i];
        while (part.rank() > 2) part = element_at(part, 0, part.rank() - 1);
        part = ones_like(part, {.dtype = "bool"});
      }
      parts.push_back(part.dtype().is_bool() ? part : not_equal(part, 0));
    }
    return {concatenate(parts, 1)};
  }
  Json get_config() const override { return config_with({{"axis", axis_}}); }
  static Layer load(const ConfigReader& c, const LayerLoader&) {
    return Concatenate(c.integer("axis", -1), {.name = name_at(c)});
  }

 private:
  const int64_t axis_;
};

class DotImpl final : public BuiltIn {
 public:
  DotImpl(int64_t x_axis, int64_t y_axis, const DotOptions& options)
      : BuiltIn("Dot", options.name), x_axis_(x_axis), y_axis_(y_axis), normalize_(options.normalize) {}
  Tensors call(const Tensors& inputs, const Training&) override {
    if (inputs.size() != 2) fail(name(), ": got ", inputs.size(), " inputs; accepted are two");
    const Tensor &x = inputs[0], &y = inputs[1];
    if (!normalize_) return {batch_dot(x, y, {x_axis_, y_axis_})};
    return {batch_dot(l2_normalize(x, x_axis_), l2_normalize(y, y_axis_), {x_axis_, y_axis_})};
  }
  Json get_config() const override {
    return config_with({{"axes", x_axis_ == y_axis_ ? Json(x_axis_) : Json({x_axis_, y_axis_})}, {"normalize", normalize_}});
  }
  static Layer load(const ConfigReader& c, const LayerLoader&) {
    const std::vector<int64_t> axes = c.integers("axes");
    if (axes.empty() || axes.size() > 2) fail("Dot: axes names ", axes.size(), " axes; one or two are accepted");
    return Dot({axes.front(), axes.back()}, {.normalize = c.flag("normalize", false), .name = name_at(c)});
  }

 private:
  const int64_t x_axis_, y_axis_;
  const bool normalize_;
};

Layer elementwise(const char* class_name, Elementwise::Combine combine, const MergeOptions& options) {
  return Layer(std::make_shared<Elementwise>(class_name, combine, options));
}

template <typename T>
Layer load_plain(const ConfigReader& c, const LayerLoader&) {
  return T({.name = name_at(c)});
}

}  // namespace

Add::Add(const MergeOptions& options) : Layer(elementwise("Add", sum_of, options)) {}
Multiply::Multiply(const MergeOptions& options) : Layer(elementwise("Multiply", product_of, options)) {}
Average::Average(const MergeOptions& options) : Layer(elementwise("Average", average_of, options)) {}
Maximum::Maximum(const MergeOptions& options) : Layer(elementwise("Maximum", maximum_of, options)) {}
Minimum::Minimum(const MergeOptions& options) : Layer(elementwise("Minimum", minimum_of, options)) {}
Dot::Dot(const DotAxes& axes, const DotOptions& options)
    : Layer([&] {
        if (!axes.x() || !axes.y()) fail("Dot: no axes were given");
        return std::make_shared<DotImpl>(*axes.x(), *axes.y(), options);
      }()) {}
Subtract::Subtract(const MergeOptions& options) : Layer(elementwise("Subtract", difference_of, options)) {}
Concatenate::Concatenate(int64_t axis, const MergeOptions& options)
    : Layer(std::make_shared<ConcatenateImpl>(axis, options)) {}

}  // namespace keel::layers

namespace keel::internal {

void add_merges(LayerFactories& to) {
  using namespace layers;  // NOLINT
  to.insert({{"Add", load_plain<layers::Add>},
             {"Multiply", load_plain<layers::Multiply>},
             {"Average", load_plain<layers::Average>},
             {"Maximum", load_plain<layers::Maximum>},
             {"Minimum", load_plain<layers::Minimum>},
             {"Subtract", load_plain<layers::Subtract>},
             {"Dot", DotImpl::load},
             {"Concatenate", ConcatenateImpl::load}});
}

}  // namespace keel::internal
