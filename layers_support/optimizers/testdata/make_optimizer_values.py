"""Writes optimizers.json: weights after some steps of each optimizer, by Keras 2.3.1 itself.

    pip install keras==2.3.1 tensorflow==1.15.5 "h5py<3" "protobuf<3.21" "numpy<1.19"   # Python 3.7
    python make_optimizer_values.py > optimizers.json

The loss is sum((a * w)^2) + sum((b - c)^2) over two weights w and b.
"""
import json

import keras
import keras.backend as K

W = [[0.5, -0.25, 1.5], [-1.0, 0.125, 0.75]]
B = [0.1, -0.2, 0.3]
A = [[1.0, 2.0, 0.5], [0.25, 3.0, 1.5]]
C = [2.0, -1.0, 0.25]
CONFIGS = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"learning_rate": 0.05, "momentum": 0.8, "nesterov": True, "decay": 0.1}),
    ("RMSprop", {}),
    ("RMSprop", {"learning_rate": 0.01, "rho": 0.8, "decay": 0.01, "epsilon": 1e-3}),
    ("Adagrad", {}),
    ("Adadelta", {}),
    ("Adadelta", {"learning_rate": 0.5, "rho": 0.9, "epsilon": 1e-4}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True, "learning_rate": 0.1, "beta_1": 0.5, "beta_2": 0.6}),
    ("Adam", {"decay": 0.2, "epsilon": 0.1}),
    ("Adamax", {}),
    ("Nadam", {}),
    ("Nadam", {"learning_rate": 0.01, "schedule_decay": 0.1}),
    ("SGD", {"clipnorm": 1.5}),
    ("SGD", {"clipvalue": 0.5, "momentum": 0.9}),
    ("Adam", {"clipnorm": 2.0, "clipvalue": 0.25}),
]


def run(name, arguments, dtype, constraint=None):
    K.clear_session()
    K.set_floatx(dtype)
    w = K.variable(W, dtype=dtype, constraint=keras.constraints.get(constraint))
    b = K.variable(B, dtype=dtype)
    loss = K.sum(K.square(K.constant(A) * w)) + K.sum(K.square(b - K.constant(C)))
    optimizer = getattr(keras.optimizers, name)(**arguments)
    # The first update counts the step; TensorFlow 1 would make it at some time during the others, which
    # read the count.
    count, *updates = optimizer.get_updates(loss, [w, b])
    step = K.function([], [loss], updates)
    case = {"class_name": name, "config": optimizer.get_config(), "dtype": dtype, "weights": {}}
    case["config"].update({k: v for k, v in arguments.items() if k.startswith("clip")})
    if constraint:
        case["constraint"] = constraint
    for n in range(1, 8):
        step([])
        K.get_session().run(count)
        if n in (1, 2, 7):
            case["weights"][n] = [K.get_value(w).ravel().tolist(), K.get_value(b).tolist()]
    return case


cases = [run(name, arguments, dtype) for name, arguments in CONFIGS for dtype in ("float64", "float32")]
cases.append(run("SGD", {"learning_rate": 0.1}, "float64",
                 {"class_name": "MaxNorm", "config": {"max_value": 0.5, "axis": 0}}))
cases.append(run("Adam", {"learning_rate": 0.5}, "float64", {"class_name": "NonNeg", "config": {}}))
print('{"a": %s, "b": %s, "c": %s, "w": %s,\n "cases": [\n%s\n]}' % (
    json.dumps(A), json.dumps(B), json.dumps(C), json.dumps(W), ",\n".join(json.dumps(case) for case in cases)))
