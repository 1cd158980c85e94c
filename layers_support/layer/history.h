// What a tensor made by a layer remembers: the call that made it, and its mask.
#ifndef KEEL_LAYERS_SUPPORT_LAYER_HISTORY_H_
#define KEEL_LAYERS_SUPPORT_LAYER_HISTORY_H_

#include <memory>
#include <ostream>

#include "core/carried_updates.h"
#include "core/leaves.h"
#include "core/op.h"
#include "layers_support/layer/layer.h"

namespace keel {

// One call of a layer in the functional style.
struct CallRecord {
  Layer layer;
  Tensors inputs;
  CallOptions options;  // As given, but that initial states are inputs.
  Tensors losses, updates;
  std::vector<Shape> output_shapes;
};

namespace internal {

inline std::ostream& operator<<(std::ostream& out, const Identity<const Tensors>& list) {
  return out << list.object->size();
}

}  // namespace internal

// Passes on what came along with updates. Plans drop it.
class WithUpdates final : public OpOf<WithUpdates>, public CarriesUpdates {
 public:
  static constexpr std::string_view kName = "with_updates";
  internal::Identity<const Tensors> updates;

  auto fields() const { return std::tie(updates); }
  Signatures infer(SignatureSpan in) const override { return {in[0]}; }
  int forwards(SignatureSpan, SignatureSpan) const override { return 0; }
  void run(const Exec& exec, Views in, Views out) const override;
  Tensors gradient(const Tensor&, const Tensor& dy) const { return {dy}; }
  const Tensors& carried_updates() const override { return *updates.object; }
};

// A label: input 0 with a mask, which input 1 is where there is one, and with a record as output `index`
// of that call. Plans drop it, and nodes read what it labels (core/label.h): no graph holds a record.
class LayerOutput final : public OpOf<LayerOutput> {
 public:
  static constexpr std::string_view kName = "layer_output";
  struct Made {
    std::shared_ptr<const CallRecord> call;
    int index = 0;
    friend bool operator==(const Made&, const Made&) = default;
    template <typename H>
    friend H AbslHashValue(H h, const Made& made) {
      return H::combine(std::move(h), made.call.get(), made.index);
    }
    friend std::ostream& operator<<(std::ostream& out, const Made& made) {
      return made.call == nullptr ? out << "masked" : out << made.call->layer.name();
    }
  };
  Made made;

  auto fields() const { return std::tie(made); }
  Signatures infer(SignatureSpan in) const override { return {in[0]}; }
  bool is_layer_output() const override { return true; }
  bool reads_only_shape(int i) const override { return i == 1; }
  int forwards(SignatureSpan, SignatureSpan) const override { return 0; }
  void run(const Exec& exec, Views in, Views out) const override;
  Tensors gradient(const Tensor& y, const Tensor& dy) const;
};

// The call that made `x` in the functional style; null where it was not made so.
std::shared_ptr<const CallRecord> call_that_made(const Tensor& x, int* index = nullptr);

}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_LAYER_HISTORY_H_
