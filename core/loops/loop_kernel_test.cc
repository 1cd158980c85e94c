// Loops at every target against a plain reference in long double, which holds every value of every
// dtype exactly.
#include "core/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/loops/loop_kernel_test.cc"
#include "hwy/foreach_target.h"

#include "core/loops/micro_op-inl.h"

HWY_BEFORE_NAMESPACE();
namespace keel {
namespace HWY_NAMESPACE {

constexpr unsigned kFourByteLanes =
    LaneBit(Lane::kInt32) | LaneBit(Lane::kUint32) | LaneBit(Lane::kFloat32);

KEEL_MICRO_OP_2(TestSub, kAllLanes, hn::Sub(a, b))
KEEL_MICRO_OP_2(TestMul, kFloatLanes | kFourByteLanes, hn::Mul(a, b))
KEEL_COMBINE(TestMax, kAllLanes, hn::Max(a, b))
KEEL_MICRO_OP_1(TestNeg, kSignedLanes, hn::Neg(a))
KEEL_MICRO_OP_3(TestFma, kFloatLanes, hn::MulAdd(a, b, c))
KEEL_COMPARE(TestLess, kAllLanes, hn::Lt(a, b))
KEEL_TEST(TestPositive, kAllLanes, hn::Gt(a, hn::Zero(d)))
KEEL_MICRO_OP_2(TestAnd, kBoolLanes, hn::And(a, b))
KEEL_SELECT(TestSelect, kAllLanes)

}  // namespace HWY_NAMESPACE
}  // namespace keel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/loops/loop_kernel.h"
#include "core/loops/micro_ops.h"
#include "core/loops/stages.h"
#include "gtest/gtest.h"
#include "hwy/aligned_allocator.h"

namespace keel {

extern const MicroOp kTestSub, kTestMul, kTestMax, kTestNeg, kTestFma, kTestLess, kTestPositive,
    kTestAnd, kTestSelect;
KEEL_EXPORT_MICRO_OP(TestSub, "sub", 2, "a - b")
KEEL_EXPORT_MICRO_OP(TestMul, "mul", 2, "a * b")
KEEL_EXPORT_MICRO_OP(TestMax, "max", 2, "max(a, b)")
KEEL_EXPORT_MICRO_OP(TestNeg, "neg", 1, "-a")
KEEL_EXPORT_MICRO_OP(TestFma, "fma", 3, "fma(a, b, c)")
KEEL_EXPORT_MICRO_OP(TestLess, "less", 2, "a < b")
KEEL_EXPORT_MICRO_OP(TestPositive, "positive", 1, "a > 0")
KEEL_EXPORT_MICRO_OP(TestAnd, "and", 2, "a & b")
KEEL_EXPORT_MICRO_OP(TestSelect, "select", 3, "a ? b : c")

namespace {

using Real = long double;

constexpr Reducer kTestMaximum = {"max", &kTestMax, -std::numeric_limits<double>::infinity()};

// -- Arrays -------------------------------------------------------------------------------------

// An array of any dtype, with bytes of 0xFF (NaN, for floats) around it, `misaligned` elements off
// the alignment of vectors.
class TestArray {
 public:
  TestArray(DType dtype, Shape shape, size_t misaligned = 0)
      : dtype_(dtype), shape_(std::move(shape)), bytes_(shape_.elements() * dtype.size()) {
    const size_t guard = 4096;
    offset_ = guard + misaligned * dtype.size();
    size_ = offset_ + bytes_ + guard;
    memory_ = hwy::AllocateAligned<std::byte>(size_);
    std::memset(memory_.get(), 0xFF, size_);
    std::memset(memory_.get() + offset_, 0, bytes_);
  }

  View view() const { return {data(), dtype_, &shape_, 0}; }
  std::byte* data() const { return memory_.get() + offset_; }
  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  int64_t elements() const { return shape_.elements(); }

  Real get(int64_t i) const {
    return visit_dtype(dtype_, [&](auto element) -> Real {
      std::memcpy(&element, data() + i * sizeof(element), sizeof(element));
      if constexpr (std::is_same_v<decltype(element), float16> ||
                    std::is_same_v<decltype(element), bfloat16>) {
        return to_float(element);
      } else {
        return element;
      }
    });
  }
  void set(int64_t i, Real value) {
    visit_dtype(dtype_, [&](auto element) {
      using T = decltype(element);
      if constexpr (std::is_same_v<T, float16>) element = to_float16(static_cast<float>(value));
      else if constexpr (std::is_same_v<T, bfloat16>) element = to_bfloat16(static_cast<float>(value));
      else element = static_cast<T>(value);
      std::memcpy(data() + i * sizeof(element), &element, sizeof(element));
    });
  }
  // Small whole numbers, halves for floats: sums and products of a few are exact.
  void fill(std::mt19937& random) {
    for (int64_t i = 0; i < elements(); ++i) {
      const int n = static_cast<int>(random() % 41);
      if (dtype_.is_bool()) set(i, n % 2);
      else if (dtype_.is_floating()) set(i, (n - 20) * Real(0.5));
      else set(i, dtype_.is_signed() ? n - 20 : n);
    }
  }
  bool guards_intact() const {
    const auto untouched = [](std::byte b) { return b == std::byte{0xFF}; };
    return std::all_of(memory_.get(), data(), untouched) &&
           std::all_of(data() + bytes_, memory_.get() + size_, untouched);
  }
  bool same_bits(const TestArray& other) const {
    return bytes_ == other.bytes_ && std::memcmp(data(), other.data(), bytes_) == 0;
  }

 private:
  DType dtype_;
  Shape shape_;
  size_t bytes_, offset_, size_;
  hwy::AlignedFreeUniquePtr<std::byte[]> memory_;
};

// -- The reference ------------------------------------------------------------------------------

// `value` as a step of this dtype leaves it: integers wrapped, floats rounded to their lanes.
Real as_step(DType dtype, Real value) {
  switch (dtype.kind()) {
    case DType::kFloat16:
    case DType::kBfloat16:
    case DType::kFloat32: return static_cast<float>(value);
    case DType::kFloat64: return static_cast<double>(value);
    case DType::kBool: return value != 0;
    default: break;
  }
  const Real modulus = std::ldexp(Real(1), 8 * static_cast<int>(dtype.size()));
  Real wrapped = std::fmod(value, modulus);
  if (wrapped < 0) wrapped += modulus;
  if (dtype.is_signed() && wrapped >= modulus / 2) wrapped -= modulus;
  return wrapped;
}

// `value` cast to `dtype`.
Real as_cast(DType from, DType to, Real value) {
  if (to == DType::kFloat16) return to_float(to_float16(static_cast<float>(value)));
  if (to == DType::kBfloat16) return to_float(to_bfloat16(static_cast<float>(value)));
  if (to.is_bool() || to.is_floating() || !from.is_floating()) return as_step(to, value);
  if (value != value) return 0;
  return visit_dtype(to, [&](auto element) -> Real {
    using T = decltype(element);
    if constexpr (std::is_integral_v<T>) {
      const Real low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
      return std::min(std::max(std::trunc(value), low), high);
    } else {
      return value;
    }
  });
}

Real reference_step(const LoopProgram::Step& step, DType operand, const Real* args) {
  const Real a = args[0], b = args[1], c = args[2];
  if (step.op == &kCast) return as_cast(operand, step.dtype, a);
  if (step.op == &kAdd) return as_step(step.dtype, a + b);
  if (step.op == &kTestSub) return as_step(step.dtype, a - b);
  if (step.op == &kTestMul) return as_step(step.dtype, a * b);
  if (step.op == &kTestMax) return std::max(a, b);
  if (step.op == &kTestNeg) return as_step(step.dtype, -a);
  if (step.op == &kTestFma) return as_step(step.dtype, a * b + c);
  if (step.op == &kTestLess) return a < b;
  if (step.op == &kTestPositive) return a > 0;
  if (step.op == &kTestAnd) return a != 0 && b != 0;
  return a != 0 ? b : c;  // kTestSelect
}

DType dtype_of_value(const LoopProgram& program, int value) {
  const int inputs = static_cast<int>(program.inputs.size());
  return value < inputs ? program.inputs[value].dtype : program.steps[value - inputs].dtype;
}

Shape output_shape(const LoopProgram& program, size_t o) {
  if (program.outputs[o].reducer == nullptr) return program.shape;
  Shape shape;
  for (int axis = 0; axis < program.shape.rank(); ++axis) {
    if (program.reduced.empty() || !program.reduced[axis]) shape.push_back(program.shape[axis]);
  }
  return shape;
}

// What the outputs should hold: one odometer step per element.
std::vector<std::vector<Real>> reference(const LoopProgram& program,
                                         const std::vector<TestArray>& in) {
  std::vector<std::vector<Real>> result;
  for (size_t o = 0; o < program.outputs.size(); ++o) {
    const auto& output = program.outputs[o];
    const Real start = output.reducer == nullptr           ? 0
                       : output.reducer == &kTestMaximum ? -std::numeric_limits<Real>::infinity()
                                                           : 0;
    result.emplace_back(output_shape(program, o).elements(), start);
  }
  const int rank = program.shape.rank();
  std::vector<int64_t> at(rank, 0);
  const int64_t n = program.shape.elements();
  for (int64_t i = 0; i < n; ++i) {
    std::vector<Real> values;
    for (const TestArray& array : in) {
      int64_t offset = 0;
      const int own_rank = array.shape().rank();
      for (int axis = 0; axis < own_rank; ++axis) {
        const int64_t size = array.shape()[axis];
        offset = offset * size + (size == 1 ? 0 : at[rank - own_rank + axis]);
      }
      values.push_back(array.get(offset));
    }
    for (const auto& step : program.steps) {
      Real args[3] = {};
      for (int a = 0; a < step.op->arity; ++a) args[a] = values[step.args[a]];
      values.push_back(reference_step(step, dtype_of_value(program, step.args[0]), args));
    }
    for (size_t o = 0; o < program.outputs.size(); ++o) {
      const Real value = values[program.outputs[o].value];
      int64_t place = i;
      if (program.outputs[o].reducer != nullptr) {
        place = 0;
        for (int axis = 0; axis < rank; ++axis) {
          if (program.reduced.empty() || !program.reduced[axis]) {
            place = place * program.shape[axis] + at[axis];
          }
        }
        Real& sum = result[o][place];
        sum = program.outputs[o].reducer == &kTestMaximum ? std::max(sum, value) : sum + value;
      } else {
        result[o][place] = value;
      }
    }
    for (int axis = rank - 1; axis >= 0 && ++at[axis] == program.shape[axis]; --axis) at[axis] = 0;
  }
  for (size_t o = 0; o < program.outputs.size(); ++o) {
    const DType dtype = dtype_of_value(program, program.outputs[o].value);
    for (Real& value : result[o]) {
      if (program.outputs[o].reducer != nullptr && dtype.is_floating()) {
        value *= program.outputs[o].scale;
      }
      if (program.outputs[o].reducer == &kSum && !dtype.is_floating()) value = as_step(dtype, value);
      value = dtype.is_floating() ? as_cast(dtype, dtype, value) : value;
    }
  }
  return result;
}

// -- Running ------------------------------------------------------------------------------------

std::vector<TestArray> make_outputs(const LoopProgram& program, size_t misaligned = 0) {
  std::vector<TestArray> out;
  for (size_t o = 0; o < program.outputs.size(); ++o) {
    out.emplace_back(dtype_of_value(program, program.outputs[o].value), output_shape(program, o),
                     misaligned);
  }
  return out;
}

void run(const LoopKernel& kernel, const std::vector<TestArray>& in,
         const std::vector<TestArray>& out, int threads = 1) {
  const ThreadPool pool(threads);
  auto scratch = hwy::AllocateAligned<std::byte>(kernel.scratch_bytes() + 64);
  std::memset(scratch.get(), 0xFF, kernel.scratch_bytes() + 64);
  std::vector<View> in_views, out_views;
  for (const TestArray& array : in) in_views.push_back(array.view());
  for (const TestArray& array : out) out_views.push_back(array.view());
  kernel.run({pool, scratch.get()}, in_views, out_views);
  for (size_t k = kernel.scratch_bytes(); k < kernel.scratch_bytes() + 64; ++k) {
    ASSERT_EQ(scratch[k], std::byte{0xFF}) << "wrote beyond its scratch";
  }
}

// Every value, within `tolerance` relative to what was expected.
void expect_equal(const std::vector<TestArray>& out, const std::vector<std::vector<Real>>& expected,
                  Real tolerance, const std::string& what) {
  for (size_t o = 0; o < out.size(); ++o) {
    EXPECT_TRUE(out[o].guards_intact()) << what << ": wrote around output " << o;
    for (int64_t i = 0; i < out[o].elements(); ++i) {
      const Real got = out[o].get(i), want = expected[o][i];
      if (std::isnan(want) ? std::isnan(got) : got == want) continue;
      ASSERT_LE(std::abs(got - want), tolerance * (std::abs(want) + 1))
          << what << ": output " << o << ", element " << i << ": " << got << " for " << want;
    }
  }
}

void check(const LoopProgram& program, const std::string& what, Real tolerance = 0,
           size_t misaligned = 0) {
  std::mt19937 random(1);
  std::vector<TestArray> in;
  for (const auto& input : program.inputs) {
    in.emplace_back(input.dtype, input.shape, misaligned);
    in.back().fill(random);
  }
  const std::vector<TestArray> out = make_outputs(program, misaligned);
  const LoopKernel kernel(program);
  ASSERT_EQ(kernel.target(), hwy::SupportedTargets() & -hwy::SupportedTargets());
  run(kernel, in, out);
  expect_equal(out, reference(program, in), tolerance,
               what + " over " + program.shape.to_string() + ", " + kernel.to_string());
}

// Each test runs at each target that this machine has.
class Loops : public testing::TestWithParam<int64_t> {
 public:
  void SetUp() override {
    hwy::SetSupportedTargetsForTest(GetParam());
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    ASSERT_EQ(stages().target, GetParam()) << "another target runs";
  }
  void TearDown() override {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
  int64_t block() const { return static_cast<int64_t>(stages().block); }
};

std::vector<int64_t> targets() {
  std::vector<int64_t> all;
  for (int64_t rest = hwy::SupportedTargets() & HWY_TARGETS; rest != 0; rest &= rest - 1) {
    all.push_back(rest & -rest);
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Targets, Loops, testing::ValuesIn(targets()), [](const auto& info) {
  return std::string(hwy::TargetName(info.param));
});

std::vector<DType> all_dtypes() {
  std::vector<DType> all;
  for (int kind = 0; kind < DType::kKinds; ++kind) all.push_back(static_cast<DType::Kind>(kind));
  return all;
}

LoopProgram binary(const MicroOp& op, DType dtype, Shape shape, Shape a, Shape b) {
  LoopProgram program;
  program.shape = std::move(shape);
  program.inputs = {{dtype, std::move(a)}, {dtype, std::move(b)}};
  program.steps = {{&op, dtype, {0, 1}}};
  program.outputs = {{2}};
  return program;
}

// -- Element by element -------------------------------------------------------------------------

TEST_P(Loops, EveryDTypeAndLength) {
  const int64_t n = block();
  for (DType dtype : all_dtypes()) {
    const MicroOp& op = dtype.is_bool() ? kTestAnd : kTestSub;
    for (int64_t size : {int64_t{0}, int64_t{1}, n - 1, n, n + 1, 4 * n - 1, 4 * n + 1, 8 * n + 2}) {
      for (size_t misaligned : {0, 1, 3}) {
        check(binary(op, dtype, {size}, {size}, {size}), std::string(dtype.name()), 0, misaligned);
        check(binary(op, dtype, {size}, {size}, {}), std::string(dtype.name()), 0, misaligned);
        check(binary(op, dtype, {size}, {1}, {size}), std::string(dtype.name()), 0, misaligned);
      }
    }
  }
}

struct Broadcast {
  Shape shape, a, b;
};

const Broadcast kBroadcasts[] = {
    {{}, {}, {}},
    {{1, 1}, {1, 1}, {1}},
    {{7, 5}, {7, 5}, {5}},
    {{7, 5}, {7, 1}, {5}},
    {{700, 5}, {700, 1}, {700, 5}},
    {{300, 64}, {300, 64}, {64}},
    {{300, 64}, {300, 1}, {1, 64}},
    {{50, 255}, {50, 255}, {255}},
    {{33, 300}, {33, 300}, {300}},
    {{33, 300}, {33, 1}, {300}},
    {{3, 20000}, {3, 1}, {20000}},
    {{3, 20001}, {3, 20001}, {20001}},
    {{3, 70000}, {}, {3, 70000}},
    {{4, 5, 6}, {4, 1, 6}, {5, 1}},
    {{4, 5, 300}, {4, 1, 300}, {5, 1}},
    {{4, 5, 300}, {1, 5, 300}, {4, 5, 1}},
    {{2, 3, 4, 5}, {2, 1, 4, 1}, {3, 1, 5}},
    {{8, 9, 10, 3}, {8, 9, 10, 3}, {9, 1, 3}},
    {{9, 17, 31}, {17, 31}, {9, 1, 1}},
    {{5, 4, 3, 2, 3, 4, 5}, {4, 1, 2, 1, 4, 1}, {5, 1, 3, 1, 3, 1, 5}},
    {{0, 3}, {1, 3}, {0, 1}},
    {{513, 2}, {2}, {513, 1}},
    {{100, 128, 3}, {128, 3}, {100, 1, 1}},
};

TEST_P(Loops, Broadcasting) {
  for (const Broadcast& c : kBroadcasts) {
    for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kInt8, DType::kFloat16,
                        DType::kUint64}) {
      for (size_t misaligned : {0, 1}) {
        check(binary(kTestSub, dtype, c.shape, c.a, c.b), "a - b", 0, misaligned);
        check(binary(kTestSub, dtype, c.shape, c.b, c.a), "b - a", 0, misaligned);
      }
    }
  }
}

TEST_P(Loops, InputsThatDoNotBroadcastAreErrors) {
  EXPECT_THROW(LoopKernel(binary(kAdd, "float32", {3, 4}, {3, 4}, {3})), ValueError);
}

TEST_P(Loops, Casts) {
  const double inf = std::numeric_limits<double>::infinity();
  const std::vector<double> specials = {0, -0.0, 1, -1, 0.5, -0.5, 1.9, -1.9, 127.5, 128, 200.7, 255.9, 256, 300, -129,
      32767.5, 40000, 65535.5, 65536, 70000, -40000, 1e9, 2147483647.0, 2147483648.0, -2147483648.0, -2147483649.0,
      3e9, 4294967295.0, 4294967296.0, 5e9, -5e9, 1e15, 9.2e18, 9223372036854775808.0, -9223372036854775808.0,
      1.5e19, 18446744073709551616.0, 1e30, -1e30, 1e-30, 6e-8, 65504, 65519.9, 65520, 3.3895e38, 1.00390625, 1.01171875,
      inf, -inf, std::nan("")};
  for (DType from : all_dtypes()) {
    for (DType to : all_dtypes()) {
      const int64_t n = 3 * block() + 5 + static_cast<int64_t>(specials.size());
      LoopProgram program;
      program.shape = {n};
      program.inputs = {{from, {n}}};
      program.steps = {{&kCast, to, {0}}};
      program.outputs = {{1}};
      std::vector<TestArray> in;
      in.emplace_back(from, Shape{n});
      for (int64_t i = 0; i < n; ++i) {
        const double value = specials[i % specials.size()];
        visit_dtype(from, [&](auto element) {
          element = convert_element<decltype(element)>(value);
          std::memcpy(in[0].data() + i * sizeof(element), &element, sizeof(element));
        });
      }
      const auto out = make_outputs(program);
      run(LoopKernel(program), in, out);
      expect_equal(out, reference(program, in), 0,
                   std::string(from.name()) + " to " + std::string(to.name()));
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(Loops, NarrowIntegersWrapAfterEveryStep) {
  for (DType dtype : {DType::kUint8, DType::kInt8, DType::kUint16, DType::kInt16}) {
    LoopProgram program;
    program.shape = {100};
    program.inputs = {{dtype, {100}}, {dtype, {100}}};
    // (a·b + a)·b < a: an intermediate that did not wrap would compare otherwise.
    program.steps = {{&kTestMul, dtype, {0, 1}}, {&kAdd, dtype, {2, 0}}, {&kTestMul, dtype, {3, 1}},
                     {&kTestLess, DType::kBool, {4, 0}}};
    program.outputs = {{4}, {5}};
    check(program, std::string(dtype.name()));
  }
}

// Random programs: what matters is which values wait where.
TEST_P(Loops, RandomPrograms) {
  std::mt19937 random(7);
  for (int trial = 0; trial < 300; ++trial) {
    LoopProgram program;
    const int64_t rows = 1 + random() % 5, columns = 1 + random() % 90;
    program.shape = {rows, columns};
    std::vector<DType> dtypes;
    const DType kinds[] = {DType::kFloat32, DType::kFloat64, DType::kInt32, DType::kBool,
                           DType::kInt64,   DType::kUint8,   DType::kFloat16};
    const Shape shapes[] = {{rows, columns}, {columns}, {rows, 1}, {}};
    const int inputs = 1 + random() % 5;
    for (int i = 0; i < inputs; ++i) {
      program.inputs.push_back({kinds[random() % 7], shapes[random() % 4]});
      dtypes.push_back(program.inputs.back().dtype);
    }
    const int steps = random() % 20;
    for (int s = 0; s < steps; ++s) {
      const int a = random() % dtypes.size();
      const DType dtype = dtypes[a];
      const auto like = [&](DType wanted) {
        for (int tries = 0; tries < 50; ++tries) {
          const int v = random() % dtypes.size();
          if (dtypes[v] == wanted) return v;
        }
        return -1;
      };
      const int b = like(dtype), c = like(dtype), condition = like(DType::kBool);
      if (b < 0 || c < 0) continue;
      LoopProgram::Step step{nullptr, dtype, {a, b, c}};
      switch (random() % 8) {
        case 0: step.op = &kTestSub; break;
        case 1: step.op = &kAdd; break;
        case 2: step.op = &kTestMax; break;
        case 3: step = {&kTestLess, DType::kBool, {a, b}}; break;
        case 4: step = {&kTestPositive, DType::kBool, {a}}; break;
        case 5:
          // To wider types only: values stay exact.
          step = {&kCast, dtype.is_bool() ? kinds[random() % 7] : DType(DType::kFloat64), {a}};
          break;
        case 6:
          if (condition < 0) continue;
          step = {&kTestSelect, dtype, {condition, a, b}};
          break;
        case 7:
          if (condition < 0) continue;
          step = {&kTestAnd, DType::kBool, {condition, like(DType::kBool)}};
          if (step.args[1] < 0) continue;
          break;
      }
      if (dtype.is_bool() && (step.op == &kTestSub || step.op == &kAdd)) continue;
      program.steps.push_back(step);
      dtypes.push_back(step.dtype);
    }
    const int outputs = 1 + random() % 3;
    if (random() % 2) program.reduced = {random() % 2 == 0, random() % 2 == 0};
    for (int o = 0; o < outputs; ++o) {
      const int value = random() % 2 ? random() % dtypes.size() : dtypes.size() - 1;
      program.outputs.push_back({value});
      if (!program.reduced.empty() && random() % 2) {
        program.outputs.back().reducer = dtypes[value].is_bool() || random() % 2 ? &kTestMaximum : &kSum;
      }
    }
    check(program, "trial " + std::to_string(trial));
    if (HasFatalFailure()) return;
  }
}

TEST_P(Loops, TernaryAndSwapped) {
  LoopProgram program;
  program.shape = {1000};
  program.inputs = {{"float64", {1000}}, {"float64", {}}, {"float64", {1000}}};
  program.steps = {{&kTestFma, "float64", {0, 1, 2}},
                   {&kTestNeg, "float64", {3}},
                   {&kTestSub, "float64", {0, 4}},
                   {&kTestMul, "float64", {5, 5}}};
  program.outputs = {{6}};
  check(program, "((a - -(a·b + c))²");
  EXPECT_EQ(LoopKernel(program).to_string(), "fma neg sub mul → store");
}

TEST_P(Loops, OutputsInPlace) {
  for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kInt16}) {
    const int64_t n = block();
    for (int64_t size : {int64_t{1}, n - 1, n, n + 1, 3 * n + 5}) {
      for (bool bias : {false, true}) {
        // a - (b - a), in a's memory: a is read twice, once after b.
        LoopProgram program = binary(kTestSub, dtype, {3, size}, {3, size}, {3, size});
        if (bias) program.inputs[1].shape = {size};
        program.steps = {{&kTestSub, dtype, {1, 0}}, {&kTestSub, dtype, {0, 2}}};
        program.outputs = {{3}};
        const LoopKernel kernel(program);
        EXPECT_TRUE(kernel.may_alias(0, 0));
        EXPECT_EQ(kernel.may_alias(0, 1), !bias);
        std::mt19937 random(3);
        std::vector<TestArray> in, out;
        in.emplace_back(dtype, Shape{3, size});
        in.emplace_back(dtype, program.inputs[1].shape);
        for (TestArray& array : in) array.fill(random);
        const auto expected = reference(program, in);
        const ThreadPool pool(1);
        auto scratch = hwy::AllocateAligned<std::byte>(kernel.scratch_bytes() + 1);
        const View ins[] = {in[0].view(), in[1].view()}, outs[] = {in[0].view()};
        kernel.run({pool, scratch.get()}, ins, outs);
        out.push_back(std::move(in[0]));
        expect_equal(out, expected, 0, "in place");
      }
    }
  }
}

TEST_P(Loops, OutputsOnlyInPlaceWhereTheInputIsDoneWith) {
  LoopProgram program = binary(kTestSub, "float32", {100}, {100}, {100});
  program.steps.push_back({&kTestSub, "float32", {2, 1}});
  program.outputs = {{2}, {3}};
  const LoopKernel kernel(program);
  EXPECT_TRUE(kernel.may_alias(0, 0));
  EXPECT_FALSE(kernel.may_alias(0, 1)) << "b is read after output 0 is stored";
  EXPECT_TRUE(kernel.may_alias(1, 1));
}

TEST_P(Loops, LargeOutputsAreStreamed) {
  LoopProgram program = binary(kTestSub, "float32", {5000017}, {5000017}, {});
  for (size_t misaligned : {0, 1}) check(program, "streamed", 0, misaligned);
  program = binary(kTestSub, "float32", {5001, 1024}, {5001, 1024}, {1024});
  check(program, "streamed rows");
}

// -- Reductions ---------------------------------------------------------------------------------

struct Reduced {
  Shape shape;
  std::vector<bool> reduced;
};

const Reduced kReductions[] = {
    {{}, {}},
    {{1}, {true}},
    {{5}, {true}},
    {{63}, {true}},
    {{64}, {true}},
    {{1000}, {true}},
    {{50003}, {true}},
    {{1000, 10}, {false, true}},
    {{130, 3}, {false, true}},
    {{129, 64}, {false, true}},
    {{70, 65}, {false, true}},
    {{3, 10}, {false, true}},
    {{40, 1000}, {false, true}},
    {{3, 20001}, {false, true}},
    {{1000, 10}, {true, false}},
    {{1000, 3}, {true, false}},
    {{7, 3}, {true, false}},
    {{1000, 64}, {true, false}},
    {{1000, 100}, {true, false}},
    {{100, 255}, {true, false}},
    {{300, 1000}, {true, false}},
    {{40, 5000}, {true, false}},
    {{2, 5000}, {true, false}},
    {{10, 20, 30}, {true, true, true}},
    {{10, 20, 30}, {false, true, false}},
    {{10, 20, 30}, {true, false, true}},
    {{4, 9, 11, 64}, {true, true, true, false}},
    {{4, 9, 11, 6}, {false, true, true, false}},
    {{4, 6, 9, 11}, {true, false, true, true}},
    {{4, 6, 90, 11}, {true, false, true, true}},
    {{4, 6, 2, 2}, {true, false, true, true}},
    {{3, 4, 5, 6, 7}, {true, false, true, false, true}},
    {{3, 4, 5, 6, 7}, {false, true, false, true, false}},
    {{3, 4, 5, 600}, {false, true, false, true}},
    {{30, 40}, {false, false}},
    {{0, 3}, {true, false}},
    {{3, 0}, {true, false}},
    {{0}, {true}},
};

TEST_P(Loops, Reductions) {
  for (const Reduced& c : kReductions) {
    for (DType dtype : all_dtypes()) {
      if (dtype.is_bool()) continue;
      for (const Reducer* reducer : {&kSum, &kTestMaximum}) {
        if (reducer == &kTestMaximum && c.shape.elements() == 0) continue;
        LoopProgram program;
        program.shape = c.shape;
        program.reduced = c.reduced;
        program.inputs = {{dtype, c.shape}};
        program.outputs = {{0, reducer}};
        const bool narrow = dtype == DType::kFloat16 || dtype == DType::kBfloat16;
        // Sums of halves are exact, but for what storing them as narrow floats rounds.
        check(program, std::string(reducer->name) + " of " + std::string(dtype.name()),
              narrow ? 0.01L : 0);
        if (HasFatalFailure()) return;
      }
    }
  }
}

// With steps and broadcast inputs before, and a second reduction and a stored output beside.
TEST_P(Loops, ReductionsOfBroadcastPrograms) {
  for (const Reduced& c : kReductions) {
    const int rank = c.shape.rank();
    Shape row = c.shape, column = c.shape, middle = c.shape;
    for (int axis = 0; axis < rank; ++axis) {
      if (axis + 1 < rank) row[axis] = 1;
      if (axis > 0) column[axis] = 1;
      if (axis % 2 == 0) middle[axis] = 1;
    }
    for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kInt16}) {
      LoopProgram program;
      program.shape = c.shape;
      program.reduced = c.reduced;
      program.inputs = {{dtype, c.shape}, {dtype, row}, {dtype, column}, {dtype, middle}, {dtype, {}}};
      program.steps = {{&kTestSub, dtype, {0, 1}}, {&kTestSub, dtype, {2, 5}},
                       {&kAdd, dtype, {6, 3}},     {&kAdd, dtype, {7, 4}}};
      program.outputs = {{8, &kSum}};
      check(program, "sum");
      if (c.shape.elements() == 0) continue;
      program.outputs = {{8, &kSum}, {6}, {5, &kTestMaximum}};
      check(program, "sum, store, max");
      program.outputs = {{8, &kSum}, {7, &kSum}, {5, &kTestMaximum}};
      check(program, "sum, sum, max");
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(Loops, MeansAndNothing) {
  LoopProgram program;
  program.shape = {4, 6};
  program.reduced = {false, true};
  program.inputs = {{"float32", {4, 6}}};
  program.outputs = {{0, &kSum, 0.125}};
  check(program, "eighth");
  program.shape = {4, 0};
  program.inputs[0].shape = {4, 0};
  program.outputs = {{0, &kSum, 1.0 / 0.0}, {0, &kSum}, {0, &kTestMaximum}};
  const auto out = make_outputs(program);
  std::vector<TestArray> in;
  in.emplace_back("float32", Shape{4, 0});
  run(LoopKernel(program), in, out);
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(std::isnan(out[0].get(i)));
    EXPECT_EQ(out[1].get(i), 0);
    EXPECT_EQ(out[2].get(i), -std::numeric_limits<Real>::infinity());
  }
  program.inputs[0].dtype = "int8";
  program.outputs = {{0, &kTestMaximum}};
  const auto lowest = make_outputs(program);
  std::vector<TestArray> nothing;
  nothing.emplace_back("int8", Shape{4, 0});
  run(LoopKernel(program), nothing, lowest);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(lowest[0].get(i), -128);
}

TEST_P(Loops, SumsAreAccurate) {
  for (const Reduced& c : {Reduced{{3000000}, {true}}, Reduced{{300000, 10}, {true, false}},
                           Reduced{{6000, 500}, {true, false}}, Reduced{{20, 150000}, {false, true}}}) {
    LoopProgram program;
    program.shape = c.shape;
    program.reduced = c.reduced;
    program.inputs = {{"float32", c.shape}};
    program.outputs = {{0, &kSum}};
    std::vector<TestArray> in;
    in.emplace_back("float32", c.shape);
    const auto out = make_outputs(program);
    const LoopKernel kernel(program);
    std::mt19937 random(5);
    std::uniform_real_distribution<float> uniform(0, 1);
    // One after the other would be off by hundreds of units in the last place …
    for (int64_t i = 0; i < in[0].elements(); ++i) in[0].set(i, uniform(random));
    run(kernel, in, out);
    const Real epsilon = std::numeric_limits<float>::epsilon();
    expect_equal(out, reference(program, in), 8 * epsilon, "sum");
    // … and by ten thousands where roundings go all the same way.
    for (int64_t i = 0; i < in[0].elements(); ++i) in[0].set(i, 0.1f);
    run(kernel, in, out);
    expect_equal(out, reference(program, in), 64 * epsilon, "sum of 0.1");
  }
}

// -- Threads ------------------------------------------------------------------------------------

TEST_P(Loops, AnyNumberOfThreadsGivesTheSameBits) {
  struct Case {
    Shape shape, b;
    std::vector<bool> reduced;
  };
  const Case cases[] = {
      {{700001}, {}, {}},
      {{5000, 100}, {100}, {}},
      {{700001}, {}, {true}},
      {{700, 1001}, {1001}, {true, false}},
      {{7000, 101}, {7000, 1}, {true, false}},
      {{70000, 10}, {10}, {true, false}},
      {{70000, 10}, {10}, {false, true}},
      {{700, 1001}, {700, 1}, {false, true}},
      {{8, 30, 50, 60}, {30, 1, 1}, {true, false, true, true}},
  };
  for (const Case& c : cases) {
    LoopProgram program = binary(kTestMul, "float32", c.shape, c.shape, c.b);
    program.reduced = c.reduced;
    if (!c.reduced.empty()) program.outputs[0].reducer = &kSum;
    std::vector<TestArray> in;
    std::mt19937 random(11);
    std::normal_distribution<float> normal;
    for (const auto& input : program.inputs) {
      in.emplace_back(input.dtype, input.shape);
      for (int64_t i = 0; i < in.back().elements(); ++i) in.back().set(i, normal(random));
    }
    const LoopKernel kernel(program);
    const auto one = make_outputs(program), two = make_outputs(program), seven = make_outputs(program);
    run(kernel, in, one, 1);
    run(kernel, in, two, 2);
    run(kernel, in, seven, 7);
    EXPECT_TRUE(one[0].same_bits(two[0]) && one[0].same_bits(seven[0])) << c.shape;
    if (c.reduced.empty()) expect_equal(one, reference(program, in), 0, "product");
  }
}

}  // namespace
}  // namespace keel

#endif  // HWY_ONCE
