// Saving while a model trains.
#ifndef KEEL_LAYERS_SUPPORT_SAVING_CHECKPOINT_H_
#define KEEL_LAYERS_SUPPORT_SAVING_CHECKPOINT_H_

#include <memory>
#include <string>

#include "layers_support/models/model.h"
#include "layers_support/training/callback.h"

namespace keel::callbacks {

// Arguments of model_checkpoint().
struct CheckpointOptions {
  std::string monitor = "val_loss";
  std::string mode = "auto";
  bool save_best_only = false;
  bool save_weights_only = false;
  int period = 1;  // Epochs between two files.
};
// Writes `model` at the end of epochs. In `path`, {epoch} stands for the epoch's number from 1, with
// {epoch:02d} in two digits, and {val_loss:.2f} for a number of the logs. ValueError where a file cannot be
// written or a name is not in the logs.
std::shared_ptr<Callback> model_checkpoint(const Model& model, const std::string& path, const CheckpointOptions& options = {});

}  // namespace keel::callbacks

#endif  // KEEL_LAYERS_SUPPORT_SAVING_CHECKPOINT_H_
