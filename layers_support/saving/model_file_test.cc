#include "layers_support/saving/model_file.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "layers_support/saving/checkpoint.h"
#include "layers_support/saving/hdf5_file.h"
#include "layers_support/saving/test_util.h"
#include "layers_support/saving/weights_file.h"
#include "testing/error_of.h"

namespace K = keel;
using namespace keel::testing_util;  // NOLINT

namespace {

// Keras 2.3.1 and tf_keras, each with a dense, a convolutional and an LSTM network.
TEST(Saving, ModelsOfKerasPredictTheSame) {
  ASSERT_EQ(predictions().size(), 6u);
  for (const auto& [name, entry] : predictions().items()) {
    SCOPED_TRACE(name);
    expect_predictions(K::load_model(keras_file(name)), name);
  }
}

// check_written.py loads what this leaves into Keras.
TEST(Saving, ModelsGoThereAndBack) {
  const char* const keep = std::getenv("KEEL_KEEP_MODELS");
  const std::string folder = keep != nullptr ? keep : ::testing::TempDir();
  std::filesystem::create_directories(folder);
  for (const auto& [name, entry] : predictions().items()) {
    SCOPED_TRACE(name);
    const K::Model model = K::load_model(keras_file(name));
    K::save_model(model, folder + "/" + name);
    K::save_weights(model, folder + "/weights_" + name);
    expect_predictions(K::load_model(folder + "/" + name), name);
    clear(model);
    K::load_weights(model, folder + "/weights_" + name);
    expect_predictions(model, name);
    clear(model);
    K::load_weights(model, folder + "/" + name);  // Those of a whole model.
    expect_predictions(model, name);
  }
}

TEST(Saving, DamagedAndForeignFiles) {
  const auto load = [](const std::string& path) { return error_of([&] { K::load_model(path); }); };
  const auto size = std::filesystem::file_size(keras_file("keras_conv.h5"));
  for (uintmax_t length = 0; length < size; length += 997) {
    const std::string path = temp("cut.h5");
    std::filesystem::remove(path);
    std::filesystem::copy_file(keras_file("keras_conv.h5"), path);
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    std::filesystem::resize_file(path, length);
    EXPECT_NE(load(path), "") << length;
  }
  {
    K::hdf5::File other = K::hdf5::File::create("test", temp("other.h5"));
    other.write("/x", K::Array(1.0));
    other.commit();
  }
  EXPECT_NE(load(temp("other.h5")).find("no model of Keras"), std::string::npos);
  K::save_weights(dense_model(), temp("weights.h5"));
  EXPECT_NE(load(temp("weights.h5")).find("weights alone"), std::string::npos);
  EXPECT_NE(load(keras_file("predictions.json")).find("no HDF5 file"), std::string::npos);
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A model loads, or a ValueError says why not, whatever bytes of its file are others. Anything else ends this
// program.
TEST(Saving, BytesThatChangedAreNoReasonToCrash) {
  K::save_model(dense_model(), temp("own.h5"));
  int loaded = 0, refused = 0;
  for (const std::string& from : {keras_file("keras_dense.h5"), keras_file("tf_keras_dense.h5"), temp("own.h5")}) {
    const std::string good = bytes_of(from);
    const auto try_with = [&](size_t at, const std::string& bytes) {
      std::string bad = good;
      bad.replace(at, std::min(bytes.size(), bad.size() - at), bytes, 0, std::min(bytes.size(), bad.size() - at));
      if (bad == good) return;
      std::ofstream(temp("bad.h5"), std::ios::binary) << bad;
      (error_of([&] { K::load_model(temp("bad.h5"), {.compile = false}); }).empty() ? loaded : refused) += 1;
    };
    for (size_t at = 0; at < good.size(); at += 397) {
      try_with(at, std::string(1, static_cast<char>(~good[at])));
      // Where it is a size or an address: 2^63, 2^64 - 1, and that of something else.
      const size_t word = at / 8 * 8;
      try_with(word, std::string("\0\0\0\0\0\0\0\x80", 8));
      try_with(word, std::string(8, '\xff'));
      try_with(word, good.substr(at * 7 % good.size() / 8 * 8, 8));
    }
  }
  EXPECT_GT(loaded, 100);
  EXPECT_GT(refused, 100);
}

// Once a process of its own reads the file, it may do so while other threads work.
TEST(Saving, ModelsLoadInManyThreads) {
  std::atomic<bool> done{false};
  std::thread busy([&] {  // Takes the lock of malloc again and again.
    while (!done) std::vector<std::string>(100, std::string(1000, 'x'));
  });
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int n = 0; n < 10; ++n) expect_predictions(K::load_model(keras_file("keras_dense.h5")), "keras_dense.h5");
    });
  }
  for (std::thread& thread : threads) thread.join();
  done = true;
  busy.join();
}

TEST(Checkpoint, FilesAreNamedByEpochAndNumbers) {
  const K::Sequential model = dense_model();
  K::TrainingRun run{model, "sgd", 3, 1};
  K::Logs logs;
  const auto every = K::callbacks::model_checkpoint(model, temp("at_{epoch:02d}_{val_loss:.2f}.h5"));
  logs.set("val_loss", 0.256);
  every->on_epoch_end(run, 0, logs);
  EXPECT_TRUE(std::filesystem::exists(temp("at_01_0.26.h5")));
  const auto best = K::callbacks::model_checkpoint(model, temp("best_{epoch}.h5"), {.save_best_only = true, .save_weights_only = true});
  best->on_epoch_end(run, 0, logs);
  logs.set("val_loss", 0.3);
  best->on_epoch_end(run, 1, logs);
  EXPECT_TRUE(std::filesystem::exists(temp("best_1.h5")));
  EXPECT_FALSE(std::filesystem::exists(temp("best_2.h5")));
  const auto wrong = K::callbacks::model_checkpoint(model, temp("{accuracy}.h5"));
  EXPECT_NE(error_of([&] { wrong->on_epoch_end(run, 0, logs); }).find("no 'accuracy'"), std::string::npos);
  const auto nonsense = K::callbacks::model_checkpoint(model, temp("{epoch:%n}.h5"));
  EXPECT_NE(error_of([&] { nonsense->on_epoch_end(run, 0, logs); }).find("is no format"), std::string::npos);
}

}  // namespace
