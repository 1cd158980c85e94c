"""Writes small models that tf_keras has trained for three steps, and what three more steps make of them.

    python make_training.py      (needs tf_keras)

Writes tf_keras_adam.h5, tf_keras_legacy_adam.h5 (variables in the two orders that tf_keras has had) and
training.json.
"""
import json

import numpy as np
import tf_keras as keras

random = np.random.RandomState(3)
x, y = random.normal(size=(8, 4)).round(2), random.normal(size=(8, 2)).round(2)
out = {"x": x.ravel().tolist(), "y": y.ravel().tolist(), "cases": {}}
for name, optimizer in (("tf_keras_adam", keras.optimizers.Adam(0.05, amsgrad=True)),
                        ("tf_keras_legacy_adam", keras.optimizers.legacy.Adam(0.05, decay=0.1))):
    model = keras.Sequential([keras.layers.Dense(3, activation="tanh", input_shape=(4,)), keras.layers.Dense(2)])
    model.compile(optimizer, "mse", metrics=["mae"], loss_weights=[0.5])
    for _ in range(3):
        model.train_on_batch(x, y)
    model.save(name + ".h5")
    losses = [float(model.train_on_batch(x, y)[0]) for _ in range(3)]
    out["cases"][name + ".h5"] = {"losses": losses, "weights": [w.ravel().tolist() for w in model.get_weights()]}
with open("training.json", "w") as file:
    json.dump(out, file)
    file.write("\n")
