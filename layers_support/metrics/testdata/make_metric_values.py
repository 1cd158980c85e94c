"""Writes metrics.json: what the metrics of Keras 2.3.1 count over two batches.

    pip install keras==2.3.1 tensorflow==1.15.5 "h5py<3" "protobuf<3.21" "numpy<1.19"   # Python 3.7
    python make_metric_values.py > metrics.json
"""
import json

import keras.backend as K
import numpy as np
from keras import metrics

random = np.random.RandomState(2)
N = 6


def softmax(x):
    return np.exp(x) / np.exp(x).sum(-1, keepdims=True)


def batches(make):
    return [make() for _ in range(2)]


def random_bits():
    labels = (random.uniform(size=(N, 1)) > 0.5) * 1.0
    return labels, np.clip(0.6 * random.uniform(size=(N, 1)) + 0.3 * labels, 0, 1)


real = batches(lambda: (random.normal(size=(N, 3)), random.normal(size=(N, 3))))
bits = batches(random_bits)
classes = batches(lambda: (np.eye(7)[random.randint(7, size=N)], softmax(random.normal(size=(N, 7)))))
sparse = [(t.argmax(-1)[:, None] * 1.0, p) for t, p in classes]
CASES = [
    ("MeanSquaredError", {}, real), ("MeanAbsoluteError", {}, real), ("RootMeanSquaredError", {}, real),
    ("CosineSimilarity", {}, real), ("BinaryAccuracy", {}, bits), ("BinaryAccuracy", {"threshold": 0.4}, bits),
    ("BinaryCrossentropy", {}, bits), ("CategoricalAccuracy", {}, classes), ("CategoricalCrossentropy", {}, classes),
    ("SparseCategoricalAccuracy", {}, sparse), ("TopKCategoricalAccuracy", {"k": 3}, classes),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, sparse), ("TruePositives", {}, bits), ("TrueNegatives", {}, bits),
    ("FalsePositives", {"thresholds": [0.3, 0.6]}, bits), ("FalseNegatives", {}, bits), ("Precision", {}, bits),
    ("Precision", {"thresholds": [0.2, 0.5, 0.8]}, bits), ("Precision", {"top_k": 2}, classes),
    ("Recall", {}, bits), ("Recall", {"class_id": 3, "thresholds": [0.1]}, classes),
    ("AUC", {}, bits), ("AUC", {"num_thresholds": 5, "summation_method": "minoring"}, bits),
    ("AUC", {"curve": "PR"}, bits),
    ("AUC", {"curve": "PR", "summation_method": "majoring", "thresholds": [0.3, 0.7]}, bits),
    ("SensitivityAtSpecificity", {"specificity": 0.6, "num_thresholds": 20}, bits),
    ("SpecificityAtSensitivity", {"sensitivity": 0.7, "num_thresholds": 20}, bits),
]
WEIGHTS = [0.5, 1.0, 0.0, 2.0, 1.5, 0.25]


def flat(x):
    return {"shape": list(x.shape), "values": np.ravel(x).tolist()}


rows = []
for name, config, data in CASES:
    row = {"name": name, "config": config}
    for key, weights in (("plain", None), ("weighted", WEIGHTS)):
        if weights and (name == "RootMeanSquaredError" or "class_id" in config):
            continue  # Weights of samples do not fit there in Keras 2.3.1.
        metric = getattr(metrics, name)(**config)
        # Keras's metrics are made for graphs: one per metric, fed batch by batch.
        t, p = K.placeholder(data[0][0].shape), K.placeholder(data[0][1].shape)
        update = metric.update_state(t, p, sample_weight=None if weights is None else K.constant(weights))
        step = K.function([t, p], [K.constant(0)], update if isinstance(update, list) else [update])
        for y_true, y_pred in data:
            step([y_true, y_pred])
        row[key] = np.ravel(K.eval(metric.result())).tolist()
    row["batches"] = [[flat(t), flat(p)] for t, p in data]
    rows.append(json.dumps(row))
print('{"weights": %s, "cases": [\n%s\n]}' % (json.dumps(WEIGHTS), ",\n".join(rows)))
