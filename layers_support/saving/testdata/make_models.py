"""Writes small models as Keras saves them, and what they predict.

Under Keras 2.3.1 (Python 3.7: pip install keras==2.3.1 tensorflow==1.15.5 "h5py<3" "protobuf<3.21" "numpy<1.19"):
    python make_models.py keras
Under tf_keras (pip install tensorflow-cpu tf-keras):
    python make_models.py tf_keras

Each writes <library>_<kind>.h5, and its part of predictions.json.
"""
import importlib
import json
import os
import sys

import numpy as np

library = sys.argv[1]
keras = importlib.import_module(library)
layers = importlib.import_module(library + ".layers")
models = importlib.import_module(library + ".models")


def dense():
    return models.Sequential([
        layers.Dense(5, activation="relu", input_shape=(4,)),
        layers.Dropout(0.3),
        layers.Dense(3, activation="softmax"),
    ]), (3, 4)


def conv():
    x = inputs = layers.Input((8, 8, 2))
    x = layers.Conv2D(3, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    x = layers.MaxPooling2D()(x)
    y = layers.Conv2D(3, 1, activation="tanh")(x)
    x = layers.add([x, y])
    x = layers.Conv2D(2, 3, strides=2, activation="relu")(x)
    x = layers.Flatten()(x)
    return models.Model(inputs, layers.Dense(1, activation="sigmoid")(x)), (2, 8, 8, 2)


def lstm():
    return models.Sequential([
        layers.Embedding(6, 4, input_length=7),
        layers.LSTM(3, return_sequences=True),
        layers.Bidirectional(layers.LSTM(2)),
        layers.Dense(2),
    ]), (3, 7)


predictions = {}
if os.path.exists("predictions.json"):
    with open("predictions.json") as file:
        predictions = json.load(file)
random = np.random.RandomState(1)
for kind in (dense, conv, lstm):
    model, shape = kind()
    # Weights that are not those that layers begin with; variances stay above 0.
    # Layer by layer: Keras 2.3.1 lists a model's weights and their values in two orders.
    for layer in model.layers:
        layer.set_weights([0.5 + random.uniform(size=w.shape) if "variance" in v.name
                           else 0.5 * random.normal(size=w.shape)
                           for v, w in zip(layer.weights, layer.get_weights())])
    x = random.randint(6, size=shape) if kind is lstm else random.normal(size=shape)
    if kind is dense:  # One step, so that the file holds an optimizer and its state as well.
        model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
        model.fit(x, np.eye(3), verbose=0)
    name = "%s_%s.h5" % (library, kind.__name__)
    model.save(name)
    y = model.predict(x)
    predictions[name] = {"shape": list(shape), "input": np.ravel(x).tolist(), "output": np.ravel(y).tolist()}
with open("predictions.json", "w") as file:
    file.write("{\n%s\n}\n" % ",\n".join("%s: %s" % (json.dumps(k), json.dumps(v)) for k, v in sorted(predictions.items())))
