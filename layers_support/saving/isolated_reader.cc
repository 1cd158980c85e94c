#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <utility>

#include "layers_support/saving/reader.h"

namespace keel::hdf5 {
namespace {

enum Request : char { kExists, kShape, kRead, kStrings };

// -- What both sides say: numbers as they are, text after its length. ------------------------------

bool send_all(int socket, const void* from, size_t size) {
  const char* at = static_cast<const char*>(from);
  while (size > 0) {
    const ssize_t sent = send(socket, at, size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    at += sent;
    size -= static_cast<size_t>(sent);
  }
  return true;
}

bool receive_all(int socket, void* to, size_t size) {
  char* at = static_cast<char*>(to);
  while (size > 0) {
    const ssize_t got = recv(socket, at, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    size -= static_cast<size_t>(got);
  }
  return true;
}

template <typename T>
void append(std::string& to, T value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void append_text(std::string& to, const std::string& text) {
  append(to, static_cast<uint64_t>(text.size()));
  to += text;
}

// -- The child. ------------------------------------------------------------------------------------

// Answers requests until nobody asks any more. Ends without a return: nothing of the parent's is to run here.
class Child {
 public:
  explicit Child(int socket) : socket_(socket) {}

  [[noreturn]] void run(const std::string& where, const std::string& path) {
    limit(path);
    alarm(kSeconds);
    LibraryReader* reader = nullptr;
    answer([&](std::string&) { reader = new LibraryReader(where, path); });
    while (reader != nullptr) {
      alarm(0);
      const char request = receive<char>();
      alarm(kSeconds);
      const std::string first = receive_text();
      switch (request) {
        case kExists:
          answer([&](std::string& out) { append(out, reader->exists(first)); });
          break;
        case kShape:
          answer([&](std::string& out) { append_shape(out, reader->shape(first)); });
          break;
        case kRead: {
          const DType dtype(static_cast<DType::Kind>(receive<int32_t>()));
          Array array;
          answer([&](std::string& out) {
            array = reader->read(first, dtype);
            append_shape(out, array.shape());
          });
          if (array.defined()) send_or_end(array.bytes_begin(), byte_size(array.shape(), array.dtype()));
          break;
        }
        default: {
          const std::string name = receive_text();
          answer([&](std::string& out) {
            const auto strings = reader->strings(first, name);
            append(out, strings ? static_cast<int64_t>(strings->size()) : int64_t{-1});
            for (size_t i = 0; strings && i < strings->size(); ++i) append_text(out, (*strings)[i]);
          });
        }
      }
    }
    _exit(0);
  }

 private:
  // A request that takes longer, or a file of this size that takes more of the processor, is a search without end.
  static constexpr unsigned kSeconds = 600;
  static void limit(const std::string& path) {
    struct stat file = {};
    const rlim_t bytes = stat(path.c_str(), &file) == 0 ? static_cast<rlim_t>(file.st_size) : 0;
    const rlim_t seconds = 1 + bytes / 10000000;
    const rlimit none{0, 0}, time{seconds, seconds + 1};
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_CPU, &time);
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGALRM, SIGXCPU}) std::signal(signal, SIG_DFL);
    close(STDERR_FILENO);  // The last words of a crash are nobody's.
  }

  static void append_shape(std::string& to, const Shape& shape) {
    append(to, static_cast<int64_t>(shape.rank()));
    for (const int64_t size : shape) append(to, size);
  }

  // Sends 1 and what f() has to say, or 0 and why it could not.
  template <typename F>
  void answer(F&& f) {
    std::string out;
    append(out, char{1});
    try {
      f(out);
    } catch (const std::exception& error) {
      out.clear();
      append(out, char{0});
      append_text(out, error.what());
    }
    send_or_end(out.data(), out.size());
  }

  void send_or_end(const void* from, size_t size) {
    if (!send_all(socket_, from, size)) _exit(0);
  }
  template <typename T>
  T receive() {
    T value;
    if (!receive_all(socket_, &value, sizeof value)) _exit(0);
    return value;
  }
  std::string receive_text() {
    std::string text(receive<uint64_t>(), '\0');
    if (!receive_all(socket_, text.data(), text.size())) _exit(0);
    return text;
  }

  const int socket_;
};

std::string request_of(Request request, const std::string& path) {
  std::string out(1, request);
  append_text(out, path);
  return out;
}

}  // namespace

// -- The parent. -----------------------------------------------------------------------------------

std::unique_ptr<IsolatedReader> IsolatedReader::start(const std::string& where, const std::string& path) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return nullptr;
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    Child(ends[1]).run(where, path);
  }
  close(ends[1]);
  if (child < 0) {
    close(ends[0]);
    return nullptr;
  }
  std::unique_ptr<IsolatedReader> reader(new IsolatedReader(where, ends[0], child));
  reader->ask("");
  return reader;
}

IsolatedReader::~IsolatedReader() {
  // Another child may hold this end too, so that closing it alone would not end the conversation.
  shutdown(socket_, SHUT_RDWR);
  close(socket_);
  while (waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void IsolatedReader::receive_bytes(void* to, size_t size) {
  if (!receive_all(socket_, to, size)) fail(where_, "the file is damaged");
}

template <typename T>
T IsolatedReader::receive() {
  T value;
  receive_bytes(&value, sizeof value);
  return value;
}

std::string IsolatedReader::receive_text() {
  std::string text(receive<uint64_t>(), '\0');
  receive_bytes(text.data(), text.size());
  return text;
}

void IsolatedReader::ask(const std::string& request) {
  if (!send_all(socket_, request.data(), request.size())) fail(where_, "the file is damaged");
  if (receive<char>() == 0) fail(receive_text());
}

bool IsolatedReader::exists(const std::string& path) {
  ask(request_of(kExists, path));
  return receive<bool>();
}

Shape IsolatedReader::shape(const std::string& path) {
  ask(request_of(kShape, path));
  Shape shape;
  for (int64_t rank = receive<int64_t>(); rank > 0; --rank) shape.push_back(receive<int64_t>());
  return shape;
}

Array IsolatedReader::read(const std::string& path, DType dtype) {
  std::string request = request_of(kRead, path);
  append(request, static_cast<int32_t>(dtype.kind()));
  ask(request);
  Shape shape;
  for (int64_t rank = receive<int64_t>(); rank > 0; --rank) shape.push_back(receive<int64_t>());
  Array array(shape, dtype);
  receive_bytes(array.bytes_begin(), byte_size(shape, dtype));
  return array;
}

std::optional<std::vector<std::string>> IsolatedReader::strings(const std::string& group, const std::string& name) {
  std::string request = request_of(kStrings, group);
  append_text(request, name);
  ask(request);
  const auto count = receive<int64_t>();
  if (count < 0) return std::nullopt;
  std::vector<std::string> out;
  for (int64_t i = 0; i < count; ++i) out.push_back(receive_text());
  return out;
}

}  // namespace keel::hdf5
