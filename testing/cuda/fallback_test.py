"""fallback_test.py PROGRAM DATA: a program built with CUDA runs where there is no GPU, and says so."""

import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM, DATA = sys.argv.pop(1), sys.argv.pop(1)


def run(device):
    """The exit status, standard output and standard error of a short training."""
    environment = {name: value for name, value in os.environ.items() if name != "KEEL_DEVICE"}
    if device is not None:
        environment["KEEL_DEVICE"] = device
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [PROGRAM, "--data=" + os.path.abspath(DATA), "--epochs=1", "--curve=" + os.path.join(folder, "curve.svg")],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
        return done.returncode, done.stdout.replace(folder, ""), done.stderr


class Fallback(unittest.TestCase):
    def test_without_a_gpu(self):
        on_cpu = run("cpu")
        self.assertEqual(on_cpu[0], 0)
        self.assertNotIn("keel:", on_cpu[2])
        for device in (None, "cuda"):
            status, out, error = run(device)
            if "keel:" not in error:
                self.skipTest("there is a GPU")
            self.assertEqual((status, out), on_cpu[:2])
            lines = [line for line in error.splitlines() if line.startswith("keel:")]
            self.assertEqual(len(lines), 1)
            self.assertRegex(lines[0], r"^keel: built with CUDA, but no GPU was found \(.+\): running on the CPU$")

    def test_needs_no_driver_to_start(self):
        headers = subprocess.run(["readelf", "-d", PROGRAM], stdout=subprocess.PIPE, universal_newlines=True).stdout
        self.assertIn("NEEDED", headers)
        self.assertNotIn("libcuda.so", headers)


if __name__ == "__main__":
    unittest.main()
