#include "core/loops/frame.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/loops/elements.h"

namespace keel {
namespace {

// A base from which `offset` bytes on is `memory`; it may lie outside of any array.
std::byte* rebase(const std::byte* memory, int64_t offset) {
  return reinterpret_cast<std::byte*>(reinterpret_cast<uintptr_t>(memory) -
                                      static_cast<uintptr_t>(offset));
}

// A block of lanes that are not chosen, one of those that are, one that are not.
template <typename T>
struct MaskTable {
  T lanes[3 * kMaxBlock] = {};
  constexpr MaskTable() {
    for (size_t j = kMaxBlock; j < 2 * kMaxBlock; ++j) lanes[j] = static_cast<T>(-1);
  }
};
alignas(kLoopAlign) constexpr MaskTable<int32_t> kMasks4;
alignas(kLoopAlign) constexpr MaskTable<int64_t> kMasks8;

std::byte* mask_from(Lane lane, size_t j) {
  const void* at = lane_size(lane) == 4 ? static_cast<const void*>(kMasks4.lanes + j)
                                        : static_cast<const void*>(kMasks8.lanes + j);
  return static_cast<std::byte*>(const_cast<void*>(at));
}
std::byte* first_lanes(Lane lane, size_t count, size_t) {
  return mask_from(lane, 2 * kMaxBlock - count);
}
std::byte* last_lanes(Lane lane, size_t count, size_t block) {
  return mask_from(lane, kMaxBlock - (block - count));
}

// The driver's own short programs: operands are set one by one, then they run from element i to end.
template <int kLength>
struct ShortCode {
  Instr code[kLength];
  int length = 0;

  void add(MicroOp::Code run, const std::byte* base, size_t step) { add(run, base, nullptr, step); }
  void add(MicroOp::Code run, const std::byte* base, const std::byte* base2, size_t step) {
    const int32_t each = static_cast<int32_t>(step);
    code[length++] = {run, const_cast<std::byte*>(base), {const_cast<std::byte*>(base2)}, each, each};
  }
  void execute(const StageTable& stages, size_t i, size_t end) {
    code[length] = {stages.finish, nullptr, {nullptr}, 0, 0};
    keel::execute(code, i, end, stages.block);
  }
};

// Rows of columns that are added up at once.
constexpr int64_t kRowsTogether = 8;

}  // namespace

Frame::Frame(const LoopPlan& plan, const LoopArrays& arrays, std::byte* workspace)
    : plan_(plan),
      arrays_(arrays),
      workspace_(workspace),
      code_(reinterpret_cast<Instr*>(workspace)) {
  std::memcpy(code_, plan.loop.code.data(), plan.loop.code.size() * sizeof(Instr));
  for (size_t l = 0; l < plan.layout.leaves.size(); ++l) bind_input(l);
  for (const Patch& patch : plan.loop.slots) {
    Instr& instr = code_[patch.instr];
    (patch.operand == 0 ? instr.base : instr.base2) =
        at(plan.slots_at + patch.index * plan.block * kMaxLane);
  }
  for (size_t o = 0; o < plan.outputs.size(); ++o) {
    const Output& output = plan.outputs[o];
    if (!output.reduced) {
      bind_output(o);
    } else {
      set_accumulators(o, at(output.accumulators), 0);
      fill_lanes(output.lane, output.identity, at(output.start), plan.block);
      // By whole vectors, as the accumulators will be read: smaller stores would hold that up.
      Instr* reset = reinterpret_cast<Instr*>(at(output.reset_code));
      const int32_t step = static_cast<int32_t>(output.lane_bytes);
      reset[0] = {output.load, at(output.start), {nullptr}, 0, 0};
      reset[1] = {output.keep, at(output.accumulators), {nullptr}, step, 0};
      reset[2] = {plan.stages.finish, nullptr, {nullptr}, 0, 0};
      Instr* fold = reinterpret_cast<Instr*>(at(output.fold_code));
      fold[0] = {output.load, at(output.accumulators), {nullptr}, 0, 0};
      fold[1] = {output.fold, at(output.results), {nullptr}, step, 0};
      fold[2] = {plan.stages.finish, nullptr, {nullptr}, 0, 0};
    }
  }
}

void Frame::set_input(size_t l, std::byte* base, size_t step) {
  for (int p = plan_.first_patch[l]; p < plan_.first_patch[l + 1]; ++p) {
    const Patch& patch = plan_.loop.inputs[p];
    Instr& instr = code_[patch.instr];
    if (patch.operand == 0) {
      instr.base = base;
      instr.step = static_cast<int32_t>(step);
    } else {
      instr.base2 = base;
      instr.step2 = static_cast<int32_t>(step);
    }
  }
}

void Frame::set_output(size_t o, std::byte* base, size_t step, bool streamed) {
  const int k = plan_.loop.output[o].store;
  code_[k].base = base;
  code_[k].step = static_cast<int32_t>(step);
  if (arrays_.streamed >> o & 1) {
    const MicroOp::Code plain = plan_.loop.code[k].run;
    const auto kind = plan_.outputs[o].dtype.kind();
    const StageTable& stages = plan_.stages;
    code_[k].run = !streamed                          ? plain
                   : plain == stages.final_store[kind] ? stages.final_stream[kind]
                                                       : stages.stream[kind];
  }
}

void Frame::set_accumulators(size_t o, std::byte* base, size_t step) {
  for (const Patch& patch : plan_.loop.accumulators) {
    if (patch.index != o) continue;
    code_[patch.instr].base = base;
    code_[patch.instr].step = static_cast<int32_t>(step);
  }
}

void Frame::bind_input(size_t l) {
  const Leaf& leaf = plan_.layout.leaves[l];
  switch (leaf.reach) {
    case Reach::kFull: return set_input(l, arrays_.in[l].as<std::byte>(), leaf.dtype.size());
    case Reach::kSplat: return set_input(l, arrays_.scratch + plan_.buffers[l], 0);
    default: return;  // locate() will.
  }
}

void Frame::bind_output(size_t o) {
  set_output(o, arrays_.out[o].as<std::byte>(), plan_.outputs[o].size, true);
}

void Frame::locate(int64_t first, int64_t length) {
  const Layout& layout = plan_.layout;
  for (int l : plan_.periodic) {
    const int64_t lane = lane_size(layout.leaves[l].lane);
    set_input(l, rebase(arrays_.scratch + plan_.buffers[l], first * lane), lane);
  }
  if (plan_.moving.empty()) return;
  const int rank = static_cast<int>(layout.sizes.size());
  int64_t* coordinates = reinterpret_cast<int64_t*>(at(plan_.coordinates_at));
  int64_t rest = first;
  for (int axis = rank - 1; axis > 0; --axis) {
    coordinates[axis] = rest % layout.sizes[axis];
    rest /= layout.sizes[axis];
  }
  coordinates[0] = rest;
  for (int l : plan_.moving) {
    const Leaf& leaf = layout.leaves[l];
    const int64_t size = leaf.dtype.size();
    int64_t offset = 0;
    for (int axis = 0; axis < rank; ++axis) offset += coordinates[axis] * leaf.strides[axis];
    if (leaf.reach == Reach::kDense) {
      const std::byte* data = arrays_.in[l].as<const std::byte>();
      set_input(l, rebase(data, (first - offset) * size), size);
    } else if (leaf.reach == Reach::kRunSplat) {
      splat(leaf.dtype, leaf.lane, arrays_.in[l].as<const std::byte>() + offset * size,
            at(plan_.buffers[l]), plan_.block);
      set_input(l, at(plan_.buffers[l]), 0);
    } else {
      gather(l, offset, length);
      set_input(l, rebase(at(plan_.buffers[l]), first * size), size);
    }
  }
}

void Frame::gather(size_t l, int64_t offset, int64_t length) {
  const Layout& layout = plan_.layout;
  const Leaf& leaf = layout.leaves[l];
  const int rank = static_cast<int>(layout.sizes.size());
  const int64_t* start = reinterpret_cast<const int64_t*>(at(plan_.coordinates_at));
  int64_t* coordinates = const_cast<int64_t*>(start) + rank;
  std::copy_n(start, rank, coordinates);
  const int last = rank - 1;
  const int64_t row = layout.sizes[last], stride = leaf.strides[last];
  visit_size(leaf.dtype.size(), [&](auto element) {
    using T = decltype(element);
    const std::byte* from = arrays_.in[l].as<const std::byte>();
    std::byte* to = at(plan_.buffers[l]);
    for (int64_t left = length;;) {
      const int64_t n = std::min(row - coordinates[last], left);
      if (stride == 0) fill_elements<T>(to, from + offset * sizeof(T), n);
      else copy_elements<T>(to, from + offset * sizeof(T), n);
      to += n * sizeof(T);
      left -= n;
      if (left == 0) return;
      offset -= coordinates[last] * stride;  // To the start of the row, then of the next.
      coordinates[last] = 0;
      for (int axis = last - 1; axis >= 0; --axis) {
        offset += leaf.strides[axis];
        if (++coordinates[axis] < layout.sizes[axis]) break;
        offset -= layout.sizes[axis] * leaf.strides[axis];
        coordinates[axis] = 0;
      }
    }
  });
}

void Frame::run(int64_t first, int64_t length) {
  const int64_t block = plan_.block;
  locate(first, length);
  if (length < block) return run_short(first, length);
  const int64_t rest = length & (block - 1);  // A power of two.
  const int64_t last = first + length - block;
  if (rest != 0 && plan_.stores && arrays_.aliased != 0) {
    // The last block is computed from where it overlaps the one before: what that will overwrite
    // has to be read now.
    for (size_t l = 0; l < plan_.layout.leaves.size(); ++l) {
      if ((arrays_.aliased >> l & 1) == 0 || plan_.layout.leaves[l].reach != Reach::kFull) continue;
      const size_t size = plan_.layout.leaves[l].dtype.size();
      std::memcpy(at(plan_.input_blocks_at + l * block * kMaxLane),
                  arrays_.in[l].as<const std::byte>() + last * size, block * size);
    }
  }
  if (plan_.reduce != nullptr) {
    Instr* reduce = reinterpret_cast<Instr*>(at(plan_.reduce_code_at));
    reduce[0] = {plan_.reduce, code_[0].base, {nullptr}, code_[0].step, 0};
    reduce[1].base = at(plan_.outputs[0].accumulators);
    reduce[1].end = first + length - rest;
    execute(reduce, first, first + 1, 1);
  } else {
    execute(code_, first, first + length - rest, plan_.block);
  }
  if (rest != 0) run_last_block(last, rest);
}

void Frame::set_masks(std::byte* (*mask)(Lane, size_t, size_t), size_t count) {
  for (size_t o = 0; o < plan_.outputs.size(); ++o) {
    const int combine = plan_.loop.output[o].combine;
    if (combine < 0) continue;
    code_[combine].run = plan_.outputs[o].masked;
    code_[combine].base2 = mask(plan_.outputs[o].lane, count, plan_.block);
  }
}

void Frame::unset_masks() {
  for (size_t o = 0; o < plan_.outputs.size(); ++o) {
    const int combine = plan_.loop.output[o].combine;
    if (combine >= 0) code_[combine].run = plan_.outputs[o].combine;
  }
}

// A whole block of which the last `valid` elements are new. Stores of the others repeat what they
// stored before.
void Frame::run_last_block(int64_t first, size_t valid) {
  const bool saved = plan_.stores && arrays_.aliased != 0;
  const auto redirect = [&](bool on) {
    for (size_t l = 0; saved && l < plan_.layout.leaves.size(); ++l) {
      if ((arrays_.aliased >> l & 1) == 0 || plan_.layout.leaves[l].reach != Reach::kFull) continue;
      if (on) set_input(l, at(plan_.input_blocks_at + l * plan_.block * kMaxLane), 0);
      else bind_input(l);
    }
    for (size_t o = 0; arrays_.streamed != 0 && o < plan_.outputs.size(); ++o) {
      if (!plan_.outputs[o].reduced) {
        set_output(o, arrays_.out[o].as<std::byte>(), plan_.outputs[o].size, !on);
      }
    }
  };
  redirect(true);
  if (plan_.reduces) set_masks(last_lanes, valid);
  execute(code_, first, first + 1, 1);
  if (plan_.reduces) unset_masks();
  redirect(false);
}

// Less than a block: computed in blocks of this thread's own.
void Frame::run_short(int64_t first, size_t length) {
  const auto& leaves = plan_.layout.leaves;
  for (size_t l = 0; l < leaves.size(); ++l) {
    if (leaves[l].reach != Reach::kFull && leaves[l].reach != Reach::kDense) continue;
    const int p = plan_.first_patch[l];
    if (p == plan_.first_patch[l + 1]) continue;
    const Patch& patch = plan_.loop.inputs[p];
    const Instr& instr = code_[patch.instr];
    const size_t size = leaves[l].dtype.size();
    std::byte* own = at(plan_.input_blocks_at + l * plan_.block * kMaxLane);
    const std::byte* base = patch.operand == 0 ? instr.base : instr.base2;
    std::memcpy(own, rebase(base, -first * static_cast<int64_t>(size)), length * size);
    set_input(l, own, 0);
  }
  for (size_t o = 0; plan_.stores && o < plan_.outputs.size(); ++o) {
    if (plan_.outputs[o].reduced) continue;
    set_output(o, at(plan_.output_blocks_at + o * plan_.block * kMaxLane), 0, false);
  }
  if (plan_.reduces) set_masks(first_lanes, length);
  execute(code_, first, first + 1, 1);
  if (plan_.reduces) unset_masks();
  for (size_t o = 0; plan_.stores && o < plan_.outputs.size(); ++o) {
    if (plan_.outputs[o].reduced) continue;
    const size_t size = plan_.outputs[o].size;
    std::memcpy(arrays_.out[o].as<std::byte>() + first * size,
                at(plan_.output_blocks_at + o * plan_.block * kMaxLane), length * size);
    bind_output(o);
  }
  for (size_t l = 0; l < leaves.size(); ++l) {
    if (leaves[l].reach == Reach::kFull) bind_input(l);
  }
}

void Frame::compute(int64_t begin, int64_t end, int64_t elements) {
  const Layout& layout = plan_.layout;
  int64_t row = begin / layout.segments, start = begin % layout.segments * layout.run;
  for (int64_t r = begin; r < end; ++r) {
    const int64_t first = row * layout.length + start;
    run(first, std::min({layout.run, layout.length - start, elements - first}));
    start += layout.run;
    if (start >= layout.length) {
      start = 0;
      ++row;
    }
  }
  if (arrays_.streamed != 0) plan_.stages.fence();
}

void Frame::reduce_tiles(int64_t begin, int64_t end) {
  const Layout& layout = plan_.layout;
  const size_t period = layout.period, block = plan_.block;
  for (int64_t r = begin; r < end; ++r) {
    const int64_t first = r * layout.run;
    const int64_t length = std::min(layout.run, layout.length - first);
    const size_t rows = length / period;
    for (size_t o = 0; o < plan_.outputs.size(); ++o) {
      const Output& output = plan_.outputs[o];
      if (!output.reduced) continue;
      set_accumulators(o, rebase(at(output.accumulators), first * output.lane_bytes),
                       output.lane_bytes);
    }
    run(first, length);
    for (size_t o = 0; o < plan_.outputs.size(); ++o) {
      const Output& output = plan_.outputs[o];
      if (!output.reduced) continue;
      // A few columns at a time: each becomes a block, and blocks combine in registers.
      std::byte* columns = at(plan_.columns_at);
      const size_t bytes = block * output.lane_bytes;
      for (size_t from = 0; from < period; from += LoopPlan::kTileColumns) {
        const size_t n = std::min(LoopPlan::kTileColumns, period - from);
        plan_.stages.transpose(at(output.accumulators + from * output.lane_bytes), rows, period, n,
                               output.lane_bytes, columns);
        ShortCode<LoopPlan::kTileColumns + 3> code;
        if (from != 0) code.add(output.load, at(output.results), 0);
        for (size_t j = 0; j < n; ++j) {
          code.add(code.length == 0 ? output.load : output.combine, columns + j * bytes, 0);
        }
        code.add(output.keep, at(output.results), 0);
        code.execute(plan_.stages, 0, 1);
      }
      store_results(output, o, at(output.results), first / period, rows);
    }
  }
}

void Frame::reset_accumulators() {
  for (size_t o = 0; o < plan_.outputs.size(); ++o) {
    const Output& output = plan_.outputs[o];
    if (!output.reduced) continue;
    const Instr* reset = reinterpret_cast<const Instr*>(at(output.reset_code));
    execute(reset, 0, plan_.layout.accumulators, plan_.block);
  }
}

// Lines the first accumulators up with element `first`.
void Frame::aim_accumulators(int64_t first) {
  for (size_t o = 0; o < plan_.outputs.size(); ++o) {
    const Output& output = plan_.outputs[o];
    if (!output.reduced) continue;
    const int64_t size = output.lane_bytes;
    set_accumulators(o, rebase(at(output.accumulators), first * size), size);
  }
}

// kRowsTogether rows of columns, of `length` elements from each of `firsts` on: the accumulators are read
// and written once for all of them. Meanwhile the rows from `nexts` on, where not null, are fetched: so many
// streams the hardware does not follow.
void Frame::accumulate_rows(const int64_t* firsts, const int64_t* nexts, int64_t length) {
  const Output& output = plan_.outputs[0];
  const int64_t size = output.lane_bytes, rest = length % static_cast<int64_t>(plan_.block);
  std::byte* accumulators = rebase(at(output.accumulators), firsts[0] * size);
  const std::byte* data = code_[0].base;  // That of the load.
  const auto row = [&](int64_t first) { return rebase(data, (firsts[0] - first) * size); };
  ShortCode<kRowsTogether + kRowsTogether / 2 + 3> code;
  for (int64_t j = 0; j < kRowsTogether; ++j) {
    code.add(j == 0 ? output.load : output.combine, row(firsts[j]), size);
    if (nexts != nullptr && j % 2 != 0) code.add(plan_.fetch, row(nexts[j - 1]), row(nexts[j]), size);
  }
  code.add(output.combine, accumulators, size);
  code.add(output.keep, accumulators, size);
  code.execute(plan_.stages, firsts[0], firsts[0] + length - rest);
  for (int64_t j = 0; rest != 0 && j < kRowsTogether; ++j) {
    aim_accumulators(firsts[j]);
    run_last_block(firsts[j] + length - static_cast<int64_t>(plan_.block), rest);
  }
}

void Frame::accumulate(int64_t begin, int64_t end) {
  const Layout& layout = plan_.layout;
  const bool rows = layout.period == 1 && !layout.columns;
  const int64_t runs = layout.reduced_rows * (layout.columns ? 1 : layout.segments);
  for (int64_t piece = begin; piece < end; ++piece) {
    int64_t group = piece / layout.splits, column = 0;
    const int64_t split = piece - group * layout.splits;
    if (layout.columns) {
      column = group % layout.segments;
      group /= layout.segments;
    }
    const int64_t group_start = offset_at(layout.kept, group);
    reset_accumulators();
    const int64_t start = split * layout.split, last = std::min(runs, start + layout.split);
    int64_t r = start;
    if (plan_.rows_together) {
      const int64_t from = column * layout.run, length = std::min(layout.run, layout.length - from);
      int64_t firsts[kRowsTogether], nexts[kRowsTogether];
      const auto locate_rows = [&](int64_t row, int64_t* to) {
        for (int64_t j = 0; j < kRowsTogether; ++j) to[j] = group_start + offset_at(layout.reduced, row + j) + from;
      };
      for (; length >= static_cast<int64_t>(plan_.block) && r + kRowsTogether <= last; r += kRowsTogether) {
        locate_rows(r, firsts);
        // Those of the next piece, too, which this thread most likely takes.
        const bool ahead = plan_.fetch != nullptr && r + 2 * kRowsTogether <= runs;
        if (ahead) locate_rows(r + kRowsTogether, nexts);
        accumulate_rows(firsts, ahead ? nexts : nullptr, length);
      }
    }
    for (; r < last; ++r) {
      int64_t row = r, from = column * layout.run;
      if (!layout.columns && layout.segments != 1) {
        row = r / layout.segments;
        from = (r - row * layout.segments) * layout.run;
      }
      const int64_t first = group_start + offset_at(layout.reduced, row) + from;
      if (!rows) aim_accumulators(first);
      run(first, std::min(layout.run, layout.length - from));
    }
    finish_piece(group, column, split);
  }
  flush_rows();
}

void Frame::finish_piece(int64_t group, int64_t column, int64_t split) {
  const Layout& layout = plan_.layout;
  const bool rows = layout.period == 1 && !layout.columns;
  if (rows && layout.splits == 1 && rows_ == 0) first_row_ = group;
  for (size_t o = 0; o < plan_.outputs.size(); ++o) {
    const Output& output = plan_.outputs[o];
    if (!output.reduced) continue;
    std::byte* lanes = at(output.accumulators);
    std::byte* partials =
        layout.splits == 1
            ? nullptr
            : arrays_.scratch + output.partials + split * layout.outputs * output.lane_bytes;
    if (rows) {
      Instr* fold = reinterpret_cast<Instr*>(at(output.fold_code));
      if (partials != nullptr) fold[1].base = partials;
      const size_t place = partials == nullptr ? rows_ : group;
      execute(fold, place, place + 1, 1);
      continue;
    }
    int64_t n = layout.period;
    if (layout.columns) {
      n = std::min(layout.run, layout.length - column * layout.run);
    } else {
      // A power of two of rows lies side by side.
      for (int64_t half = layout.run / 2; half >= n; half /= 2) {
        combine(output, lanes, lanes + half * output.lane_bytes, half);
      }
    }
    const int64_t first = group * layout.period + column * layout.run;
    if (partials == nullptr) {
      store_results(output, o, lanes, first, n);
    } else {
      std::memcpy(partials + first * output.lane_bytes, lanes, n * output.lane_bytes);
    }
  }
  if (rows && layout.splits == 1 && ++rows_ == static_cast<int64_t>(plan_.block)) flush_rows();
}

void Frame::flush_rows() {
  for (size_t o = 0; rows_ != 0 && o < plan_.outputs.size(); ++o) {
    const Output& output = plan_.outputs[o];
    if (output.reduced) store_results(output, o, at(output.results), first_row_, rows_);
  }
  rows_ = 0;
}

void Frame::combine(const Output& output, std::byte* to, const std::byte* from, int64_t n) {
  ShortCode<4> code;
  code.add(output.load, to, output.lane_bytes);
  code.add(output.combine, from, output.lane_bytes);
  code.add(output.keep, to, output.lane_bytes);
  code.execute(plan_.stages, 0, n);
}

void Frame::combine_partials(size_t o, int64_t distance, int64_t begin, int64_t end) {
  const Output& output = plan_.outputs[o];
  const size_t size = output.lane_bytes;
  std::byte* to = arrays_.scratch + output.partials + begin * size;
  const std::byte* from = to + distance * size;
  const int64_t n = end - begin, whole = n - n % static_cast<int64_t>(plan_.block);
  if (whole != 0) combine(output, to, from, whole);
  if (n == whole) return;
  // What lies after the last is others'.
  std::byte* rest = at(output.results);
  std::memcpy(rest, to + whole * size, (n - whole) * size);
  std::byte* rest_from = at(output.start);
  std::memcpy(rest_from, from + whole * size, (n - whole) * size);
  combine(output, rest, rest_from, n - whole);
  std::memcpy(to + whole * size, rest, (n - whole) * size);
}

void Frame::store_partials(size_t o, int64_t begin, int64_t end) {
  const Output& output = plan_.outputs[o];
  store_results(output, o, arrays_.scratch + output.partials + begin * output.lane_bytes, begin,
                end - begin);
}

void Frame::store_results(const Output& output, size_t o, const std::byte* lanes, int64_t first,
                          int64_t n) {
  const int64_t block = plan_.block;
  ShortCode<5> code;
  code.add(output.load, lanes, output.lane_bytes);
  if (output.wrap != nullptr) code.add(output.wrap, nullptr, 0);
  if (output.scaling != nullptr) {
    code.add(output.scaling, nullptr, 0);
    code.code[code.length - 1].scale = output.scale;
  }
  std::byte* to = arrays_.out[o].as<std::byte>() + first * output.size;
  if (n < block) {
    std::byte* own = at(plan_.output_blocks_at + o * block * kMaxLane);
    code.add(output.store, own, output.size);
    code.execute(plan_.stages, 0, block);
    std::memcpy(to, own, n * output.size);
    return;
  }
  code.add(output.store, to, output.size);
  code.execute(plan_.stages, 0, n - n % block);
  if (n % block != 0) code.execute(plan_.stages, n - block, n);
}

void Frame::store_identities() {
  const int64_t block = plan_.block;
  for (size_t o = 0; o < plan_.outputs.size(); ++o) {
    const Output& output = plan_.outputs[o];
    if (!output.reduced) continue;
    for (int64_t first = 0; first < plan_.layout.outputs; first += block) {
      store_results(output, o, at(output.start), first,
                    std::min(block, plan_.layout.outputs - first));
    }
  }
}

}  // namespace keel
