// Images and sequences of other sizes: zeros around them, or each element several times.
#ifndef KEEL_LAYERS_SUPPORT_LAYERS_RESIZING_H_
#define KEEL_LAYERS_SUPPORT_LAYERS_RESIZING_H_

#include <cstdint>
#include <string>

#include "layers_support/layer/layer.h"
#include "layers_support/layers/arguments.h"
#include "layers_support/layers/core.h"

namespace keel::layers {

// Arguments of ZeroPadding2D, and of the layers for volumes.
struct ZeroPadding2DOptions {
  DataFormat data_format = {};
  InputShape input_shape = {};
  std::string name = "";
};
// Zeros around images: as many on all sides, or per side. Source: keras.layers.ZeroPadding2D.
class ZeroPadding2D : public Layer {
 public:
  explicit ZeroPadding2D(int64_t padding = 1, const ZeroPadding2DOptions& options = {});
  explicit ZeroPadding2D(const PadWidths2D& padding, const ZeroPadding2DOptions& options = {});
};

// The same around volumes. Source: keras.layers.ZeroPadding3D.
class ZeroPadding3D : public Layer {
 public:
  explicit ZeroPadding3D(const PadWidths3D& padding = {{1, 1}, {1, 1}, {1, 1}}, const ZeroPadding2DOptions& options = {});
};

// Zeros before and behind (samples, time, features). Source: keras.layers.ZeroPadding1D.
class ZeroPadding1D : public Layer {
 public:
  explicit ZeroPadding1D(const PadWidths& padding = {}, const PlainOptions& options = {});
};

// Arguments of UpSampling2D.
struct UpSampling2DOptions {
  DataFormat data_format = {};
  std::string interpolation = "nearest";  // Or "bilinear".
  InputShape input_shape = {};
  std::string name = "";
};
// Images larger by whole factors, as resize_images(). Source: keras.layers.UpSampling2D.
class UpSampling2D : public Layer {
 public:
  explicit UpSampling2D(const Sizes<2>& size = 2, const UpSampling2DOptions& options = {});
};

// Volumes larger by whole factors, as resize_volumes(). Source: keras.layers.UpSampling3D.
class UpSampling3D : public Layer {
 public:
  explicit UpSampling3D(const Sizes<3>& size = 2, const ZeroPadding2DOptions& options = {});
};

// Each time step of (samples, time, features) `size` times. Source: keras.layers.UpSampling1D.
class UpSampling1D : public Layer {
 public:
  explicit UpSampling1D(int64_t size = 2, const PlainOptions& options = {});
};

}  // namespace keel::layers

#endif  // KEEL_LAYERS_SUPPORT_LAYERS_RESIZING_H_
