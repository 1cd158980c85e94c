// What weights cost: Keras's regularizers.
#ifndef KEEL_LAYERS_SUPPORT_WEIGHTS_REGULARIZERS_H_
#define KEEL_LAYERS_SUPPORT_WEIGHTS_REGULARIZERS_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "keel.h"
#include "layers_support/config/config.h"

namespace keel {

// A penalty on a weight or an activity, added to the loss; or none. Converts from Keras's names and
// from a callable; cheap to copy.
class Regularizer {
 public:
  using Penalty = std::function<Tensor(const Tensor& x)>;

  Regularizer() = default;                 // None.
  Regularizer(std::nullptr_t) {}           // NOLINT: implicit by design
  Regularizer(std::string_view name);      // NOLINT: ValueError on an unknown one
  Regularizer(const char* name) : Regularizer(std::string_view(name)) {}  // NOLINT
  // `class_name` and `config` are what a file holds of it.
  Regularizer(Penalty penalty, std::string_view class_name = "custom");  // NOLINT
  // From what config() gives, null included; ValueError where it is nothing of Keras's.
  static Regularizer from_config(const Json& config);

  // Whether there is one.
  explicit operator bool() const { return rule_ != nullptr; }
  // The penalty, a scalar of x's dtype; ValueError where there is none.
  Tensor operator()(const Tensor& x) const;
  // {"class_name": …, "config": …} as Keras 2.3 writes it; null where there is none.
  Json config() const;

 private:
  friend Regularizer l1_l2_regularizer(double l1, double l2);
  struct Rule;
  std::shared_ptr<const Rule> rule_;
};

// Keras's regularizers. ValueError unless factors are finite and not negative. Source:
// keras.regularizers of Keras 2.3.
namespace regularizers {

// l1 · Σ|x| + l2 · Σx².
Regularizer l1_l2(double l1 = 0.01, double l2 = 0.01);
Regularizer l1(double factor = 0.01);
Regularizer l2(double factor = 0.01);

}  // namespace regularizers
}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_WEIGHTS_REGULARIZERS_H_
