#include "core/loops/loop_source.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <limits>
#include <sstream>

#include "core/loops/micro_ops.h"

namespace keel {
namespace {

// Enough blocks to fill the largest GPUs several times over.
constexpr int64_t kManyBlocks = 2048;
// Blocks among which the values of one result are split at most.
constexpr int64_t kMostSplits = 256;
// What a thread combines at least before others are called to help.
constexpr int64_t kWorthwhile = 8;

int64_t ceil_div(int64_t a, int64_t b) { return a / b + (a % b != 0); }
int64_t ceil_power(int64_t n) { return static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(std::max<int64_t>(n, 1)))); }

const char* lane_type(Lane lane) {
  constexpr const char* names[] = {"int", "unsigned", "float", "long long", "unsigned long long", "double"};
  return names[static_cast<int>(lane)];
}
const char* lane_type(DType dtype) { return lane_type(lane_of(dtype)); }

const char* storage_type(DType dtype) {
  switch (dtype.kind()) {
    case DType::kBool:
    case DType::kUint8: return "unsigned char";
    case DType::kInt8: return "signed char";
    case DType::kUint16:
    case DType::kFloat16:
    case DType::kBfloat16: return "unsigned short";
    case DType::kInt16: return "short";
    default: return lane_type(dtype);
  }
}

bool is_narrow_float(DType dtype) { return dtype.is_floating() && dtype.size() == 2; }
bool is_narrow_integer(DType dtype) { return dtype.is_integer() && dtype.size() < 4; }

std::string load(DType dtype, const std::string& element) {
  if (dtype == DType::kFloat16) return "from_half(" + element + ")";
  if (dtype == DType::kBfloat16) return "from_bfloat16(" + element + ")";
  return element;
}

std::string store(DType dtype, const std::string& value) {
  if (dtype == DType::kFloat16) return "to_half(" + value + ")";
  if (dtype == DType::kBfloat16) return "to_bfloat16(" + value + ")";
  return std::string("(") + storage_type(dtype) + ")(" + value + ")";
}

// A number as a literal of the lane that holds `dtype`.
std::string literal(DType dtype, double value) {
  const std::string cast = std::string("(") + lane_type(dtype) + ")";
  if (dtype.is_bool()) return value > 0 ? "1" : "0";
  if (std::isinf(value) && dtype.is_floating()) return cast + (value < 0 ? "-infinity()" : "infinity()");
  if (!dtype.is_floating()) {
    return visit_dtype(dtype, [&](auto zero) -> std::string {
      using T = decltype(zero);
      if constexpr (std::is_integral_v<T>) {
        const T number = convert_element<T>(value);
        // The lowest number has no literal of its own.
        const bool lowest = std::is_signed_v<T> && number == std::numeric_limits<T>::min();
        std::ostringstream text;
        text << cast << '(' << +static_cast<T>(lowest ? number + 1 : number) << (std::is_signed_v<T> ? "ll" : "ull");
        if (lowest) text << " - 1";
        text << ')';
        return text.str();
      } else {
        return "0";
      }
    });
  }
  char text[64];
  std::snprintf(text, sizeof(text), "%.17e", value);
  return cast + text;
}

// The bounds of an integer dtype.
std::string bounds(DType dtype) {
  return literal(dtype, -std::numeric_limits<double>::infinity()) + ", " +
         literal(dtype, std::numeric_limits<double>::infinity());
}

// The operand of a cast from `from` to `to`.
std::string converted(DType from, DType to, const std::string& value) {
  const std::string lane = lane_type(to);
  if (to.is_bool()) return "(" + value + ") != 0";
  if (is_narrow_float(to)) return load(to, store(to, "(float)(" + value + ")"));
  if (to.is_floating() || from.is_bool()) return "(" + lane + ")(" + value + ")";
  if (from.is_floating()) return "saturate<" + lane + ">(" + value + ", " + bounds(to) + ")";
  return "(" + lane + ")(" + storage_type(to) + ")(" + value + ")";
}

class Writer {
 public:
  explicit Writer(const LoopProgram& program) : program_(program), rank_(program.shape.rank()) {
    is_reduced_ = program.reduced;
    is_reduced_.resize(rank_);
    for (size_t o = 0; o < program.outputs.size(); ++o) {
      if (program.outputs[o].reducer != nullptr) reducing_.push_back(static_cast<int>(o));
    }
    for (const LoopProgram::Input& input : program.inputs) dtypes_.push_back(input.dtype);
    for (const LoopProgram::Step& step : program.steps) dtypes_.push_back(step.dtype);
    for (int axis = 0; axis < rank_; ++axis) (is_reduced_[axis] ? length_ : results_) *= program.shape[axis];
    const bool small = program.shape.elements() < int64_t{1} << 30 && results_ < int64_t{1} << 30;
    index_ = small ? "unsigned" : "unsigned long long";
  }

  LoopSource write() {
    if (reducing_.empty()) write_elementwise();
    else write_reduction();
    source_.code = out_.str();
    return std::move(source_);
  }

 private:
  // How a block shares out its work: threads for `x` results at a time, `y` for each of them.
  struct Block {
    int64_t x, y, splits;
    bool rows;  // Neighbours share a result rather than have results beside each other.
    LoopSource::Grid grid;
  };

  static Block share_out(int64_t results, int64_t length, bool rows, int64_t most_splits) {
    Block b;
    b.rows = rows;
    const int64_t beside = rows ? 1 : std::min<int64_t>(32, ceil_power(results));
    b.y = std::min(ceil_power(length), LoopSource::kThreads / beside);
    b.x = LoopSource::kThreads / b.y;
    const int64_t blocks = ceil_div(results, b.x);
    const int64_t useful = ceil_div(length, b.y) / kWorthwhile;
    b.splits = std::clamp<int64_t>(std::min(useful, kManyBlocks / std::max<int64_t>(blocks, 1)), 1, most_splits);
    b.grid = {static_cast<uint32_t>(blocks), static_cast<uint32_t>(b.splits)};
    return b;
  }

  std::string value(int v) const { return "v" + std::to_string(v); }
  const LoopProgram::Output& output(int o) const { return program_.outputs[o]; }
  DType dtype_of_output(int o) const { return dtypes_[output(o).value]; }

  void begin_kernel(const char* name) {
    out_ << "extern \"C\" __global__ void __launch_bounds__(" << LoopSource::kThreads << ") " << name << '(';
    const char* comma = "";
    for (size_t l = 0; l < program_.inputs.size(); ++l) {
      out_ << comma << "const " << storage_type(program_.inputs[l].dtype) << "* in" << l;
      comma = ", ";
    }
    for (size_t o = 0; o < program_.outputs.size(); ++o) {
      out_ << comma << storage_type(dtype_of_output(static_cast<int>(o))) << "* out" << o;
      comma = ", ";
    }
    for (size_t p = 0; p < source_.partials.size(); ++p) {
      out_ << comma << lane_type(dtype_of_output(reducing_[p])) << "* partial" << p;
    }
    out_ << ") {\n  typedef " << index_ << " Index;\n";
  }

  // The coordinates along the axes for which `which` is `reduced`, of their `index`-th point.
  void write_coordinates(const char* index, bool reduced, const char* indent) {
    int64_t inner = 1;
    for (int axis = rank_ - 1; axis >= 0; --axis) {
      if (is_reduced_[axis] != reduced) continue;
      const int64_t size = std::max<int64_t>(program_.shape[axis], 1);
      if (size > 1) {
        out_ << indent << "const Index c" << axis << " = " << index << " / " << inner << "u % " << size << "u;\n";
      }
      inner *= size;
    }
  }

  // Where an array of `shape`, broadcast to the program's, has the element at the coordinates.
  std::string place_in(const Shape& shape) const {
    std::string text;
    int64_t stride = 1;
    for (int axis = rank_ - 1, own = shape.rank() - 1; own >= 0; --axis, --own) {
      if (shape[own] > 1) {
        text += (text.empty() ? "c" : " + c") + std::to_string(axis);
        if (stride != 1) text += " * " + std::to_string(stride) + "u";
      }
      stride *= std::max<int64_t>(shape[own], 1);
    }
    return text.empty() ? "0" : text;
  }

  // Loads the inputs and takes the steps; `i`, unless it is null, is the place in full arrays.
  void write_values(const char* i) {
    for (size_t l = 0; l < program_.inputs.size(); ++l) {
      const LoopProgram::Input& input = program_.inputs[l];
      const std::string place = i != nullptr && input.shape == program_.shape ? i : place_in(input.shape);
      out_ << "    const " << lane_type(input.dtype) << " v" << l << " = "
           << load(input.dtype, "in" + std::to_string(l) + "[" + place + "]") << ";\n";
    }
    int v = static_cast<int>(program_.inputs.size());
    for (const LoopProgram::Step& step : program_.steps) write_step(step, v++);
    for (size_t o = 0; o < program_.outputs.size(); ++o) {
      if (program_.outputs[o].reducer != nullptr) continue;
      out_ << "    out" << o << '[' << (i != nullptr ? i : place_in(program_.shape)) << "] = "
           << store(dtype_of_output(static_cast<int>(o)), value(program_.outputs[o].value)) << ";\n";
    }
  }

  void write_step(const LoopProgram::Step& step, int v) {
    const char* type = lane_type(step.dtype);
    if (step.op == &kCast) {
      const int from = step.args[0];
      out_ << "    const " << type << ' ' << value(v) << " = ";
      if (dtypes_[from] == step.dtype) out_ << value(from);
      else out_ << converted(dtypes_[from], step.dtype, value(from));
      out_ << ";\n";
      return;
    }
    out_ << "    " << type << ' ' << value(v) << ";\n    {";
    for (int k = 0; k < step.op->arity; ++k) {
      out_ << " const " << lane_type(dtypes_[step.args[k]]) << ' ' << static_cast<char>('a' + k) << " = "
           << value(step.args[k]) << ';';
    }
    out_ << ' ' << value(v) << " = (" << type << ')';
    if (is_narrow_integer(step.dtype)) out_ << '(' << storage_type(step.dtype) << ')';
    out_ << '(' << step.op->cuda << "); }\n";
  }

  void write_elementwise() {
    const int64_t n = program_.shape.elements();
    source_.loop.x = static_cast<uint32_t>(std::min(ceil_div(n, LoopSource::kThreads), kManyBlocks));
    begin_kernel("loop");
    out_ << "  for (Index i = blockIdx.x * (Index)" << LoopSource::kThreads << " + threadIdx.x; i < " << n
         << "u; i += gridDim.x * (Index)" << LoopSource::kThreads << ") {\n";
    write_coordinates("i", false, "    ");
    write_values("i");
    out_ << "  }\n}\n";
  }

  void write_reduction() {
    int last = rank_ - 1;  // The innermost axis along which there is something.
    while (last > 0 && program_.shape[last] == 1) --last;
    const Block block = share_out(results_, length_, rank_ > 0 && is_reduced_[last], kMostSplits);
    source_.loop = block.grid;
    if (block.splits > 1) {
      for (int o : reducing_) {
        source_.partials.push_back(source_.scratch_bytes);
        const int64_t bytes = block.splits * results_ * (lane_size_of(dtype_of_output(o)));
        source_.scratch_bytes += (bytes + 63) / 64 * 64;
      }
    }
    begin_kernel("loop");
    begin_sharing(block, length_);
    write_coordinates("r", true, "    ");
    write_values(nullptr);
    for (size_t p = 0; p < reducing_.size(); ++p) combine_into(p, value(output(reducing_[p]).value));
    end_sharing(block, /*final=*/block.splits == 1);
    if (block.splits == 1) return;

    const Block rest = share_out(results_, block.splits, false, 1);
    source_.combine = rest.grid;
    begin_kernel("combine_partials");
    begin_sharing(rest, block.splits);
    for (size_t p = 0; p < reducing_.size(); ++p) {
      combine_into(p, "partial" + std::to_string(p) + "[r * (Index)" + std::to_string(results_) + "u + o]");
    }
    end_sharing(rest, /*final=*/true);
  }

  static int64_t lane_size_of(DType dtype) { return std::max<int64_t>(4, static_cast<int64_t>(dtype.size())); }

  // Up to the loop in which a thread meets what falls to it of `length` values for result `o`.
  void begin_sharing(const Block& b, int64_t length) {
    out_ << "  const Index t = threadIdx.x, ";
    if (b.rows) out_ << "x = t / " << b.y << "u, y = t % " << b.y << "u;\n";
    else out_ << "x = t % " << b.x << "u, y = t / " << b.x << "u;\n";
    out_ << "  const Index o = blockIdx.x * (Index)" << b.x << "u + x;\n";
    for (size_t p = 0; p < reducing_.size(); ++p) {
      const DType dtype = dtype_of_output(reducing_[p]);
      out_ << "  " << lane_type(dtype) << " sum" << p << " = "
           << literal(dtype, output(reducing_[p]).reducer->identity) << ";\n";
    }
    out_ << "  if (o < " << results_ << "u) {\n";
    write_coordinates("o", false, "    ");
    out_ << "    for (Index r = blockIdx.y * (Index)" << b.y << "u + y; r < " << length << "u; r += "
         << b.y * b.splits << "u) {\n";
  }

  void combine_into(size_t p, const std::string& with) {
    const char* type = lane_type(dtype_of_output(reducing_[p]));
    out_ << "    { const " << type << " a = sum" << p << "; const " << type << " b = " << with << "; sum" << p
         << " = (" << type << ")(" << output(reducing_[p]).reducer->combine->cuda << "); }\n";
  }

  // The threads of a result combine what they have; the first stores it.
  void end_sharing(const Block& b, bool final) {
    out_ << "    }\n  }\n";
    for (size_t p = 0; p < reducing_.size(); ++p) {
      out_ << "  __shared__ " << lane_type(dtype_of_output(reducing_[p])) << " shared" << p << '['
           << LoopSource::kThreads << "];\n  shared" << p << "[t] = sum" << p << ";\n";
    }
    const int64_t distance = b.rows ? 1 : b.x;
    out_ << "  for (unsigned half = " << b.y / 2 << "; half > 0; half /= 2) {\n    __syncthreads();\n"
         << "    if (y < half) {\n";
    for (size_t p = 0; p < reducing_.size(); ++p) {
      const char* type = lane_type(dtype_of_output(reducing_[p]));
      out_ << "      { const " << type << " a = shared" << p << "[t], b = shared" << p << "[t + half * " << distance
           << "u]; shared" << p << "[t] = (" << type << ")(" << output(reducing_[p]).reducer->combine->cuda << "); }\n";
    }
    out_ << "    }\n  }\n  if (y == 0 && o < " << results_ << "u) {\n";
    for (size_t p = 0; p < reducing_.size(); ++p) {
      const int o = reducing_[p];
      const DType dtype = dtype_of_output(o);
      std::string result = "shared" + std::to_string(p) + "[t]";
      if (!final) {
        out_ << "    partial" << p << "[blockIdx.y * (Index)" << results_ << "u + o] = " << result << ";\n";
        continue;
      }
      if (dtype.is_floating() && output(o).scale != 1) result += " * " + literal(dtype, output(o).scale);
      out_ << "    out" << o << "[o] = " << store(dtype, result) << ";\n";
    }
    out_ << "  }\n}\n";
  }

  const LoopProgram& program_;
  const int rank_;
  std::vector<bool> is_reduced_;  // Per axis.
  std::vector<int> reducing_;     // Outputs.
  std::vector<DType> dtypes_;     // Of values.
  int64_t length_ = 1, results_ = 1;  // Values per result, and results.
  const char* index_;
  LoopSource source_;
  std::ostringstream out_;
};

}  // namespace

LoopSource write_loop_source(const LoopProgram& program) { return Writer(program).write(); }

const std::string_view kLoopPrelude = R"(
// A float as an integer: truncated, saturated, NaN as 0.
template <typename To, typename From>
static __device__ To saturate(From v, To lowest, To highest) {
  return v != v ? (To)0 : v <= (From)lowest ? lowest : v >= (From)highest ? highest : (To)v;
}
static __device__ double infinity() { return __longlong_as_double(0x7ff0000000000000ll); }
static __device__ float from_half(unsigned short h) {
  float f;
  asm("cvt.f32.f16 %0, %1;" : "=f"(f) : "h"(h));
  return f;
}
static __device__ unsigned short to_half(float f) {
  unsigned short h;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(h) : "f"(f));
  return h;
}
static __device__ float from_bfloat16(unsigned short h) { return __uint_as_float((unsigned)h << 16); }
static __device__ unsigned short to_bfloat16(float f) {
  const unsigned bits = __float_as_uint(f);
  if (f != f) return (unsigned short)(bits >> 16 | 0x40);
  return (unsigned short)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
)";

}  // namespace keel
