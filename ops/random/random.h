// Random numbers: the family's face.
#ifndef KEEL_OPS_RANDOM_RANDOM_H_
#define KEEL_OPS_RANDOM_RANDOM_H_

#include "ops/random/distributions.h"  // IWYU pragma: export

#endif  // KEEL_OPS_RANDOM_RANDOM_H_
