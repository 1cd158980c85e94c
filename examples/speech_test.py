"""Trains both speech examples for a while: they learn, and fail in one line."""

import os
import re
import subprocess
import sys
import tempfile
import unittest

DIGIT, NUMBERS, DATA = (os.path.abspath(path) for path in sys.argv[1:4])


class SpeechTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def run_program(self, program, *arguments):
        curve = os.path.join(self.folder, "curve.svg")
        return subprocess.run([program, "--data=" + DATA, "--curve=" + curve, *arguments], capture_output=True, text=True,
                              check=False)

    def check(self, program, epochs, right):
        done = self.run_program(program, "--epochs=%d" % epochs)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(len(re.findall(r"^epoch \d+/%d - .*$" % epochs, done.stdout, re.M)), epochs)
        percent = float(re.search(r"never heard: ([0-9.]+) %", done.stdout).group(1))
        self.assertTrue(right(percent), done.stdout[-500:])
        with open(os.path.join(self.folder, "curve.svg")) as file:
            self.assertIn("<polyline", file.read())

    def test_digit(self):
        self.check(DIGIT, 25, lambda percent: percent > 60)

    def test_numbers(self):
        self.check(NUMBERS, 40, lambda percent: percent < 50)

    def test_errors_are_one_line(self):
        for program in (DIGIT, NUMBERS):
            done = self.run_program(program, "--data=/no/such/file")
            self.assertEqual(done.returncode, 1)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
            self.assertIn("no such file", done.stderr)


if __name__ == "__main__":
    sys.argv[1:] = []
    unittest.main()
