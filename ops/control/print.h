// Printing while a graph runs.
#ifndef KEEL_OPS_CONTROL_PRINT_H_
#define KEEL_OPS_CONTROL_PRINT_H_

#include <string>

#include "core/tensor.h"

namespace keel {

// `x` unchanged; whenever it is computed, a line of `message` and its value goes to standard output. To
// be used in place of `x`: what nobody reads is not computed and not printed. Any dtype; long axes are
// shortened. Source: keras.backend.print_tensor.
Tensor print_tensor(const Tensor& x, const std::string& message = "");

}  // namespace keel

#endif  // KEEL_OPS_CONTROL_PRINT_H_
