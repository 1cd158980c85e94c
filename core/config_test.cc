#include "core/config.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <thread>
#include <vector>

#include "core/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace keel {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Property;
using ::testing::StartsWith;
using ::testing::Throws;

void set_environment(const char* name, const char* value) {
  if (value != nullptr) {
    setenv(name, value, /*overwrite=*/1);
  } else {
    unsetenv(name);
  }
}

// Sets or unsets an environment variable for a scope.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    set_environment(name, value);
  }
  ~Environment() { set_environment(name_, before_ ? before_->c_str() : nullptr); }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

// A folder of its own for each test, and defaults for all settings.
class ConfigTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "/config_test.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    load_config("/dev/null");
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string file() const { return folder_ / "keras.json"; }

  void write(const std::string& text) const { std::ofstream(file(), std::ios::binary) << text; }

  static std::string read(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  // Loads folder_/keras.json; what that printed on stderr.
  std::string load() const {
    ::testing::internal::CaptureStderr();
    load_config(folder_);
    return ::testing::internal::GetCapturedStderr();
  }

  static void expect_defaults() {
    EXPECT_EQ(floatx(), "float32");
    EXPECT_EQ(epsilon(), 1e-7);
    EXPECT_EQ(image_data_format(), "channels_last");
    EXPECT_EQ(backend(), "keel");
  }

  fs::path folder_;
};

TEST_F(ConfigTest, AMissingFileIsCreatedAsKerasWritesIt) {
  folder_ /= "new/folder";
  EXPECT_EQ(load(), "");
  expect_defaults();
  EXPECT_EQ(read(file()),
            "{\n    \"image_data_format\": \"channels_last\",\n    \"epsilon\": 1e-07,\n"
            "    \"floatx\": \"float32\",\n    \"backend\": \"tensorflow\"\n}\n");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1) << "a temporary file was left";
  EXPECT_EQ(fs::status(file()).permissions(), fs::perms(0644));
  // What was written is read without a warning.
  EXPECT_EQ(load(), "");
  expect_defaults();
}

TEST_F(ConfigTest, AFileThatIsThereIsReadAndNotTouched) {
  const std::string text = R"({"floatx": "float16", "epsilon": 0.01, "backend": "cntk",
                               "image_data_format": "channels_first"})";
  write(text);
  EXPECT_EQ(load(), "");
  EXPECT_EQ(floatx(), "float16");
  EXPECT_EQ(epsilon(), 0.01);
  EXPECT_EQ(image_data_format(), "channels_first");
  EXPECT_EQ(backend(), "keel");
  EXPECT_EQ(read(file()), text);
}

TEST_F(ConfigTest, WhatIsWrongIsAWarningWithFileAndKey) {
  write(R"({"floatx": "float128", "epsilon": -1, "image_data_format": 7, "backend": "abacus"})");
  const std::string warnings = load();
  for (const char* key : {"floatx", "epsilon", "image_data_format", "backend"}) {
    EXPECT_THAT(warnings, HasSubstr("keel: warning: " + file() + ": " + key + " is "));
  }
  expect_defaults();

  write("{\"floatx\": \"float64\", \"epsilon\": NaN}");
  EXPECT_THAT(load(), HasSubstr(file() + ": not valid JSON at line 1, in \"epsilon\""));
  expect_defaults();
}

TEST_F(ConfigTest, AHugeFileIsNotRead) {
  write("{\"floatx\": \"float64\"}" + std::string(2'000'000, ' '));
  EXPECT_THAT(load(), AllOf(HasSubstr(file()), HasSubstr("longer than 1048576 bytes")));
  expect_defaults();
}

TEST_F(ConfigTest, SomethingElseThanAFileIsNotRead) {
  fs::create_directory(file());
  EXPECT_THAT(load(), HasSubstr(file() + ": not a file"));
  fs::remove(file());
  ASSERT_EQ(mkfifo(file().c_str(), 0600), 0);
  EXPECT_THAT(load(), HasSubstr(file() + ": not a file"));
  fs::remove(file());
  fs::create_symlink("/dev/zero", file());
  EXPECT_THAT(load(), HasSubstr(file() + ": not a file"));
  fs::remove(file());
  fs::create_symlink("keras.json", file());
  EXPECT_THAT(load(), HasSubstr(file() + ": "));
  expect_defaults();
}

TEST_F(ConfigTest, WhereNothingCanBeWrittenTheDefaultsHold) {
  write("text");
  folder_ = file();  // A folder that is a file.
  EXPECT_EQ(load(), "");
  expect_defaults();
  folder_ = folder_.parent_path();
}

TEST_F(ConfigTest, ADanglingLinkIsLeftAlone) {
  fs::create_symlink("nowhere", file());
  EXPECT_EQ(load(), "");
  expect_defaults();
  EXPECT_TRUE(fs::is_symlink(file()));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1);
}

TEST_F(ConfigTest, SettersChangeTheProcessAndNotTheFile) {
  load();
  const std::string before = read(file());
  set_floatx("float64");
  set_epsilon(1e-4);
  set_image_data_format("channels_first");
  EXPECT_EQ(floatx(), "float64");
  EXPECT_EQ(epsilon(), 1e-4);
  EXPECT_EQ(image_data_format(), "channels_first");
  EXPECT_EQ(read(file()), before);
  load();
  expect_defaults();
}

template <typename F>
void expect_value_error(F f, const std::string& message) {
  EXPECT_THAT(f, Throws<ValueError>(Property(&ValueError::what, HasSubstr(message))));
}

TEST_F(ConfigTest, SettersRefuseWhatTheyDoNotKnow) {
  expect_value_error([] { set_floatx("bfloat16"); },
                     "set_floatx: value is \"bfloat16\" but must be \"float16\", \"float32\" or \"float64\"");
  expect_value_error([] { set_floatx(""); }, "set_floatx: value is \"\"");
  expect_value_error([] { set_image_data_format("channels"); },
                     "set_image_data_format: value is \"channels\" but must be \"channels_first\" or "
                     "\"channels_last\"");
  for (const double value : {-1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    expect_value_error([=] { set_epsilon(value); }, "but must be a finite number that is not negative");
  }
  expect_value_error([] { set_epsilon(-0.5); }, "set_epsilon: value is -0.5 ");
  expect_defaults();
}

TEST_F(ConfigTest, KerasBackendWithANameThatNoKerasKnowsIsAWarning) {
  load();
  {
    const Environment variable("KERAS_BACKEND", "aba\ncus");
    EXPECT_EQ(load(), "keel: warning: KERAS_BACKEND is \"aba\\ncus\" but must be the name of a Keras "
                      "backend, such as \"keel\" or \"tensorflow\". Running \"keel\".\n");
    EXPECT_EQ(backend(), "keel");
  }
  for (const char* name : {"keel", "theano", ""}) {
    const Environment variable("KERAS_BACKEND", name);
    EXPECT_EQ(load(), "");
    EXPECT_EQ(backend(), "keel");
  }
}

TEST_F(ConfigTest, TheFolder) {
  const std::string home = folder_;
  const Environment keras_home("KERAS_HOME", "/some/where");
  const Environment home_variable("HOME", home.c_str());
  EXPECT_EQ(config_directory(), "/some/where");
  set_environment("KERAS_HOME", "");
  EXPECT_EQ(config_directory(), home + "/.keras");
  set_environment("KERAS_HOME", nullptr);
  EXPECT_EQ(config_directory(), home + "/.keras");
  const Environment temporary("TMPDIR", home.c_str());
  set_environment("HOME", "/nowhere");
  EXPECT_EQ(config_directory(), home + "/.keras");
  set_environment("TMPDIR", "/nowhere/either");
  EXPECT_EQ(config_directory(), "/tmp/.keras");
}

TEST_F(ConfigTest, AScopeRestores) {
  set_floatx("float64");
  try {
    const ConfigScope scope;
    set_floatx("float16");
    set_epsilon(0.5);
    set_image_data_format("channels_first");
    throw 1;
  } catch (int) {
  }
  EXPECT_EQ(floatx(), "float64");
  EXPECT_EQ(epsilon(), 1e-7);
  EXPECT_EQ(image_data_format(), "channels_last");
}

TEST_F(ConfigTest, ManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < 100; ++i) {
        set_floatx(t % 2 == 0 ? "float16" : "float64");
        const std::string name = floatx();
        EXPECT_TRUE(name == "float16" || name == "float64" || name == "float32") << name;
        if (i % 10 == 0) load_config(folder_);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1) << "a temporary file was left";
}

// In a fresh process: the first question loads, once, from the folder that the environment names.
TEST(ConfigFirstUse, Loads) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const fs::path keras_home = fs::path(::testing::TempDir()) / "config_test.first";
  const Environment variable("KERAS_HOME", keras_home.c_str());
  fs::create_directories(keras_home);
  std::ofstream(keras_home / "keras.json") << R"({"floatx": "float64", "epsilon": 0.25})";
  EXPECT_EXIT(
      {
        const std::string before = floatx();
        std::ofstream(keras_home / "keras.json") << "{}";
        std::fprintf(stderr, "%s %g", before.c_str(), epsilon());
        std::exit(0);
      },
      ::testing::ExitedWithCode(0), "float64 0.25");
  fs::remove_all(keras_home);
}

}  // namespace
}  // namespace keel
