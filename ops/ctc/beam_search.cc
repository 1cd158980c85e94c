#include "ops/ctc/beam_search.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/error.h"
#include "ops/ctc/decode_kernel.h"

namespace keel {
namespace {

constexpr double kNone = -std::numeric_limits<double>::infinity();

}  // namespace

CtcBeamSearch::CtcBeamSearch(int64_t classes, int64_t width, int64_t most_bytes)
    : classes_(classes), width_(width), most_bytes_(most_bytes) {
  reset();
}

void CtcBeamSearch::reset() {
  tree_ = {{-1, -1, -1, -1, 0}};
  nodes_ = {0};
  label_ = {kNone};
  blank_ = {0};
  total_ = {0};
}

void CtcBeamSearch::advance(const double* logs) {
  // At most so many sequences come of this step.
  const double extensions = static_cast<double>(size()) * static_cast<double>(classes_);
  const double kept = std::min(static_cast<double>(width_), extensions);
  const double bytes = (static_cast<double>(tree_.size()) + kept) * sizeof(Node) + extensions +
                       std::min(extensions, 3 * static_cast<double>(width_) * 32) * sizeof(Candidate) +
                       kept * (2 * sizeof(int) + 10 * sizeof(double));
  if (bytes > static_cast<double>(most_bytes_) || classes_ > std::numeric_limits<int>::max() ||
      static_cast<double>(tree_.size()) + kept >= static_cast<double>(std::numeric_limits<int>::max())) {
    fail("ctc_decode: a beam_width of ", width_, " over ", classes_, " classes takes more memory than there is");
  }
  advance_beams(logs);
  find_candidates(logs);
  keep_best();
}

// The beams as they are, one step on.
void CtcBeamSearch::advance_beams(const double* logs) {
  old_blank_ = blank_;
  old_total_ = total_;
  parent_.assign(nodes_.size(), kNone);
  emission_.assign(nodes_.size(), 0);
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = tree_[nodes_[i]];
    if (node.parent < 0) continue;
    emission_[i] = logs[node.label];
    const Node& parent = tree_[node.parent];
    if (parent.beam < 0) continue;
    // The same label twice takes a blank between.
    parent_[i] = node.label == parent.label ? old_blank_[parent.beam] : old_total_[parent.beam];
  }
  ctc_advance_beams(size(), parent_.data(), emission_.data(), logs[classes_ - 1], label_.data(), blank_.data(),
                    total_.data());
}

// The beams as they are, and those of their extensions that may be among the best. Beams are in
// descending order, as classes are here: whatever extends a beam no worse by a class no worse comes
// first, but for the one class per beam that repeats its last label. So the extension of beam i by
// class j has i · j + j others before it, at least, and is none of the best where that is too many.
void CtcBeamSearch::find_candidates(const double* logs) {
  const int64_t beams = size(), labels = classes_ - 1;
  is_beam_.resize(static_cast<size_t>(beams * classes_));
  candidates_.clear();
  for (int64_t i = 0; i < beams; ++i) {
    if (total_[i] > kNone) candidates_.push_back({total_[i], static_cast<int>(i), -1});
    const Node& node = tree_[nodes_[i]];
    const int parent = node.parent < 0 ? -1 : tree_[node.parent].beam;
    if (parent >= 0) is_beam_[parent * classes_ + node.label] = 1;
  }
  const double least = static_cast<int64_t>(candidates_.size()) < width_
                           ? kNone
                           : *std::min_element(total_.begin(), total_.end());
  classes_by_probability_.resize(static_cast<size_t>(labels));
  std::iota(classes_by_probability_.begin(), classes_by_probability_.end(), 0);
  const auto ranks = classes_by_probability_.begin() + std::min(labels, width_ > labels ? labels : width_ + 1);
  std::partial_sort(classes_by_probability_.begin(), ranks, classes_by_probability_.end(),
                    [&](int a, int b) { return logs[a] != logs[b] ? logs[a] > logs[b] : a < b; });
  for (int64_t i = 0; i < beams; ++i) {
    const int last = tree_[nodes_[i]].label;
    const int64_t ranked = ranks - classes_by_probability_.begin(), share = width_ / (i + 1);
    const int64_t most = share < ranked ? share + 1 : ranked;
    for (int64_t j = 0; j < most; ++j) {
      const int k = classes_by_probability_[j];
      const double total = (k == last ? old_blank_[i] : old_total_[i]) + logs[k];
      if (total > least && !is_beam_[i * classes_ + k]) candidates_.push_back({total, static_cast<int>(i), k});
    }
  }
  for (int64_t i = 0; i < beams; ++i) {  // Leaves is_beam_ all 0.
    const Node& node = tree_[nodes_[i]];
    const int parent = node.parent < 0 ? -1 : tree_[node.parent].beam;
    if (parent >= 0) is_beam_[parent * classes_ + node.label] = 0;
  }
}

void CtcBeamSearch::keep_best() {
  const auto before = [](const Candidate& a, const Candidate& b) {
    if (a.total != b.total) return a.total > b.total;
    if ((a.label < 0) != (b.label < 0)) return a.label < 0;  // What is there already stays.
    return a.beam != b.beam ? a.beam < b.beam : a.label < b.label;
  };
  if (static_cast<int64_t>(candidates_.size()) > width_) {
    std::nth_element(candidates_.begin(), candidates_.begin() + width_, candidates_.end(), before);
    candidates_.resize(static_cast<size_t>(width_));
  }
  std::sort(candidates_.begin(), candidates_.end(), before);
  for (int node : nodes_) tree_[node].beam = -1;
  next_nodes_.clear();
  next_label_.clear();
  next_blank_.clear();
  next_total_.clear();
  for (const Candidate& c : candidates_) {
    const bool is_new = c.label >= 0;
    next_nodes_.push_back(is_new ? child_of(nodes_[c.beam], c.label) : nodes_[c.beam]);
    next_label_.push_back(is_new ? c.total : label_[c.beam]);
    next_blank_.push_back(is_new ? kNone : blank_[c.beam]);
    next_total_.push_back(c.total);
  }
  nodes_.swap(next_nodes_);
  label_.swap(next_label_);
  blank_.swap(next_blank_);
  total_.swap(next_total_);
  for (size_t i = 0; i < nodes_.size(); ++i) tree_[nodes_[i]].beam = static_cast<int>(i);
}

int CtcBeamSearch::child_of(int node, int label) {
  for (int child = tree_[node].first_child; child >= 0; child = tree_[child].sibling) {
    if (tree_[child].label == label) return child;
  }
  const int child = static_cast<int>(tree_.size());
  tree_.push_back({node, label, -1, tree_[node].first_child, -1});
  tree_[node].first_child = child;
  return child;
}

std::vector<CtcPath> CtcBeamSearch::best(int64_t count) const {
  std::vector<CtcPath> paths;
  for (int64_t i = 0; i < count; ++i) {
    CtcPath path{{}, total_[i]};
    for (int node = nodes_[i]; tree_[node].parent >= 0; node = tree_[node].parent) path.labels.push_back(tree_[node].label);
    std::reverse(path.labels.begin(), path.labels.end());
    paths.push_back(std::move(path));
  }
  return paths;
}

}  // namespace keel
