// Keel and its peers on the same work, in turns, in one process:
//   bazel run //benchmarks:ratios -- [--threads=N,…] [--min_time=S] [--markdown=FILE] [FILTER]
//   bazel run //benchmarks:results   (the same for 1 and all threads, into RESULTS.md)
// One line per workload and peer; FILTER is a regular expression that its name holds.
//   roof   the share of the machine's limit that Keel reaches: of its multiply-add peak or of the
//          bandwidth of the cache that the operands fit in, whichever bounds the workload, both
//          measured in this run
//   *      a noisy row: some median is more than 1.5 times its best run
// The geometric mean takes each workload's fastest competitor.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "benchmarks/harness.h"
#include "benchmarks/machine.h"
#include "benchmarks/workloads.h"

ABSL_FLAG(std::vector<std::string>, threads, {},
          "How many threads everybody gets; a list gives a table for each (default: one per core).");
ABSL_FLAG(double, min_time, 0.3, "Seconds of timed work per row and contender.");
ABSL_FLAG(std::string, markdown, "", "Also writes the tables to this file, relative to the source tree.");

namespace {

using namespace keel::bench;

[[noreturn]] void stop(const std::string& why) {
  std::cerr << "ratios: " << why << '\n';
  std::exit(2);
}

// What is written to --markdown.
std::string page;

// "AMD EPYC 9B14"
std::string processor() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (absl::StartsWith(line, "model name")) return line.substr(line.find(':') + 2);
  }
  return "an unknown processor";
}

void begin_page() {
  page = absl::StrFormat(
      "# Keel beside its C++ peers\n\n"
      "What `./bazelw run //benchmarks:results` measured on %s, %d cores; g++ %s, oneDNN and Eigen as packaged, Eigen\n"
      "compiled for AVX-512. A ratio is the peer's median time over Keel's: above 1 Keel is ahead. *roof*: the share of\n"
      "the machine's limit (multiply-adds, or the bandwidth of the cache that the operands fit in) that Keel reaches, both\n"
      "measured in the same run. `_F` is forward, `_B` forward and all gradients, `_dx`, `_dw` one of them, `_weights` a right\n"
      "operand that does not change. A star marks a noisy row: a median above 1.5 times the best run.\n",
      processor(), static_cast<int>(std::thread::hardware_concurrency()), __VERSION__);
}

std::vector<int> thread_counts() {
  std::vector<int> counts;
  for (const std::string& text : absl::GetFlag(FLAGS_threads)) {
    int threads;
    if (text == "all") {
      counts.push_back(std::max(1, static_cast<int>(std::thread::hardware_concurrency())));
      continue;
    }
    if (!absl::SimpleAtoi(text, &threads) || threads < 1 || threads > 1024) {
      stop(absl::StrCat("--threads: '", text, "' is neither a number from 1 to 1024 nor 'all'"));
    }
    counts.push_back(threads);
  }
  if (counts.empty()) counts.push_back(std::max(1, static_cast<int>(std::thread::hardware_concurrency())));
  return counts;
}

// Four digits, however small.
std::string milliseconds(double seconds) {
  const double ms = seconds * 1e3;
  return absl::StrFormat("%.*f", ms < 0.001 ? 6 : ms < 0.01 ? 5 : ms < 1 ? 4 : ms < 10 ? 3 : 2, ms);
}

void print_limits(const Limits& limits) {
  const auto gigabytes = [](double bytes) { return bytes * 1e-9; };
  std::printf("%d thread%s, %s: multiply-adds %.0f GFLOP/s; copy, read, write in GB/s:", limits.threads,
              limits.threads == 1 ? "" : "s", machine_target(), limits.flops * 1e-9);
  const char* names[] = {"L2", "L3", "memory"};
  for (size_t i = 0; i < limits.levels.size(); ++i) {
    std::printf("%s %s %.0f, %.0f, %.0f", i == 0 ? "" : ";", names[i], gigabytes(limits.levels[i].copy),
                gigabytes(limits.levels[i].read), gigabytes(limits.levels[i].write));
  }
  absl::StrAppendFormat(&page, "\n## %d thread%s\n\n%s: multiply-adds %.0f GFLOP/s; copy, read, write in GB/s:", limits.threads,
                        limits.threads == 1 ? "" : "s", machine_target(), limits.flops * 1e-9);
  for (size_t i = 0; i < limits.levels.size(); ++i) {
    absl::StrAppendFormat(&page, "%s %s %.0f, %.0f, %.0f", i == 0 ? "" : ";", names[i], gigabytes(limits.levels[i].copy),
                          gigabytes(limits.levels[i].read), gigabytes(limits.levels[i].write));
  }
  absl::StrAppend(&page, "\n\n| ratio | peer | workload | Keel ms | peer ms | roof |\n|---:|---|---|---:|---:|---:|\n");
  std::printf("\n%-34s %7s %11s  %-9s %11s %7s %6s\n", "workload", "threads", "Keel ms", "peer",
              "peer ms", "ratio", "roof");
}

// Prints a workload's rows; returns the ratio to its fastest competitor, or 0.
double run(const Workload& workload, const Setting& setting, const Limits& limits, double min_time) {
  std::vector<Step> steps = {make_step(workload.keel, setting)};
  for (const Peer& peer : workload.peers) steps.push_back(make_step(peer.make, setting));
  const std::vector<Timing> timings = take_turns(steps, setting, min_time);
  const bool noisy = std::any_of(timings.begin(), timings.end(),
                                 [](const Timing& t) { return t.median > 1.5 * t.best; });
  const double roof = limits.seconds(workload) / timings[0].median;
  const auto print = [&](const std::string& peer, const std::string& ms, const std::string& ratio) {
    absl::PrintF("%-34s %7d %11s  %-9s %11s %7s %6s%s\n", workload.name, setting.threads,
                 milliseconds(timings[0].median), peer, ms, ratio,
                 roof > 0 ? absl::StrFormat("%.0f%%", 100 * roof) : "-", noisy ? " *" : "");
    absl::StrAppend(&page, "| ", ratio == "-" ? "" : ratio, noisy ? " \\*" : "", " | ", peer == "-" ? "" : peer, " | ",
                    workload.name, " | ", milliseconds(timings[0].median), " | ", ms == "-" ? "" : ms, " | ",
                    roof > 0 ? absl::StrFormat("%.0f %%", 100 * roof) : "", " |\n");
  };
  double ratio = 0;
  for (size_t i = 0; i < workload.peers.size(); ++i) {
    const double theirs = timings[i + 1].median, now = theirs / timings[0].median;
    print(workload.peers[i].name, milliseconds(theirs), absl::StrFormat("%.2f", now));
    if (workload.peers[i].competitor) ratio = ratio == 0 ? now : std::min(ratio, now);
  }
  if (workload.peers.empty()) print("-", "-", "-");
  if (steps[0].note != nullptr) {
    std::printf("    %s\n", steps[0].note().c_str());
    absl::StrAppend(&page, "| | | ", steps[0].note(), " | | | |\n");
  }
  std::fflush(stdout);
  return ratio;
}

}  // namespace

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage(
      "Times Keel and its peers on the same work.\n"
      "  bazel run //benchmarks:ratios -- [--threads=N,...] [--min_time=S] [--markdown=FILE] [FILTER]\n"
      "FILTER: a regular expression; rows whose name holds it.");
  const std::vector<char*> rest = absl::ParseCommandLine(argc, argv);
  if (rest.size() > 2) stop(absl::StrCat("one FILTER at most, not '", rest[1], "' and '", rest[2], "'"));
  const std::string text = rest.size() > 1 ? rest[1] : "";
  std::regex filter;
  try {
    filter = std::regex(text);
  } catch (const std::regex_error&) {
    stop(absl::StrCat("'", text, "' is no regular expression"));
  }
  const double min_time = absl::GetFlag(FLAGS_min_time);
  if (!(min_time > 0)) stop("--min_time must be above 0");
  Workloads workloads;
  for (Workload& workload : all_workloads()) {
    if (std::regex_search(workload.name, filter)) workloads.push_back(std::move(workload));
  }
  if (workloads.empty()) stop(absl::StrCat("no workload's name holds '", text, "'"));
  begin_page();
  double logarithms = 0;
  int count = 0, failed = 0;
  for (int threads : thread_counts()) {
    const keel::ThreadPool pool(threads);
    const Limits limits = measure_limits(threads);
    print_limits(limits);
    for (const Workload& workload : workloads) {
      try {
        const double ratio = run(workload, {threads, pool}, limits, min_time);
        if (ratio == 0) continue;
        logarithms += std::log(ratio);
        ++count;
      } catch (const std::exception& error) {
        std::printf("%-34s %7d failed: %s\n", workload.name.c_str(), threads, error.what());
        ++failed;
      }
    }
    std::printf("\n");
  }
  const std::string summary = absl::StrFormat(
      "geometric mean %.2f", count == 0 ? 1.0 : std::exp(logarithms / count));
  std::printf("%s\n", summary.c_str());
  if (const std::string file = absl::GetFlag(FLAGS_markdown); !file.empty()) {
    const char* root = std::getenv("BUILD_WORKSPACE_DIRECTORY");
    const std::string path = root != nullptr && file[0] != '/' ? absl::StrCat(root, "/", file) : file;
    std::ofstream out(path);
    out << page << "\nThe " << summary << " of all rows, each against its fastest competitor.\n";
    out.close();
    if (!out) stop(absl::StrCat("cannot write ", path));
    std::printf("written to %s\n", path.c_str());
  }
  return failed == 0 ? 0 : 1;
}
