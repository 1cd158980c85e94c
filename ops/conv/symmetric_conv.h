// Convolutions as cuDNN takes them.
#ifndef KEEL_OPS_CONV_SYMMETRIC_CONV_H_
#define KEEL_OPS_CONV_SYMMETRIC_CONV_H_

#include <cstdint>

#include "ops/conv/conv_copies.h"
#include "ops/conv/conv_kernel.h"

namespace keel {

// A convolution with as many zeros after each axis as before it: out = floor((in + 2·pad - window) / stride) + 1.
struct SymmetricConv {
  ConvShape shape;
  // Whether that is of an image other than x: the part of x that windows see, with all zeros around it.
  bool copies = false;
  Spatial shift = {0, 0, 0};  // Its pixel i is pixel i + shift of x, or 0.
};

// `s` as such a convolution.
inline SymmetricConv symmetric_conv(const ConvShape& s) {
  SymmetricConv symmetric{s};
  for (int i = 0; i < 3; ++i) {
    const int64_t window = (s.kernel[i] - 1) * s.dilation[i] + 1, room = s.in[i] + 2 * s.pad[i] - window;
    symmetric.copies |= room < 0 || room / s.stride[i] + 1 != s.out[i];
  }
  if (!symmetric.copies) return symmetric;
  for (int i = 0; i < 3; ++i) {
    symmetric.shape.in[i] = (s.out[i] - 1) * s.stride[i] + (s.kernel[i] - 1) * s.dilation[i] + 1;
    symmetric.shape.pad[i] = 0;
    symmetric.shift[i] = -s.pad[i];
  }
  return symmetric;
}

// From x, in elements of `element` bytes, to the image that a symmetric convolution sees; and the other way
// round, for gradients.
inline BoxCopy to_symmetric(const ConvShape& s, const SymmetricConv& symmetric, int element) {
  BoxCopy copy;
  copy.outer = s.channels_first ? s.batch * s.in_channels : s.batch;
  copy.inner = s.channels_first ? 1 : s.in_channels;
  for (int i = 0; i < 3; ++i) {
    copy.from[i] = s.in[i];
    copy.to[i] = symmetric.shape.in[i];
    copy.shift[i] = symmetric.shift[i];
  }
  copy.element = element;
  return copy;
}
inline BoxCopy from_symmetric(const ConvShape& s, const SymmetricConv& symmetric, int element) {
  BoxCopy copy = to_symmetric(s, symmetric, element);
  for (int i = 0; i < 3; ++i) {
    copy.from[i] = symmetric.shape.in[i];
    copy.to[i] = s.in[i];
    copy.shift[i] = -symmetric.shift[i];
  }
  return copy;
}

// From a kernel [taps, C, F] to cuDNN's [F, taps, C], or [F, C, taps] where images have channels first; and back.
inline Permutation to_cudnn_filter(const ConvShape& s, int element) {
  const int64_t taps = s.kernel[0] * s.kernel[1] * s.kernel[2], c = s.in_channels, f = s.out_channels;
  if (s.channels_first) return {{f, c, taps}, {1, f, c * f}, element};
  return {{f, taps, c}, {1, c * f, f}, element};
}
inline Permutation from_cudnn_filter(const ConvShape& s, int element) {
  const int64_t taps = s.kernel[0] * s.kernel[1] * s.kernel[2], c = s.in_channels, f = s.out_channels;
  if (s.channels_first) return {{taps, c, f}, {1, taps, c * taps}, element};
  return {{taps, c, f}, {c, 1, taps * c}, element};
}

}  // namespace keel

#endif  // KEEL_OPS_CONV_SYMMETRIC_CONV_H_
