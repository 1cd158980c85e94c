// Arithmetic, comparison, transcendental functions, casts and products: the face of the family.
#ifndef KEEL_OPS_MATH_MATH_H_
#define KEEL_OPS_MATH_MATH_H_

#include "core/structure.h"
#include "ops/math/arithmetic.h"
#include "ops/math/cast.h"
#include "ops/math/comparison.h"
#include "ops/math/dot.h"
#include "ops/math/exponential.h"

#endif  // KEEL_OPS_MATH_MATH_H_
