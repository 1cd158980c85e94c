// Argument types that layers share.
#ifndef KEEL_LAYERS_SUPPORT_LAYERS_ARGUMENTS_H_
#define KEEL_LAYERS_SUPPORT_LAYERS_ARGUMENTS_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keel.h"
#include "layers_support/config/config.h"

namespace keel {

// The shape of one sample, `{28, 28, 1}`, or nothing. It may hold None.
class InputShape {
 public:
  InputShape() = default;
  InputShape(std::initializer_list<int64_t> dims) : shape_(Shape(dims)) {}  // NOLINT: implicit by design
  InputShape(const Shape& shape) : shape_(shape) {}                         // NOLINT

  const std::optional<Shape>& shape() const { return shape_; }

 private:
  std::optional<Shape> shape_;
};

// One size per spatial axis, `{3, 5}`, or one for all, `3`.
template <size_t N>
class Sizes {
 public:
  Sizes(int64_t all) { sizes_.fill(all); }             // NOLINT: implicit by design
  Sizes(int all) : Sizes(static_cast<int64_t>(all)) {}  // NOLINT
  Sizes(std::initializer_list<int64_t> sizes) : Sizes(std::vector<int64_t>(sizes)) {}  // NOLINT
  // ValueError unless there are N of them, or one.
  Sizes(const std::vector<int64_t>& sizes) {  // NOLINT
    if (sizes.size() != N && sizes.size() != 1) fail("sizes: got ", sizes.size(), " where ", N, " or one are accepted");
    for (size_t i = 0; i < N; ++i) sizes_[i] = sizes.size() == 1 ? sizes[0] : sizes[i];
  }

  const std::array<int64_t, N>& values() const { return sizes_; }
  int64_t operator[](size_t i) const { return sizes_[i]; }
  std::vector<int64_t> list() const { return {sizes_.begin(), sizes_.end()}; }
  // The smallest and the largest.
  int64_t least() const { return *std::min_element(sizes_.begin(), sizes_.end()); }
  int64_t most() const { return *std::max_element(sizes_.begin(), sizes_.end()); }

 private:
  std::array<int64_t, N> sizes_;
};

// An activation: one of Keras's by name ("relu"), a callable, or nothing, which is "linear".
class ActivationFunction {
 public:
  ActivationFunction() = default;
  ActivationFunction(std::nullptr_t) {}        // NOLINT: implicit by design
  ActivationFunction(std::string_view name);   // NOLINT: ValueError on an unknown one
  ActivationFunction(const char* name) : ActivationFunction(std::string_view(name)) {}         // NOLINT
  ActivationFunction(const std::string& name) : ActivationFunction(std::string_view(name)) {}  // NOLINT
  // `name` is what a file holds of it.
  ActivationFunction(std::function<Tensor(const Tensor&)> function, std::string name = "custom")  // NOLINT
      : name_(std::move(name)), function_(std::move(function)) {}
  // From what config() gives: a name, or null.
  static ActivationFunction from_config(const Json& config);

  Tensor operator()(const Tensor& x) const { return function_ == nullptr ? x : function_(x); }
  const std::string& name() const { return name_; }

 private:
  std::string name_ = "linear";
  std::function<Tensor(const Tensor&)> function_;
};

// "channels_first" or "channels_last".
std::string data_format_name(const DataFormat& data_format);
// "valid", "same" or "causal".
std::string padding_name(Padding padding);

}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_LAYERS_ARGUMENTS_H_
