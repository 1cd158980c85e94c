// Element-wise loops at every target against the reference.
#include <cmath>
#include <functional>
#include <numeric>

#include "core/error.h"
#include "core/loops/test_util.h"

namespace keel::loop_test {
namespace {

INSTANTIATE_TEST_SUITE_P(Targets, Loops, testing::ValuesIn(targets()), target_name);

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

// The first rows of many: as if there were no others, which stay what they are.
TEST_P(Loops, FirstRowsAlone) {
  constexpr int64_t kRows = 70;
  for (int64_t columns : {1, 7, 64, 100, 256, 300, 1025, 3000}) {
    const LoopKernel kernel(binary(kTestSub, "float32", {kRows, columns}, {kRows, columns}, {columns}));
    TestArray a("float32", {kRows, columns}), row("float32", {columns}), all("float32", {kRows, columns});
    std::mt19937 random(3);
    a.fill(random);
    row.fill(random);
    auto scratch = hwy::AllocateAligned<std::byte>(kernel.scratch_bytes() + 1);
    const View in[] = {a.view(), row.view()}, all_out[] = {all.view()};
    kernel.run({ThreadPool(1), scratch.get()}, in, all_out);
    for (int64_t rows : {int64_t{1}, int64_t{2}, int64_t{5}, int64_t{64}, kRows}) {
      TestArray some("float32", {kRows, columns});
      const View out[] = {some.view()};
      kernel.run_first(rows * columns, scratch.get(), in, out);
      for (int64_t i = 0; i < kRows * columns; ++i) {
        ASSERT_EQ(some.get(i), i < rows * columns ? all.get(i) : 0) << rows << " of " << columns << ", element " << i;
      }
      EXPECT_TRUE(some.guards_intact());
    }
  }
}

TEST_P(Loops, LargeOutputsAreStreamed) {
  LoopProgram program = binary(kTestSub, "float32", {5000017}, {5000017}, {});
  for (size_t misaligned : {0, 1}) check(program, "streamed", 0, misaligned);
  program = binary(kTestSub, "float32", {5001, 1024}, {5001, 1024}, {1024});
  check(program, "streamed rows");
  for (DType dtype : {DType::kFloat16, DType::kBfloat16, DType::kInt16}) {
    program = binary(kTestSub, dtype, {8400017}, {8400017}, {});
    check(program, "streamed two bytes", dtype.is_floating() ? 0.01L : 0);
  }
}

}  // namespace
}  // namespace keel::loop_test
