// Pooling: windows, or all of the spatial axes, into one value per channel.
#ifndef KEEL_LAYERS_SUPPORT_LAYERS_POOLING_H_
#define KEEL_LAYERS_SUPPORT_LAYERS_POOLING_H_

#include <cstddef>
#include <string>

#include "layers_support/layer/layer.h"
#include "layers_support/layers/arguments.h"

namespace keel::layers {

// Arguments of pooling over windows.
template <size_t N>
struct PoolOptions {
  Sizes<N> strides = 0;  // 0: the size of the window.
  Padding padding = {};
  // Where absent image_data_format(), or for one spatial axis, as in Keras, channels_last.
  DataFormat data_format = N == 1 ? DataFormat("channels_last") : DataFormat();
  InputShape input_shape = {};
  std::string name = "";
};

// The largest value of each window. Source: keras.layers.MaxPooling1D, 2D, 3D.
class MaxPooling1D : public Layer {
 public:
  explicit MaxPooling1D(const Sizes<1>& pool_size = 2, const PoolOptions<1>& options = {});
};
class MaxPooling2D : public Layer {
 public:
  explicit MaxPooling2D(const Sizes<2>& pool_size = 2, const PoolOptions<2>& options = {});
};
class MaxPooling3D : public Layer {
 public:
  explicit MaxPooling3D(const Sizes<3>& pool_size = 2, const PoolOptions<3>& options = {});
};

// The mean of each window; what is padded is no part of it. Source: keras.layers.AveragePooling1D, 2D, 3D.
class AveragePooling1D : public Layer {
 public:
  explicit AveragePooling1D(const Sizes<1>& pool_size = 2, const PoolOptions<1>& options = {});
};
class AveragePooling2D : public Layer {
 public:
  explicit AveragePooling2D(const Sizes<2>& pool_size = 2, const PoolOptions<2>& options = {});
};
class AveragePooling3D : public Layer {
 public:
  explicit AveragePooling3D(const Sizes<3>& pool_size = 2, const PoolOptions<3>& options = {});
};

// Arguments of global pooling.
template <size_t N>
struct GlobalPoolOptions {
  DataFormat data_format = N == 1 ? DataFormat("channels_last") : DataFormat();
  InputShape input_shape = {};
  std::string name = "";
};

// The largest value of each channel: (samples, channels). Source: keras.layers.GlobalMaxPooling1D, 2D, 3D.
class GlobalMaxPooling1D : public Layer {
 public:
  explicit GlobalMaxPooling1D(const GlobalPoolOptions<1>& options = {});
};
class GlobalMaxPooling2D : public Layer {
 public:
  explicit GlobalMaxPooling2D(const GlobalPoolOptions<2>& options = {});
};
class GlobalMaxPooling3D : public Layer {
 public:
  explicit GlobalMaxPooling3D(const GlobalPoolOptions<3>& options = {});
};

// The mean of each channel; over one axis, of the time steps that are not masked. Source:
// keras.layers.GlobalAveragePooling1D, 2D, 3D.
class GlobalAveragePooling1D : public Layer {
 public:
  explicit GlobalAveragePooling1D(const GlobalPoolOptions<1>& options = {});
};
class GlobalAveragePooling2D : public Layer {
 public:
  explicit GlobalAveragePooling2D(const GlobalPoolOptions<2>& options = {});
};
class GlobalAveragePooling3D : public Layer {
 public:
  explicit GlobalAveragePooling3D(const GlobalPoolOptions<3>& options = {});
};

}  // namespace keel::layers

#endif  // KEEL_LAYERS_SUPPORT_LAYERS_POOLING_H_
