// Serves a model that Keras saved: bazelw run //examples:predict -- model.h5 input.npy [output.npy]
#include <cstdio>
#include <iostream>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "examples/npy.h"
#include "examples/program.h"
#include "layers_support/saving/model_file.h"
#include "layers_support/training/rows.h"

ABSL_FLAG(int, batch, 32, "samples that are computed at once");
ABSL_FLAG(bool, summary, false, "print the layers too");

namespace K = keel;

namespace {

// The model's outputs for all samples of `x`, one after the other.
K::Array predict(const K::Model& model, const K::Array& x, int64_t batch) {
  if (x.rank() == 0) throw K::ValueError("the input is a scalar; samples need a first axis");
  const int64_t samples = x.shape()[0];
  if (samples <= batch) return model(x, false);
  K::RowWriter out(samples);
  for (int64_t begin = 0; begin < samples; begin += batch) {
    out.add(model(K::slice_rows(x, begin, std::min(begin + batch, samples)), false));
  }
  return out.take();
}

int run(const std::vector<char*>& arguments) {
  if (arguments.size() < 3 || arguments.size() > 4) {
    std::fprintf(stderr, "predict: model.h5 input.npy [output.npy] are needed; --help says more\n");
    return 2;
  }
  if (absl::GetFlag(FLAGS_batch) < 1) throw K::ValueError("--batch must be at least 1");
  const K::Model model = K::load_model(K::examples::user_path(arguments[1]));
  if (absl::GetFlag(FLAGS_summary)) model.summary();
  K::Array x = K::examples::read_npy(K::examples::user_path(arguments[2]));
  if (const K::Tensors inputs = model.inputs(); inputs.size() == 1) x = x.cast(inputs[0].dtype());
  const K::Array y = predict(model, x, absl::GetFlag(FLAGS_batch));
  if (arguments.size() == 4) K::examples::write_npy(K::examples::user_path(arguments[3]), y);
  else std::cout << y << "\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage(
      "Loads a model that Keras 2 saved and prints or writes what it predicts.\n"
      "  bazelw run //examples:predict -- [--batch=N] [--summary] model.h5 input.npy [output.npy]");
  const std::vector<char*> arguments = absl::ParseCommandLine(argc, argv);
  try {
    return run(arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "predict: %s\n", error.what());
    return 1;
  }
}
