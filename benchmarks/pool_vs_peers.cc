// 2x2 pooling of [8, 112, 112, 64] beside oneDNN, in turns:
//   OMP_NUM_THREADS=2 KEEL_NUM_THREADS=2 pool_vs_peers [seconds per row]
// oneDNN's maximum keeps a workspace in the forward pass and reads it, not x, in the backward one.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

#include "benchmarks/take_turns.h"
#include "core/threads.h"
#include "dnnl.hpp"
#include "ops/conv/pool_kernel.h"

namespace {

using dnnl::memory;

void report(const char* name, const std::function<void()>& ours,
            const std::function<void()>& theirs, double seconds, double bytes) {
  const std::vector<keel::Timing> t = keel::take_turns({ours, theirs}, seconds);
  std::printf("%-18s %9.1f us %6.1f GB/s   oneDNN/ours best %5.2f median %5.2f\n", name,
              t[0].best * 1e6, bytes / t[0].best * 1e-9, t[1].best / t[0].best,
              t[1].median / t[0].median);
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 1.0;
  const keel::ThreadPool& pool = keel::ThreadPool::global();
  std::printf("target %s, %d threads\n", keel::pool_target(), pool.threads());
  dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  const keel::PoolShape s{.batch = 8, .in = {1, 112, 112}, .out = {1, 56, 56}, .window = {1, 2, 2},
                          .stride = {1, 2, 2}, .channels = 64};
  const size_t x_size = 8 * 112 * 112 * 64, y_size = x_size / 4;
  std::vector<float> x(x_size), y(y_size), dx(x_size), y2(y_size), dx2(x_size);
  for (size_t i = 0; i < x_size; ++i) x[i] = static_cast<float>((i * 7919) % 1009);
  const memory::desc xm({8, 64, 112, 112}, memory::data_type::f32, memory::format_tag::nhwc);
  const memory::desc ym({8, 64, 56, 56}, memory::data_type::f32, memory::format_tag::nhwc);
  memory mx(xm, engine, x.data()), my(ym, engine, y2.data()), mdx(xm, engine, dx2.data());
  for (const auto algorithm :
       {dnnl::algorithm::pooling_max, dnnl::algorithm::pooling_avg_exclude_padding}) {
    const bool max = algorithm == dnnl::algorithm::pooling_max;
    const dnnl::pooling_forward::primitive_desc forward(
        {dnnl::prop_kind::forward_training, algorithm, xm, ym, {2, 2}, {2, 2}, {0, 0}, {0, 0}},
        engine);
    const dnnl::pooling_forward::primitive_desc inference(
        {dnnl::prop_kind::forward_inference, algorithm, xm, ym, {2, 2}, {2, 2}, {0, 0}, {0, 0}},
        engine);
    const dnnl::pooling_backward::primitive_desc backward(
        {algorithm, xm, ym, {2, 2}, {2, 2}, {0, 0}, {0, 0}}, engine, forward);
    memory workspace(forward.workspace_desc(), engine);
    dnnl::pooling_forward run_forward(forward), run_inference(inference);
    dnnl::pooling_backward run_backward(backward);
    const auto theirs_forward = [&] {
      run_forward.execute(stream, {{DNNL_ARG_SRC, mx}, {DNNL_ARG_DST, my}, {DNNL_ARG_WORKSPACE, workspace}});
      stream.wait();
    };
    const auto theirs_inference = [&] {
      run_inference.execute(stream, {{DNNL_ARG_SRC, mx}, {DNNL_ARG_DST, my}});
      stream.wait();
    };
    const auto theirs_backward = [&] {
      run_backward.execute(stream, {{DNNL_ARG_DIFF_DST, my}, {DNNL_ARG_DIFF_SRC, mdx}, {DNNL_ARG_WORKSPACE, workspace}});
      stream.wait();
    };
    const auto ours_forward = [&] {
      if (max) {
        keel::max_pool<float>(s, x.data(), y.data(), nullptr, pool);
      } else {
        keel::average_pool<float>(s, x.data(), y.data(), nullptr, pool);
      }
    };
    const auto ours_backward = [&] {
      if (max) {
        keel::max_pool_gradient<float>(s, x.data(), y.data(), dx.data(), nullptr, pool);
      } else {
        keel::average_pool_gradient<float>(s, y.data(), dx.data(), nullptr, pool);
      }
    };
    const double forward_bytes = 5.0 * y_size * 4, backward_bytes = (max ? 9.0 : 5.0) * y_size * 4;
    report(max ? "max inference" : "avg inference", ours_forward, theirs_inference, seconds, forward_bytes);
    report(max ? "max training" : "avg training", ours_forward, theirs_forward, seconds, forward_bytes);
    report(max ? "max gradient" : "avg gradient", ours_backward, theirs_backward, seconds, backward_bytes);
    report(max ? "max both" : "avg both", [&] { ours_forward(); ours_backward(); },
           [&] { theirs_forward(); theirs_backward(); }, seconds, forward_bytes + backward_bytes);
    if (y != y2 || dx != dx2) std::printf("results differ\n");
  }
}
