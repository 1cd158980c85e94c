"""Loads models that Keel wrote into Keras, and compares what they predict and how they go on training.

    bazel test //layers_support/saving/... --test_env=KEEL_KEEP_MODELS=/tmp/written
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

x = np.array([[1, 2, 3, 4], [0, -1, 1, 0], [2, 0, 0, -3]], "float32")
y = np.array([[1, 0, 0], [0, 0, 1], [0, 1, 0]], "float32")
for name in ("sgd", "rmsprop", "adagrad", "adadelta", "adam", "adamax", "nadam"):
    model = models.load_model(os.path.join(folder, "trained_%s.h5" % name))
    for _ in range(3):
        model.train_on_batch(x, y)
    trained = [layer.get_weights() for layer in model.layers]
    model.load_weights(os.path.join(folder, "after_%s.h5" % name))
    error = max(abs(a - b).max() for got, layer in zip(trained, model.layers) for a, b in zip(got, layer.get_weights()))
    print("%s: three more steps differ by %.1e" % (name, error))
    if error > 1e-4:
        sys.exit(1)
