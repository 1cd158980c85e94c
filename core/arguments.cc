#include "core/arguments.h"

#include "core/config.h"
#include "core/error.h"

namespace keel {

std::vector<bool> Axes::mask(std::string_view function, int rank) const {
  if (all()) return std::vector<bool>(rank, true);
  std::vector<bool> mask(rank, false);
  for (int64_t axis : *axes_) {
    const int checked = check_axis(function, axis, rank);
    if (mask[checked]) fail(function, ": axis ", axis, " is named twice");
    mask[checked] = true;
  }
  return mask;
}

DataFormat::DataFormat() : DataFormat(image_data_format()) {}

DataFormat::DataFormat(std::string_view name) {
  if (name != "channels_last" && name != "channels_first") {
    fail("data_format: '", name, "' is neither 'channels_last' nor 'channels_first'");
  }
  channels_first_ = name == "channels_first";
}

Padding::Padding(std::string_view name) {
  if (name == "valid") {
    kind_ = kValid;
  } else if (name == "same") {
    kind_ = kSame;
  } else if (name == "causal") {
    kind_ = kCausal;
  } else {
    fail("padding: '", name, "' is none of 'valid', 'same' and 'causal'");
  }
}

}  // namespace keel
