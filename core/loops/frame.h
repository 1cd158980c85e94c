// One thread's work on a loop.
#ifndef KEEL_CORE_LOOPS_FRAME_H_
#define KEEL_CORE_LOOPS_FRAME_H_

#include <cstddef>
#include <cstdint>

#include "core/loops/instr.h"
#include "core/loops/loop_plan.h"
#include "core/view.h"

namespace keel {

// What a loop was called with.
struct LoopArrays {
  Views in, out;
  std::byte* scratch;
  uint32_t aliased;   // Inputs whose memory an output has, by bit.
  uint32_t streamed;  // Outputs to store past the caches.
};

// The code of a plan with the addresses of one call and of one thread's workspace in it.
class Frame {
 public:
  Frame(const LoopPlan& plan, const LoopArrays& arrays, std::byte* workspace);

  // Runs [begin, end) of an element-wise loop, as far as they are among the first `elements`.
  void compute(int64_t begin, int64_t end, int64_t elements);
  // Runs [begin, end) of tiles.
  void reduce_tiles(int64_t begin, int64_t end);
  // Pieces [begin, end) of a reduction: splits of columns of groups. Results are final where there
  // is one split, else put aside as partials.
  void accumulate(int64_t begin, int64_t end);
  // Partials [begin, end) of output o become their combination with those `distance` after them.
  void combine_partials(size_t o, int64_t distance, int64_t begin, int64_t end);
  // Results [begin, end) of output o, from the first partials.
  void store_partials(size_t o, int64_t begin, int64_t end);
  // The reduction of nothing.
  void store_identities();

 private:
  using Output = LoopPlan::Output;

  std::byte* at(size_t offset) const { return workspace_ + offset; }
  void set_input(size_t l, std::byte* base, size_t step);
  void set_output(size_t o, std::byte* base, size_t step, bool streamed);
  void set_accumulators(size_t o, std::byte* base, size_t step);
  void bind_input(size_t l);
  void bind_output(size_t o);

  // Points the moving inputs at the run of `length` elements from `first` on.
  void locate(int64_t first, int64_t length);
  void gather(size_t l, int64_t offset, int64_t length);
  // Runs the code on elements [first, first + length).
  void run(int64_t first, int64_t length);
  void run_last_block(int64_t first, size_t valid);
  void run_short(int64_t first, size_t length);
  void set_masks(std::byte* (*mask)(Lane, size_t count, size_t block), size_t count);
  void unset_masks();

  void accumulate_rows(const int64_t* firsts, const int64_t* nexts, int64_t length);
  void reset_accumulators();
  void aim_accumulators(int64_t first);
  void finish_piece(int64_t group, int64_t segment, int64_t split);
  // Stores n results, in lanes with a block's room after them, at place `first` of output o.
  void store_results(const Output& output, size_t o, const std::byte* lanes, int64_t first,
                     int64_t n);
  // to[0, n) becomes its combination with from[0, n); a block's room after both, which may change.
  void combine(const Output& output, std::byte* to, const std::byte* from, int64_t n);
  void flush_rows();

  const LoopPlan& plan_;
  const LoopArrays& arrays_;
  std::byte* const workspace_;
  Instr* const code_;
  int64_t first_row_ = 0, rows_ = 0;  // Results of reduced rows that wait to be stored together.
};

}  // namespace keel

#endif  // KEEL_CORE_LOOPS_FRAME_H_
