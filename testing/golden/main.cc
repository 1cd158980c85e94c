// Runs corpora in the golden format: `golden FILE_OR_FOLDER…`. A line per failing case, then how many
// passed and failed. Exit status 0 when all passed, 1 when a case failed or nothing was run.
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "testing/golden/corpus.h"
#include "testing/golden/isolate.h"
#include "testing/golden/run_case.h"

namespace golden = keel::golden;

namespace {

// More than any case takes; one that takes longer is taken for an endless loop.
constexpr int kSecondsPerCase = 120;

// What to print of a case; nothing where it passed. Each runs in a process of its own: one that
// crashes must not hide the others.
std::string run(const golden::Json& test) {
  const auto work = [&]() -> std::string {
    const auto mismatch = golden::run_case(test);
    return mismatch.has_value() ? golden::failure_line(test, *mismatch) : "";
  };
  return golden::isolated(work, kSecondsPerCase, golden::failure_line(test, {"crashed: ", std::nullopt}));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: bazelw run //testing:golden -- FILE_OR_FOLDER...\n";
    return 2;
  }
  // Names are relative to where the user stands, not to where `bazel run` starts programs.
  if (const char* folder = std::getenv("BUILD_WORKING_DIRECTORY")) std::filesystem::current_path(folder);

  int passed = 0, failed = 0;
  for (int i = 1; i < argc; ++i) {
    std::vector<std::string> files;
    try {
      files = golden::corpus_files({argv[i]});
    } catch (const std::exception& e) {
      std::cout << e.what() << '\n';
      ++failed;
    }
    for (const std::string& file : files) {
      std::vector<golden::Json> cases;
      try {
        cases = golden::read_cases(file);
      } catch (const std::exception& e) {
        std::cout << e.what() << '\n';
        ++failed;
      }
      for (const golden::Json& test : cases) {
        const std::string line = run(test);
        line.empty() ? ++passed : ++failed;
        if (!line.empty()) std::cout << line << std::endl;
      }
    }
  }
  std::cout << passed << " passed, " << failed << " failed\n";
  return failed == 0 && passed > 0 ? 0 : 1;
}
