// What training reports: named numbers.
#ifndef KEEL_LAYERS_SUPPORT_TRAINING_LOGS_H_
#define KEEL_LAYERS_SUPPORT_TRAINING_LOGS_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace keel {

// Named numbers in the order in which they came: {"loss", 0.3}, {"accuracy", 0.9}.
class Logs {
 public:
  void set(std::string_view name, double value);
  // Nothing where there is none of that name.
  std::optional<double> find(std::string_view name) const;
  // The value; ValueError, which lists the names, where there is none.
  double at(std::string_view name) const;
  const std::vector<std::pair<std::string, double>>& entries() const { return entries_; }
  // "loss: 0.3012 - accuracy: 0.9000"
  std::string to_string() const;

 private:
  std::vector<std::pair<std::string, double>> entries_;
};

// The logs of each epoch.
class History {
 public:
  void add(int epoch, const Logs& logs);
  // The numbers of the epochs, from 0.
  const std::vector<int>& epochs() const { return epochs_; }
  const std::vector<Logs>& logs() const { return logs_; }
  // One number through the epochs; ValueError where there is none of that name.
  std::vector<double> operator[](std::string_view name) const;
  // All names, in order.
  std::vector<std::string> names() const;

 private:
  std::vector<int> epochs_;
  std::vector<Logs> logs_;
};

}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_TRAINING_LOGS_H_
