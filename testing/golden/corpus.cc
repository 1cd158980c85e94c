#include "testing/golden/corpus.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>

namespace keel::golden {
namespace {

namespace fs = std::filesystem;

Json read_json(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw CaseError(path + ": cannot be read");
  try {
    return Json::parse(file);
  } catch (const Json::exception& e) {
    throw CaseError(path + ": " + e.what());
  }
}

bool is_corpus(const Json& file) { return file.is_object() && file.contains("cases"); }

template <typename T>
T read_element(const Json& element, DType dtype) {
  if constexpr (std::is_same_v<T, bool>) {
    if (element.is_boolean()) return element.get<bool>();
  } else if constexpr (std::is_integral_v<T>) {
    if (element.is_number_unsigned()) return static_cast<T>(element.get<uint64_t>());
    if (element.is_number_integer()) return static_cast<T>(element.get<int64_t>());
  } else {
    return convert_element<T>(read_number(element));
  }
  throw CaseError(element.dump() + " is no " + std::string(dtype.name()));
}

}  // namespace

std::vector<Json> read_cases(const std::string& path) {
  Json file = read_json(path);
  if (!is_corpus(file)) throw CaseError(path + ": has no cases");
  if (file.value("format", Json()) != 1) throw CaseError(path + ": is not of format 1");
  if (!file["cases"].is_array()) throw CaseError(path + ": cases is no list");
  return file["cases"].get<std::vector<Json>>();
}

std::vector<std::string> corpus_files(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    if (!fs::is_directory(path)) {
      if (!fs::exists(path)) throw CaseError(path + ": no such file or folder");
      files.push_back(path);
      continue;
    }
    const size_t before = files.size();
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      if (!entry.is_regular_file() || entry.path().extension() != ".json") continue;
      // A file that is damaged is handed on: it is to fail, not to be missed.
      bool wanted = true;
      try {
        wanted = is_corpus(read_json(entry.path()));
      } catch (const CaseError&) {
      }
      if (wanted) files.push_back(entry.path());
    }
    if (files.size() == before) throw CaseError(path + ": no corpus files");
    std::sort(files.begin() + before, files.end());
  }
  return files;
}

Array read_tensor(const Json& tensor) {
  if (tensor.contains("sparse")) throw CaseError("a sparse tensor where a dense one is expected");
  const DType dtype(tensor.at("dtype").get<std::string>());
  const Shape shape = read_shape(tensor.at("shape"));
  if (!tensor.contains("fill")) return read_elements(tensor.at("data"), shape, dtype);
  return read_elements(Json(shape.elements(), tensor["fill"]), shape, dtype);
}

SparseArray read_sparse_tensor(const Json& tensor) {
  const DType dtype(tensor.at("dtype").get<std::string>());
  const Shape shape = read_shape(tensor.at("dense_shape"));
  const auto count = static_cast<int64_t>(tensor.at("values").size());
  Json indices = Json::array();
  for (const Json& index : tensor.at("indices")) indices.insert(indices.end(), index.begin(), index.end());
  return {read_elements(indices, {count, shape.rank()}, DType::kInt64),
          read_elements(tensor.at("values"), {count}, dtype), shape};
}

Array read_elements(const Json& data, const Shape& shape, DType dtype) {
  if (!data.is_array()) throw CaseError("data is no list: " + data.dump());
  if (static_cast<int64_t>(data.size()) != shape.elements()) {
    throw CaseError(std::to_string(data.size()) + " elements for shape " + shape.to_string());
  }
  Array array(shape, dtype);
  visit_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    std::transform(data.begin(), data.end(), array.mutable_data<T>(),
                   [&](const Json& element) { return read_element<T>(element, dtype); });
  });
  return array;
}

Shape read_shape(const Json& shape) {
  if (!shape.is_array()) throw CaseError(shape.dump() + " is no shape");
  Shape read;
  for (const Json& dim : shape) {
    if (!dim.is_null() && !dim.is_number_integer()) throw CaseError(shape.dump() + " is no shape");
    read.push_back(dim.is_null() ? None : dim.get<int64_t>());
  }
  return read;
}

double read_number(const Json& number) {
  if (number.is_number()) return number.get<double>();
  if (number == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (number == "inf") return std::numeric_limits<double>::infinity();
  if (number == "-inf") return -std::numeric_limits<double>::infinity();
  throw CaseError(number.dump() + " is no number");
}

std::string_view base_name(std::string_view name) { return name.substr(0, name.find_first_of("[.")); }

}  // namespace keel::golden
