// Eigen 3.4, compiled for AVX-512 in files of its own: Eigen chooses its instructions at compile time,
// Keel at run time. With several threads these run on Eigen's thread pool device, which splits
// products as well as element-wise work (its OpenMP threads serve products alone).
#ifndef KEEL_BENCHMARKS_PEER_EIGEN_H_
#define KEEL_BENCHMARKS_PEER_EIGEN_H_

#include <cstdint>
#include <vector>

namespace keel::bench::eigen {

// Whether this machine has the instructions that the functions below are made of.
bool available();

// How many threads the calls that follow run on.
void set_threads(int threads);

// C [m, n] = op(A) · op(B), dense and row-major.
void gemm(int64_t m, int64_t n, int64_t k, bool transpose_a, bool transpose_b, const float* a,
          const float* b, float* c);

// C [rows, n] = S · B for a sparse S [rows, columns] in compressed rows: element first[r] and on up to
// first[r + 1] are in row r.
void sparse_product(int64_t rows, int64_t columns, const std::vector<int>& first, const std::vector<int>& index,
                    const float* values, int64_t n, const float* b, float* c);

// y[i] = f(x[i]).
enum class Unary { kRelu, kSigmoid, kTanh, kExp, kGelu, kCheap, kChain20 };
void unary(Unary f, int64_t n, const float* x, float* y);

// y = a · b + c.
void multiply_add(int64_t n, const float* a, const float* b, const float* c, float* y);

// Sums of x [rows, columns] over the rows, the columns or both.
enum class Over { kLast, kFirst, kAll };
void sum(Over over, int64_t rows, int64_t columns, const float* x, float* y);

// Softmax of each row of x [rows, columns].
void softmax(int64_t rows, int64_t columns, const float* x, float* y);

// y [columns, rows] = x [rows, columns] transposed.
void transpose(int64_t rows, int64_t columns, const float* x, float* y);

}  // namespace keel::bench::eigen

#endif  // KEEL_BENCHMARKS_PEER_EIGEN_H_
