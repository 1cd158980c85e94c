"""Writes models.json: configs, weights, an input and the prediction of models that tf_keras made.

    python make_models.py > models.json      (needs tf_keras)
"""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tf_keras as keras

L = keras.layers
RANDOM = np.random.RandomState(11)


def numbers(array):
    return {"shape": list(array.shape), "values": [float("%.7g" % v) for v in np.asarray(array, "float64").ravel()]}


def case(model, *inputs):
    model.set_weights([RANDOM.uniform(0.1, 0.6, w.shape).astype("float32").round(3) for w in model.get_weights()])
    outputs = model.predict(list(inputs) if len(inputs) > 1 else inputs[0], verbose=0)
    return {
        "model_config": json.loads(model.to_json()),
        "layers": [layer.name for layer in model.layers],
        "weights": [numbers(w) for w in model.get_weights()],
        "inputs": [numbers(x) for x in inputs],
        "outputs": [numbers(y) for y in (outputs if isinstance(outputs, list) else [outputs])],
    }


def normal(*shape):
    return RANDOM.normal(size=shape).astype("float32").round(3)


def branches():
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    shared = L.Dense(3, activation="tanh", name="shared")
    joined = L.Concatenate(name="joined")([shared(a), shared(b)])
    left = L.Dense(2, name="left")(joined)
    right = L.Dense(1, name="right")(L.Add(name="sum")([joined, L.Dense(6, name="extra")(a)]))
    return keras.Model([a, b], [left, right], name="branches")


def frozen_phase():
    x = keras.Input((3,), name="x")
    y = L.BatchNormalization(name="inference")(x, training=False)
    return keras.Model(x, L.Dropout(0.5, name="dropout")(y, training=False), name="frozen")


def nested():
    inner = keras.Sequential([keras.Input((3,)), L.Dense(4, activation="relu", name="inner_dense")], name="inner")
    x, y = keras.Input((3,), name="x"), keras.Input((3,), name="y")
    return keras.Model([x, y], L.Multiply(name="product")([inner(x), inner(y)]), name="outer")


def states():
    x = keras.Input((None, 2), name="x")
    _, h, c = L.LSTM(3, return_state=True, name="encoder")(x)
    return keras.Model(x, L.LSTM(3, name="decoder")(x, initial_state=[h, c]), name="states")


json.dump([
    case(keras.Sequential([L.Dense(4, activation="relu", input_shape=(3,)), L.BatchNormalization(), L.Dense(2)]),
         normal(2, 3)),
    case(keras.Sequential([L.Conv2D(2, 3, input_shape=(5, 5, 1)), L.MaxPooling2D(), L.Flatten(), L.Dense(2)]),
         normal(2, 5, 5, 1)),
    case(keras.Sequential([L.Embedding(5, 3, mask_zero=True, input_length=4), L.LSTM(2, return_sequences=True),
                           L.Bidirectional(L.GRU(2)), L.Dense(1, activation="sigmoid")]),
         np.array([[1, 2, 0, 0], [4, 3, 2, 0]], "float32")),
    case(branches(), normal(2, 4), normal(2, 4)),
    case(frozen_phase(), normal(2, 3)),
    case(nested(), normal(2, 3), normal(2, 3)),
    case(states(), normal(2, 4, 2)),
], sys.stdout, separators=(",", ":"))
