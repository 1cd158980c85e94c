// What the tests of files share: the models of testdata and what Keras predicts with them.
#ifndef KEEL_LAYERS_SUPPORT_SAVING_TEST_UTIL_H_
#define KEEL_LAYERS_SUPPORT_SAVING_TEST_UTIL_H_

#include <fstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "layers_support/layers/layers.h"
#include "layers_support/models/model.h"
#include "nlohmann/json.hpp"

namespace keel::testing_util {

// A file of this test's own.
inline std::string temp(const std::string& name) { return ::testing::TempDir() + "/" + name; }

// predictions.json: for each file of testdata its input, and what Keras predicts.
inline const Json& predictions() {
  static const Json json = [] {
    std::ifstream file("layers_support/saving/testdata/predictions.json");
    return Json::parse(file);
  }();
  return json;
}

// A file that Keras wrote.
inline std::string keras_file(const std::string& name) { return "layers_support/saving/testdata/" + name; }

// Checks that the model predicts what Keras does with the file `name`.
inline void expect_predictions(const Model& model, const std::string& name) {
  const Json& entry = predictions()[name];
  Shape shape;
  for (const Json& size : entry["shape"]) shape.push_back(size);
  const Array x = Array::of(shape, entry["input"].get<std::vector<double>>()).cast("float32");
  const auto actual = model(x, false).to_vector<double>();
  ASSERT_EQ(actual.size(), entry["output"].size()) << name;
  for (size_t i = 0; i < actual.size(); ++i) EXPECT_NEAR(actual[i], entry["output"][i], 2e-6) << name << " " << i;
}

// Makes all weights 0.
inline void clear(const Model& model) {
  std::vector<Array> zeros;
  for (const Array& w : model.get_weights()) zeros.push_back(Array::full(w.shape(), 0, w.dtype()));
  model.set_weights(zeros);
}

// The dense network of make_models.py.
inline Sequential dense_model() {
  return Sequential({layers::Dense(5, {.activation = "relu", .input_shape = Shape{4}}), layers::Dropout(0.3),
                     layers::Dense(3, {.activation = "softmax"})});
}

}  // namespace keel::testing_util

#endif  // KEEL_LAYERS_SUPPORT_SAVING_TEST_UTIL_H_
