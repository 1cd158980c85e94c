"""Writes losses.json: what the losses of Keras 2.3.1 give.

    pip install keras==2.3.1 tensorflow==1.15.5 "h5py<3" "protobuf<3.21" "numpy<1.19"   # Python 3.7
    python make_loss_values.py > losses.json
"""
import json

import keras
import keras.backend as K
import numpy as np
from keras import losses

K.set_floatx("float64")
random = np.random.RandomState(1)
real = random.normal(size=(4, 3)), random.normal(size=(4, 3))
positive = random.uniform(0.1, 2, (4, 3)), random.uniform(0.1, 2, (4, 3))
signs = np.sign(random.normal(size=(4, 3))), random.normal(size=(4, 3))
bits = (random.uniform(size=(4, 3)) > 0.5) * 1.0, random.normal(size=(4, 3))
probable = bits[0], random.uniform(0.01, 0.99, (4, 3))
softmax = np.exp(random.normal(size=(4, 3)))
classes = np.eye(3)[[0, 2, 1, 1]], softmax / softmax.sum(-1, keepdims=True)
labels = np.array([[0.0], [2.0], [1.0], [1.0]]), classes[1]
steps = random.normal(size=(4, 2, 3)), random.normal(size=(4, 2, 3))
logits = classes[0], random.normal(size=(4, 3))

CASES = [
    ("MeanSquaredError", {}, real), ("MeanSquaredError", {}, steps), ("MeanAbsoluteError", {}, real),
    ("MeanAbsolutePercentageError", {}, real), ("MeanSquaredLogarithmicError", {}, positive),
    ("Hinge", {}, signs), ("Hinge", {}, bits), ("SquaredHinge", {}, signs), ("CategoricalHinge", {}, classes),
    ("LogCosh", {}, real), ("Huber", {"delta": 0.7}, real), ("KLDivergence", {}, positive), ("Poisson", {}, positive),
    ("CategoricalCrossentropy", {}, classes), ("CategoricalCrossentropy", {"from_logits": True}, logits),
    ("CategoricalCrossentropy", {"label_smoothing": 0.2}, classes),
    ("SparseCategoricalCrossentropy", {}, labels),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, (labels[0], logits[1])),
    ("BinaryCrossentropy", {}, probable), ("BinaryCrossentropy", {"from_logits": True}, bits),
    ("BinaryCrossentropy", {"label_smoothing": 0.1}, probable),
]
WEIGHTS = [0.5, 1.0, 0.0, 2.0]


def flat(x):
    return {"shape": list(np.shape(x)), "values": np.ravel(x).tolist()}


rows = []
for name, config, (y_true, y_pred) in CASES:
    # These two of Keras 2.3.1 know float32 alone.
    dtype = "float32" if name in ("CategoricalHinge", "LogCosh") else "float64"
    t, p = K.constant(y_true, dtype=dtype), K.constant(y_pred, dtype=dtype)
    row = {"class_name": name, "config": config, "dtype": dtype, "y_true": flat(y_true), "y_pred": flat(y_pred)}
    for reduction in ("sum_over_batch_size", "sum"):
        loss = getattr(losses, name)(reduction=reduction, **config)
        row[reduction] = float(K.eval(loss(t, p)))
        if name != "Huber":  # Keras 2.3.1 has it element by element, which weights of samples do not fit.
            row[reduction + " weighted"] = float(K.eval(loss(t, p, K.constant(WEIGHTS))))
    if name == "Huber":
        del row["sum"]
    rows.append(json.dumps(row))
t, p = K.constant(real[0]), K.constant(real[1])
rows.append(json.dumps({"class_name": "cosine_proximity", "config": {}, "dtype": "float64", "y_true": flat(real[0]),
                        "y_pred": flat(real[1]), "sum_over_batch_size": float(K.eval(K.mean(losses.cosine_proximity(t, p))))}))
print('{"weights": %s, "cases": [\n%s\n]}' % (json.dumps(WEIGHTS), ",\n".join(rows)))
