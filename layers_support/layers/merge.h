// Several tensors into one.
#ifndef KEEL_LAYERS_SUPPORT_LAYERS_MERGE_H_
#define KEEL_LAYERS_SUPPORT_LAYERS_MERGE_H_

#include <cstdint>
#include <string>

#include "layers_support/layer/layer.h"

namespace keel::layers {

// Arguments of the layers here.
struct MergeOptions {
  std::string name = "";
};

// The sum, product, mean, largest and smallest, element by element, of two or more inputs that
// broadcast; one with fewer axes gets them after that of the samples. The result is masked where all
// inputs that carry masks say so. Source: keras.layers.Add, Multiply, Average, Maximum, Minimum.
class Add : public Layer {
 public:
  explicit Add(const MergeOptions& options = {});
};
class Multiply : public Layer {
 public:
  explicit Multiply(const MergeOptions& options = {});
};
class Average : public Layer {
 public:
  explicit Average(const MergeOptions& options = {});
};
class Maximum : public Layer {
 public:
  explicit Maximum(const MergeOptions& options = {});
};
class Minimum : public Layer {
 public:
  explicit Minimum(const MergeOptions& options = {});
};
// The first of two inputs less the second. Source: keras.layers.Subtract.
class Subtract : public Layer {
 public:
  explicit Subtract(const MergeOptions& options = {});
};

// Two or more inputs side by side along `axis`. Source: keras.layers.Concatenate.
class Concatenate : public Layer {
 public:
  explicit Concatenate(int64_t axis = -1, const MergeOptions& options = {});
};

// Arguments of Dot.
struct DotOptions {
  bool normalize = false;  // Both are scaled to the norm 1 along their axis first: the cosine of their angle.
  std::string name = "";
};
// The product of two inputs summed along an axis of each, as batch_dot(). Source: keras.layers.Dot.
class Dot : public Layer {
 public:
  explicit Dot(const DotAxes& axes, const DotOptions& options = {});
};

}  // namespace keel::layers

#endif  // KEEL_LAYERS_SUPPORT_LAYERS_MERGE_H_
