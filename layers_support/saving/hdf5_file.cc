#include "layers_support/saving/hdf5_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <utility>

#include "layers_support/saving/handles.h"
#include "layers_support/saving/reader.h"

namespace keel::hdf5 {
namespace {

// An attribute must fit an object's header; Keras cuts lists of names into parts of this size.
constexpr size_t kLargestAttribute = 64512;

std::filesystem::path temporary_beside(const std::string& path) {
  return path + ".writing." + std::to_string(getpid());
}

std::string where_of(std::string_view function, const std::string& path) {
  return std::string(function) + ": '" + path + "': ";
}

bool sync(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool done = fsync(descriptor) == 0;
  close(descriptor);
  return done;
}

}  // namespace

struct File::State {
  std::string where, path;
  std::string temporary;  // Where it is written; empty for a file to read.
  FileHandle file;        // The same.
  std::unique_ptr<Reader> reader;

  template <typename... Parts>
  [[noreturn]] void damaged(const Parts&... parts) const {
    fail(where, parts...);
  }

  void write_strings(const std::string& group, const std::string& name, const char* data, size_t size, size_t count,
                     bool is_scalar) {
    const TypeHandle type(H5Tcopy(H5T_C_S1));
    H5Tset_size(type.get(), size);
    H5Tset_strpad(type.get(), H5T_STR_NULLPAD);
    const hsize_t dims = count;
    const SpaceHandle space(is_scalar ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &dims, nullptr));
    const ObjectHandle object(H5Oopen(file.get(), group.c_str(), H5P_DEFAULT));
    AttributeHandle attribute(object ? H5Acreate2(object.get(), name.c_str(), type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT) : -1);
    if (!attribute || H5Awrite(attribute.get(), type.get(), data) < 0) damaged("attribute '", name, "' cannot be written");
  }
};

File::File(std::unique_ptr<State> state) : state_(std::move(state)) {}
File::File(File&&) noexcept = default;

File::~File() {
  if (state_ == nullptr) return;
  const Session session;
  state_->file.reset();
  if (!state_->temporary.empty()) std::remove(state_->temporary.c_str());
}

File File::open(std::string_view function, const std::string& path) {
  auto state = std::make_unique<State>(State{where_of(function, path), path, "", FileHandle(), nullptr});
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) state->damaged("there is no such file");
  const Session session;
  state->reader = IsolatedReader::start(state->where, path);
  if (state->reader == nullptr) state->reader = std::make_unique<LibraryReader>(state->where, path);
  return File(std::move(state));
}

File File::create(std::string_view function, const std::string& path) {
  const Session session;
  auto state = std::make_unique<State>(
      State{where_of(function, path), path, temporary_beside(path).string(), FileHandle(), nullptr});
  const PropertiesHandle access(H5Pcreate(H5P_FILE_ACCESS));
  // Any library of HDF5 1.8 and later reads it; attributes may be longer than an object's header.
  H5Pset_libver_bounds(access.get(), H5F_LIBVER_V18, H5F_LIBVER_LATEST);
  state->file = FileHandle(H5Fcreate(state->temporary.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.get()));
  if (!state->file) {
    state->temporary.clear();
    state->damaged("it cannot be written");
  }
  state->reader = std::make_unique<LibraryReader>(state->where, state->file.get());
  return File(std::move(state));
}

void File::commit() {
  const Session session;
  const bool flushed = H5Fflush(state_->file.get(), H5F_SCOPE_GLOBAL) >= 0;
  const bool written = state_->file.reset() && flushed && sync(state_->temporary);
  if (!written || std::rename(state_->temporary.c_str(), state_->path.c_str()) != 0) {
    state_->damaged("it cannot be written: ", std::strerror(errno));
  }
  state_->temporary.clear();
}

bool File::exists(const std::string& path) const {
  const Session session;
  return state_->reader->exists(path);
}

Shape File::shape(const std::string& path) const {
  const Session session;
  return state_->reader->shape(path);
}

Array File::read(const std::string& path, DType dtype) const {
  const Session session;
  return state_->reader->read(path, stored_dtype(dtype)).cast(dtype);
}

std::optional<std::string> File::text(const std::string& group, const std::string& name) const {
  const Session session;
  auto all = state_->reader->strings(group, name);
  if (!all) return std::nullopt;
  if (all->size() != 1) state_->damaged("attribute '", name, "' holds ", all->size(), " strings, not one");
  return std::move((*all)[0]);
}

std::optional<std::vector<std::string>> File::texts(const std::string& group, const std::string& name) const {
  const Session session;
  if (auto whole = state_->reader->strings(group, name)) return whole;
  std::vector<std::string> out;
  for (int part = 0;; ++part) {
    auto strings = state_->reader->strings(group, name + std::to_string(part));
    if (!strings) return part == 0 ? std::nullopt : std::optional(std::move(out));
    out.insert(out.end(), std::make_move_iterator(strings->begin()), std::make_move_iterator(strings->end()));
  }
}

void File::make_group(const std::string& path) {
  if (path == "/" || path.empty() || exists(path)) return;
  const Session session;
  const PropertiesHandle links(H5Pcreate(H5P_LINK_CREATE));
  H5Pset_create_intermediate_group(links.get(), 1);
  const ObjectHandle group(H5Gcreate2(state_->file.get(), path.c_str(), links.get(), H5P_DEFAULT, H5P_DEFAULT));
  if (!group) state_->damaged("group '", path, "' cannot be written");
}

void File::write(const std::string& path, const Array& given) {
  const Session session;
  const Array array = given.cast(stored_dtype(given.dtype()));
  const std::vector<hsize_t> dims(array.shape().begin(), array.shape().end());
  const SpaceHandle space(dims.empty() ? H5Screate(H5S_SCALAR)
                                       : H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr));
  const PropertiesHandle links(H5Pcreate(H5P_LINK_CREATE));
  H5Pset_create_intermediate_group(links.get(), 1);
  const DatasetHandle dataset(H5Dcreate2(state_->file.get(), path.c_str(), memory_type(array.dtype()), space.get(),
                                         links.get(), H5P_DEFAULT, H5P_DEFAULT));
  const bool written = dataset && (array.elements() == 0 || H5Dwrite(dataset.get(), memory_type(array.dtype()), H5S_ALL,
                                                                     H5S_ALL, H5P_DEFAULT, array.bytes_begin()) >= 0);
  if (!written) state_->damaged("'", path, "' cannot be written");
}

void File::write_text(const std::string& group, const std::string& name, const std::string& value) {
  const Session session;
  const std::string bytes = value.empty() ? std::string(1, '\0') : value;
  state_->write_strings(group, name, bytes.data(), bytes.size(), 1, /*is_scalar=*/true);
}

void File::write_texts(const std::string& group, const std::string& name, const std::vector<std::string>& values) {
  const Session session;
  size_t size = 1;
  for (const std::string& value : values) size = std::max(size, value.size());
  const size_t per_part = std::max<size_t>(kLargestAttribute / size, 1);
  const bool whole = values.size() <= per_part;
  for (size_t begin = 0, part = 0; begin < values.size() || part == 0; begin += per_part, ++part) {
    const size_t count = std::min(per_part, values.size() - begin);
    std::string bytes(size * count, '\0');
    for (size_t i = 0; i < count; ++i) std::copy(values[begin + i].begin(), values[begin + i].end(), bytes.begin() + static_cast<int64_t>(i * size));
    state_->write_strings(group, whole ? name : name + std::to_string(part), bytes.data(), size, count, /*is_scalar=*/false);
  }
}

}  // namespace keel::hdf5
