"""Checks the rules of this house over the source tree; prints `file:line: what is wrong`.

1. Includes point one way: examples -> layers_support -> keel.h -> ops -> cuda -> core, and within
   ops from later families to earlier ones.
2. A family includes the public headers of another, never its kernels or sources.
3. Every function and class that a header of core or ops declares has a comment.
4. What is compiled once per SIMD target first includes core/simd_targets.h, which says for which.
5. Nothing is left undone, and no file asks the compiler for one machine's instructions.
"""

import fnmatch
import os
import re
import sys
from pathlib import Path

import cpp_declarations

# A file may include what has a rank up to its own. `testing` and `benchmarks` may see everything;
# only tests include them.
RANKS = {"core": 0, "cuda": 1, "ops": 2, "": 3, "layers_support": 4, "python": 5, "examples": 5,
         "testing": 6, "benchmarks": 6, "docs": 7}

# Each may include the ones before it. DESIGN.md lists random after ctc; it stands before nn here
# because dropout draws its mask from it.
FAMILIES = ["math", "array", "reduction", "random", "nn", "conv", "rnn", "ctc", "control"]

# What other families' kernels may build on: the panels of the matrix product, which convolutions pack
# their patches into; functions of vectors; rows of exponentials, which softmax shares with logsumexp.
SHARED_KERNELS = ["ops/math/gem*", "ops/math/lanes-inl.h",
                  "ops/math/bounds-inl.h", "ops/math/exponential-inl.h", "ops/reduction/exp_rows-inl.h"]

# Programs at the end of every chain: whatever they include, nothing links more for it.
LEAVES = ["*_test.cc", "*_fuzzer.cc", "*_benchmark.cc"]

PRIVATE = ["*_kernel.h", "*-inl.h", "*.cc", "*.cu"]
SOURCES = (".h", ".cc", ".cu")

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.M)
# Put together from halves, so that this file does not hold what it looks for.
_UNDONE = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b"
                     r"|(?i:not (yet )?imple" r"mented|unimple" r"mented)")
_MACHINE = re.compile(r"-mar" r"ch=")


def matches(path, patterns):
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def top(path):
    return path.split("/")[0] if "/" in path else ""


def family(path):
    parts = path.split("/")
    return parts[1] if parts[0] == "ops" and len(parts) > 2 else None


def include_error(path, included, exists):
    """Why the file `path` must not include `included`; None where it may."""
    if not exists(included):
        beside = os.path.normpath(os.path.join(os.path.dirname(path), included)).replace(os.sep, "/")
        if exists(beside):
            return 'include "%s" by its path from the root: "%s"' % (included, beside)
        return None  # A library's.
    if top(included) not in RANKS:
        return "%s is in a folder that has no place in RANKS" % included
    own, other = family(path), family(included)
    for name in (own, other):
        if name and name not in FAMILIES:
            return "ops/%s is a family that has no place in FAMILIES" % name
    is_leaf = matches(path, LEAVES)
    if not is_leaf and RANKS[top(included)] > RANKS.get(top(path), 6):
        return "%s stands above %s" % (included, top(path) or "the root")
    if own and other and own != other:
        if not is_leaf and FAMILIES.index(other) > FAMILIES.index(own):
            return "family %s stands above %s" % (other, own)
        if matches(included, PRIVATE) and not matches(included, SHARED_KERNELS):
            return "%s is private to family %s" % (included, other)
    return None


def is_public_header(path):
    if not path.endswith(".h") or path.endswith("-inl.h"):
        return False
    return top(path) in ("", "core", "ops", "layers_support")


def check_file(path, text, exists):
    """Yields (line, message) for the file `path`, relative to the root."""
    if path.endswith(SOURCES):
        for match in _INCLUDE.finditer(text):
            error = include_error(path, match.group(1), exists)
            if error:
                yield line_of(text, match.start()), error
        included = _INCLUDE.findall(text)
        if "hwy/foreach_target.h" in included and included[0] != "core/simd_targets.h":
            yield 1, "the first include must be core/simd_targets.h"
    if is_public_header(path):
        for line, name in cpp_declarations.undocumented(text):
            yield line, "%s has no comment above it" % name
    for match in _UNDONE.finditer(text):
        yield line_of(text, match.start()), "'%s': do it or leave it out" % match.group(0)
    if not path.endswith(".md"):
        for match in _MACHINE.finditer(text):
            yield line_of(text, match.start()), "%s: kernels choose their target at run time" % match.group(0)


def source_files(root):
    """The tree's text files, relative to `root`; neither Bazel's nor git's."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders if f == ".ci" or not f.startswith((".", "bazel-")))
        for name in sorted(files):
            path = Path(folder, name)
            if not path.is_symlink():
                yield path.relative_to(root).as_posix()


def check_tree(root):
    """All that is wrong under the folder `root`, as sorted lines of text."""
    found = []
    for path in source_files(root):
        data = Path(root, path).read_bytes()
        if b"\0" in data:
            continue
        text = data.decode("utf-8", errors="replace")
        for line, message in check_file(path, text, lambda p: Path(root, p).is_file()):
            found.append("%s:%d: %s" % (path, line, message))
    return found


def main():
    root = Path(__file__).resolve().parents[2]
    if not (root / "WORKSPACE").is_file():
        print("%s is not the source tree" % root)
        return 1
    found = check_tree(root)
    print("\n".join(found) or "%d files, nothing wrong" % len(list(source_files(root))))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
