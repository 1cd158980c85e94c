"""Writes schedules.json: rates of each schedule by tf_keras itself, in float64.

    pip install tensorflow-cpu tf-keras
    python make_schedule_values.py > schedules.json
"""
import json

import tensorflow as tf
from tf_keras.optimizers import schedules

CASES = [
    schedules.ExponentialDecay(0.1, 10, 0.9),
    schedules.ExponentialDecay(0.1, 10, 0.9, staircase=True),
    schedules.InverseTimeDecay(0.1, 10, 0.5),
    schedules.InverseTimeDecay(0.1, 10, 0.5, staircase=True),
    schedules.PiecewiseConstantDecay([5, 10, 50], [1.0, 0.5, 0.1, 0.01]),
    schedules.PolynomialDecay(0.1, 20, 0.01),
    schedules.PolynomialDecay(0.1, 20, 0.01, power=0.5),
    schedules.PolynomialDecay(0.1, 20, 0.01, power=2, cycle=True),
    schedules.CosineDecay(0.1, 20, alpha=0.1),
    schedules.CosineDecayRestarts(0.1, 10, t_mul=2.0, m_mul=0.9, alpha=0.05),
    schedules.CosineDecayRestarts(0.1, 10, t_mul=1.0),
]
STEPS = [0, 1, 4, 5, 6, 10, 11, 19, 20, 21, 33, 50, 51, 100]

rows = []
for schedule in CASES:
    # tf_keras takes plain numbers by way of float32.
    config = schedule.get_config()
    wide = {k: tf.constant(v, tf.float64) if isinstance(v, float) else v for k, v in config.items()}
    if "values" in wide:
        wide["values"] = [tf.constant(v, tf.float64) for v in wide["values"]]
    computed = type(schedule)(**wide)
    rates = [float(computed(tf.constant(s, tf.float64))) for s in STEPS]
    rows.append(json.dumps({"class_name": type(schedule).__name__, "config": config, "rates": rates}))
print('{"steps": %s,\n "schedules": [\n%s\n]}' % (json.dumps(STEPS), ",\n".join(rows)))
