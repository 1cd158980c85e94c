// Results that come with updates of the same step.
#ifndef KEEL_CORE_CARRIED_UPDATES_H_
#define KEEL_CORE_CARRIED_UPDATES_H_

#include "core/tensor.h"

namespace keel {

// What an op also derives from whose result was made along with updates, such as a layer's with its
// moving averages. A function that computes the result in training but makes not all of them says so on
// stderr, once (LEARNING_PHASE.md, 24).
class CarriesUpdates {
 public:
  virtual ~CarriesUpdates() = default;
  virtual const Tensors& carried_updates() const = 0;
};

}  // namespace keel

#endif  // KEEL_CORE_CARRIED_UPDATES_H_
