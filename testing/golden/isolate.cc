#include "testing/golden/isolate.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace keel::golden {
namespace {

[[noreturn]] void fail_system(const char* what) {
  throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

std::string read_all(int file) {
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t n = read(file, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return text;
    text.append(buffer, n);
  }
}

void write_all(int file, const std::string& text) {
  for (size_t done = 0; done < text.size();) {
    const ssize_t n = write(file, text.data() + done, text.size() - done);
    if (n < 0 && errno != EINTR) return;
    if (n > 0) done += n;
  }
}

}  // namespace

std::string isolated(const std::function<std::string()>& work, int seconds, const std::string& crashed) {
  int ends[2];
  if (pipe(ends) != 0) fail_system("pipe");
  const pid_t child = fork();
  if (child < 0) fail_system("fork");
  if (child == 0) {
    close(ends[0]);
    alarm(seconds);
    write_all(ends[1], work());
    // Neither destructors nor buffers of what this is a copy of.
    _exit(0);
  }
  close(ends[1]);
  const std::string text = read_all(ends[0]);
  close(ends[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) return crashed + strsignal(WTERMSIG(status));
  if (WEXITSTATUS(status) != 0) return crashed + "exit status " + std::to_string(WEXITSTATUS(status));
  return text;
}

}  // namespace keel::golden
