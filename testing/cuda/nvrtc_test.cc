// What plans would run on a GPU compiles for it, on a machine that has none.
#include <chrono>
#include <string>

#include "core/error.h"
#include "cuda/loop_kernel.h"
#include "core/loops/loop_source.h"
#include "gtest/gtest.h"
#include "testing/cuda/loop_cases.h"

namespace keel {
namespace {

// All programs in one translation unit, each with names of its own, as CUDA compiles them one by one otherwise.
class Architecture : public testing::TestWithParam<int> {};

TEST_P(Architecture, ProgramsCompile) {
  std::string all;
  size_t count = 0;
  for (const LoopProgram& program : loop_cases()) {
    all += "namespace program" + std::to_string(count++) + " {\n";
    std::string code = write_loop_source(program).code;
    for (size_t at = 0; (at = code.find("extern \"C\" ", at)) != std::string::npos;) code.erase(at, 11);
    all += code + "}\n";
  }
  EXPECT_GT(compile_loop_source(all, GetParam()).size(), 1000 * count);
}

// As they are compiled when functions run.
TEST_P(Architecture, OneProgramCompiles) {
  const auto begin = std::chrono::steady_clock::now();
  const std::string code = write_loop_source(loop_cases().back()).code;
  EXPECT_EQ(compile_loop_source(code, GetParam()).substr(1, 3), "ELF");
  RecordProperty("milliseconds", static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                                      std::chrono::steady_clock::now() - begin).count()));
}

INSTANTIATE_TEST_SUITE_P(Sm, Architecture, testing::Values(80, 90));

TEST(Nvrtc, SaysWhatIsWrong) {
  try {
    compile_loop_source("extern \"C\" __global__ void loop(float* out0) { out0[0] = nonsense; }", 90);
    FAIL() << "it compiled";
  } catch (const ValueError& e) {
    EXPECT_NE(std::string(e.what()).find("identifier \"nonsense\" is undefined"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace keel
