// What cuBLASLt is told, as it says it back; needs no GPU.
#include "ops/math/product_cuda.h"

#include <cstdint>

#include "gtest/gtest.h"
#include "ops/math/gemm_kernel.h"

namespace keel::cuda {
namespace {

template <typename T>
T attribute(cublasLtMatrixLayout_t layout, cublasLtMatrixLayoutAttribute_t which) {
  T value{};
  size_t written = 0;
  check(cublasLtMatrixLayoutGetAttribute(layout, which, &value, sizeof(value), &written), "an attribute");
  EXPECT_EQ(written, sizeof(value));
  return value;
}

template <typename T>
T attribute(cublasLtMatmulDesc_t operation, cublasLtMatmulDescAttributes_t which) {
  T value{};
  size_t written = 0;
  check(cublasLtMatmulDescGetAttribute(operation, which, &value, sizeof(value), &written), "an attribute");
  return value;
}

void expect_layout(cublasLtMatrixLayout_t layout, const BlasProduct::Matrix& matrix, int64_t batch,
                   cudaDataType_t type) {
  EXPECT_EQ(attribute<uint64_t>(layout, CUBLASLT_MATRIX_LAYOUT_ROWS), static_cast<uint64_t>(matrix.rows));
  EXPECT_EQ(attribute<uint64_t>(layout, CUBLASLT_MATRIX_LAYOUT_COLS), static_cast<uint64_t>(matrix.columns));
  EXPECT_EQ(attribute<int64_t>(layout, CUBLASLT_MATRIX_LAYOUT_LD), matrix.ld);
  EXPECT_EQ(attribute<int32_t>(layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT), batch);
  EXPECT_EQ(attribute<int64_t>(layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET), matrix.batch_step);
  EXPECT_EQ(attribute<uint32_t>(layout, CUBLASLT_MATRIX_LAYOUT_TYPE), static_cast<uint32_t>(type));
  EXPECT_EQ(attribute<int32_t>(layout, CUBLASLT_MATRIX_LAYOUT_ORDER), CUBLASLT_ORDER_COL);
}

TEST(LtProduct, TellsCublasWhatTheProductIs) {
  const struct {
    DType dtype;
    cudaDataType_t type;
    cublasComputeType_t compute;
  } dtypes[] = {{DType::kFloat32, CUDA_R_32F, CUBLAS_COMPUTE_32F},
                {DType::kFloat64, CUDA_R_64F, CUBLAS_COMPUTE_64F},
                {DType::kFloat16, CUDA_R_16F, CUBLAS_COMPUTE_32F},
                {DType::kBfloat16, CUDA_R_16BF, CUBLAS_COMPUTE_32F}};
  for (const auto& d : dtypes) {
    for (bool transpose_a : {false, true}) {
      for (bool transpose_b : {false, true}) {
        const GemmShape shape{.m = 3, .n = 5, .k = 7, .transpose_a = transpose_a, .transpose_b = transpose_b,
                              .batch = 4, .batch_step_a = 21, .batch_step_b = 0, .batch_step_c = 15};
        const BlasProduct product = blas_product(shape);
        const LtProduct described(d.dtype, product);
        expect_layout(described.l(), product.l, 4, d.type);
        expect_layout(described.r(), product.r, 4, d.type);
        expect_layout(described.d(), product.d, 4, d.type);
        EXPECT_EQ(attribute<int32_t>(described.operation(), CUBLASLT_MATMUL_DESC_TRANSA),
                  transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N);
        EXPECT_EQ(attribute<int32_t>(described.operation(), CUBLASLT_MATMUL_DESC_TRANSB),
                  transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N);
        EXPECT_EQ(attribute<int32_t>(described.operation(), CUBLASLT_MATMUL_DESC_COMPUTE_TYPE), d.compute);
      }
    }
  }
}

}  // namespace
}  // namespace keel::cuda
