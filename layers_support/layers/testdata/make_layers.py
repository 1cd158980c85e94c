"""Writes layers.json: for each case a layer's config, weights and input, and what tf_keras makes of them.

    python make_layers.py > layers.json      (needs tf_keras)

Beside the outputs it holds the gradients of the sum of their squares for the input and the trainable
weights.
"""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf
import tf_keras as keras

L = keras.layers
RANDOM = np.random.RandomState(7)


def numbers(array):
    return {"shape": list(array.shape), "values": [float("%.7g" % v) for v in np.asarray(array, "float64").ravel()]}


def normal(*shape):
    return RANDOM.normal(size=shape).astype("float32").round(3)


def case(layer, *inputs, training=None, mask=None):
    tensors = [tf.constant(x) for x in inputs]
    arguments = {} if training is None else {"training": training}
    if mask is not None:
        arguments["mask"] = tf.constant(mask)
    one = tensors[0] if len(tensors) == 1 else tensors
    layer(one, **arguments)
    # Weights that tell apart what is laid out otherwise.
    layer.set_weights([(np.abs(w) + RANDOM.uniform(0.1, 0.5, w.shape) if "variance" in v.name else
                        RANDOM.normal(0, 0.5, w.shape)).astype("float32").round(3)
                       for w, v in zip(layer.get_weights(), layer.weights)])
    weights = [numbers(w) for w in layer.get_weights()]
    floats = [t for t in tensors if t.dtype == tf.float32]
    with tf.GradientTape() as tape:
        tape.watch(floats)
        outputs = layer(one, **arguments)
        outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
        loss = tf.add_n([tf.reduce_sum(tf.square(y)) for y in outputs])
    gradients = tape.gradient(loss, floats + layer.trainable_weights)
    return {
        "class_name": layer.__class__.__name__,
        "config": layer.get_config(),
        "inputs": [numbers(x) for x in inputs],
        "integers": inputs[0].dtype.kind == "i",
        "training": training,
        "mask": None if mask is None else numbers(mask),
        "weights": weights,
        "outputs": [numbers(y.numpy()) for y in outputs],
        "gradients": [numbers(tf.convert_to_tensor(g).numpy()) for g in gradients],
        "weights_after": [numbers(w) for w in layer.get_weights()],
    }


MASK = np.array([[1, 1, 0, 1], [1, 0, 0, 0]], "bool")
image, volume, line = normal(1, 5, 6, 2), normal(1, 3, 4, 3, 2), normal(2, 7, 3)
steps = normal(2, 4, 3)

CASES = [
    case(L.Dense(4, activation="tanh"), normal(3, 5)),
    case(L.Dense(2, use_bias=False), normal(2, 3, 4)),
    case(L.Dense(3, activation="softmax"), normal(2, 4)),
    case(L.Activation("elu"), normal(2, 3)),
    case(L.Activation("selu"), normal(2, 3)),
    case(L.Activation("softplus"), normal(2, 3)),
    case(L.Activation("softsign"), normal(2, 3)),
    case(L.Activation("hard_sigmoid"), 3 * normal(2, 3)),
    case(L.Activation("exponential"), normal(2, 3)),
    case(L.Flatten(), normal(2, 3, 2)),
    case(L.Flatten(data_format="channels_first"), normal(2, 3, 2, 2)),
    case(L.Reshape((3, -1)), normal(2, 6, 2)),
    case(L.Permute((2, 1)), normal(2, 3, 4)),
    case(L.RepeatVector(3), normal(2, 4)),
    case(L.Masking(0.5), np.where(RANDOM.uniform(size=(2, 4, 1)) < 0.5, np.float32(0.5), steps)),
    case(L.Embedding(6, 3), RANDOM.randint(0, 6, (2, 4)).astype("int32")),
    case(L.BatchNormalization(momentum=0.8), normal(6, 3), training=True),
    case(L.BatchNormalization(momentum=0.8), normal(6, 3), training=False),
    # TensorFlow's fused kernel keeps the variance without bias, which Keras does not.
    case(L.BatchNormalization(axis=1, scale=False, fused=False), normal(2, 3, 4, 2), training=True),
    case(L.BatchNormalization(axis=1, center=False), normal(2, 3, 4, 2), training=False),
    case(L.LayerNormalization(), normal(3, 5)),
    case(L.LayerNormalization(axis=(1, 2), epsilon=0.01), normal(2, 3, 4)),
    case(L.Dropout(0.5), normal(2, 3), training=False),
    case(L.GaussianNoise(0.5), normal(2, 3), training=False),
    case(L.Add(), normal(2, 3), normal(2, 3), normal(2, 3)),
    case(L.Multiply(), normal(2, 4, 3), normal(2, 3)),
    case(L.Average(), normal(2, 3), normal(2, 3)),
    case(L.Maximum(), normal(2, 3), normal(2, 3)),
    case(L.Minimum(), normal(2, 3), normal(2, 3)),
    case(L.Subtract(), normal(2, 3), normal(2, 3)),
    case(L.Concatenate(), normal(2, 3), normal(2, 2)),
    case(L.Concatenate(axis=1), normal(2, 3, 2), normal(2, 1, 2)),
    case(L.Conv1D(4, 3, padding="same", activation="relu"), line),
    case(L.Conv1D(2, 3, padding="causal", dilation_rate=2), line),
    case(L.Conv2D(4, (3, 2), strides=(2, 1), padding="same"), image),
    case(L.Conv2D(2, 3, dilation_rate=2, use_bias=False), image),
    case(L.Conv3D(3, 2, strides=2, padding="same", activation="sigmoid"), volume),
    case(L.Conv2DTranspose(4, 3, strides=2), image),
    case(L.Conv2DTranspose(2, (3, 2), strides=(2, 2), padding="same", activation="tanh"), image),
    case(L.Conv2DTranspose(2, 3, strides=2, padding="same", output_padding=1), image),
    case(L.Conv2DTranspose(2, 3, strides=2, padding="same", output_padding=0), image),
    case(L.DepthwiseConv2D(3, depth_multiplier=2, padding="same"), image),
    case(L.DepthwiseConv2D((2, 3), strides=(2, 2), use_bias=False, activation="relu"), image),
    case(L.SeparableConv1D(4, 3, depth_multiplier=2), line),
    case(L.SeparableConv2D(4, 3, depth_multiplier=2, padding="same", activation="tanh"), image),
    case(L.SeparableConv2D(2, (2, 3), dilation_rate=2), image),
    case(L.MaxPooling1D(3, strides=2, padding="same"), line),
    case(L.MaxPooling2D(), image),
    case(L.MaxPooling2D((3, 2), strides=(1, 2), padding="same"), image),
    case(L.MaxPooling3D(2, padding="same"), volume),
    case(L.AveragePooling1D(2), line),
    case(L.AveragePooling2D(3, strides=2, padding="same"), image),
    case(L.AveragePooling3D((2, 1, 3), padding="same"), volume),
    case(L.GlobalMaxPooling1D(), line),
    case(L.GlobalMaxPooling2D(), image),
    case(L.GlobalMaxPooling3D(), volume),
    case(L.GlobalAveragePooling1D(), line),
    case(L.GlobalAveragePooling1D(), steps, mask=MASK),
    case(L.GlobalAveragePooling2D(), image),
    case(L.GlobalAveragePooling3D(), volume),
    case(L.SimpleRNN(3), steps),
    case(L.SimpleRNN(3, return_sequences=True, go_backwards=True, activation="relu"), steps),
    case(L.SimpleRNN(3, use_bias=False, return_state=True), steps, normal(2, 3)),
    case(L.LSTM(3), steps),
    case(L.LSTM(3, return_sequences=True, return_state=True, recurrent_activation="hard_sigmoid"), steps),
    case(L.LSTM(2, return_sequences=True), steps, mask=MASK),
    case(L.LSTM(2, go_backwards=True), steps, mask=MASK),
    case(L.LSTM(2), steps, normal(2, 2), normal(2, 2)),
    case(L.LSTM(2, unroll=True), steps),
    case(L.GRU(3), steps),
    case(L.GRU(3, reset_after=False, return_sequences=True), steps),
    case(L.GRU(2, reset_after=False), steps, mask=MASK),
    case(L.GRU(2, use_bias=False, return_state=True), steps),
    case(L.Bidirectional(L.LSTM(2)), steps),
    case(L.Bidirectional(L.LSTM(2, return_sequences=True), merge_mode="sum"), steps, mask=MASK),
    case(L.Bidirectional(L.GRU(2, return_sequences=True, return_state=True), merge_mode="mul"), steps),
    case(L.Bidirectional(L.SimpleRNN(2, return_sequences=True), merge_mode="ave"), steps),
    case(L.Bidirectional(L.SimpleRNN(2), merge_mode=None), steps),
    case(L.TimeDistributed(L.Dense(2)), steps),
    case(L.ReLU(max_value=1.5, negative_slope=0.25, threshold=0.5), 2 * normal(3, 4)),
    case(L.LeakyReLU(0.25), normal(2, 3)),
    case(L.ELU(0.5), normal(2, 3)),
    case(L.Softmax(axis=1), normal(2, 3, 2)),
    case(L.ZeroPadding1D((1, 2)), line),
    case(L.ZeroPadding2D(((1, 2), (0, 3))), image),
    case(L.UpSampling1D(2), line),
    case(L.UpSampling2D((2, 3)), image),
    case(L.TimeDistributed(L.Conv2D(2, 2)), normal(1, 2, 4, 4, 1)),
    case(L.Cropping1D((1, 2)), line),
    case(L.Cropping2D(((1, 0), (2, 1))), image),
    case(L.Cropping2D(1), image),
    case(L.Cropping3D(((1, 0), (0, 1), (1, 1))), volume),
    case(L.ZeroPadding3D((1, 2, 0)), volume),
    case(L.UpSampling3D((2, 1, 3)), volume),
    case(L.SpatialDropout1D(0.5), steps, training=False),
    case(L.SpatialDropout2D(0.5), image, training=False),
    case(L.SpatialDropout3D(0.5), volume, training=False),
    case(L.GaussianDropout(0.5), steps, training=False),
    case(L.AlphaDropout(0.5), steps, training=False),
    case(L.ThresholdedReLU(0.5), normal(3, 4)),
    case(L.PReLU(), normal(2, 3, 4)),
    case(L.PReLU(shared_axes=[1, 2]), image),
    case(L.Dot(1), normal(2, 3), normal(2, 3)),
    case(L.Dot((2, 1)), normal(2, 3, 4), normal(2, 4, 5)),
    case(L.Dot(-1, normalize=True), normal(2, 3, 4), normal(2, 2, 4)),
    case(L.ActivityRegularization(0.1, 0.2), normal(2, 3)),
]

json.dump(CASES, sys.stdout, separators=(",", ":"), default=lambda array: array.tolist())
