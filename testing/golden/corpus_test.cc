#include "testing/golden/corpus.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace keel::golden {
namespace {

namespace fs = std::filesystem;

Array tensor(const char* text) { return read_tensor(Json::parse(text)); }

TEST(ReadTensor, ValuesOfEveryKind) {
  const Array floats = tensor(R"({"dtype": "float32", "shape": [2, 2], "data": [0.1, "nan", "inf", "-inf"]})");
  EXPECT_EQ(floats.shape(), Shape({2, 2}));
  EXPECT_EQ(floats.values<float>()[0], 0.1f);
  EXPECT_TRUE(std::isnan(floats.values<float>()[1]));
  EXPECT_EQ(floats.values<float>()[2], HUGE_VALF);
  EXPECT_EQ(floats.values<float>()[3], -HUGE_VALF);
  EXPECT_EQ(tensor(R"({"dtype": "bool", "shape": [2], "data": [true, false]})").to_vector<int>(),
            std::vector<int>({1, 0}));
  EXPECT_EQ(tensor(R"({"dtype": "int64", "shape": [], "data": [9007199254740993]})").item<int64_t>(), 9007199254740993);
  EXPECT_EQ(tensor(R"({"dtype": "uint8", "shape": [3], "fill": 7})").to_vector<int>(), std::vector<int>({7, 7, 7}));
  EXPECT_EQ(tensor(R"({"dtype": "float16", "shape": [0, 2], "data": []})").shape(), Shape({0, 2}));
}

TEST(ReadTensor, WhatIsWrong) {
  EXPECT_THROW(tensor(R"({"dtype": "float32", "shape": [2], "data": [1]})"), CaseError);
  EXPECT_THROW(tensor(R"({"dtype": "float32", "shape": [1], "data": ["x"]})"), CaseError);
  EXPECT_THROW(tensor(R"({"dtype": "float32", "shape": [1], "data": 1})"), CaseError);
  EXPECT_THROW(tensor(R"({"dtype": "int32", "shape": [1], "data": [1.5]})"), CaseError);
  EXPECT_THROW(tensor(R"({"dtype": "bool", "shape": [1], "data": [1]})"), CaseError);
  EXPECT_THROW(tensor(R"({"dtype": "float32", "shape": ["a"], "data": []})"), CaseError);
}

TEST(BaseName, EndsAtIndexOrField) {
  EXPECT_EQ(base_name("x"), "x");
  EXPECT_EQ(base_name("tensors[10]"), "tensors");
  EXPECT_EQ(base_name("step.W"), "step");
}

class FilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / "corpus_test";
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "below");
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string write(const char* name, const char* text) {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }
  fs::path folder_;
};

TEST_F(FilesTest, AFolderStandsForItsCorpusFiles) {
  const std::string b = write("b.json", R"({"format": 1, "cases": [{}, {}]})");
  const std::string a = write("below/a.json", R"({"format": 1, "cases": []})");
  const std::string damaged = write("damaged.json", "{");
  write("examples.json", R"({"examples": []})");
  write("README.md", "{}");
  EXPECT_EQ(corpus_files({folder_}), std::vector<std::string>({b, a, damaged}));
  EXPECT_EQ(corpus_files({a, b, a}), std::vector<std::string>({a, b, a}));
  EXPECT_EQ(read_cases(b).size(), 2u);
  EXPECT_THROW(read_cases(damaged), CaseError);
}

TEST_F(FilesTest, WhatIsWrong) {
  EXPECT_THROW(corpus_files({folder_}), CaseError);
  EXPECT_THROW(corpus_files({folder_ / "absent"}), CaseError);
  EXPECT_THROW(read_cases(write("a.json", R"({"format": 2, "cases": []})")), CaseError);
  EXPECT_THROW(read_cases(write("a.json", R"({"format": 1, "cases": {}})")), CaseError);
  EXPECT_THROW(read_cases(write("a.json", R"([])")), CaseError);
}

}  // namespace
}  // namespace keel::golden
