#include "layers_support/saving/hdf5_file.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "layers_support/saving/handles.h"

namespace keel::hdf5 {
namespace {

// An attribute must fit an object's header; Keras cuts lists of names into parts of this size.
constexpr size_t kLargestAttribute = 64512;
// No text of a Keras file is a tenth as long; a damaged file may say anything.
constexpr size_t kLargestText = size_t{1} << 30;

// How numbers of a dtype lie in memory, as the library calls it; 16-bit floats go through float32.
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

// The dtype that an array has on its way to or from a file.
DType stored_dtype(DType dtype) {
  if (dtype == DType::kFloat16 || dtype == DType::kBfloat16) return DType::kFloat32;
  return dtype.is_bool() ? DType(DType::kUint8) : dtype;
}

// Fixed or variable length, with or without a zero at the end: as text of C.
std::string trimmed(const char* text, size_t size) { return std::string(text, strnlen(text, size)); }

std::filesystem::path temporary_beside(const std::string& path) {
  return path + ".writing." + std::to_string(getpid());
}

// Whether f() returns, tried in a process of its own: libhdf5 1.10 crashes over damaged text of variable
// length. Where there can be no process, yes.
template <typename F>
bool returns(F&& f) {
  const pid_t child = fork();
  if (child == 0) {
    constexpr rlimit kNone{0, 0};
    setrlimit(RLIMIT_CORE, &kNone);
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGABRT}) std::signal(signal, SIG_DFL);
    close(STDERR_FILENO);
    alarm(60);  // It may also search forever.
    f();
    _exit(0);
  }
  int status = 0;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status == 0;
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
  std::string function, path;
  std::string temporary;  // Where it is written; empty for a file to read.
  FileHandle file;

  template <typename... Parts>
  [[noreturn]] void damaged(const Parts&... parts) const {
    fail(function, ": '", path, "': ", parts...);
  }

  AttributeHandle attribute(const std::string& group, const std::string& name) const {
    if (H5Aexists_by_name(file.get(), group.c_str(), name.c_str(), H5P_DEFAULT) <= 0) return AttributeHandle();
    return AttributeHandle(H5Aopen_by_name(file.get(), group.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT));
  }

  // The strings of one attribute, however they are kept.
  std::vector<std::string> strings(const AttributeHandle& attribute, const std::string& name) const {
    const TypeHandle type(H5Aget_type(attribute.get()));
    const SpaceHandle space(H5Aget_space(attribute.get()));
    const hssize_t count = space ? H5Sget_simple_extent_npoints(space.get()) : -1;
    if (!type || count < 0 || H5Tget_class(type.get()) != H5T_STRING) {
      // h5py keeps an empty list as one of numbers.
      if (count == 0) return {};
      damaged("attribute '", name, "' is no text");
    }
    std::vector<std::string> out;
    if (H5Tis_variable_str(type.get()) > 0) {
      if (static_cast<size_t>(count) > kLargestText / sizeof(char*)) damaged("attribute '", name, "' is too long");
      std::vector<char*> texts(count, nullptr);
      if (count > 0 && H5Aread(attribute.get(), type.get(), texts.data()) < 0) damaged("attribute '", name, "' cannot be read");
      for (const char* text : texts) out.emplace_back(text == nullptr ? "" : text);
      H5Dvlen_reclaim(type.get(), space.get(), H5P_DEFAULT, texts.data());
      return out;
    }
    const size_t size = H5Tget_size(type.get());
    if (size == 0 || static_cast<size_t>(count) > kLargestText / size) damaged("attribute '", name, "' is too long");
    std::vector<char> bytes(size * count);
    if (count > 0 && H5Aread(attribute.get(), type.get(), bytes.data()) < 0) damaged("attribute '", name, "' cannot be read");
    for (hssize_t i = 0; i < count; ++i) out.push_back(trimmed(bytes.data() + i * size, size));
    return out;
  }

  // Reads all text in the file.
  void read_all_text() const {
    const auto read_attribute = [](hid_t object, const char* name, const H5A_info_t*, void* self) -> herr_t {
      try {
        static_cast<const State*>(self)->strings(AttributeHandle(H5Aopen(object, name, H5P_DEFAULT)), name);
      } catch (const ValueError&) {  // Whoever reads it will say so.
      }
      return 0;
    };
    const auto visit = [](hid_t root, const char* name, const H5O_info_t*, void* self) -> herr_t {
      H5Aiterate_by_name(root, name, H5_INDEX_NAME, H5_ITER_NATIVE, nullptr, decltype(read_attribute){}, self, H5P_DEFAULT);
      return 0;
    };
    void* const self = const_cast<State*>(this);
#if H5_VERSION_GE(1, 12, 0)
    H5Ovisit3(file.get(), H5_INDEX_NAME, H5_ITER_NATIVE, visit, self, H5O_INFO_BASIC);
#else
    H5Ovisit2(file.get(), H5_INDEX_NAME, H5_ITER_NATIVE, visit, self, H5O_INFO_BASIC);
#endif
  }

  DatasetHandle dataset(const std::string& name) const {
    DatasetHandle out(H5Dopen2(file.get(), name.c_str(), H5P_DEFAULT));
    if (!out) damaged("there is no array '", name, "'");
    return out;
  }

  Shape shape_of(const DatasetHandle& dataset, const std::string& name) const {
    const SpaceHandle space(H5Dget_space(dataset.get()));
    const int rank = space ? H5Sget_simple_extent_ndims(space.get()) : -1;
    if (rank < 0 || rank > 32) damaged("the shape of '", name, "' cannot be read");
    std::vector<hsize_t> dims(rank);
    H5Sget_simple_extent_dims(space.get(), dims.data(), nullptr);
    Shape shape;
    for (const hsize_t dim : dims) {
      if (dim > static_cast<hsize_t>(INT64_MAX)) damaged("the shape of '", name, "' is out of range");
      shape.push_back(static_cast<int64_t>(dim));
    }
    return shape;
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
  const Session session;
  auto state = std::make_unique<State>(State{std::string(function), path, "", FileHandle()});
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) state->damaged("there is no such file");
  state->file = FileHandle(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT));
  if (!state->file) state->damaged("it is no HDF5 file, or a damaged one");
  if (!returns([&] { state->read_all_text(); })) state->damaged("the file is damaged");
  return File(std::move(state));
}

File File::create(std::string_view function, const std::string& path) {
  const Session session;
  auto state = std::make_unique<State>(State{std::string(function), path, temporary_beside(path).string(), FileHandle()});
  const PropertiesHandle access(H5Pcreate(H5P_FILE_ACCESS));
  // Any library of HDF5 1.8 and later reads it; attributes may be longer than an object's header.
  H5Pset_libver_bounds(access.get(), H5F_LIBVER_V18, H5F_LIBVER_LATEST);
  state->file = FileHandle(H5Fcreate(state->temporary.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.get()));
  if (!state->file) {
    state->temporary.clear();
    state->damaged("it cannot be written");
  }
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
  // The library asks for each part of a path in turn.
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (part != "/" && H5Lexists(state_->file.get(), part.c_str(), H5P_DEFAULT) <= 0) return false;
    if (end == std::string::npos) return H5Oexists_by_name(state_->file.get(), path.c_str(), H5P_DEFAULT) > 0;
  }
}

Shape File::shape(const std::string& path) const {
  const Session session;
  return state_->shape_of(state_->dataset(path), path);
}

Array File::read(const std::string& path, DType dtype) const {
  const Session session;
  const DatasetHandle dataset = state_->dataset(path);
  const TypeHandle type(H5Dget_type(dataset.get()));
  const H5T_class_t kind = type ? H5Tget_class(type.get()) : H5T_NO_CLASS;
  if (kind != H5T_FLOAT && kind != H5T_INTEGER) state_->damaged("'", path, "' holds no numbers");
  Array array(state_->shape_of(dataset, path), stored_dtype(dtype));
  if (array.elements() > 0 &&
      H5Dread(dataset.get(), memory_type(array.dtype()), H5S_ALL, H5S_ALL, H5P_DEFAULT, array.bytes_begin()) < 0) {
    state_->damaged("'", path, "' cannot be read: the file is damaged");
  }
  return array.cast(dtype);
}

std::optional<std::string> File::text(const std::string& group, const std::string& name) const {
  const Session session;
  const AttributeHandle attribute = state_->attribute(group, name);
  if (!attribute) return std::nullopt;
  std::vector<std::string> all = state_->strings(attribute, name);
  if (all.size() != 1) state_->damaged("attribute '", name, "' holds ", all.size(), " strings, not one");
  return std::move(all[0]);
}

std::optional<std::vector<std::string>> File::texts(const std::string& group, const std::string& name) const {
  const Session session;
  if (const AttributeHandle whole = state_->attribute(group, name)) return state_->strings(whole, name);
  std::vector<std::string> out;
  for (int part = 0;; ++part) {
    const std::string part_name = name + std::to_string(part);
    const AttributeHandle attribute = state_->attribute(group, part_name);
    if (!attribute) return part == 0 ? std::nullopt : std::optional(std::move(out));
    for (std::string& text : state_->strings(attribute, part_name)) out.push_back(std::move(text));
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
