// Convolutions beside oneDNN, on the same data in the same minute:
//   OMP_NUM_THREADS=2 KEEL_NUM_THREADS=2 conv_vs_peers [seconds per row] [batch]
// The two take turns, so that what the machine's neighbours do hits each alike. oneDNN gets x and y
// as NHWC, and its own choice of layout for the kernel: "any" leaves out its reorder (weights that
// do not change; ours are packed ahead likewise), "+w" includes it, as after each update.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <vector>

#include "benchmarks/take_turns.h"
#include "core/threads.h"
#include "dnnl.hpp"
#include "ops/conv/conv_kernel.h"

namespace {

using dnnl::memory;

struct Buffer {
  explicit Buffer(size_t bytes) : data(std::aligned_alloc(64, (bytes + 127) / 64 * 64)) {}
  ~Buffer() { std::free(data); }
  float* floats() const { return static_cast<float*>(data); }
  void* data;
};

struct Row {
  const char* name;
  int64_t kernel, stride, in_channels, out_channels, size;
  int64_t batch = 0;  // 0: as on the command line.
};

void report(const char* name, const char* pass, const std::function<void()>& ours,
            const std::function<void()>& theirs, double seconds, double flops) {
  const std::vector<keel::Timing> t = keel::take_turns({ours, theirs}, seconds);
  std::printf("%-26s %-10s %9.1f us %7.1f GFLOP/s   oneDNN/ours best %5.2f median %5.2f\n", name,
              pass, t[0].best * 1e6, flops / t[0].best * 1e-9, t[1].best / t[0].best,
              t[1].median / t[0].median);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 1.0;
  const int64_t batch = argc > 2 ? std::atol(argv[2]) : 1;
  const keel::ThreadPool& pool = keel::ThreadPool::global();
  std::printf("target %s, %d threads, batch %ld\n", keel::conv_target(), pool.threads(),
              static_cast<long>(batch));
  dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  for (const Row& r : std::vector<Row>{{"conv7x7s2_3_64_224", 7, 2, 3, 64, 224},
                                       {"conv1x1_64_256_56", 1, 1, 64, 256, 56},
                                       {"conv3x3_64_64_56", 3, 1, 64, 64, 56},
                                       {"conv3x3_256_256_14", 3, 1, 256, 256, 14},
                                       {"conv1x1s2_512_1024_28", 1, 2, 512, 1024, 28},
                                       {"digits_1_16_8", 3, 1, 1, 16, 8, 64},
                                       {"digits_16_32_8", 3, 1, 16, 32, 8, 64}}) {
    const int64_t out = (r.size + r.stride - 1) / r.stride;
    const int64_t total = std::max<int64_t>((out - 1) * r.stride + r.kernel - r.size, 0);
    const int64_t b = r.batch != 0 ? r.batch : batch;
    const keel::ConvShape s{.batch = b, .in = {1, r.size, r.size}, .out = {1, out, out},
                            .kernel = {1, r.kernel, r.kernel}, .stride = {1, r.stride, r.stride},
                            .pad = {0, total / 2, total / 2}, .in_channels = r.in_channels,
                            .out_channels = r.out_channels};
    const size_t x_size = static_cast<size_t>(b * r.size * r.size * r.in_channels);
    const size_t y_size = static_cast<size_t>(b * out * out * r.out_channels);
    const size_t w_size = static_cast<size_t>(r.kernel * r.kernel * r.in_channels * r.out_channels);
    Buffer x(x_size * 4), y(y_size * 4), w(w_size * 4), y2(y_size * 4), dx(x_size * 4), dw(w_size * 4);
    std::minstd_rand random(1);
    std::uniform_real_distribution<float> uniform(-1, 1);
    for (size_t i = 0; i < x_size; ++i) x.floats()[i] = uniform(random);
    for (size_t i = 0; i < w_size; ++i) w.floats()[i] = uniform(random);
    Buffer scratch(keel::conv_scratch_bytes<float>(s, pool));
    Buffer packed(keel::conv_packed_bytes<float>(s));
    keel::conv_pack<float>(s, w.floats(), packed.data, pool);

    const memory::dims xd = {b, r.in_channels, r.size, r.size}, yd = {b, r.out_channels, out, out};
    const memory::dims wd = {r.out_channels, r.in_channels, r.kernel, r.kernel};
    const memory::dims strides = {r.stride, r.stride}, before = {total / 2, total / 2},
                       after = {total - total / 2, total - total / 2};
    using tag = memory::format_tag;
    const auto f32 = memory::data_type::f32;
    const memory::desc xm(xd, f32, tag::nhwc), ym(yd, f32, tag::nhwc), wm(wd, f32, tag::any),
        wp(wd, f32, tag::hwio);
    const auto algorithm = dnnl::algorithm::convolution_direct;
    const dnnl::convolution_forward::primitive_desc forward(
        {dnnl::prop_kind::forward_training, algorithm, xm, wm, ym, strides, before, after}, engine);
    const dnnl::convolution_backward_data::primitive_desc back_x(
        {algorithm, xm, wm, ym, strides, before, after}, engine, forward);
    const dnnl::convolution_backward_weights::primitive_desc back_w(
        {algorithm, xm, wm, ym, strides, before, after}, engine, forward);
    memory mx(xm, engine, x.data), my(ym, engine, y2.data), mw(wp, engine, w.data);
    memory mdx(xm, engine, dx.data), mdw(wp, engine, dw.data);
    memory fw(forward.weights_desc(), engine), bw(back_x.weights_desc(), engine),
        gw(back_w.diff_weights_desc(), engine);
    dnnl::convolution_forward run_forward(forward);
    dnnl::convolution_backward_data run_x(back_x);
    dnnl::convolution_backward_weights run_w(back_w);
    dnnl::reorder to_fw(mw, fw), to_bw(mw, bw), from_gw(gw, mdw);
    to_fw.execute(stream, mw, fw);
    stream.wait();
    const double flops = 2.0 * static_cast<double>(y_size) * static_cast<double>(w_size) /
                         static_cast<double>(r.out_channels);
    const auto dnnl_forward = [&] {
      run_forward.execute(stream, {{DNNL_ARG_SRC, mx}, {DNNL_ARG_WEIGHTS, fw}, {DNNL_ARG_DST, my}});
      stream.wait();
    };
    report(r.name, "any", [&] {
      keel::conv_forward_packed<float>(s, x.floats(), packed.data, y.floats(), {}, scratch.data, pool);
    }, dnnl_forward, seconds, flops);
    report(r.name, "forward+w", [&] {
      keel::conv_forward<float>(s, x.floats(), w.floats(), y.floats(), {}, scratch.data, pool);
    }, [&] {
      to_fw.execute(stream, mw, fw);
      dnnl_forward();
    }, seconds, flops);
    double worst = 0;
    for (size_t i = 0; i < y_size; ++i) {
      worst = std::max(worst, static_cast<double>(std::abs(y.floats()[i] - y2.floats()[i])));
    }
    if (worst > 1e-3) std::printf("differ by %g\n", worst);
    report(r.name, "dx+w", [&] {
      keel::conv_input_gradient<float>(s, y.floats(), w.floats(), dx.floats(), {}, scratch.data, pool);
    }, [&] {
      to_bw.execute(stream, mw, bw);
      run_x.execute(stream, {{DNNL_ARG_DIFF_DST, my}, {DNNL_ARG_WEIGHTS, bw}, {DNNL_ARG_DIFF_SRC, mdx}});
      stream.wait();
    }, seconds, flops);
    report(r.name, "dw+w", [&] {
      keel::conv_kernel_gradient<float>(s, x.floats(), y.floats(), dw.floats(), scratch.data, pool);
    }, [&] {
      run_w.execute(stream, {{DNNL_ARG_DIFF_DST, my}, {DNNL_ARG_SRC, mx}, {DNNL_ARG_DIFF_WEIGHTS, gw}});
      from_gw.execute(stream, gw, mdw);
      stream.wait();
    }, seconds, flops);
  }
}
