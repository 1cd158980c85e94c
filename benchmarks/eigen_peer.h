// Eigen's matrix product, compiled with AVX-512 in a file of its own.
#ifndef KEEL_BENCHMARKS_EIGEN_PEER_H_
#define KEEL_BENCHMARKS_EIGEN_PEER_H_

#include <cstdint>

namespace keel {

// Whether this machine can run the functions below.
bool eigen_peer_available();

// C [m, n] = op(A) · op(B), dense and row-major, on one thread.
void eigen_peer_gemm(int64_t m, int64_t n, int64_t k, bool transpose_a, bool transpose_b,
                     const float* a, const float* b, float* c);

}  // namespace keel

#endif  // KEEL_BENCHMARKS_EIGEN_PEER_H_
