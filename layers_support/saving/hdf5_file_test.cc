#include "layers_support/saving/hdf5_file.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "testing/error_of.h"

namespace keel::hdf5 {
namespace {

using testing_util::error_of;

std::string temp(const std::string& name) { return ::testing::TempDir() + "/" + name; }

TEST(Hdf5, ArraysAndTextComeBack) {
  const std::string path = temp("all.h5");
  std::vector<std::string> many;
  for (int i = 0; i < 9000; ++i) many.push_back("a layer's long name " + std::to_string(i));
  {
    File file = File::create("test", path);
    file.write("/a/b/x", Array{{1.5, 2}, {3, 4}}.cast("float32"));
    file.write("/half", Array{0.5, 2}.cast("float16"));
    file.write("/count", Array(int64_t{1} << 40));
    file.write("/nothing", Array(Shape{0, 3}, "float32"));
    file.write_text("/", "config", std::string(200000, 'x'));
    file.write_texts("/a", "names", {"one", "", "three"});
    file.write_texts("/a", "none", {});
    file.write_texts("/a", "many", many);
    EXPECT_FALSE(std::filesystem::exists(path));
    file.commit();
  }
  const File file = File::open("test", path);
  EXPECT_TRUE(file.exists("/a/b/x"));
  EXPECT_FALSE(file.exists("/a/c/x"));
  EXPECT_EQ(file.shape("/a/b/x"), (Shape{2, 2}));
  EXPECT_EQ(file.read("/a/b/x", "float64").to_vector<double>(), (std::vector<double>{1.5, 2, 3, 4}));
  EXPECT_EQ(file.read("/half", "float16").to_vector<float>(), (std::vector<float>{0.5, 2}));
  EXPECT_EQ(file.read("/count", "int64").item<int64_t>(), int64_t{1} << 40);
  EXPECT_EQ(file.read("/nothing", "float32").shape(), (Shape{0, 3}));
  EXPECT_EQ(file.text("/", "config"), std::string(200000, 'x'));
  EXPECT_EQ(file.texts("/a", "names"), (std::vector<std::string>{"one", "", "three"}));
  EXPECT_EQ(file.texts("/a", "none"), std::vector<std::string>());
  EXPECT_EQ(file.texts("/a", "many"), many);
  EXPECT_FALSE(file.text("/", "missing").has_value());
}

TEST(Hdf5, WhatIsNotCommittedIsNotThere) {
  const std::string path = temp("partial.h5");
  std::ofstream(path) << "as it was";
  { File::create("test", path).write("/x", Array(1.0)); }
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  EXPECT_EQ(line, "as it was");
  for (const auto& entry : std::filesystem::directory_iterator(::testing::TempDir())) {
    EXPECT_EQ(entry.path().string().find(".writing."), std::string::npos) << entry.path();
  }
}

TEST(Hdf5, Errors) {
  EXPECT_NE(error_of([] { File::open("load", "/no/such/file.h5"); }).find("load: '/no/such/file.h5': there is no such file"), std::string::npos);
  EXPECT_NE(error_of([] { File::open("load", ::testing::TempDir()); }).find("no such file"), std::string::npos);
  EXPECT_NE(error_of([] { File::create("save", "/no/such/file.h5"); }).find("cannot be written"), std::string::npos);
  const std::string path = temp("text.h5");
  std::ofstream(path) << "this is a text";
  EXPECT_NE(error_of([&] { File::open("load", path); }).find("no HDF5 file"), std::string::npos);
  File file = File::create("test", temp("good.h5"));
  file.write("/x", Array(1.0));
  file.write_texts("/", "names", {"a", "b"});
  EXPECT_NE(error_of([&] { file.read("/y", "float32"); }).find("no array '/y'"), std::string::npos);
  EXPECT_NE(error_of([&] { file.text("/", "names"); }).find("2 strings"), std::string::npos);
  EXPECT_NE(error_of([&] { file.write("/x", Array(1.0)); }).find("'/x' cannot be written"), std::string::npos);
}

}  // namespace
}  // namespace keel::hdf5
