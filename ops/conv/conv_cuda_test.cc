// What cuDNN is told, and what it makes of it; needs no GPU.
#include "ops/conv/conv_cuda.h"

#include <array>
#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "ops/conv/symmetric_conv.h"

namespace keel::cuda {
namespace {

ConvShape conv2d_shape(int64_t in, int64_t kernel, int64_t stride, int64_t dilation, int64_t pad, int64_t out) {
  ConvShape s;
  s.batch = 2;
  s.in = {1, in, in + 1};
  s.kernel = {1, kernel, 1};
  s.stride = {1, stride, 1};
  s.dilation = {1, dilation, 1};
  s.pad = {0, pad, 0};
  s.out = {1, out, in + 1};
  s.in_channels = 3;
  s.out_channels = 5;
  return s;
}

struct Tensor {
  cudnnDataType_t type;
  std::vector<int> sizes, strides;
};
Tensor described(cudnnTensorDescriptor_t tensor) {
  Tensor t;
  int rank = 0;
  t.sizes.resize(5);
  t.strides.resize(5);
  check(cudnnGetTensorNdDescriptor(tensor, 5, &t.type, &rank, t.sizes.data(), t.strides.data()), "a description");
  t.sizes.resize(rank);
  t.strides.resize(rank);
  return t;
}

TEST(DnnConv, HasTheLayoutsOfKeras) {
  ConvShape s = conv2d_shape(8, 3, 1, 1, 1, 8);
  const DnnConv last(DType::kFloat32, s);
  EXPECT_EQ(described(last.x()).sizes, (std::vector<int>{2, 3, 8, 9}));
  EXPECT_EQ(described(last.x()).strides, (std::vector<int>{8 * 9 * 3, 1, 9 * 3, 3}));
  EXPECT_EQ(described(last.y()).strides, (std::vector<int>{8 * 9 * 5, 1, 9 * 5, 5}));
  s.channels_first = true;
  const DnnConv first(DType::kBfloat16, s);
  EXPECT_EQ(described(first.x()).strides, (std::vector<int>{3 * 8 * 9, 8 * 9, 9, 1}));
  EXPECT_EQ(described(first.y()).sizes, (std::vector<int>{2, 5, 8, 9}));
  EXPECT_EQ(described(first.x()).type, CUDNN_DATA_BFLOAT16);
  for (const DnnConv* conv : {&last, &first}) {
    cudnnDataType_t type;
    cudnnTensorFormat_t format;
    int rank = 0;
    std::array<int, 4> sizes{};
    check(cudnnGetFilterNdDescriptor(conv->w(), 4, &type, &format, &rank, sizes.data()), "a description");
    EXPECT_EQ(sizes, (std::array<int, 4>{5, 3, 3, 1}));
    EXPECT_EQ(format, conv == &last ? CUDNN_TENSOR_NHWC : CUDNN_TENSOR_NCHW);
  }
}

TEST(DnnConv, GivesResultsOfTheSizesThatKerasHas) {
  const std::vector<ConvShape> shapes = {
      conv2d_shape(8, 3, 1, 1, 1, 8), conv2d_shape(8, 3, 1, 1, 0, 6), conv2d_shape(8, 3, 2, 1, 0, 4),
      conv2d_shape(7, 3, 2, 1, 1, 4), conv2d_shape(14, 7, 2, 1, 2, 7), conv2d_shape(9, 2, 1, 1, 0, 9),
      conv2d_shape(9, 3, 1, 2, 2, 9), conv2d_shape(9, 2, 3, 1, 0, 3), conv2d_shape(9, 4, 1, 1, 3, 9)};
  for (ConvShape s : shapes) {
    for (bool channels_first : {false, true}) {
      for (bool volume : {false, true}) {
        s.channels_first = channels_first;
        s.in[0] = s.out[0] = volume ? 4 : 1;
        const DnnConv conv(DType::kFloat32, symmetric_conv(s).shape);
        ASSERT_EQ(conv.axes(), volume ? 3 : 2);
        std::vector<int> sizes(conv.axes() + 2), wanted = {2, 5};
        check(cudnnGetConvolutionNdForwardOutputDim(conv.conv(), conv.x(), conv.w(), conv.axes() + 2, sizes.data()),
              "the sizes of a result");
        for (int i = 3 - conv.axes(); i < 3; ++i) wanted.push_back(static_cast<int>(s.out[i]));
        EXPECT_EQ(sizes, wanted) << "in " << s.in[1] << ", kernel " << s.kernel[1] << ", stride " << s.stride[1];
      }
    }
  }
}

}  // namespace
}  // namespace keel::cuda
