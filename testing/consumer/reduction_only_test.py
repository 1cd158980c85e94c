"""reduction_only_test.py PROGRAM LISTING: PROGRAM runs and holds only families that it stands on.

LISTING names the static libraries of all of Keel. What only a foreign family's library defines must
not be in PROGRAM. Weak symbols other than tables of virtual functions say nothing: a template's
instance has no home.
"""

import os
import subprocess
import sys
import tempfile

STANDS_ON = {"math", "array", "reduction"}


def defined(path):
    """The symbols that the program or library `path` defines."""
    listing = subprocess.run(["nm", "--defined-only", "--format=posix", path],
                             check=True, stdout=subprocess.PIPE, universal_newlines=True).stdout
    fields = [line.split(" ") for line in listing.splitlines()]
    return {f[0] for f in fields if len(f) > 1 and (f[1] in "TDBRu" or f[1] == "V" and f[0].startswith("_ZTV"))}


def family(archive):
    """`nn` of `ops/nn/libsoftmax.a`; None of what is in no family."""
    parts = archive.split("/")
    return parts[1] if parts[0] == "ops" and len(parts) > 2 else None


def stripped_size(program):
    with tempfile.TemporaryDirectory() as folder:
        stripped = os.path.join(folder, "stripped")
        subprocess.run(["strip", "-o", stripped, program], check=True)
        return os.path.getsize(stripped)


def main(program, listing):
    print(subprocess.run([program], check=True, stdout=subprocess.PIPE, universal_newlines=True).stdout)
    allowed, foreign = set(), {}
    with open(listing) as lines:
        for archive in lines.read().split():
            name = family(archive)
            if name is None or name in STANDS_ON:
                allowed |= defined(archive)
            else:
                foreign.setdefault(name, set()).update(defined(archive))
    own = defined(program)
    bad = False
    for name, symbols in sorted(foreign.items()):
        there = sorted((symbols - allowed) & own)
        print("%s: %d of its %d symbols are in the program %s" % (
            name, len(there), len(symbols - allowed), there[:5]))
        # A family with no symbol of its own would mean that this test looks at nothing.
        bad = bad or there or not symbols - allowed
    print("stripped size: %d bytes" % stripped_size(program))
    # What is looked for can be found: the program's own family is seen by the same means.
    if not foreign or not allowed & own:
        print("%s names no other family, or nothing of the program is known" % listing)
        bad = True
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
