#include "ops/ctc/beam_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "core/error.h"
#include "gtest/gtest.h"

namespace keel {
namespace {

using Labels = std::vector<int64_t>;

// Probabilities of every step, rows that add up to 1.
std::vector<std::vector<double>> random_steps(int64_t steps, int64_t classes, unsigned seed, double sharpness) {
  std::mt19937 random(seed);
  std::vector<std::vector<double>> rows(steps, std::vector<double>(classes));
  for (auto& row : rows) {
    double sum = 0;
    for (double& p : row) sum += p = std::exp(sharpness * static_cast<double>(random()) / 0x1p32);  // Never a tie.
    for (double& p : row) p /= sum;
  }
  return rows;
}

// The search as its definition has it, over a map from sequences to probabilities: Hannun et al.
std::vector<std::pair<Labels, double>> by_definition(const std::vector<std::vector<double>>& rows, size_t width) {
  struct P {
    double blank = 0, label = 0;
    double total() const { return blank + label; }
  };
  std::map<Labels, P> beams{{Labels{}, {1, 0}}};
  std::vector<std::pair<Labels, double>> best{{Labels{}, 1.0}};
  for (const auto& row : rows) {
    const auto blank = static_cast<int64_t>(row.size()) - 1;
    std::map<Labels, P> next;
    for (const auto& [labels, p] : beams) {
      next[labels].blank += p.total() * row[blank];
      for (int64_t k = 0; k < blank; ++k) {
        const bool repeats = !labels.empty() && labels.back() == k;
        Labels longer = labels;
        longer.push_back(k);
        next[longer].label += (repeats ? p.blank : p.total()) * row[k];
        if (repeats) next[labels].label += p.label * row[k];
      }
    }
    best.clear();
    for (const auto& [labels, p] : next) {
      if (p.total() > 0) best.emplace_back(labels, p.total());
    }
    std::sort(best.begin(), best.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    if (best.size() > width) best.resize(width);
    beams.clear();
    for (const auto& [labels, total] : best) beams[labels] = next[labels];
  }
  return best;
}

void search(CtcBeamSearch& beams, const std::vector<std::vector<double>>& rows) {
  for (const auto& row : rows) {
    std::vector<double> logs;
    for (double p : row) logs.push_back(std::log(p));
    beams.advance(logs.data());
  }
}

constexpr int64_t kPlenty = int64_t{1} << 30;

TEST(CtcBeamSearch, IsItsDefinition) {
  unsigned seed = 0;
  for (int64_t classes : {1, 2, 3, 5, 12, 40}) {
    for (int64_t steps : {0, 1, 2, 3, 8, 20}) {
      for (int64_t width : {1, 2, 3, 7, 50}) {
        for (double sharpness : {0.5, 6.0}) {
          const auto rows = random_steps(steps, classes, ++seed, sharpness);
          const auto want = by_definition(rows, static_cast<size_t>(width));
          CtcBeamSearch beams(classes, width, kPlenty);
          search(beams, rows);
          ASSERT_EQ(beams.size(), static_cast<int64_t>(want.size())) << classes << ' ' << steps << ' ' << width;
          const auto got = beams.best(beams.size());
          for (size_t i = 0; i < want.size(); ++i) {
            ASSERT_NEAR(got[i].log_probability, std::log(want[i].second), 1e-10);
            ASSERT_EQ(got[i].labels, want[i].first) << classes << ' ' << steps << ' ' << width << ' ' << i;
          }
        }
      }
    }
  }
}

TEST(CtcBeamSearch, AWideBeamSumsOverAllPaths) {
  const auto rows = random_steps(6, 3, 9, 1);
  CtcBeamSearch beams(3, 1000000, kPlenty);
  search(beams, rows);
  double total = 0;
  for (const CtcPath& path : beams.best(beams.size())) total += std::exp(path.log_probability);
  EXPECT_NEAR(total, 1, 1e-12);
}

TEST(CtcBeamSearch, ManyStepsDoNotUnderflow) {
  CtcBeamSearch beams(2, 4, kPlenty);
  for (int t = 0; t < 5000; ++t) {
    const double logs[] = {std::log(1e-7), std::log(1e-7)};
    beams.advance(logs);
  }
  EXPECT_EQ(beams.size(), 4);
  EXPECT_NEAR(beams.best(1)[0].log_probability, 5000 * std::log(1e-7), 5000);
}

TEST(CtcBeamSearch, WhatIsImpossibleIsNoBeam) {
  const double none = -std::numeric_limits<double>::infinity();
  CtcBeamSearch beams(3, 10, kPlenty);
  const double first[] = {0, none, none}, second[] = {none, none, 0};
  beams.advance(first);
  EXPECT_EQ(beams.size(), 1);
  beams.advance(second);
  EXPECT_EQ(beams.best(1)[0].labels, Labels{0});
  const double nothing[] = {none, none, none};
  beams.advance(nothing);
  EXPECT_EQ(beams.size(), 0);
  beams.advance(first);
  EXPECT_EQ(beams.size(), 0);
  beams.reset();
  EXPECT_EQ(beams.size(), 1);
  EXPECT_TRUE(beams.best(1)[0].labels.empty());
}

TEST(CtcBeamSearch, AHugeBeamIsAnErrorWhereItOutgrowsMemory) {
  CtcBeamSearch beams(40, int64_t{1} << 62, 1 << 20);
  const std::vector<double> logs(40, -std::log(40.0));
  std::string message;
  try {
    for (int t = 0; t < 100; ++t) beams.advance(logs.data());
  } catch (const ValueError& e) {
    message = e.what();
  }
  EXPECT_NE(message.find("takes more memory"), std::string::npos);
}

}  // namespace
}  // namespace keel
