// Sequences, images and volumes without what is at their edges.
#ifndef KEEL_LAYERS_SUPPORT_LAYERS_CROPPING_H_
#define KEEL_LAYERS_SUPPORT_LAYERS_CROPPING_H_

#include <string>

#include "layers_support/layer/layer.h"
#include "layers_support/layers/arguments.h"
#include "layers_support/layers/core.h"

namespace keel::layers {

// Arguments of Cropping2D and Cropping3D.
struct CroppingOptions {
  DataFormat data_format = {};
  InputShape input_shape = {};
  std::string name = "";
};

// x less so many elements before and behind along each spatial axis. ValueError where a width is negative or
// nothing would be left. Source: keras.layers.Cropping1D, 2D, 3D.
class Cropping1D : public Layer {
 public:
  explicit Cropping1D(const PadWidths& cropping = {1, 1}, const PlainOptions& options = {});
};
class Cropping2D : public Layer {
 public:
  explicit Cropping2D(const PadWidths2D& cropping = {}, const CroppingOptions& options = {});
};
class Cropping3D : public Layer {
 public:
  explicit Cropping3D(const PadWidths3D& cropping = {{1, 1}, {1, 1}, {1, 1}}, const CroppingOptions& options = {});
};

}  // namespace keel::layers

#endif  // KEEL_LAYERS_SUPPORT_LAYERS_CROPPING_H_
