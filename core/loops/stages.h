// The stages that move and convert elements: what programs consist of besides micro-ops.
#ifndef KEEL_CORE_LOOPS_STAGES_H_
#define KEEL_CORE_LOOPS_STAGES_H_

#include <cstddef>
#include <cstdint>

#include "core/dtype.h"
#include "core/loops/instr.h"
#include "core/loops/program.h"

namespace keel {

// A lane type as the dtype that stores it unchanged.
DType lane_dtype(Lane lane);
inline size_t lane_size(Lane lane) { return lane < Lane::kInt64 ? 4 : 8; }
// The lane of the 0 or 1 that comparing such lanes gives.
inline Lane truth_lane(Lane lane) { return lane < Lane::kInt64 ? Lane::kInt32 : Lane::kInt64; }
// Whether elements of `dtype` are in memory as they are in lanes.
inline bool is_lane_form(DType dtype) { return lane_dtype(lane_of(dtype)) == dtype; }

// One target's stages.
struct StageTable {
  using Code = MicroOp::Code;

  int64_t target;     // HWY_AVX3 …
  size_t block;       // Elements of a block.
  size_t vector_bytes;

  // From memory in the dtype's storage type to lane_of(dtype), and back. A store goes on with the
  // accumulator, a final one with none. Streaming stores, null for dtypes of one byte, go
  // past the caches and need memory aligned to whole vectors; `fence` follows the last of them.
  Code load[DType::kKinds];
  Code store[DType::kKinds], final_store[DType::kKinds];
  Code stream[DType::kKinds], final_stream[DType::kKinds];
  void (*fence)();
  // Fetches an operand in lane form, and the one at base2, into the second-level cache, for a later block; goes on
  // with the accumulator.
  Code fetch[DType::kKinds];

  // Columns 0 … n-1 of `rows` rows become n blocks at `to`: element (r, j), of 4 or 8 bytes, moves
  // from place r·stride + j to j·block + r. What a block holds beyond `rows` is unspecified. Reads
  // and writes up to three more rows and columns.
  void (*transpose)(const std::byte* from, size_t rows, size_t stride, size_t n, size_t element_size,
                    std::byte* to);

  // Between lane types; null where they are the same.
  Code cast[kLanes][kLanes];
  // What makes an int32 lane a value of a narrower integer dtype, by wrapping and by saturation.
  Code wrap[DType::kKinds], clamp[DType::kKinds];
  // Rounds a float32 lane to what float16 or bfloat16 can store.
  Code round[DType::kKinds];
  // 0 stays 0, all else becomes 1, in truth_lane.
  Code to_bool[kLanes];
  // Multiplies float lanes by Instr::scale.
  Code scale[kLanes];
  // Ends every program.
  Code finish;
};

// The best target's.
const StageTable& stages();

}  // namespace keel

#endif  // KEEL_CORE_LOOPS_STAGES_H_
