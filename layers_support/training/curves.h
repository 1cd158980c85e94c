// Learning curves as pictures.
#ifndef KEEL_LAYERS_SUPPORT_TRAINING_CURVES_H_
#define KEEL_LAYERS_SUPPORT_TRAINING_CURVES_H_

#include <string>
#include <utility>
#include <vector>

#include "layers_support/training/logs.h"

namespace keel {

// A curve: its name and a value per epoch.
using Curve = std::pair<std::string, std::vector<double>>;

// The curves of a history in panels: each number beside its validation ("loss" and "val_loss").
std::vector<std::vector<Curve>> curves_of(const History& history);

// An SVG picture: one panel per group of curves, which share its axis. Values that are not finite are
// left out.
std::string draw_curves(const std::string& title, const std::vector<std::vector<Curve>>& panels);

// Writes the picture; false where the file cannot be written.
bool write_curves(const std::string& path, const std::string& title, const std::vector<std::vector<Curve>>& panels);

}  // namespace keel

#endif  // KEEL_LAYERS_SUPPORT_TRAINING_CURVES_H_
