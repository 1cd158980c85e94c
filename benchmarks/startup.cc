// From the start of a tiny program to its end, the first result behind it.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "absl/strings/str_cat.h"
#include "benchmarks/workloads.h"

namespace keel::bench {
namespace {

// Built beside the program that runs.
std::string startup_program() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "startup_program";
}

MakeStep start(const char* what) {
  return [=](const Setting& setting) -> Step {
    const std::string threads = absl::StrCat("KEEL_NUM_THREADS=", setting.threads);
    return {[=, path = startup_program()] {
      posix_spawn_file_actions_t quiet;
      posix_spawn_file_actions_init(&quiet);
      posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
      std::array<char*, 3> arguments = {const_cast<char*>(path.c_str()), const_cast<char*>(what), nullptr};
      std::array<char*, 2> environment = {const_cast<char*>(threads.c_str()), nullptr};
      pid_t child = 0;
      const int failed = posix_spawn(&child, path.c_str(), &quiet, nullptr, arguments.data(), environment.data());
      posix_spawn_file_actions_destroy(&quiet);
      int status = 0;
      if (failed != 0 || waitpid(child, &status, 0) != child || status != 0) {
        throw std::runtime_error(absl::StrCat(path, " ", what, " did not run to its end"));
      }
    }};
  };
}

}  // namespace

Workloads startup_workloads() {
  return {{.name = "startup_add", .keel = start("add")},
          {.name = "startup_mlp_784_512_10", .keel = start("mlp")}};
}

}  // namespace keel::bench
