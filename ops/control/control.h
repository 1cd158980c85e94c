// Control flow, the learning phase's choices and updates: the face of the family.
#ifndef KEEL_OPS_CONTROL_CONTROL_H_
#define KEEL_OPS_CONTROL_CONTROL_H_

#include "ops/control/map.h"
#include "ops/control/phase.h"
#include "ops/control/print.h"
#include "ops/control/switch.h"
#include "ops/control/update.h"

#endif  // KEEL_OPS_CONTROL_CONTROL_H_
