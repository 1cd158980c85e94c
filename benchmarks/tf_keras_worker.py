"""What layers_worker.cc does, with tf_keras: tf_keras_worker.py digits|mlp|lstm THREADS."""

import os
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf  # noqa: E402
import tf_keras as keras  # noqa: E402

name, threads = sys.argv[1], int(sys.argv[2])
tf.config.threading.set_intra_op_parallelism_threads(threads)
tf.config.threading.set_inter_op_parallelism_threads(1)
layers = keras.layers


def block(filters, **arguments):
    return [layers.Conv2D(filters, 3, padding="same", use_bias=False, **arguments), layers.BatchNormalization(),
            layers.Activation("relu")]


if name == "digits":
    model = keras.Sequential(block(32, input_shape=(8, 8, 1)) + block(32) + [layers.MaxPooling2D(), layers.Dropout(0.25)]
                             + block(64) + [layers.MaxPooling2D(), layers.Dropout(0.25), layers.Flatten(),
                                            layers.Dense(128, activation="relu"), layers.Dropout(0.5), layers.Dense(10)])
    x, y = tf.random.uniform((32, 8, 8, 1)), tf.random.uniform((32,), maxval=10, dtype=tf.int32)
elif name == "mlp":
    model = keras.Sequential([layers.Dense(512, activation="relu", input_shape=(784,)),
                              layers.Dense(512, activation="relu"), layers.Dense(10)])
    x, y = tf.random.uniform((128, 784)), tf.random.uniform((128,), maxval=10, dtype=tf.int32)
else:
    model = keras.Sequential([layers.Embedding(20000, 128, input_length=80), layers.LSTM(128), layers.Dense(1)])
    x = tf.random.uniform((32, 80), maxval=20000, dtype=tf.int32)
    y = tf.random.uniform((32, 1), maxval=2, dtype=tf.int32)
losses = keras.losses
loss_of = (losses.BinaryCrossentropy if name == "lstm" else losses.SparseCategoricalCrossentropy)(from_logits=True)
optimizer = keras.optimizers.Adam()


@tf.function
def step(x, y):
    with tf.GradientTape() as tape:
        loss = loss_of(y, model(x, training=True))
    optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
    return loss


step(x, y).numpy()
print("ready", flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    for _ in range(int(line)):
        loss = step(x, y)
    loss.numpy()
    print("%.9f" % (time.perf_counter() - start), flush=True)
