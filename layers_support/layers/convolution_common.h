// What the convolutional layers check.
#ifndef KEEL_LAYERS_SUPPORT_LAYERS_CONVOLUTION_COMMON_H_
#define KEEL_LAYERS_SUPPORT_LAYERS_CONVOLUTION_COMMON_H_

#include <cstdint>
#include <string>

#include "layers_support/layers/arguments.h"

namespace keel {

// ValueError, in the name of `layer`, unless all is at least 1 and stride or dilation is 1 everywhere.
template <size_t N>
void check_sizes(const std::string& layer, int64_t filters, const Sizes<N>& kernel_size, const Sizes<N>& strides,
                 const Sizes<N>& dilation_rate) {
  if (filters < 1) fail(layer, ": filters is ", filters, "; it must be at least 1");
  if (kernel_size.least() < 1) fail(layer, ": kernel_size holds ", kernel_size.least(), "; it must be at least 1");
  if (strides.least() < 1) fail(layer, ": strides holds ", strides.least(), "; it must be at least 1");
  if (dilation_rate.least() < 1) fail(layer, ": dilation_rate holds ", dilation_rate.least(), "; it must be at least 1");
  if (strides.most() > 1 && dilation_rate.most() > 1) {
    fail(layer, ": strides and dilation_rate are both above 1; one of them must be 1");
  }
}

// The number of channels of an input of shape `x`; ValueError unless that is known and x has `rank` axes.
inline int64_t channels_of(const std::string& layer, const Shape& x, int rank, const DataFormat& data_format) {
  if (x.rank() != rank) fail(layer, ": the input has shape ", x, "; accepted are inputs with ", rank, " axes");
  const int64_t channels = x[data_format.channel_axis(rank)];
  if (channels == None) fail(layer, ": the input has shape ", x, "; the number of its channels must be known");
  return channels;
}

}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_LAYERS_CONVOLUTION_COMMON_H_
