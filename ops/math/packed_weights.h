// Weights kept packed for as long as they do not change.
#ifndef KEEL_OPS_MATH_PACKED_WEIGHTS_H_
#define KEEL_OPS_MATH_PACKED_WEIGHTS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "absl/functional/function_ref.h"
#include "core/array.h"
#include "core/view.h"

namespace keel {

// The packed form of a kernel's right operand, made when the same contents are met for the second
// time: weights that a training step changes are never packed in vain. Thread-safe.
class PackedWeights {
 public:
  // The packed form of `weights`, or null. `pack` writes it into `bytes` bytes, 64-byte aligned.
  std::shared_ptr<const Array> find(const View& weights, size_t bytes,
                                    absl::FunctionRef<void(void* packed)> pack) {
    if (weights.version == 0) return nullptr;
    std::lock_guard lock(mutex_);
    if (weights.version != seen_version_) {
      seen_version_ = weights.version;
      packed_.reset();
      return nullptr;
    }
    if (packed_ == nullptr) {
      auto packed = std::make_shared<Array>(Shape{static_cast<int64_t>(bytes)}, DType::kUint8);
      pack(packed->bytes_begin());
      packed_ = std::move(packed);
    }
    return packed_;
  }

 private:
  std::mutex mutex_;
  uint64_t seen_version_ = 0;
  std::shared_ptr<const Array> packed_;
};

}  // namespace keel

#endif  // KEEL_OPS_MATH_PACKED_WEIGHTS_H_
