#include "layers_support/weights/orthogonal.h"

#include "Eigen/QR"

namespace keel {

void orthogonalize(double* values, int64_t rows, int64_t columns) {
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  if (rows == 0 || columns == 0) return;
  Eigen::Map<Matrix> matrix(values, rows, columns);
  const Matrix tall = rows >= columns ? Matrix(matrix) : Matrix(matrix.transpose());
  const Eigen::HouseholderQR<Matrix> qr(tall);
  Matrix q = qr.householderQ() * Matrix::Identity(tall.rows(), tall.cols());
  for (Eigen::Index k = 0; k < tall.cols(); ++k) {
    if (qr.matrixQR()(k, k) < 0) q.col(k) = -q.col(k);
  }
  if (rows >= columns) matrix = q;
  else matrix = q.transpose();
}

}  // namespace keel
