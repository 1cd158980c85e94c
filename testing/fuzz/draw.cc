#include "testing/fuzz/draw.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/graph.h"

namespace keel::fuzz {
namespace {

constexpr int64_t kSizes[] = {1, 2, 3, 4, 2, 1, 5, 3, 7, 8, 9, 0, 16, 17, 33, 1};
constexpr int64_t kMostElements = 4096;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

Draw::Draw(const uint8_t* data, size_t size) : data_(data), size_(size) {
  for (int64_t& s : sizes_) s = kSizes[byte() & 15];
  usual_ = (byte() & 7) == 0 ? float_dtype() : DType(DType::kFloat32);
}

uint8_t Draw::byte() { return next_ < size_ ? data_[next_++] : 0; }

int64_t Draw::number(int64_t low, int64_t high) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  constexpr int64_t kOdd[] = {-1, 0, -2, 100, int64_t{1} << 31, int64_t{1} << 40, int64_t{1} << 62, kMost, -kMost - 1, -kMost};
  const uint8_t b = byte();
  return b < 240 ? low + b % (high - low + 1) : kOdd[b % std::size(kOdd)];
}

double Draw::real() {
  constexpr double kReals[] = {0, 1, 0.5, -1, 2, -0.25, 1e-3, 3, 10, 1e-7, -0.0, 1e30, -1e30, 1e-300, 1e300, 65504, kInfinity, -kInfinity};
  const uint8_t b = byte();
  if (b == 255) return std::nan("");
  return b < 200 ? kReals[b % 10] : kReals[b % std::size(kReals)];
}

std::vector<int64_t> Draw::list(int64_t most, int64_t low, int64_t high) {
  std::vector<int64_t> all(static_cast<size_t>(choice(0, most)));
  for (int64_t& n : all) n = number(low, high);
  return all;
}

Axes Draw::axes() {
  switch (byte() % 4) {
    case 0: return Axes();
    case 1: return Axes(list(3, -3, 3));
    default: return Axes(number(-3, 3));
  }
}

DType Draw::dtype() {
  const uint8_t b = byte();
  return b < 160 ? usual_ : DType(static_cast<DType::Kind>(b % DType::kKinds));
}

DType Draw::float_dtype() {
  constexpr DType::Kind kFloats[] = {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBfloat16};
  return kFloats[byte() & 3];
}

Shape Draw::shape(int least_rank, int most_rank) {
  Shape shape;
  const int rank = static_cast<int>(choice(least_rank, most_rank));
  int64_t elements = 1;
  for (int i = 0; i < rank; ++i) {
    const uint8_t b = byte();
    int64_t dim = b < 192 ? sizes_[b & 3] : kSizes[b & 15];
    if (elements * dim > kMostElements) dim = 1;
    elements *= std::max<int64_t>(dim, 1);
    shape.push_back(dim);
  }
  return shape;
}

Padding Draw::padding() {
  constexpr const char* kNames[] = {"valid", "same", "causal"};
  const uint8_t b = byte();
  return kNames[b < 250 ? b & 1 : 2];
}

DataFormat Draw::data_format() { return (byte() & 3) == 3 ? "channels_first" : "channels_last"; }

std::string Draw::word(const char* usual, const char* other) {
  const uint8_t b = byte();
  return b == 255 ? "neither" : b & 1 ? other : usual;
}

Tensor Draw::tensor() { return tensor(0, 4); }

Tensor Draw::tensor(int least_rank, int most_rank) {
  const uint8_t b = byte();
  if (!tensors_.empty() && b < 128) return tensors_[b % tensors_.size()];
  if (!tensors_.empty() && b < 176) {  // In the shape of another.
    Shape shape = tensors_[b % tensors_.size()].shape();
    for (int i = 0; i < shape.rank(); ++i) shape[i] = shape[i] == None ? sizes_[i & 3] : shape[i];
    if (shape.elements() <= kMostElements) return new_tensor(shape, dtype());
  }
  return new_tensor(shape(least_rank, most_rank), dtype());
}

Tensor Draw::new_tensor(const Shape& shape, DType dtype) {
  Array value(shape, dtype);
  // A few bytes make all elements, so that inputs stay short.
  const uint8_t pattern = byte(), seed = byte();
  const double odd = pattern >= 224 ? real() : 0;
  uint32_t state = seed;
  visit_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    T* const out = reinterpret_cast<T*>(value.bytes_begin());
    for (int64_t i = 0; i < value.elements(); ++i) {
      state = state * 1664525 + 1013904223;
      double v = static_cast<double>((state >> 16) % 9);
      if (pattern & 1) v -= 4;
      if (pattern & 2) v /= 8;
      if (pattern & 4) v = 1;
      if (pattern >= 224 && (state >> 20) % 5 == 0) v = odd;
      out[i] = convert_element<T>(v);
    }
  });
  return feed(std::move(value));
}

Tensor Draw::indices(const Shape& shape, int64_t high) {
  Array value(shape, (byte() & 1) ? DType::kInt64 : DType::kInt32);
  const uint8_t seed = byte();
  const int64_t odd = seed >= 240 ? number(-1, high + 1) : 0;
  uint32_t state = seed;
  visit_dtype(value.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* const out = reinterpret_cast<T*>(value.bytes_begin());
    for (int64_t i = 0; i < value.elements(); ++i) {
      state = state * 1664525 + 1013904223;
      const int64_t even = (state >> 16) % static_cast<uint32_t>(std::max<int64_t>(high, 0) + 1);
      out[i] = convert_element<T>(seed >= 240 && (state >> 20) % 4 == 0 ? odd : even);
    }
  });
  return feed(std::move(value));
}

Tensor Draw::feed(Array value) {
  Shape known = value.shape();
  const uint8_t unknown = byte();
  for (int i = 0; i < known.rank(); ++i) {
    if (unknown >= 128 && (unknown >> i & 1)) known[i] = None;
  }
  const Tensor x = placeholder({.shape = known, .dtype = value.dtype()});
  placeholders_.push_back(x);
  feeds_.push_back(std::move(value));
  tensors_.push_back(x);
  return x;
}

void Draw::keep(const Tensor& tensor) { tensors_.push_back(tensor); }

}  // namespace keel::fuzz
