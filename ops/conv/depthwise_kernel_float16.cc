#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/conv/depthwise_kernel_float16.cc"
#undef KEEL_CONV_TYPE
#define KEEL_CONV_TYPE hwy::float16_t
#include "ops/conv/depthwise_entry-inl.h"
