// Built with -DEigen=EigenPeer and the instructions of AVX-512 (see BUILD): what this file makes of
// Eigen's templates must not be taken for what other files made of them for plainer machines.
#define EIGEN_USE_THREADS
#include "benchmarks/peer_eigen.h"

#include <memory>

#include "Eigen/Core"
#include "Eigen/SparseCore"
#include "unsupported/Eigen/CXX11/Tensor"

namespace keel::bench::eigen {
namespace {

using Vector = Eigen::Tensor<float, 1, Eigen::RowMajor, Eigen::Index>;
using Matrix = Eigen::Tensor<float, 2, Eigen::RowMajor, Eigen::Index>;
using Axes = Eigen::array<Eigen::Index, 1>;
template <typename T>
using In = Eigen::TensorMap<const T>;
template <typename T>
using Out = Eigen::TensorMap<T>;

struct Threads {
  explicit Threads(int threads) : pool(threads), device(&pool, threads) {}
  Eigen::ThreadPool pool;
  Eigen::ThreadPoolDevice device;
};

// Null: one thread.
std::unique_ptr<Threads>& workers() {
  static std::unique_ptr<Threads> workers;
  return workers;
}

template <typename Target, typename Expression>
void assign(Target& target, const Expression& expression) {
  if (workers() != nullptr) {
    target.device(workers()->device) = expression;
  } else {
    target = expression;
  }
}

template <bool transpose_a, bool transpose_b, typename A, typename B, typename C>
void multiply(const A& a, const B& b, C& c) {
  if constexpr (transpose_a && transpose_b) {
    c.noalias() = a.transpose() * b.transpose();
  } else if constexpr (transpose_a) {
    c.noalias() = a.transpose() * b;
  } else if constexpr (transpose_b) {
    c.noalias() = a * b.transpose();
  } else {
    c.noalias() = a * b;
  }
}

}  // namespace

bool available() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("fma");
}

void set_threads(int threads) {
  const int now = workers() == nullptr ? 1 : workers()->device.numThreads();
  if (now == threads) return;
  workers().reset();
  if (threads > 1) workers() = std::make_unique<Threads>(threads);
}

void gemm(int64_t m, int64_t n, int64_t k, bool transpose_a, bool transpose_b, const float* a,
          const float* b, float* c) {
  const int64_t a_rows = transpose_a ? k : m, a_columns = transpose_a ? m : k;
  const int64_t b_rows = transpose_b ? n : k, b_columns = transpose_b ? k : n;
  if (workers() != nullptr) {
    const Eigen::array<Eigen::IndexPair<Eigen::Index>, 1> summed = {
        Eigen::IndexPair<Eigen::Index>(transpose_a ? 0 : 1, transpose_b ? 1 : 0)};
    const In<Matrix> ma(a, a_rows, a_columns), mb(b, b_rows, b_columns);
    Out<Matrix> mc(c, m, n);
    mc.device(workers()->device) = ma.contract(mb, summed);
    return;
  }
  using Dense = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Map<const Dense> ma(a, a_rows, a_columns), mb(b, b_rows, b_columns);
  Eigen::Map<Dense> mc(c, m, n);
  if (transpose_a) {
    transpose_b ? multiply<true, true>(ma, mb, mc) : multiply<true, false>(ma, mb, mc);
  } else {
    transpose_b ? multiply<false, true>(ma, mb, mc) : multiply<false, false>(ma, mb, mc);
  }
}

void sparse_product(int64_t rows, int64_t columns, const std::vector<int>& first, const std::vector<int>& index,
                    const float* values, int64_t n, const float* b, float* c) {
  using Dense = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Map<const Eigen::SparseMatrix<float, Eigen::RowMajor, int>> s(
      rows, columns, first.back(), first.data(), index.data(), values);
  Eigen::Map<Dense>(c, rows, n).noalias() = s * Eigen::Map<const Dense>(b, columns, n);
}

void unary(Unary f, int64_t n, const float* px, float* py) {
  const In<Vector> x(px, n);
  Out<Vector> y(py, n);
  switch (f) {
    case Unary::kRelu: return assign(y, x.cwiseMax(0.0f));
    case Unary::kSigmoid: return assign(y, x.sigmoid());
    case Unary::kTanh: return assign(y, x.tanh());
    case Unary::kExp: return assign(y, x.exp());
    case Unary::kGelu:
      return assign(y, x * 0.5f * ((x + 0.044715f * x * x * x) * 0.7978845608f).tanh() + x * 0.5f);
    case Unary::kCheap: return assign(y, ((x * 1.01f + 0.1f) * x - 0.05f).cwiseMax(0.0f));
    case Unary::kChain20: {
      const auto once = [](const auto& v) { return (v * 1.01f + 0.1f) / 1.1f - 0.05f; };
      // Expressions hold copies of what they are made of: none dangles.
      return assign(y, once(once(once(once(once(x))))));
    }
  }
}

void multiply_add(int64_t n, const float* a, const float* b, const float* c, float* y) {
  Out<Vector> out(y, n);
  assign(out, In<Vector>(a, n) * In<Vector>(b, n) + In<Vector>(c, n));
}

void sum(Over over, int64_t rows, int64_t columns, const float* px, float* py) {
  const In<Matrix> x(px, rows, columns);
  if (over == Over::kAll) {
    Out<Eigen::Tensor<float, 0, Eigen::RowMajor, Eigen::Index>> y(py);
    assign(y, x.sum());
  } else {
    Out<Vector> y(py, over == Over::kLast ? rows : columns);
    assign(y, x.sum(Axes{over == Over::kLast ? 1 : 0}));
  }
}

void softmax(int64_t rows, int64_t columns, const float* px, float* py) {
  using Pair = Eigen::array<Eigen::Index, 2>;
  const In<Matrix> x(px, rows, columns);
  Out<Matrix> y(py, rows, columns);
  const Pair column = {rows, 1}, wide = {1, columns};
  const auto largest = x.maximum(Axes{1}).eval().reshape(column).broadcast(wide);
  assign(y, (x - largest).exp());
  const auto scale = y.sum(Axes{1}).inverse().eval().reshape(column).broadcast(wide);
  assign(y, y * scale);
}

void transpose(int64_t rows, int64_t columns, const float* px, float* py) {
  const In<Matrix> x(px, rows, columns);
  Out<Matrix> y(py, columns, rows);
  assign(y, x.shuffle(Eigen::array<Eigen::Index, 2>{1, 0}));
}

}  // namespace keel::bench::eigen
