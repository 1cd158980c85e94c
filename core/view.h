// What kernels see of arrays.
#ifndef KEEL_CORE_VIEW_H_
#define KEEL_CORE_VIEW_H_

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "core/dtype.h"
#include "core/shape.h"
#include "core/threads.h"

namespace keel {

// A dense row-major array that somebody else owns, valid for one call. 64-byte aligned, except
// where it is an array that a user wrapped.
struct View {
  void* data = nullptr;
  DType dtype;
  const Shape* shape = nullptr;
  // Names the contents: equal numbers other than 0 mean equal contents, so what was derived from
  // them (packed weights) may be kept. 0 where contents change from run to run.
  uint64_t version = 0;

  template <typename T>
  T* as() const {
    return static_cast<T*>(data);
  }
};

using Views = absl::Span<const View>;

class Run;

// What a kernel runs with. Its threads and its memory are arguments; there is nothing global.
struct Exec {
  const ThreadPool& pool;
  std::byte* scratch = nullptr;  // As many bytes as the step asked for; 64-byte aligned.
  Run* run = nullptr;            // The function call under way, for ops with side effects.
  // Not null, for ops that say tells_rows(): called with rows of output 0, its last axis being columns.
  const RowsDone* rows_done = nullptr;
};

}  // namespace keel

#endif  // KEEL_CORE_VIEW_H_
