"""Keel's layers beside tf_keras: training steps, start-up and memory, both in one run.

    bazelw build //benchmarks:layers_worker
    pip install tensorflow-cpu tf-keras
    python benchmarks/compare_tf_keras.py [--threads=2] [--rounds=10] [digits|mlp|lstm ...]

Both programs make the same network and take turns, so that what else the machine does meets both. Figures
are medians over the rounds; start-up is the time from the start of the program to the end of its first
training step, memory what it holds then.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
KEEL = os.path.join(HERE, os.pardir, "bazel-bin", "benchmarks", "layers_worker")


class Worker:
    """A program that makes training steps when told to."""

    def __init__(self, command):
        start = time.perf_counter()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline().strip() != "ready":
            sys.exit("%s ended" % " ".join(command))
        self.startup = time.perf_counter() - start
        with open("/proc/%d/status" % self.process.pid) as file:
            self.memory = next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmRSS"))
        self.times = []
        seconds = min(self.steps(3) for _ in range(2)) / 3
        self.per_round = max(1, int(0.3 / seconds))

    def steps(self, count):
        self.process.stdin.write("%d\n" % count)
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def round(self):
        self.times.append(self.steps(self.per_round) / self.per_round)

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def compare(name, threads, rounds, keel):
    ours = Worker([keel, name, str(threads)])
    theirs = Worker([sys.executable, os.path.join(HERE, "tf_keras_worker.py"), name, str(threads)])
    for _ in range(rounds):
        ours.round()
        theirs.round()
    ours.end()
    theirs.end()
    a, b = statistics.median(ours.times), statistics.median(theirs.times)
    ratios = sorted(t / o for o, t in zip(ours.times, theirs.times))
    print("%-7s step %8.3f ms  tf_keras %8.3f ms  ratio %.2f (%.2f to %.2f)   start-up %.3f s, %.2f s (%.0fx)   "
          "memory %.0f MB, %.0f MB (%.1fx)" % (
              name, a * 1e3, b * 1e3, b / a, ratios[0], ratios[-1], ours.startup, theirs.startup,
              theirs.startup / ours.startup, ours.memory, theirs.memory, theirs.memory / ours.memory), flush=True)


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--rounds", type=int, default=10)
parser.add_argument("--keel", default=KEEL, help="the program layers_worker")
parser.add_argument("names", nargs="*", default=["digits", "mlp", "lstm"])
options = parser.parse_args()
for workload in options.names:
    compare(workload, options.threads, options.rounds, options.keel)
