#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/conv/depthwise_kernel_double.cc"
#undef KEEL_CONV_TYPE
#define KEEL_CONV_TYPE double
#include "ops/conv/depthwise_entry-inl.h"
