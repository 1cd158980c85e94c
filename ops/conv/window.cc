#include "ops/conv/window.h"

#include <algorithm>

namespace keel {

std::ostream& operator<<(std::ostream& out, const Window& w) {
  auto print = [&](const char* name, const std::array<int64_t, 3>& sizes) {
    out << name << "=(";
    for (int i = 3 - w.rank; i < 3; ++i) out << (i > 3 - w.rank ? ", " : "") << sizes[i];
    out << ") ";
  };
  print("strides", w.strides);
  print("dilations", w.dilations);
  return out << w.padding << (w.channels_first ? " channels_first" : " channels_last");
}

int64_t Window::reach(std::string_view function, int i, int64_t size) const {
  if (size < 1) fail(function, ": a window of size ", size, "; accepted are sizes from 1");
  if (size - 1 > (kMostReach - 1) / dilations[i]) {
    fail(function, ": a window of size ", size, " and dilation ", dilations[i], "; accepted is a reach of up to ",
         kMostReach);
  }
  return (size - 1) * dilations[i] + 1;
}

int64_t Window::outputs(std::string_view function, int i, int64_t in, int64_t size) const {
  if (in == None || size == None) return None;
  const int64_t span = reach(function, i, size);
  if (padding.kind() != Padding::kValid) return in == 0 ? 0 : (in - 1) / strides[i] + 1;
  if (span > in) {
    fail(function, ": a window of ", span, " does not fit an axis of ", in, " with padding 'valid'");
  }
  return (in - span) / strides[i] + 1;
}

int64_t Window::inputs(std::string_view function, int i, int64_t out, int64_t size) const {
  if (out == None || size == None) return None;
  const int64_t span = reach(function, i, size), spread = checked_multiply(out, strides[i]);
  if (padding.kind() != Padding::kValid) return spread;
  return checked_add(spread, std::max<int64_t>(span - strides[i], 0));
}

int64_t Window::pad_before(int i, int64_t in, int64_t size, int64_t out) const {
  const int64_t span = (size - 1) * dilations[i] + 1;
  if (padding.kind() == Padding::kValid) return 0;
  if (padding.kind() == Padding::kCausal) return span - 1;
  return std::max<int64_t>((out - 1) * strides[i] + span - in, 0) / 2;
}

Window make_window(std::string_view function, absl::Span<const int64_t> strides,
                   absl::Span<const int64_t> dilations, Padding padding, DataFormat data_format) {
  Window w;
  w.rank = static_cast<int>(strides.size());
  w.padding = padding;
  w.channels_first = data_format.channels_first();
  bool strided = false, dilated = false;
  for (int i = 0; i < w.rank; ++i) {
    if (strides[i] < 1) fail(function, ": a stride of ", strides[i], "; accepted are strides from 1");
    if (dilations[i] < 1) {
      fail(function, ": a dilation of ", dilations[i], "; accepted are dilations from 1");
    }
    strided |= strides[i] > 1;
    dilated |= dilations[i] > 1;
    w.strides[i + 3 - w.rank] = strides[i];
    w.dilations[i + 3 - w.rank] = dilations[i];
  }
  if (strided && dilated) {
    fail(function, ": strides and dilation_rate are both above 1; one of them must be 1");
  }
  return w;
}

void check_rank(std::string_view function, const char* what, const Shape& shape, int spatial) {
  if (shape.rank() != spatial + 2) {
    fail(function, ": ", what, " has shape ", shape, "; it needs ", spatial + 2, " axes");
  }
}

}  // namespace keel
