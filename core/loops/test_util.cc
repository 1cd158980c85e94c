#include "core/loops/test_util.h"

#include <cmath>

#include "core/threads.h"

namespace keel::loop_test {
namespace {

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

}  // namespace

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

std::vector<TestArray> make_outputs(const LoopProgram& program, size_t misaligned) {
  std::vector<TestArray> out;
  for (size_t o = 0; o < program.outputs.size(); ++o) {
    out.emplace_back(dtype_of_value(program, program.outputs[o].value), output_shape(program, o),
                     misaligned);
  }
  return out;
}

void run(const LoopKernel& kernel, const std::vector<TestArray>& in,
         const std::vector<TestArray>& out, int threads) {
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

void check(const LoopProgram& program, const std::string& what, Real tolerance,
           size_t misaligned) {
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

std::vector<int64_t> targets() {
  std::vector<int64_t> all;
  for (int64_t rest = hwy::SupportedTargets() & HWY_TARGETS; rest != 0; rest &= rest - 1) {
    all.push_back(rest & -rest);
  }
  return all;
}

std::string target_name(const testing::TestParamInfo<int64_t>& info) {
  return hwy::TargetName(info.param);
}

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

}  // namespace keel::loop_test
