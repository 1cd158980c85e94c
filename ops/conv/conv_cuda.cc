#include "ops/conv/conv_cuda.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>

#include "core/error.h"
#include "cuda/runtime.h"
#include "ops/conv/conv_copies_cuda.h"
#include "ops/conv/conv_device.h"
#include "ops/conv/symmetric_conv.h"

namespace keel {
namespace cuda {

void check(cudnnStatus_t status, const char* what) {
  if (status != CUDNN_STATUS_SUCCESS) fail("cuda: ", what, ": ", cudnnGetErrorString(status));
}

namespace {

cudnnDataType_t type_of(DType dtype) {
  switch (dtype.kind()) {
    case DType::kFloat16: return CUDNN_DATA_HALF;
    case DType::kBfloat16: return CUDNN_DATA_BFLOAT16;
    case DType::kFloat64: return CUDNN_DATA_DOUBLE;
    default: return CUDNN_DATA_FLOAT;
  }
}

// Batch, channels and the last `axes` of three spatial sizes: the order of cuDNN, whatever the layout.
using Sizes = std::array<int, 5>;
Sizes sizes_of(int64_t n, int64_t c, const Spatial& spatial, int axes) {
  Sizes sizes{static_cast<int>(n), static_cast<int>(c)};
  for (int i = 0; i < axes; ++i) sizes[2 + i] = static_cast<int>(spatial[3 - axes + i]);
  return sizes;
}

void set_tensor(cudnnTensorDescriptor_t tensor, DType dtype, const Sizes& sizes, int axes, bool channels_first) {
  Sizes strides{};
  int stride = channels_first ? 1 : sizes[1];
  for (int i = axes + 1; i >= 2; --i) {
    strides[i] = stride;
    stride *= sizes[i];
  }
  strides[1] = channels_first ? stride : 1;
  strides[0] = channels_first ? stride * sizes[1] : stride;
  check(cudnnSetTensorNdDescriptor(tensor, type_of(dtype), axes + 2, sizes.data(), strides.data()),
        "the layout of an image");
}

template <typename Pointer, typename Made>
void make(Pointer& pointer, cudnnStatus_t (*create)(Made*)) {
  Made made = nullptr;
  check(create(&made), "a description");
  pointer.reset(made);
}

std::array<int, 3> last(const Spatial& spatial, int axes) {
  std::array<int, 3> out{};
  for (int i = 0; i < axes; ++i) out[i] = static_cast<int>(spatial[3 - axes + i]);
  return out;
}

}  // namespace

DnnConv::DnnConv(DType dtype, const ConvShape& s) : axes_(s.in[0] == 1 && s.out[0] == 1 && s.kernel[0] == 1 ? 2 : 3) {
  make(x_, cudnnCreateTensorDescriptor);
  make(y_, cudnnCreateTensorDescriptor);
  make(w_, cudnnCreateFilterDescriptor);
  make(conv_, cudnnCreateConvolutionDescriptor);
  set_tensor(x(), dtype, sizes_of(s.batch, s.in_channels, s.in, axes_), axes_, s.channels_first);
  set_tensor(y(), dtype, sizes_of(s.batch, s.out_channels, s.out, axes_), axes_, s.channels_first);
  const Sizes filter = sizes_of(s.out_channels, s.in_channels, s.kernel, axes_);
  check(cudnnSetFilterNdDescriptor(w(), type_of(dtype), s.channels_first ? CUDNN_TENSOR_NCHW : CUDNN_TENSOR_NHWC,
                                   axes_ + 2, filter.data()),
        "the layout of a kernel");
  check(cudnnSetConvolutionNdDescriptor(conv(), axes_, last(s.pad, axes_).data(), last(s.stride, axes_).data(),
                                        last(s.dilation, axes_).data(), CUDNN_CROSS_CORRELATION,
                                        dtype == DType::kFloat64 ? CUDNN_DATA_DOUBLE : CUDNN_DATA_FLOAT),
        "the description of a convolution");
  check(cudnnSetConvolutionMathType(conv(), dtype.size() == 2 ? CUDNN_TENSOR_OP_MATH : CUDNN_FMA_MATH),
        "the description of a convolution");
}

namespace {

// A handle serves one thread at a time.
cudnnHandle_t handle() {
  thread_local const std::unique_ptr<cudnnContext, decltype(&cudnnDestroy)> handle(
      [] {
        cudnnHandle_t made = nullptr;
        check(cudnnCreate(&made), "cuDNN");
        check(cudnnSetStream(made, stream()), "cuDNN");
        return made;
      }(),
      cudnnDestroy);
  return handle.get();
}

// What a convolution may use besides its operands.
constexpr size_t kMostWorkspace = size_t{256} << 20;

// The functions of each part, under one set of names.
template <ConvPart part>
struct Calls;

template <>
struct Calls<ConvPart::kForward> {
  using Algorithm = cudnnConvolutionFwdAlgoPerf_t;
  static cudnnStatus_t suggest(const DnnConv& c, int wanted, int* found, Algorithm* algorithms) {
    return cudnnGetConvolutionForwardAlgorithm_v7(handle(), c.x(), c.w(), c.conv(), c.y(), wanted, found, algorithms);
  }
  static cudnnStatus_t workspace(const DnnConv& c, const Algorithm& a, size_t* bytes) {
    return cudnnGetConvolutionForwardWorkspaceSize(handle(), c.x(), c.w(), c.conv(), c.y(), a.algo, bytes);
  }
  // x, w -> y
  static cudnnStatus_t run(const DnnConv& c, const Algorithm& a, const void* one, const void* zero, const void* x,
                           const void* w, void* y, void* scratch, size_t bytes) {
    return cudnnConvolutionForward(handle(), one, c.x(), x, c.w(), w, c.conv(), a.algo, scratch, bytes, zero, c.y(), y);
  }
};

template <>
struct Calls<ConvPart::kInput> {
  using Algorithm = cudnnConvolutionBwdDataAlgoPerf_t;
  static cudnnStatus_t suggest(const DnnConv& c, int wanted, int* found, Algorithm* algorithms) {
    return cudnnGetConvolutionBackwardDataAlgorithm_v7(handle(), c.w(), c.y(), c.conv(), c.x(), wanted, found,
                                                       algorithms);
  }
  static cudnnStatus_t workspace(const DnnConv& c, const Algorithm& a, size_t* bytes) {
    return cudnnGetConvolutionBackwardDataWorkspaceSize(handle(), c.w(), c.y(), c.conv(), c.x(), a.algo, bytes);
  }
  // dy, w -> dx
  static cudnnStatus_t run(const DnnConv& c, const Algorithm& a, const void* one, const void* zero, const void* dy,
                           const void* w, void* dx, void* scratch, size_t bytes) {
    return cudnnConvolutionBackwardData(handle(), one, c.w(), w, c.y(), dy, c.conv(), a.algo, scratch, bytes, zero,
                                        c.x(), dx);
  }
};

template <>
struct Calls<ConvPart::kKernel> {
  using Algorithm = cudnnConvolutionBwdFilterAlgoPerf_t;
  static cudnnStatus_t suggest(const DnnConv& c, int wanted, int* found, Algorithm* algorithms) {
    return cudnnGetConvolutionBackwardFilterAlgorithm_v7(handle(), c.x(), c.y(), c.conv(), c.w(), wanted, found,
                                                         algorithms);
  }
  static cudnnStatus_t workspace(const DnnConv& c, const Algorithm& a, size_t* bytes) {
    return cudnnGetConvolutionBackwardFilterWorkspaceSize(handle(), c.x(), c.y(), c.conv(), c.w(), a.algo, bytes);
  }
  // x, dy -> dw
  static cudnnStatus_t run(const DnnConv& c, const Algorithm& a, const void* one, const void* zero, const void* x,
                           const void* dy, void* dw, void* scratch, size_t bytes) {
    return cudnnConvolutionBackwardFilter(handle(), one, c.x(), x, c.y(), dy, c.conv(), a.algo, scratch, bytes, zero,
                                          c.w(), dw);
  }
};

// The scratch holds the kernel in cuDNN's layout, the image with its zeros where there is one, and what cuDNN
// wants.
template <ConvPart part>
class CudaConv final : public Kernel {
 public:
  CudaConv(DType dtype, const ConvShape& shape)
      : shape_(shape), symmetric_(symmetric_conv(shape)), conv_(dtype, symmetric_.shape),
        element_(static_cast<int>(dtype.size())), wide_(dtype == DType::kFloat64) {
    const BoxCopy image = to_symmetric(shape_, symmetric_, element_);
    image_at_ = aligned(to_cudnn_filter(shape_, element_).elements());
    workspace_at_ = image_at_ + (symmetric_.copies ? aligned(image.elements()) : 0);
    choose();
  }

  bool found() const { return found_; }

  size_t scratch_bytes(const ThreadPool&) const override { return workspace_at_ + workspace_ + kWorkspaceAlign; }

  void run(const Exec& exec, Views in, Views out) const override {
    std::byte* const scratch = align_workspace(exec.scratch);
    const void *first = in[0].data, *second = in[1].data;
    void* result = out[0].data;
    if (part == ConvPart::kKernel) {
      result = scratch;
    } else {
      copy(to_cudnn_filter(shape_, element_), second, scratch);
      second = scratch;
    }
    if (symmetric_.copies && part == ConvPart::kInput) {
      result = scratch + image_at_;
    } else if (symmetric_.copies) {
      copy(to_symmetric(shape_, symmetric_, element_), first, scratch + image_at_);
      first = scratch + image_at_;
    }
    const float one = 1, zero = 0;
    const double wide_one = 1, wide_zero = 0;
    check(Calls<part>::run(conv_, chosen_, wide_ ? static_cast<const void*>(&wide_one) : &one,
                           wide_ ? static_cast<const void*>(&wide_zero) : &zero, first, second, result,
                           scratch + workspace_at_, workspace_),
          "a convolution");
    if (part == ConvPart::kKernel) {
      copy(from_cudnn_filter(shape_, element_), result, out[0].data);
    } else if (symmetric_.copies && part == ConvPart::kInput) {
      copy(from_symmetric(shape_, symmetric_, element_), result, out[0].data);
    }
  }

 private:
  // The best algorithm whose results are the same each time.
  void choose() {
    typename Calls<part>::Algorithm suggested[8];
    int count = 0;
    if (Calls<part>::suggest(conv_, 8, &count, suggested) != CUDNN_STATUS_SUCCESS) return;
    for (int i = 0; i < count && !found_; ++i) {
      if (suggested[i].status != CUDNN_STATUS_SUCCESS || suggested[i].determinism != CUDNN_DETERMINISTIC) continue;
      found_ = Calls<part>::workspace(conv_, suggested[i], &workspace_) == CUDNN_STATUS_SUCCESS &&
               workspace_ <= kMostWorkspace;
      chosen_ = suggested[i];
    }
  }

  size_t aligned(int64_t elements) const {
    return (static_cast<size_t>(elements) * element_ + kWorkspaceAlign - 1) / kWorkspaceAlign * kWorkspaceAlign;
  }

  template <typename Copy>
  static void copy(const Copy& copy, const void* from, void* to) {
    check(begin_copy(copy, from, to, stream()), "a copy for a convolution");
  }

  const ConvShape shape_;
  const SymmetricConv symmetric_;
  const DnnConv conv_;
  const int element_;  // Bytes.
  const bool wide_;
  size_t image_at_, workspace_at_, workspace_ = 0;
  typename Calls<part>::Algorithm chosen_ = {};
  bool found_ = false;
};

template <ConvPart part>
std::unique_ptr<Kernel> make_cuda_conv(DType dtype, const ConvShape& shape) {
  auto kernel = std::make_unique<CudaConv<part>>(dtype, shape);
  if (!kernel->found()) return nullptr;
  return kernel;
}

// Whether there is something to do, in numbers that cuDNN takes.
bool fits(const ConvShape& s) {
  int64_t x = s.batch * s.in_channels, y = s.batch * s.out_channels;
  for (int i = 0; i < 3; ++i) {
    x *= std::max(s.in[i], symmetric_conv(s).shape.in[i]);
    y *= s.out[i];
    if (std::max({s.stride[i], s.dilation[i], s.pad[i], x, y}) > INT32_MAX) return false;
  }
  return x > 0 && y > 0;
}

}  // namespace
}  // namespace cuda

std::unique_ptr<Kernel> make_device_conv(const Device& device, ConvPart part, DType dtype, const ConvShape& shape) {
  if (!cuda::is_cuda(device) || !cuda::fits(shape)) return nullptr;
  switch (part) {
    case ConvPart::kForward: return cuda::make_cuda_conv<ConvPart::kForward>(dtype, shape);
    case ConvPart::kInput: return cuda::make_cuda_conv<ConvPart::kInput>(dtype, shape);
    default: return cuda::make_cuda_conv<ConvPart::kKernel>(dtype, shape);
  }
}

}  // namespace keel
