#include "benchmarks/eigen_peer.h"

#include "Eigen/Core"

namespace keel {

bool eigen_peer_available() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("fma");
}

void eigen_peer_gemm(int64_t m, int64_t n, int64_t k, bool transpose_a, bool transpose_b,
                     const float* a, const float* b, float* c) {
  using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Map<const Matrix> ma(a, transpose_a ? k : m, transpose_a ? m : k);
  const Eigen::Map<const Matrix> mb(b, transpose_b ? n : k, transpose_b ? k : n);
  Eigen::Map<Matrix> mc(c, m, n);
  if (transpose_a && transpose_b) {
    mc.noalias() = ma.transpose() * mb.transpose();
  } else if (transpose_a) {
    mc.noalias() = ma.transpose() * mb;
  } else if (transpose_b) {
    mc.noalias() = ma * mb.transpose();
  } else {
    mc.noalias() = ma * mb;
  }
}

}  // namespace keel
