"""micro_ops_test.py SOURCE: the CUDA expression of every micro-op in the tree is in SOURCE, the tested programs."""

import re
import sys
import unittest
from pathlib import Path

SOURCE = Path(sys.argv.pop(1))
ROOT = Path(__file__).resolve().parents[2]
_EXPORT = re.compile(r'KEEL_EXPORT_MICRO_OP\(\s*(\w+),\s*"\w+",\s*\d,\s*((?:"[^"]*"\s*)+)')


class MicroOps(unittest.TestCase):
    def test_every_expression_is_tested(self):
        code = SOURCE.read_text()
        found = 0
        for folder in ("core", "ops"):
            for path in sorted((ROOT / folder).rglob("*.cc")):
                if path.name.startswith("test_") or path.name.endswith(("_test.cc", "_bench.cc")):
                    continue
                for name, literals in _EXPORT.findall(path.read_text()):
                    expression = "".join(re.findall(r'"([^"]*)"', literals))
                    found += 1
                    self.assertTrue("(" + expression + ")" in code,  # assertIn would print all of it.
                                    "%s of %s: add a graph that has it to loop_cases.cc" % (name, path.relative_to(ROOT)))
        self.assertGreater(found, 20)


if __name__ == "__main__":
    unittest.main()
