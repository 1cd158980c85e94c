"""digits_layers_test.py PROGRAM DATA: what the program promises, on a short run."""

import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM, DATA = sys.argv.pop(1), sys.argv.pop(1)


class DigitsLayers(unittest.TestCase):
    def test_learns(self):
        with tempfile.TemporaryDirectory() as folder:
            curve = os.path.join(folder, "curve.svg")
            done = subprocess.run([PROGRAM, "--data=" + os.path.abspath(DATA), "--epochs=2", "--curve=" + curve],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            with open(curve) as file:
                self.assertTrue(file.read().startswith("<svg"))
        self.assertIn("Total params: ", done.stdout)
        last = done.stdout.splitlines()[-1]
        self.assertRegex(last, r"^held-out accuracy \d+\.\d %$")
        # Two epochs are far from enough; guessing would give 10 %.
        self.assertGreater(float(last.split()[-2]), 60)

    def test_missing_data_are_one_line(self):
        done = subprocess.run([PROGRAM, "--data=/nowhere/digits.csv"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              universal_newlines=True)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, "digits_layers: /nowhere/digits.csv: cannot be read\n")


if __name__ == "__main__":
    unittest.main()
