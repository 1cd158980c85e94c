// Argument types that convert from what a Keras user would write.
#ifndef KEEL_CORE_ARGUMENTS_H_
#define KEEL_CORE_ARGUMENTS_H_

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/shape.h"
#include "core/tensor.h"

namespace keel {

// Axes to work over: one (`-1`), several (`{0, 2}`), or all of them where nothing is given.
class Axes {
 public:
  Axes() = default;                                                    // All axes.
  Axes(std::nullopt_t) {}                                              // NOLINT
  Axes(int64_t axis) : axes_(std::vector<int64_t>{axis}) {}            // NOLINT
  Axes(int axis) : Axes(static_cast<int64_t>(axis)) {}                 // NOLINT
  Axes(std::initializer_list<int64_t> axes) : axes_(std::vector<int64_t>(axes)) {}  // NOLINT
  Axes(std::vector<int64_t> axes) : axes_(std::move(axes)) {}          // NOLINT

  bool all() const { return !axes_.has_value(); }
  // Per axis of a tensor of this rank, whether it is named. ValueError, in the name of `function`,
  // where an axis is out of range or named twice.
  std::vector<bool> mask(std::string_view function, int rank) const;

 private:
  std::optional<std::vector<int64_t>> axes_;
};

// The order of an image's axes: "channels_last" or "channels_first"; image_data_format() where
// nothing is given. ValueError on anything else.
class DataFormat {
 public:
  DataFormat();  // image_data_format()
  DataFormat(std::nullopt_t) : DataFormat() {}  // NOLINT
  DataFormat(std::string_view name);            // NOLINT
  DataFormat(const char* name) : DataFormat(std::string_view(name)) {}         // NOLINT
  DataFormat(const std::string& name) : DataFormat(std::string_view(name)) {}  // NOLINT

  bool channels_first() const { return channels_first_; }
  // The channel axis of a tensor of this rank.
  int channel_axis(int rank) const { return channels_first_ ? 1 : rank - 1; }
  // The first of its spatial axes.
  int first_spatial_axis() const { return channels_first_ ? 2 : 1; }

 private:
  bool channels_first_ = false;
};

// How a window meets the edge: "valid" (only where it fits), "same" (as many outputs as inputs over
// the stride) or "causal" (along time, only backwards). ValueError on anything else.
class Padding {
 public:
  enum Kind : uint8_t { kValid, kSame, kCausal };
  Padding() = default;                // "valid"
  Padding(std::string_view name);     // NOLINT
  Padding(const char* name) : Padding(std::string_view(name)) {}         // NOLINT
  Padding(const std::string& name) : Padding(std::string_view(name)) {}  // NOLINT

  Kind kind() const { return kind_; }
  friend bool operator==(Padding a, Padding b) { return a.kind_ == b.kind_; }
  template <typename H>
  friend H AbslHashValue(H h, Padding p) {
    return H::combine(std::move(h), p.kind_);
  }
  friend std::ostream& operator<<(std::ostream& out, Padding p) {
    return out << (p.kind_ == kValid ? "valid" : p.kind_ == kSame ? "same" : "causal");
  }

 private:
  Kind kind_ = kValid;
};

}  // namespace keel

#endif  // KEEL_CORE_ARGUMENTS_H_
