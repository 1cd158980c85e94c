// Random orthogonal matrices.
#ifndef KEEL_LAYERS_SUPPORT_WEIGHTS_ORTHOGONAL_H_
#define KEEL_LAYERS_SUPPORT_WEIGHTS_ORTHOGONAL_H_

#include <cstdint>

namespace keel {

// Makes the row-major matrix `values` (normally distributed numbers) orthogonal in place: where rows
// ≥ columns its columns become orthonormal, else its rows. Uniform over such matrices: R's diagonal is
// kept positive (Mezzadri, 2007, "How to generate random matrices from the classical compact groups").
void orthogonalize(double* values, int64_t rows, int64_t columns);

}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_WEIGHTS_ORTHOGONAL_H_
