// The part of HDF5 that Keras's files use: groups, arrays of numbers, and attributes of text.
//
// All errors are ValueErrors that name the file and what is wrong in it. The library underneath is not
// thread-safe; calls here come one after the other.
#ifndef KEEL_LAYERS_SUPPORT_SAVING_HDF5_FILE_H_
#define KEEL_LAYERS_SUPPORT_SAVING_HDF5_FILE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keel.h"

namespace keel::hdf5 {

// A file, opened to read or made to write. Paths inside are like "/model_weights/dense_1".
class File {
 public:
  // ValueError, in the name of `function`, where there is no such file, or it is no HDF5 file.
  static File open(std::string_view function, const std::string& path);
  // Makes a file to be written; nothing is at `path` before commit().
  static File create(std::string_view function, const std::string& path);
  // What was not committed is thrown away.
  ~File();
  File(File&&) noexcept;
  File& operator=(File&&) = delete;

  // Ends writing: the file is on disk, in place of what was at `path`, or (after an error) nothing has
  // changed.
  void commit();

  bool exists(const std::string& path) const;
  // The size of an array of numbers; ValueError where there is none at `path`.
  Shape shape(const std::string& path) const;
  // Its elements, converted to `dtype`.
  Array read(const std::string& path, DType dtype) const;
  // Text at a group: one string, several, or nothing where there is no such attribute. Long lists are
  // in parts, "name0", "name1" …, as Keras writes them.
  std::optional<std::string> text(const std::string& group, const std::string& name) const;
  std::optional<std::vector<std::string>> texts(const std::string& group, const std::string& name) const;

  // Makes a group, and those above it.
  void make_group(const std::string& path);
  void write(const std::string& path, const Array& array);
  void write_text(const std::string& group, const std::string& name, const std::string& value);
  void write_texts(const std::string& group, const std::string& name, const std::vector<std::string>& values);

 private:
  struct State;
  explicit File(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace keel::hdf5

#endif  // KEEL_LAYERS_SUPPORT_SAVING_HDF5_FILE_H_
