"""learning_phase_test.py PROGRAM...: what each program of this folder promises."""

import os
import subprocess
import sys
import unittest

PROGRAMS = {os.path.basename(path): path for path in sys.argv[1:]}
del sys.argv[1:]


def run(name):
    """What the program writes; it must end well and say nothing on standard error."""
    done = subprocess.run([PROGRAMS[name]], stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
    if done.returncode != 0 or done.stderr:
        raise AssertionError("%s: status %d, %s" % (name, done.returncode, done.stderr))
    return done.stdout


class LearningPhase(unittest.TestCase):
    def test_in_train_phase(self):
        lines = run("in_train_phase").splitlines()
        self.assertEqual([line.split() for line in lines[:3]],
                         [["training", "=", "true:", "x"], ["training", "=", "false:", "alt"],
                          ["training", "absent:", "alt"]])
        self.assertEqual([line.split()[-1] for line in lines[3:8]], ["x", "x", "alt", "alt", "0"])
        self.assertTrue(lines[8].startswith("ValueError: "), lines[8])
        self.assertEqual(len(lines), 9)

    def test_set_learning_phase(self):
        lines = run("set_learning_phase").splitlines()
        self.assertEqual(lines[:4], [
            "learning phase 1: dropout leaves some zeros, the layer of one's own gives 2",
            "  training = false is asked for: dropout leaves no zeros, the layer of one's own gives 1",
            "learning phase 0: dropout leaves no zeros, the layer of one's own gives 1",
            "  training = true is asked for: dropout leaves some zeros, the layer of one's own gives 2"])
        self.assertRegex(lines[4], "^ValueError: .*2")

    def test_conditional_dropout(self):
        lines = run("conditional_dropout").splitlines()
        self.assertEqual(lines[10:], [
            "the loss fell: yes", "two predictions in inference are equal: yes",
            "two predictions in training are equal: no",
            "with no flag, even in learning phase 1, dropout is skipped: yes"])

    def test_batch_normalization(self):
        lines = run("batch_normalization").splitlines()
        self.assertGreater(float(lines[0].split()[-1]), 3)
        self.assertEqual(lines[1].split()[-1], "0.0")
        self.assertEqual([line.split()[-1] for line in lines[2:]], ["yes", "yes", "yes", "no"])

    def test_custom_training_loop(self):
        lines = run("custom_training_loop").splitlines()
        self.assertEqual(lines, ["the loss fell: yes", "steps: 2000", "learning rate at step 0: 0.1000",
                                 "learning rate at the last step: 0.0810"])

    def test_functional_batch_normalization(self):
        lines = run("functional_batch_normalization").splitlines()
        self.assertEqual(lines[0], "gradients of 6 trainable variables; loss finite")
        self.assertEqual(lines[-2:], ["the outputs differ: yes", "each row is a distribution: yes"])

    def test_functional_dropout(self):
        self.assertEqual(run("functional_dropout").splitlines()[-5:], [
            "training = true gives the same again: no", "training = false gives the same again: yes",
            "dropped: about half: yes", "inference scales nothing: yes",
            "frozen training = true stays random in inference: yes"])

    def test_conditional_activation(self):
        lines = run("conditional_activation").splitlines()
        self.assertRegex(lines[-2], r"^the activation in training: \[\[0, 0, 2\]\]$")
        self.assertRegex(lines[-1], r"^the activation in inference: \[\[0\.119\d*, 0\.5, 0\.88\d*\]\]$")


if __name__ == "__main__":
    unittest.main()
