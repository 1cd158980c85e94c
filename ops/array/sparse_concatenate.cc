#include "ops/array/sparse_concatenate.h"

#include <algorithm>
#include <cstdint>

#include "core/op.h"
#include "core/sparse.h"
#include "ops/array/concatenate.h"
#include "ops/array/gather.h"

namespace keel {
namespace {

// Inputs: the indices of n sparse tensors, then their n frames. Outputs: the indices of all of them
// side by side, in order, and which element, counted through the tensors, each is of.
class MergeIndices final : public OpOf<MergeIndices> {
 public:
  static constexpr std::string_view kName = "merge_indices";
  static constexpr std::string_view kNoGradient = "an index has no slope";
  int axis;
  int count;  // n

  auto fields() const { return std::tie(axis, count); }
  bool reads_only_shape(int i) const override { return i >= count; }
  Signatures infer(SignatureSpan in) const override {
    int64_t elements = 0;
    for (int i = 0; i < count; ++i) {
      const int64_t more = in[i].shape[0];
      elements = elements == None || more == None ? None : checked_add(elements, more);
    }
    return {{DType::kInt64, Shape{elements, in[0].shape[1]}}, {DType::kInt64, Shape{elements}}};
  }
  size_t scratch_bytes(SignatureSpan, SignatureSpan) const override { return count * sizeof(Part); }

  void run(const Exec& exec, Views in, Views out) const override {
    const int n = count;
    auto* parts = reinterpret_cast<Part*>(exec.scratch);
    Shape joined = framed_shape(*in[n].shape);
    joined[axis] = 0;
    int64_t elements = 0;
    for (int i = 0; i < n; ++i) {
      parts[i] = {in[i].as<int64_t>(), 0, (*in[i].shape)[0], elements, joined[axis]};
      elements += parts[i].count;
      joined[axis] += (*in[n + i].shape)[axis + 1];
    }
    const int rank = joined.rank();
    auto *indices = out[0].as<int64_t>(), *order = out[1].as<int64_t>();
    const int64_t* before = nullptr;
    for (;;) {
      Part* least = nullptr;
      for (Part* part = parts; part != parts + n; ++part) {
        if (part->next == part->count || is_padding(*part, *in[n + (part - parts)].shape)) continue;
        if (least == nullptr || comes_before(*part, *least, rank)) least = part;
      }
      if (least == nullptr) break;
      const int64_t* index = least->at(rank);
      const Shape shape = framed_shape(*in[n + (least - parts)].shape);
      for (int a = 0; a < rank; ++a) {
        if (index[a] < 0 || index[a] >= shape[a]) fail_at(*least, least - parts, shape);
        indices[a] = index[a] + (a == axis ? least->offset : 0);
      }
      if (before != nullptr && !std::lexicographical_compare(before, before + rank, indices, indices + rank)) {
        fail_at(*least, least - parts, shape);
      }
      before = indices;
      indices += rank;
      *order++ = least->first + least->next++;
    }
    // Padding comes last.
    for (Part* part = parts; part != parts + n; ++part) {
      for (; part->next < part->count; ++part->next) {
        std::fill_n(indices, rank, 0);
        indices[0] = joined[0];
        indices += rank;
        *order++ = part->first + part->next;
      }
    }
  }

 private:
  // A tensor: its elements, which of them is next, and what is added to their place and number.
  struct Part {
    const int64_t* indices;
    int64_t next, count, first, offset;

    const int64_t* at(int rank) const { return indices + next * rank; }
  };

  static bool is_padding(const Part& part, const Shape& frame) {
    return part.at(frame.rank() - 1)[0] == frame[1];
  }
  bool comes_before(const Part& a, const Part& b, int rank) const {
    for (int i = 0; i < rank; ++i) {
      const int64_t x = a.at(rank)[i] + (i == axis ? a.offset : 0), y = b.at(rank)[i] + (i == axis ? b.offset : 0);
      if (x != y) return x < y;
    }
    return false;
  }
  [[noreturn]] static void fail_at(const Part& part, int64_t number, const Shape& shape) {
    Shape index;
    for (int a = 0; a < shape.rank(); ++a) index.push_back(part.at(shape.rank())[a]);
    fail("concatenate: index ", index, " at position ", part.next, " of the sparse tensor ", number, " of shape ",
         shape, " is out of range or not in row-major order");
  }
};

}  // namespace

Tensor sparse_concatenate(const Tensors& tensors, int axis) {
  Tensors parts, values, frames;
  for (const Tensor& t : tensors) {
    parts.push_back(sparse_indices(t));
    values.push_back(sparse_values(t));
    frames.push_back(sparse_frame(t));
  }
  parts.insert(parts.end(), frames.begin(), frames.end());
  const Tensor frame = concatenate(frames, axis + 1);
  const Tensors merged = make_all<MergeIndices>(parts, axis, static_cast<int>(tensors.size()));
  return sparse_tensor(merged[0], gather(concatenate(values, 0), merged[1]), frame);
}

}  // namespace keel
