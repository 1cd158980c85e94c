#include "examples/npy.h"

#include <cstring>
#include <fstream>
#include <iterator>
#include <regex>
#include <utility>
#include <vector>

namespace keel::examples {
namespace {

// NumPy's names of dtypes, with `<` for little-endian; single bytes have `|`.
constexpr std::pair<const char*, DType::Kind> kTypes[] = {
    {"b1", DType::kBool},  {"u1", DType::kUint8},   {"i1", DType::kInt8},    {"u2", DType::kUint16},
    {"i2", DType::kInt16}, {"u4", DType::kUint32},  {"i4", DType::kInt32},   {"u8", DType::kUint64},
    {"i8", DType::kInt64}, {"f2", DType::kFloat16}, {"f4", DType::kFloat32}, {"f8", DType::kFloat64}};

constexpr char kMagic[] = "\x93NUMPY";
constexpr size_t kMagicSize = 6;

// One value of the header's dictionary: what stands behind 'key':.
std::string value_of(const std::string& path, const std::string& header, const std::string& key, const char* pattern) {
  std::smatch match;
  const std::regex expression("'" + key + "'\\s*:\\s*" + pattern);
  if (!std::regex_search(header, match, expression)) fail("'", path, "': the header of the .npy file has no readable '", key, "'");
  return match[1];
}

Shape shape_of(const std::string& path, const std::string& text) {
  Shape shape;
  static const std::regex number("[0-9]+");
  for (auto it = std::sregex_iterator(text.begin(), text.end(), number); it != std::sregex_iterator(); ++it) {
    if (it->str().size() > 18) fail("'", path, "': a size is out of range");
    shape.push_back(std::stoll(it->str()));
  }
  return shape;
}

}  // namespace

Array read_npy(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail("'", path, "': there is no such file");
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (bytes.size() < 12 || bytes.compare(0, kMagicSize, kMagic, kMagicSize) != 0) fail("'", path, "': it is no .npy file");
  const size_t length_bytes = bytes[6] == 1 ? 2 : 4;
  size_t length = 0;
  for (size_t i = length_bytes; i-- > 0;) length = length << 8 | static_cast<unsigned char>(bytes[8 + i]);
  const size_t begin = 8 + length_bytes;
  if (length > bytes.size() - begin) fail("'", path, "': the .npy file is cut short");
  const std::string header = bytes.substr(begin, length);
  const std::string type = value_of(path, header, "descr", "'([^']*)'");
  if (value_of(path, header, "fortran_order", "(True|False)") == "True") {
    fail("'", path, "': the array lies in Fortran's order; save numpy.ascontiguousarray(x)");
  }
  const Shape shape = shape_of(path, value_of(path, header, "shape", "\\(([^)]*)\\)"));
  for (const auto& [name, kind] : kTypes) {
    if (type != std::string("<") + name && type != std::string("|") + name) continue;
    const int64_t wanted = byte_size(shape, kind);
    if (static_cast<uint64_t>(wanted) != bytes.size() - begin - length) {
      fail("'", path, "': ", shape, " of ", DType(kind), " are ", wanted, " bytes but the .npy file holds ",
           bytes.size() - begin - length);
    }
    Array array(shape, kind);
    std::memcpy(array.bytes_begin(), bytes.data() + begin + length, wanted);
    return array;
  }
  fail("'", path, "': arrays of type '", type, "' are not read; little-endian numbers are");
}

void write_npy(const std::string& path, const Array& given) {
  const Array array = given.dtype() == DType::kBfloat16 ? given.cast(DType::kFloat32) : given;
  std::string type;
  for (const auto& [name, kind] : kTypes) {
    if (array.dtype() == kind) type = (array.dtype().size() == 1 ? "|" : "<") + std::string(name);
  }
  std::string header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + array.shape().to_string() + ", }";
  // Data begin at a multiple of 64 bytes.
  header.append(63 - (kMagicSize + 4 + header.size()) % 64, ' ');
  header += '\n';
  std::string start(kMagic, kMagicSize);
  start += {'\1', '\0', static_cast<char>(header.size() & 255), static_cast<char>(header.size() >> 8)};
  std::ofstream file(path, std::ios::binary);
  file << start << header;
  file.write(reinterpret_cast<const char*>(array.bytes_begin()), array.bytes());
  if (!file.flush()) fail("'", path, "' cannot be written");
}

}  // namespace keel::examples
