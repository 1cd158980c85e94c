#include "layers_support/training/logs.h"

#include <algorithm>
#include <cstdio>

#include "keel.h"

namespace keel {

void Logs::set(std::string_view name, double value) {
  for (auto& entry : entries_) {
    if (entry.first == name) {
      entry.second = value;
      return;
    }
  }
  entries_.emplace_back(name, value);
}

std::optional<double> Logs::find(std::string_view name) const {
  for (const auto& entry : entries_) {
    if (entry.first == name) return entry.second;
  }
  return std::nullopt;
}

double Logs::at(std::string_view name) const {
  if (const auto value = find(name)) return *value;
  std::string known;
  for (const auto& entry : entries_) known += (known.empty() ? "" : ", ") + entry.first;
  fail("logs: there is no '", name, "'; there is ", known.empty() ? "nothing" : known);
}

std::string Logs::to_string() const {
  std::string out;
  for (const auto& [name, value] : entries_) {
    char number[32];
    std::snprintf(number, sizeof number, std::abs(value) > 1e-3 || value == 0 ? "%.4f" : "%.4e", value);
    out += (out.empty() ? "" : " - ") + name + ": " + number;
  }
  return out;
}

void History::add(int epoch, const Logs& logs) {
  epochs_.push_back(epoch);
  logs_.push_back(logs);
}

std::vector<double> History::operator[](std::string_view name) const {
  std::vector<double> out;
  for (const Logs& logs : logs_) out.push_back(logs.at(name));
  return out;
}

std::vector<std::string> History::names() const {
  std::vector<std::string> out;
  for (const Logs& logs : logs_) {
    for (const auto& entry : logs.entries()) {
      if (std::find(out.begin(), out.end(), entry.first) == out.end()) out.push_back(entry.first);
    }
  }
  return out;
}

}  // namespace keel
