"""digits_test.py PROGRAM DATA: what the digits program promises, on a short run."""

import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM, DATA = sys.argv.pop(1), sys.argv.pop(1)


def read(path):
    with open(path) as file:
        return file.read()


def run(*flags):
    """The exit status, standard output and standard error of the program."""
    with tempfile.TemporaryDirectory() as folder:
        curve = os.path.join(folder, "curve.svg")
        done = subprocess.run([PROGRAM, "--data=" + os.path.abspath(DATA), "--epochs=2", "--curve=" + curve, *flags],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
        drawn = os.path.exists(curve) and read(curve).startswith("<svg")
        return done.returncode, done.stdout.replace(folder, ""), done.stderr, drawn


class Digits(unittest.TestCase):
    def test_numbers_do_not_depend_on_threads(self):
        one = run("--threads=1")
        self.assertEqual(one[0], 0)
        self.assertEqual(one, run("--threads=2"))
        self.assertEqual(one, run("--threads=7"))
        self.assertNotEqual(one, run("--threads=2", "--seed=9"))

    def test_ends_with_the_held_out_accuracy(self):
        status, out, _, drawn = run()
        self.assertEqual(status, 0)
        self.assertTrue(drawn)
        self.assertRegex(out.splitlines()[-1], r"^held-out accuracy \d+\.\d %$")
        # Two epochs are far from enough; guessing would give 10 %.
        self.assertGreater(float(out.splitlines()[-1].split()[-2]), 60)

    def test_missing_and_damaged_data_are_one_line(self):
        status, _, error, _ = run("--data=/nowhere/digits.csv")
        self.assertEqual(status, 1)
        self.assertEqual(error, "digits: /nowhere/digits.csv: cannot be read\n")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "bad.csv")
            with open(path, "w") as file:
                file.write(read(DATA).splitlines()[0] + "\n1,2,three\n")
            status, _, error, _ = run("--data=" + path)
        self.assertEqual(status, 1)
        self.assertIn("line 2 is damaged", error)
        self.assertEqual(error.count("\n"), 1)


if __name__ == "__main__":
    unittest.main()
