import tempfile
import unittest
from pathlib import Path

import count_cases

_XML = "<testsuites><testsuite>%s</testsuite></testsuites>"
_PASS = '<testcase name="a" status="run" result="completed"/>'
_FAIL = '<testcase name="b" status="run"><failure message="x"/></testcase>'
_ERROR = '<testcase name="c"><error message="exited with error code 1"/></testcase>'
_SKIP = '<testcase name="d" status="run" result="skipped"><skipped message="no GPU"/></testcase>'
_DISABLED = '<testcase name="e" status="notrun" result="suppressed"/>'


class CountCasesTest(unittest.TestCase):
    def count(self, log, files):
        with tempfile.TemporaryDirectory() as folder:
            for path, cases in files.items():
                Path(folder, path).parent.mkdir(parents=True, exist_ok=True)
                Path(folder, path).write_text(_XML % cases if cases is not None else "<broken")
            return count_cases.count(log, folder)

    def test_cases_of_all_targets(self):
        self.assertEqual(self.count(
            "//core:a_test        PASSED in 0.1s\n//:b_test  (cached) PASSED in 0.1s\n",
            {"core/a_test/test.xml": _PASS + _PASS + _SKIP + _DISABLED, "b_test/test.xml": _PASS}),
            [3, 0, 2])

    def test_failures(self):
        self.assertEqual(self.count("//a:b   FAILED in 0.1s\n  /tmp/test.log\n",
                                    {"a/b/test.xml": _PASS + _FAIL + _ERROR}), [1, 2, 0])
        self.assertEqual(self.count("//a:b   TIMEOUT in 60s\n", {}), [0, 1, 0])

    def test_failure_outside_the_cases(self):
        self.assertEqual(self.count("//a:b   FAILED in 0.1s\n", {"a/b/test.xml": _PASS}), [1, 1, 0])
        self.assertEqual(self.count("//a:b   FAILED in 0.1s\n", {"a/b/test.xml": None}), [0, 1, 0])

    def test_results_of_earlier_runs(self):
        self.assertEqual(self.count("//a:b   FAILED TO BUILD\n//a:c   NO STATUS\n",
                                    {"a/b/test.xml": _PASS, "a/c/test.xml": _PASS, "a/d/test.xml": _PASS}),
                         [0, 2, 0])

    def test_shards(self):
        self.assertEqual(self.count("//a:b   PASSED in 1.0s\n  Stats over 2 runs: max = 1.0s\n",
                                    {"a/b/shard_1_of_2/test.xml": _PASS, "a/b/shard_2_of_2/test.xml": _PASS}),
                         [2, 0, 0])

    def test_a_target_without_cases(self):
        self.assertEqual(self.count("//a:b   PASSED in 0.1s\n", {}), [1, 0, 0])

    def test_lines_that_are_no_result(self):
        self.assertEqual(self.count("INFO: 1 process\n//a:b is good\n//a:c   SKIPPED\n", {}), [0, 0, 0])


if __name__ == "__main__":
    unittest.main()
