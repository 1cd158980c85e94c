// Runs a fuzzer's inputs without the fuzzer: those in the tree, each of which once found something or
// reaches far, and some that a plain generator makes.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "testing/fuzz/drive.h"

namespace keel::fuzz {
namespace {

std::vector<std::string> corpus_files() {
  const std::filesystem::path folder = std::filesystem::path("testing/fuzz/corpus") / KEEL_FUZZED_FAMILY;
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path().string());
  return files;
}

TEST(Replay, Corpus) {
  const auto files = corpus_files();
  EXPECT_FALSE(files.empty());
  for (const std::string& file : files) {
    SCOPED_TRACE(file);
    std::ifstream in(file, std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
    std::cout << file << std::endl;  // The last of these is the one to blame for a crash.
    drive(family(), reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  }
}

// KEEL_FUZZ_ROUNDS asks for more, KEEL_FUZZ_SEED for others. What crashes is left in last_input.
TEST(Replay, RandomBytes) {
  const char *const rounds = std::getenv("KEEL_FUZZ_ROUNDS"), *const seed = std::getenv("KEEL_FUZZ_SEED");
  std::mt19937 random(seed == nullptr ? 1 : std::atoi(seed));
  const std::string last = ::testing::TempDir() + "last_input";
  for (int round = 0; round < (rounds == nullptr ? 300 : std::atoi(rounds)); ++round) {
    std::vector<uint8_t> bytes(random() % 120);
    for (uint8_t& b : bytes) b = static_cast<uint8_t>(random());
    std::ofstream(last, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    drive(family(), bytes.data(), bytes.size());
  }
}

}  // namespace
}  // namespace keel::fuzz
