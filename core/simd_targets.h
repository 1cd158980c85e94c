// Which instruction sets the kernels are compiled for. The first include of every kernel file and
// of every test that compares targets: a translation unit that saw other targets would dispatch to
// its own fallback without a word.
//
// x86: Highway's one-lane fallback, which every x86-64 runs, AVX2 and AVX-512. The steps between
// them cost build time and serve hardly any machine that is left. The fallback of 16 bytes, which newer
// compilers would choose, does not round to float16 as IEEE 754 has it.
#ifndef KEEL_CORE_SIMD_TARGETS_H_
#define KEEL_CORE_SIMD_TARGETS_H_

#ifdef HWY_DISABLED_TARGETS
#error "core/simd_targets.h must come before any header of Highway"
#endif
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#define HWY_BROKEN_EMU128 1

#endif  // KEEL_CORE_SIMD_TARGETS_H_
