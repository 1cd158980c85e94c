// Prefix beam search over the outputs of one sample.
#ifndef KEEL_OPS_CTC_BEAM_SEARCH_H_
#define KEEL_OPS_CTC_BEAM_SEARCH_H_

#include <cstdint>
#include <vector>

namespace keel {

// What was found: labels, and the logarithm of the probability of all paths that were followed to them.
struct CtcPath {
  std::vector<int64_t> labels;
  double log_probability;
};

// The sequences of labels that are most probable given the probabilities of each step, of which after
// every step the `width` best are kept (Hannun et al., "First-pass large vocabulary continuous speech
// recognition using bi-directional recurrent DNNs", 2014). Not thread-safe; may be used again and again.
class CtcBeamSearch {
 public:
  // The last class is the blank. ValueError, from advance(), where the beam would take more than
  // `most_bytes`.
  CtcBeamSearch(int64_t classes, int64_t width, int64_t most_bytes);

  // Begins anew, with the empty sequence.
  void reset();
  // One step, whose classes have the probabilities exp(logs[k]).
  void advance(const double* logs);
  // How many sequences there are; never more than the width.
  int64_t size() const { return static_cast<int64_t>(nodes_.size()); }
  // The `count` most probable, the best first; count ≤ size().
  std::vector<CtcPath> best(int64_t count) const;

 private:
  // A sequence: that of its parent, and one label more. All that was ever kept stays a node, for the
  // sake of what begins with it.
  struct Node {
    int parent, label;         // −1 for the empty sequence.
    int first_child, sibling;  // −1 where there is none.
    int beam;                  // Its number among the beams, or −1.
  };
  // What may be kept: beam `beam` as it is (label −1), or with a label behind it.
  struct Candidate {
    double total;
    int beam, label;
  };

  void advance_beams(const double* logs);
  void find_candidates(const double* logs);
  void keep_best();
  int child_of(int node, int label);

  const int64_t classes_, width_, most_bytes_;
  std::vector<Node> tree_;
  // The beams, in descending order of their totals: their nodes, and logarithms of the probabilities
  // of paths that end in their last label, in a blank, and both.
  std::vector<int> nodes_;
  std::vector<double> label_, blank_, total_;
  // Within a step.
  std::vector<double> old_blank_, old_total_, parent_, emission_;
  std::vector<char> is_beam_;  // Per beam and class: whether that extension is a beam too.
  std::vector<int> classes_by_probability_;
  std::vector<Candidate> candidates_;
  std::vector<int> next_nodes_;
  std::vector<double> next_label_, next_blank_, next_total_;
};

}  // namespace keel

#endif  // KEEL_OPS_CTC_BEAM_SEARCH_H_
