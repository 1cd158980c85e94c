// Windows that slide over spatial axes: what convolutions and pooling have in common.
#ifndef KEEL_OPS_CONV_WINDOW_H_
#define KEEL_OPS_CONV_WINDOW_H_

#include <array>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <utility>

#include "absl/types/span.h"
#include "core/arguments.h"
#include "core/shape.h"

namespace keel {

// Calls f(T{}) with the C++ type that stores `dtype`, a floating one.
template <typename F>
decltype(auto) visit_floating(DType dtype, F&& f) {
  switch (dtype.kind()) {
    case DType::kFloat64: return f(double{});
    case DType::kFloat16: return f(float16{});
    case DType::kBfloat16: return f(bfloat16{});
    default: return f(float{});
  }
}

// The farthest that a window may reach: sums of it and of axes that fit into memory do not overflow.
constexpr int64_t kMostReach = (int64_t{1} << 31) - 1;

// How a window moves along up to three spatial axes; axes a tensor does not have are in front, with
// ones. An attribute of ops.
struct Window {
  int rank = 2;  // Spatial axes.
  std::array<int64_t, 3> strides = {1, 1, 1}, dilations = {1, 1, 1};
  Padding padding;
  bool channels_first = false;

  auto fields() const { return std::tie(rank, strides, dilations, padding, channels_first); }
  friend bool operator==(const Window& a, const Window& b) { return a.fields() == b.fields(); }
  template <typename H>
  friend H AbslHashValue(H h, const Window& w) {
    return H::combine(std::move(h), w.fields());
  }
  friend std::ostream& operator<<(std::ostream& out, const Window& w);
  // The axis of a tensor that spatial axis `i` (of three) is; -1 where it has none.
  int axis(int i) const {
    const int spatial = i - (3 - rank);
    return spatial < 0 ? -1 : spatial + (channels_first ? 2 : 1);
  }
  int channel_axis() const { return channels_first ? 1 : rank + 1; }

  // Outputs along spatial axis `i` for `in` inputs and windows of `size`; None where that is
  // unknown. ValueError, in the name of `function`, where a "valid" window does not fit, or any window
  // reaches too far.
  int64_t outputs(std::string_view function, int i, int64_t in, int64_t size) const;
  // The other way round, of several answers the one that Keras's layers choose: inputs along spatial
  // axis `i` that make `out` outputs; None where that is unknown. ValueError as above.
  int64_t inputs(std::string_view function, int i, int64_t out, int64_t size) const;
  // Zeros before the first input.
  int64_t pad_before(int i, int64_t in, int64_t size, int64_t out) const;

 private:
  // From the first to the last input of a window.
  int64_t reach(std::string_view function, int i, int64_t size) const;
};

// A window from a function's arguments. ValueError where a stride or dilation is below 1, or one of each
// is above 1.
Window make_window(std::string_view function, absl::Span<const int64_t> strides,
                   absl::Span<const int64_t> dilations, Padding padding, DataFormat data_format);

// ValueError unless a tensor has batch, channel and the window's spatial axes.
void check_rank(std::string_view function, const char* what, const Shape& shape, int spatial);

}  // namespace keel

#endif  // KEEL_OPS_CONV_WINDOW_H_
