// NumPy's .npy files.
#ifndef KEEL_EXAMPLES_NPY_H_
#define KEEL_EXAMPLES_NPY_H_

#include <string>

#include "keel.h"

namespace keel::examples {

// The array in a file that numpy.save wrote. ValueError where the file is missing or damaged, or holds
// anything but little-endian numbers or bools in C's order.
Array read_npy(const std::string& path);

// Writes an array for numpy.load; bfloat16 as float32. ValueError where the file cannot be written.
void write_npy(const std::string& path, const Array& array);

}  // namespace keel::examples

#endif  // KEEL_EXAMPLES_NPY_H_
