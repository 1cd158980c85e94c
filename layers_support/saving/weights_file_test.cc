#include "layers_support/saving/weights_file.h"

#include <filesystem>
#include <string>
#include <vector>

#include "layers_support/layers/loading.h"
#include "layers_support/saving/hdf5_file.h"
#include "layers_support/saving/test_util.h"
#include "testing/error_of.h"

namespace K = keel;
using namespace keel::testing_util;  // NOLINT

namespace {

TEST(Weights, OfKerasGoIntoAModelOfOnesOwn) {
  for (const char* name : {"keras_dense.h5", "tf_keras_dense.h5"}) {
    const K::Sequential model = dense_model();
    K::load_weights(model, keras_file(name));
    expect_predictions(model, name);
  }
}

TEST(Weights, GoThereAndBack) {
  const K::Sequential model = dense_model();
  K::load_weights(model, keras_file("keras_dense.h5"));
  K::save_weights(model, temp("there.h5"));
  clear(model);
  K::load_weights(model, temp("there.h5"));
  expect_predictions(model, "keras_dense.h5");
}

// A kernel as CuDNN has it: of each gate the memory of the transpose, under the same shape.
K::Array as_cudnn(const K::Array& kernel, int64_t units) {
  const int64_t rows = kernel.shape()[0], gates = kernel.shape()[1] / units;
  std::vector<double> out(static_cast<size_t>(kernel.elements()));
  for (int64_t gate = 0; gate < gates; ++gate) {
    int64_t place = 0;
    for (int64_t unit = 0; unit < units; ++unit) {
      for (int64_t row = 0; row < rows; ++row, ++place) {
        out[static_cast<size_t>((place / units * gates + gate) * units + place % units)] =
            kernel.element<double>((row * gates + gate) * units + unit);
      }
    }
  }
  return K::Array::of(kernel.shape(), out).cast(kernel.dtype());
}

TEST(Weights, OfCudnnLayersGoIntoPlainOnes) {
  const auto made = [](bool lstm) {
    const K::layers::RecurrentOptions options{.bias_initializer = "glorot_uniform", .unit_forget_bias = false,
                                              .reset_after = true, .input_shape = K::InputShape{5, 3}, .name = "r"};
    return lstm ? K::Sequential({K::layers::LSTM(2, options)}) : K::Sequential({K::layers::GRU(2, options)});
  };
  const K::Array x = K::Array::full({2, 5, 3}, 0.5, "float32");
  for (const bool lstm : {true, false}) {
    const K::Sequential model = made(lstm), other = made(lstm);
    const std::vector<K::Array> weights = model.get_weights();
    {
      K::hdf5::File file = K::hdf5::File::create("test", temp("cudnn.h5"));
      file.write("/r/kernel", as_cudnn(weights[0], 2));
      file.write("/r/recurrent", as_cudnn(weights[1], 2));
      std::vector<double> bias = weights[2].to_vector<double>();
      if (lstm) {  // Its two biases add up to that of the layer.
        for (size_t i = 0; i < 8; ++i) bias.push_back(0.25);
        for (size_t i = 0; i < 8; ++i) bias[i] -= 0.25;
      }
      file.write("/r/bias", K::Array::of({static_cast<int64_t>(bias.size())}, bias));
      file.write_texts("/r", "weight_names", {"kernel", "recurrent", "bias"});
      file.write_texts("/", "layer_names", {"r"});
      file.commit();
    }
    K::load_weights(other, temp("cudnn.h5"));
    const auto expected = model(x).to_vector<float>(), actual = other(x).to_vector<float>();
    for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(actual[i], expected[i], 1e-6) << lstm;
  }
  const K::LayerLoader loader;
  for (const char* name : {"CuDNNLSTM", "CuDNNGRU"}) {
    const K::Layer layer = loader.load(K::object_config(name, {{"units", 3}, {"return_sequences", true}}));
    EXPECT_EQ(layer.class_name(), std::string(name).substr(5));
  }
  EXPECT_EQ(loader.load(K::object_config("CuDNNGRU", {{"units", 3}})).get_config()["reset_after"], true);
}

TEST(Weights, ByName) {
  const K::Sequential one({K::layers::Dense(2, {.input_shape = K::Shape{2}, .name = "first"}), K::layers::Dense(2, {.name = "second"})});
  const K::Sequential other({K::layers::Dense(2, {.input_shape = K::Shape{2}, .name = "second"}), K::layers::Dense(2, {.name = "third"})});
  K::save_weights(one, temp("named.h5"));
  const auto third = other.get_layer("third").get_weights()[0].to_vector<float>();
  K::load_weights(other, temp("named.h5"), {.by_name = true});
  EXPECT_EQ(other.get_layer("second").get_weights()[0].to_vector<float>(), one.get_layer("second").get_weights()[0].to_vector<float>());
  EXPECT_EQ(other.get_layer("third").get_weights()[0].to_vector<float>(), third);
}

TEST(Weights, DamagedAndForeignFilesLeaveTheModelAsItWas) {
  const K::Sequential model = dense_model();
  const auto weights = [&] {
    std::vector<float> all;
    for (const K::Array& w : model.get_weights()) {
      const auto values = w.to_vector<float>();
      all.insert(all.end(), values.begin(), values.end());
    }
    return all;
  };
  const auto before = weights();
  const auto load = [&](const std::string& path) { return error_of([&] { K::load_weights(model, path); }); };
  // Cut short anywhere, whatever is still in it.
  const auto size = std::filesystem::file_size(keras_file("keras_dense.h5"));
  int failed = 0;
  for (uintmax_t length = 0; length < size; length += 997) {
    const std::string path = temp("cut.h5");
    std::filesystem::copy_file(keras_file("keras_dense.h5"), path, std::filesystem::copy_options::overwrite_existing);
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    std::filesystem::resize_file(path, length);
    EXPECT_NE(load(path), "") << length;
    ++failed;
  }
  EXPECT_GT(failed, 20);
  EXPECT_NE(load(keras_file("keras_conv.h5")).find("has 2 layers with weights but the file 5"), std::string::npos) << load(keras_file("keras_conv.h5"));
  EXPECT_NE(load(keras_file("predictions.json")).find("no HDF5 file"), std::string::npos);
  const K::Sequential wider({K::layers::Dense(6, {.input_shape = K::Shape{4}}), K::layers::Dense(3)});
  K::save_weights(wider, temp("wider.h5"));
  EXPECT_NE(load(temp("wider.h5")).find("has shape (4, 5) but the file's"), std::string::npos) << load(temp("wider.h5"));
  {
    K::hdf5::File other = K::hdf5::File::create("test", temp("other.h5"));
    other.write("/x", K::Array(1.0));
    other.commit();
  }
  EXPECT_NE(load(temp("other.h5")).find("no weights of Keras"), std::string::npos);
  EXPECT_EQ(weights(), before);
}

}  // namespace
