#include <cstring>
#include <utility>

#include "layers_support/saving/reader.h"

namespace keel::hdf5 {
namespace {

// No text of a Keras file is a tenth as long; a damaged file may say anything.
constexpr size_t kLargestText = size_t{1} << 30;

}  // namespace

DType stored_dtype(DType dtype) {
  if (dtype == DType::kFloat16 || dtype == DType::kBfloat16) return DType::kFloat32;
  return dtype.is_bool() ? DType(DType::kUint8) : dtype;
}

hid_t memory_type(DType dtype) {
  switch (dtype.kind()) {
    case DType::kFloat64: return H5T_NATIVE_DOUBLE;
    case DType::kInt8: return H5T_NATIVE_INT8;
    case DType::kInt16: return H5T_NATIVE_INT16;
    case DType::kInt32: return H5T_NATIVE_INT32;
    case DType::kInt64: return H5T_NATIVE_INT64;
    case DType::kUint8: return H5T_NATIVE_UINT8;
    case DType::kUint16: return H5T_NATIVE_UINT16;
    case DType::kUint32: return H5T_NATIVE_UINT32;
    case DType::kUint64: return H5T_NATIVE_UINT64;
    default: return H5T_NATIVE_FLOAT;
  }
}

LibraryReader::LibraryReader(std::string where, const std::string& path)
    : where_(std::move(where)), opened_(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT)), file_(opened_.get()) {
  if (!opened_) fail(where_, "it is no HDF5 file, or a damaged one");
}

bool LibraryReader::exists(const std::string& path) {
  // The library asks for each part of a path in turn.
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (part != "/" && H5Lexists(file_, part.c_str(), H5P_DEFAULT) <= 0) return false;
    if (end == std::string::npos) return H5Oexists_by_name(file_, path.c_str(), H5P_DEFAULT) > 0;
  }
}

DatasetHandle LibraryReader::dataset(const std::string& path) const {
  DatasetHandle out(H5Dopen2(file_, path.c_str(), H5P_DEFAULT));
  if (!out) fail(where_, "there is no array '", path, "'");
  return out;
}

Shape LibraryReader::shape_of(const DatasetHandle& dataset, const std::string& path) const {
  const SpaceHandle space(H5Dget_space(dataset.get()));
  const int rank = space ? H5Sget_simple_extent_ndims(space.get()) : -1;
  if (rank < 0 || rank > 32) fail(where_, "the shape of '", path, "' cannot be read");
  std::vector<hsize_t> dims(rank);
  H5Sget_simple_extent_dims(space.get(), dims.data(), nullptr);
  Shape shape;
  for (const hsize_t dim : dims) {
    if (dim > static_cast<hsize_t>(INT64_MAX)) fail(where_, "the shape of '", path, "' is out of range");
    shape.push_back(static_cast<int64_t>(dim));
  }
  return shape;
}

Shape LibraryReader::shape(const std::string& path) { return shape_of(dataset(path), path); }

Array LibraryReader::read(const std::string& path, DType dtype) {
  const DatasetHandle from = dataset(path);
  const TypeHandle type(H5Dget_type(from.get()));
  const H5T_class_t kind = type ? H5Tget_class(type.get()) : H5T_NO_CLASS;
  if (kind != H5T_FLOAT && kind != H5T_INTEGER) fail(where_, "'", path, "' holds no numbers");
  Array array(shape_of(from, path), dtype);
  if (array.elements() > 0 &&
      H5Dread(from.get(), memory_type(array.dtype()), H5S_ALL, H5S_ALL, H5P_DEFAULT, array.bytes_begin()) < 0) {
    fail(where_, "'", path, "' cannot be read: the file is damaged");
  }
  return array;
}

std::optional<std::vector<std::string>> LibraryReader::strings(const std::string& group, const std::string& name) {
  if (H5Aexists_by_name(file_, group.c_str(), name.c_str(), H5P_DEFAULT) <= 0) return std::nullopt;
  const AttributeHandle attribute(H5Aopen_by_name(file_, group.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT));
  if (!attribute) return std::nullopt;
  const TypeHandle type(H5Aget_type(attribute.get()));
  const SpaceHandle space(H5Aget_space(attribute.get()));
  const hssize_t count = space ? H5Sget_simple_extent_npoints(space.get()) : -1;
  std::vector<std::string> out;
  if (!type || count < 0 || H5Tget_class(type.get()) != H5T_STRING) {
    if (count == 0) return out;  // h5py keeps an empty list as one of numbers.
    fail(where_, "attribute '", name, "' is no text");
  }
  const bool is_variable = H5Tis_variable_str(type.get()) > 0;
  const size_t size = is_variable ? sizeof(char*) : H5Tget_size(type.get());
  if (size == 0 || static_cast<size_t>(count) > kLargestText / size) fail(where_, "attribute '", name, "' is too long");
  std::vector<char> bytes(size * static_cast<size_t>(count));
  if (count > 0 && H5Aread(attribute.get(), type.get(), bytes.data()) < 0) {
    fail(where_, "attribute '", name, "' cannot be read");
  }
  for (hssize_t i = 0; i < count; ++i) {
    const char* const element = bytes.data() + i * static_cast<hssize_t>(size);
    const char* text = element;
    size_t length = size;
    if (is_variable) {
      std::memcpy(&text, element, sizeof text);
      length = text == nullptr ? 0 : std::strlen(text);
    }
    // Zeros at the end are none of it, whichever way it is kept.
    out.emplace_back(text, length == 0 ? 0 : strnlen(text, length));
  }
  if (is_variable && count > 0) H5Dvlen_reclaim(type.get(), space.get(), H5P_DEFAULT, bytes.data());
  return out;
}

}  // namespace keel::hdf5
