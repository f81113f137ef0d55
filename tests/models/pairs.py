# SPDX-License-Identifier: Apache-2.0
"""Models that came with inputs and outputs of their own: test_data_set_N of the ONNX model zoo, io.npz of tract."""
import glob
import os

import numpy as np

import tensorproto
from _models import near, refused, run
from harness import data

# Quantised models, whose outputs differ by a few steps between kernels: judged by the best class.
BY_CLASS = ("onnx-mnist-quantized", "onnx-mobilenetv2-int8-qdq")

# Its io.npz is of a version that pads the sequence by one at both ends; the rows in between are the same.
PADDED = "qtdnn_10x5_101_i32_biases"


def check_pb(folder, pair):
    feeds = {tensorproto.load(f)[0]: f for f in sorted(glob.glob(os.path.join(pair, "input_*.pb")))}
    wants = [tensorproto.load(f) for f in sorted(glob.glob(os.path.join(pair, "output_*.pb")))]
    model = glob.glob(os.path.join(folder, "*.onnx"))[0]
    got, _ = run(model, feeds)
    assert feeds and len(wants) == len(got)
    for (name, _, want), a in zip(wants, got.values()):
        if os.path.basename(folder) in BY_CLASS:
            assert a.shape == want.shape and a.argmax() == want.argmax(), f"{name}: {a.argmax()}, not {want.argmax()}"
        else:
            near(a, want, name)


def check_npz(folder):
    model = os.path.join(folder, "model.onnx")
    if refused(model):
        return
    with np.load(os.path.join(folder, "io.npz")) as z:
        io = dict(z)
    feeds = {n: a for n, a in io.items() if n in ("input", "x")}
    got, _ = run(model, feeds)
    wants = {n: a for n, a in io.items() if n not in feeds}
    assert len(feeds) == 1 and len(wants) == 1
    for name, want in wants.items():
        # Some outputs carry another name or rank than the model's, from a later or an earlier version of it.
        a = got[name] if name in got else list(got.values())[-1]
        if folder.endswith(PADDED):
            want = want[1:-1]
        near(a.astype(want.dtype).reshape(want.shape), want, name)


def test_pairs():
    for pair in sorted(glob.glob(os.path.join(data("models"), "*", "test_data_set_*"))):
        folder = os.path.dirname(pair)
        yield f"{os.path.basename(folder)}/{os.path.basename(pair)[-1]}", lambda f=folder, p=pair: check_pb(f, p)


def test_tract():
    for file in sorted(glob.glob(os.path.join(data("models"), "onnx-tract-cases", "*", "io.npz"))):
        folder = os.path.dirname(file)
        yield os.path.basename(folder), lambda f=folder: check_npz(f)
