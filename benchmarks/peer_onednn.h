// oneDNN (Debian's 2.6, OpenMP threads). Activations lie with the channels last, as Keel's do; how the
// weights lie is oneDNN's own choice. Where weights stay from call to call, as in inference, they are
// brought into that layout ahead of the timing, as a framework would keep them; where they change, as
// in training, it is part of the work, and their gradient is brought back. Primitives are made ahead.
#ifndef KEEL_BENCHMARKS_PEER_ONEDNN_H_
#define KEEL_BENCHMARKS_PEER_ONEDNN_H_

#include <cstdint>
#include <vector>

#include "benchmarks/harness.h"

namespace keel::bench::onednn {

// C [m, n] = op(A) · op(B) by dnnl_sgemm, both as they come. A is Floats(…, 0), B Floats(…, 1).
MakeStep gemm(int64_t m, int64_t n, int64_t k, bool transpose_a, bool transpose_b);
// The same with B packed ahead.
MakeStep gemm_packed(int64_t m, int64_t n, int64_t k);

// `batch` products, of A [batch, m, k] and B [batch, k, n] or, transposed, [batch, n, k].
MakeStep batch_gemm(int64_t batch, int64_t m, int64_t n, int64_t k, bool transpose_b);

// A convolution with padding "same": x [batch, size…, in_channels] over `rank` spatial axes.
struct Conv {
  int rank;
  int64_t kernel, stride, in_channels, out_channels, size, batch;

  int64_t out() const { return (size + stride - 1) / stride; }
  // Zeros before each axis, and after it.
  int64_t pad_before() const { return padding() / 2; }
  int64_t pad_after() const { return padding() - padding() / 2; }
  int64_t x_elements() const { return batch * in_channels * power(size); }
  int64_t y_elements() const { return batch * out_channels * power(out()); }
  int64_t w_elements() const { return in_channels * out_channels * power(kernel); }

 private:
  int64_t padding() const {
    const int64_t total = (out() - 1) * stride + kernel - size;
    return total > 0 ? total : 0;
  }
  int64_t power(int64_t extent) const {
    int64_t result = 1;
    for (int i = 0; i < rank; ++i) result *= extent;
    return result;
  }
};
// Forward, with weights that stay; the gradients of x and of w; all three. x is Floats(…, 0), w
// Floats(…, 1), dy Floats(…, 2). The result is y, dx, dw and dw.
enum class Part { kForward, kInput, kKernel, kAll };
MakeStep conv(const Conv& c, Part part);
// Forward with a bias, Floats(…, 3), and relu as its post-operations.
MakeStep conv_bias_relu(const Conv& c);
// Each channel by a kernel of its own (groups): out_channels == in_channels. The same operands and results.
MakeStep depthwise(const Conv& c, Part part);
// The same, and then a convolution of size 1 to out_channels, its kernel Floats(…, 3); dw is that of the
// depthwise kernel.
MakeStep separable(const Conv& c, Part part);
// The transposed convolution ("deconvolution") from size to size · stride.
MakeStep transposed(const Conv& c, Part part);

// 2x2 pooling of x [batch, size, size, channels] with stride 2, and its gradient after it. The
// maximum keeps in the forward pass where it was, as its gradient wants it.
enum class Pool { kMax, kAverage };
MakeStep pool(Pool mode, int64_t batch, int64_t size, int64_t channels, bool gradient);

// y[i] = f(x[i]).
enum class Unary { kRelu, kSigmoid, kTanh, kExp, kGelu };
MakeStep unary(Unary f, int64_t n);
// y = a · b + c.
MakeStep multiply_add(int64_t n);

// Sums of x [rows, columns] over the last axis, the first or both.
enum class Over { kLast, kFirst, kAll };
MakeStep sum(Over over, int64_t rows, int64_t columns);
// Softmax of each row of x [rows, columns].
MakeStep softmax(int64_t rows, int64_t columns);

// Normalization of x [n, size, size, channels] by the batch's own moments, and its gradients after it.
MakeStep batch_norm(int64_t n, int64_t size, int64_t channels, bool gradient);

// Normalization of each row of x [rows, columns] by its own moments, and its gradients after it.
MakeStep layer_norm(int64_t rows, int64_t columns, bool gradient);

// A copy of x of this shape with its axes in the order of `pattern`.
MakeStep transpose(const std::vector<int64_t>& shape, const std::vector<int>& pattern);
// Two arrays of this shape, one after the other along `axis`.
MakeStep concatenate(const std::vector<int64_t>& shape, int axis);

// ResNet-50 (resnet50.h) of Floats(…, 0); the result is the probabilities.
MakeStep resnet50(int64_t batch);

}  // namespace keel::bench::onednn

#endif  // KEEL_BENCHMARKS_PEER_ONEDNN_H_
