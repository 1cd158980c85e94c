"""Loads models that Keel wrote into Keras, and compares what they predict.

    bazel test //layers_support/saving:saving_test --test_env=KEEL_KEEP_MODELS=/tmp/written
    python check_written.py keras /tmp/written       # Keras 2.3.1
    python check_written.py tf_keras /tmp/written
"""
import importlib
import json
import os
import sys

import numpy as np

models = importlib.import_module(sys.argv[1] + ".models")
folder = sys.argv[2]
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "predictions.json")) as file:
    predictions = json.load(file)
for name, case in sorted(predictions.items()):
    x = np.reshape(case["input"], case["shape"])
    expected = np.array(case["output"])
    whole = models.load_model(os.path.join(folder, name), compile=False)
    error = abs(whole.predict(x).ravel() - expected).max()
    whole.set_weights([np.zeros_like(w) for w in whole.get_weights()])
    whole.load_weights(os.path.join(folder, "weights_" + name))
    weights_error = abs(whole.predict(x).ravel() - expected).max()
    print("%s: model differs by %.1e, weights by %.1e" % (name, error, weights_error))
    if max(error, weights_error) > 1e-5:
        sys.exit(1)
