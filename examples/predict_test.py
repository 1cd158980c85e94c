"""Runs the predict program on Keras's files: what it prints and writes, and how it fails."""

import array
import ast
import json
import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM, PREDICTIONS = (os.path.abspath(path) for path in sys.argv[1:3])
MODELS = os.path.dirname(PREDICTIONS)


def write_npy(path, values, shape, code="f"):
    """As numpy.save does, which tests do without."""
    header = "{'descr': '<%s', 'fortran_order': False, 'shape': %r, }" % ({"f": "f4", "d": "f8"}[code], tuple(shape))
    header += " " * (-(len(header) + 11) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode())
        file.write(array.array(code, values).tobytes())


def read_npy(path):
    with open(path, "rb") as file:
        data = file.read()
    size = int.from_bytes(data[8:10], "little")
    header = ast.literal_eval(data[10:10 + size].decode())
    values = array.array("f")
    values.frombytes(data[10 + size:])
    return header["shape"], list(values)


class PredictTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        with open(PREDICTIONS) as file:
            self.cases = json.load(file)

    def run_program(self, *arguments):
        environment = dict(os.environ, BUILD_WORKING_DIRECTORY=self.folder.name)
        return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, env=environment, check=False)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def test_writes_what_keras_predicts(self):
        self.assertEqual(len(self.cases), 6)
        for name, case in self.cases.items():
            for code in "fd":
                write_npy(self.path("in.npy"), case["input"], case["shape"], code)
                done = self.run_program("--batch=2", os.path.join(MODELS, name), "in.npy", "out.npy")
                self.assertEqual((done.returncode, done.stderr), (0, ""), name)
                shape, values = read_npy(self.path("out.npy"))
                self.assertEqual(shape[0], case["shape"][0])
                self.assertEqual(len(values), len(case["output"]))
                for value, expected in zip(values, case["output"]):
                    self.assertAlmostEqual(value, expected, delta=1e-5, msg=name)

    def test_prints(self):
        case = self.cases["keras_dense.h5"]
        write_npy(self.path("in.npy"), case["input"], case["shape"])
        done = self.run_program("--summary", os.path.join(MODELS, "keras_dense.h5"), "in.npy")
        self.assertEqual(done.returncode, 0)
        self.assertIn("Total params: 43", done.stdout)
        self.assertIn(("%.6f" % case["output"][0])[:6], done.stdout)

    def test_errors_are_one_line(self):
        model = os.path.join(MODELS, "keras_dense.h5")
        write_npy(self.path("in.npy"), [1, 2], [1, 2])
        with open(self.path("text.npy"), "w") as file:
            file.write("not an array at all")
        for arguments, expected in [
                ((model,), "are needed"),
                ((model, "missing.npy"), "no such file"),
                ((model, "text.npy"), "no .npy file"),
                (("text.npy", "in.npy"), "no HDF5 file"),
                ((model, "in.npy"), "(None, 2)"),
        ]:
            done = self.run_program(*arguments)
            self.assertNotEqual(done.returncode, 0, arguments)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
            self.assertIn(expected, done.stderr)


if __name__ == "__main__":
    sys.argv[1:] = []
    unittest.main()
