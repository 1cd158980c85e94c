// The spoken digits of examples/data/speech.txt.
#ifndef KEEL_EXAMPLES_SPEECH_DATA_H_
#define KEEL_EXAMPLES_SPEECH_DATA_H_

#include <cstdint>
#include <string>
#include <vector>

#include "keel.h"

namespace keel::examples {

constexpr int64_t kBands = 10;

// What one voice said: digits, and the energies of bands per 25 ms.
struct Utterance {
  std::string voice;
  std::vector<int> digits;
  std::vector<float> energies;  // [frames, kBands], 0 to 1.

  int64_t frames() const { return static_cast<int64_t>(energies.size()) / kBands; }
};

// Utterances to learn from, and those of three voices that are never heard in training.
struct SpeechSplit {
  std::vector<Utterance> train, held_out;
};

// Reads those of `digits` digits each; ValueError, in one line, where the file is missing or damaged.
SpeechSplit read_speech(const std::string& path, int digits);

// Utterances as arrays, shorter ones filled up with -1.
struct SpeechArrays {
  Array x;        // [n, the longest, kBands] float32.
  Array frames;   // [n, 1] int32.
  Array digits;   // [n, digits] int32.
};
SpeechArrays speech_arrays(const std::vector<Utterance>& utterances, int64_t longest);

// The number of frames of the longest.
int64_t longest_of(const SpeechSplit& speech);

}  // namespace keel::examples

#endif  // KEEL_EXAMPLES_SPEECH_DATA_H_
