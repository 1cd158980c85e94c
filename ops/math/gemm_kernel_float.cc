#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/math/gemm_kernel_float.cc"
#undef KEEL_GEMM_TYPE
#define KEEL_GEMM_TYPE float
#include "ops/math/gemm_entry-inl.h"
