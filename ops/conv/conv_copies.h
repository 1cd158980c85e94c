// Copies between the layouts of a convolution's operands. Plain, for nvcc.
#ifndef KEEL_OPS_CONV_CONV_COPIES_H_
#define KEEL_OPS_CONV_CONV_COPIES_H_

#include <cstdint>

#ifdef __CUDACC__
#define KEEL_HOST_DEVICE __host__ __device__
#else
#define KEEL_HOST_DEVICE
#endif

namespace keel {

// to[n, i, c] = from[n, i + shift, c], or 0 where `from` has no such pixel; i along three axes.
struct BoxCopy {
  int64_t outer = 1, inner = 1;  // Sizes of n and c.
  int64_t from[3], to[3], shift[3];
  int element = 4;  // Bytes: 2, 4 or 8.

  int64_t elements() const { return outer * to[0] * to[1] * to[2] * inner; }
};

// to[a, b, c], dense, is from[a·stride[0] + b·stride[1] + c·stride[2]].
struct Permutation {
  int64_t size[3], stride[3];
  int element = 4;  // Bytes: 2, 4 or 8.

  int64_t elements() const { return size[0] * size[1] * size[2]; }
};

// The place in `from` of element i of `to`; -1 where there is none.
KEEL_HOST_DEVICE inline int64_t source_of(const BoxCopy& copy, int64_t i) {
  const int64_t c = i % copy.inner;
  i /= copy.inner;
  int64_t place = 0, stride = 1;
  bool inside = true;
  for (int axis = 2; axis >= 0; --axis) {
    const int64_t at = i % copy.to[axis] + copy.shift[axis];
    i /= copy.to[axis];
    inside = inside && at >= 0 && at < copy.from[axis];
    place += at * stride;
    stride *= copy.from[axis];
  }
  return inside ? (i * stride + place) * copy.inner + c : -1;
}

// The same.
KEEL_HOST_DEVICE inline int64_t source_of(const Permutation& p, int64_t i) {
  const int64_t c = i % p.size[2], b = i / p.size[2] % p.size[1], a = i / (p.size[2] * p.size[1]);
  return a * p.stride[0] + b * p.stride[1] + c * p.stride[2];
}

}  // namespace keel

#undef KEEL_HOST_DEVICE

#endif  // KEEL_OPS_CONV_CONV_COPIES_H_
