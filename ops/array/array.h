// Arrangement of elements: shapes, parts, repetition, order, rows by number.
#ifndef KEEL_OPS_ARRAY_ARRAY_H_
#define KEEL_OPS_ARRAY_ARRAY_H_

#include "ops/array/arange.h"
#include "ops/array/concatenate.h"
#include "ops/array/gather.h"
#include "ops/array/one_hot.h"
#include "ops/array/pad.h"
#include "ops/array/repeat.h"
#include "ops/array/reshape.h"
#include "ops/array/reverse.h"
#include "ops/array/slice.h"
#include "ops/array/transpose.h"

#endif  // KEEL_OPS_ARRAY_ARRAY_H_
