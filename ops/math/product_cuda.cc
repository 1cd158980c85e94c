#include "ops/math/product_cuda.h"

#include <cstdint>
#include <memory>

#include "core/error.h"
#include "cuda/runtime.h"
#include "ops/math/product_device.h"

namespace keel {
namespace cuda {

void check(cublasStatus_t status, const char* what) {
  if (status != CUBLAS_STATUS_SUCCESS) fail("cuda: ", what, ": ", cublasLtGetStatusString(status));
}

namespace {

cudaDataType_t type_of(DType dtype) {
  switch (dtype.kind()) {
    case DType::kFloat16: return CUDA_R_16F;
    case DType::kBfloat16: return CUDA_R_16BF;
    case DType::kFloat64: return CUDA_R_64F;
    default: return CUDA_R_32F;
  }
}

template <typename Layout>
void make_layout(Layout& layout, DType dtype, const BlasProduct::Matrix& matrix, int64_t batch) {
  cublasLtMatrixLayout_t made;
  check(cublasLtMatrixLayoutCreate(&made, type_of(dtype), matrix.rows, matrix.columns, matrix.ld),
        "the layout of a matrix");
  layout.reset(made);
  const auto count = static_cast<int32_t>(batch);
  check(cublasLtMatrixLayoutSetAttribute(made, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count, sizeof(count)),
        "the layout of a batch");
  check(cublasLtMatrixLayoutSetAttribute(made, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &matrix.batch_step,
                                         sizeof(matrix.batch_step)),
        "the layout of a batch");
}

}  // namespace

LtProduct::LtProduct(DType dtype, const BlasProduct& product) {
  const bool wide = dtype == DType::kFloat64;
  cublasLtMatmulDesc_t made;
  check(cublasLtMatmulDescCreate(&made, wide ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F,
                                 wide ? CUDA_R_64F : CUDA_R_32F),
        "the description of a product");
  operation_.reset(made);
  auto set_transposed = [&](cublasLtMatmulDescAttributes_t attribute, bool transposed) {
    const cublasOperation_t how = transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    check(cublasLtMatmulDescSetAttribute(made, attribute, &how, sizeof(how)), "the description of a product");
  };
  set_transposed(CUBLASLT_MATMUL_DESC_TRANSA, product.l.transposed);
  set_transposed(CUBLASLT_MATMUL_DESC_TRANSB, product.r.transposed);
  make_layout(l_, dtype, product.l, product.batch);
  make_layout(r_, dtype, product.r, product.batch);
  make_layout(d_, dtype, product.d, product.batch);
}

namespace {

// What cuBLASLt may use besides the operands; it says how much of that it does.
constexpr uint64_t kMostWorkspace = uint64_t{32} << 20;
// Of arrays, and of what lies in them.
constexpr uint32_t kAlignment = 64;

cublasLtHandle_t handle() {
  static const cublasLtHandle_t handle = [] {
    cublasLtHandle_t made;
    check(cublasLtCreate(&made), "cuBLASLt");
    return made;
  }();
  return handle;
}

class CudaProduct final : public DeviceProduct {
 public:
  CudaProduct(DType dtype, const BlasProduct& product, uint32_t alignment)
      : product_(dtype, product), wide_(dtype == DType::kFloat64) {
    cublasLtMatmulPreference_t preference;
    check(cublasLtMatmulPreferenceCreate(&preference), "choosing a kernel");
    auto prefer = [&](cublasLtMatmulPreferenceAttributes_t attribute, auto value) {
      cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof(value));
    };
    prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, kMostWorkspace);
    for (auto attribute : {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
                           CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES}) {
      prefer(attribute, alignment);
    }
    int found = 0;
    const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(
        handle(), product_.operation(), product_.l(), product_.r(), product_.d(), product_.d(), preference, 1, &chosen_, &found);
    cublasLtMatmulPreferenceDestroy(preference);
    found_ = status == CUBLAS_STATUS_SUCCESS && found == 1 && chosen_.state == CUBLAS_STATUS_SUCCESS;
  }

  bool found() const { return found_; }

  size_t scratch_bytes() const override {
    return chosen_.workspaceSize == 0 ? 0 : chosen_.workspaceSize + kWorkspaceAlign;
  }

  void run(const void* a, const void* b, void* c, bool accumulate, std::byte* scratch) const override {
    const float one = 1, add = accumulate;
    const double wide_one = 1, wide_add = accumulate;
    check(cublasLtMatmul(handle(), product_.operation(), wide_ ? static_cast<const void*>(&wide_one) : &one, b,
                         product_.l(), a, product_.r(), wide_ ? static_cast<const void*>(&wide_add) : &add, c,
                         product_.d(), c, product_.d(), &chosen_.algo, align_workspace(scratch),
                         chosen_.workspaceSize, stream()),
          "a product");
  }

 private:
  const LtProduct product_;
  const bool wide_;
  bool found_ = false;
  cublasLtMatmulHeuristicResult_t chosen_ = {};
};

// What all operands of all products of a batch are aligned to, in bytes.
uint32_t alignment_of(DType dtype, const GemmShape& shape, int64_t apart) {
  uint32_t alignment = kAlignment;
  for (int64_t step : {shape.batch_step_a, shape.batch_step_b, shape.batch_step_c, apart}) {
    while (step * static_cast<int64_t>(dtype.size()) % alignment != 0) alignment /= 2;
  }
  return alignment;
}

}  // namespace
}  // namespace cuda

std::unique_ptr<DeviceProduct> make_device_product(const Device& device, DType dtype, const GemmShape& shape,
                                                   int64_t apart) {
  if (!cuda::is_cuda(device) || !dtype.is_floating()) return nullptr;
  if (shape.m == 0 || shape.n == 0 || shape.k == 0 || shape.batch == 0 || shape.batch > INT32_MAX) return nullptr;
  auto product =
      std::make_unique<cuda::CudaProduct>(dtype, blas_product(shape), cuda::alignment_of(dtype, shape, apart));
  if (!product->found()) return nullptr;
  return product;
}

}  // namespace keel
