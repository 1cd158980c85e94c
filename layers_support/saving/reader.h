// What is read from HDF5 files, by the library in this process or in one of its own.
#ifndef KEEL_LAYERS_SUPPORT_SAVING_READER_H_
#define KEEL_LAYERS_SUPPORT_SAVING_READER_H_

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "keel.h"
#include "layers_support/saving/handles.h"

namespace keel::hdf5 {

// ValueErrors begin with "function: 'path': ".
class Reader {
 public:
  virtual ~Reader() = default;
  virtual bool exists(const std::string& path) = 0;
  // Of an array of numbers: its size, and its elements converted to `dtype`, which is a stored_dtype().
  virtual Shape shape(const std::string& path) = 0;
  virtual Array read(const std::string& path, DType dtype) = 0;
  // The strings of one attribute; nothing where there is none of that name.
  virtual std::optional<std::vector<std::string>> strings(const std::string& group, const std::string& name) = 0;
};

// The dtype that an array has on its way to or from a file: 16-bit floats go as float32, bools as bytes.
DType stored_dtype(DType dtype);
// How its elements lie in memory, as the library calls it.
hid_t memory_type(DType dtype);

// By the library. Who calls it holds a Session.
class LibraryReader final : public Reader {
 public:
  // Of a file that stays open as long as the reader lives.
  LibraryReader(std::string where, hid_t file) : where_(std::move(where)), file_(file) {}
  // Opens a file.
  LibraryReader(std::string where, const std::string& path);

  bool exists(const std::string& path) override;
  Shape shape(const std::string& path) override;
  Array read(const std::string& path, DType dtype) override;
  std::optional<std::vector<std::string>> strings(const std::string& group, const std::string& name) override;

 private:
  DatasetHandle dataset(const std::string& path) const;
  Shape shape_of(const DatasetHandle& dataset, const std::string& path) const;

  const std::string where_;
  FileHandle opened_;
  hid_t file_;
};

// By a process of its own. libhdf5 1.10 crashes over damaged files, and may search in them forever: what
// dies then is that process, and whoever asked it gets a ValueError.
//
// The process is a fork of this one. Of the other threads of this process it sees only what they held at that
// moment; it needs nothing of that but malloc, which glibc keeps usable, and the library, which is at rest
// while a Session is held. Should it yet wait forever, an alarm ends it.
class IsolatedReader final : public Reader {
 public:
  // Null where no process can be had. Who calls it holds a Session. ValueError as of LibraryReader.
  static std::unique_ptr<IsolatedReader> start(const std::string& where, const std::string& path);
  ~IsolatedReader() override;

  bool exists(const std::string& path) override;
  Shape shape(const std::string& path) override;
  Array read(const std::string& path, DType dtype) override;
  std::optional<std::vector<std::string>> strings(const std::string& group, const std::string& name) override;

 private:
  IsolatedReader(std::string where, int socket, pid_t child) : where_(std::move(where)), socket_(socket), child_(child) {}
  // Sends a request, if any, and reads whether it went well; ValueError where it did not.
  void ask(const std::string& request);
  template <typename T>
  T receive();
  void receive_bytes(void* to, size_t size);
  std::string receive_text();

  const std::string where_;
  const int socket_;
  const pid_t child_;
};

}  // namespace keel::hdf5

#endif  // KEEL_LAYERS_SUPPORT_SAVING_READER_H_
