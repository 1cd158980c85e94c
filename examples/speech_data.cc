#include "examples/speech_data.h"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace keel::examples {
namespace {

constexpr const char* kHeldOut[] = {"en-gb-x-rp", "en+m4", "en-us+f3"};

Utterance parse(const std::string& path, const std::string& line) {
  Utterance out;
  std::string digits, energies;
  std::istringstream(line) >> out.voice >> digits >> energies;
  const bool whole = !digits.empty() && !energies.empty() && energies.size() % kBands == 0;
  if (!whole || digits.find_first_not_of("0123456789") != std::string::npos) {
    fail("'", path, "': a line is no `voice digits frames`: ", line.substr(0, 40));
  }
  for (const char c : digits) out.digits.push_back(c - '0');
  for (const char c : energies) {
    if (c < '0' || c > '0' + 63) fail("'", path, "': a frame of ", out.voice, " holds '", c, "'");
    out.energies.push_back(static_cast<float>(c - '0') / 63);
  }
  return out;
}

}  // namespace

SpeechSplit read_speech(const std::string& path, int digits) {
  std::ifstream file(path);
  if (!file) fail("'", path, "': there is no such file");
  SpeechSplit split;
  for (std::string line; std::getline(file, line);) {
    Utterance utterance = parse(path, line);
    if (static_cast<int>(utterance.digits.size()) != digits) continue;
    const bool held_out = std::find(std::begin(kHeldOut), std::end(kHeldOut), utterance.voice) != std::end(kHeldOut);
    (held_out ? split.held_out : split.train).push_back(std::move(utterance));
  }
  if (split.train.empty() || split.held_out.empty()) fail("'", path, "': it holds too little speech");
  return split;
}

SpeechArrays speech_arrays(const std::vector<Utterance>& utterances, int64_t longest) {
  const auto n = static_cast<int64_t>(utterances.size()), digits = static_cast<int64_t>(utterances.at(0).digits.size());
  SpeechArrays out{Array::full({n, longest, kBands}, -1, "float32"), Array({n, 1}, "int32"), Array({n, digits}, "int32")};
  for (int64_t i = 0; i < n; ++i) {
    const Utterance& u = utterances[i];
    if (u.frames() > longest) fail("speech_arrays: an utterance has ", u.frames(), " frames, more than ", longest);
    std::copy(u.energies.begin(), u.energies.end(), out.x.mutable_data<float>() + i * longest * kBands);
    out.frames.mutable_data<int32_t>()[i] = static_cast<int32_t>(u.frames());
    std::copy(u.digits.begin(), u.digits.end(), out.digits.mutable_data<int32_t>() + i * digits);
  }
  return out;
}

int64_t longest_of(const SpeechSplit& speech) {
  int64_t longest = 0;
  for (const auto* part : {&speech.train, &speech.held_out}) {
    for (const Utterance& utterance : *part) longest = std::max(longest, utterance.frames());
  }
  return longest;
}

}  // namespace keel::examples
