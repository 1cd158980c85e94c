// Loops that reduce, and loops on several threads, at every target against the reference.
#include <cmath>

#include "core/loops/test_util.h"

namespace keel::loop_test {
namespace {

INSTANTIATE_TEST_SUITE_P(Targets, Loops, testing::ValuesIn(targets()), target_name);

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
    {{601, 1001}, {true, false}},  // Too large for the second-level cache.
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
}  // namespace keel::loop_test
