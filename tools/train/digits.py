#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the demo's classifier of handwritten digits and writes everything under demo/.

    python3 -m venv /tmp/train && /tmp/train/bin/pip install numpy scikit-learn onnx
    /tmp/train/bin/python tools/train/digits.py

A small convolutional network, trained with nothing but numpy on the 8x8 digits that scikit-learn carries. 60 pictures of
each digit are held out before anything else is done and are looked at once, at the end: the accuracy on them is what
demo/README.md states. The same seed gives the same network as long as numpy's matrix product gives the same bits."""
import argparse
import os
import struct
import zlib

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HELD_OUT_PER_DIGIT = 60
PICTURES = 40
CHANNELS = (16, 32)
EPOCHS, BATCH, RATE, DECAY, DROP = 80, 32, 2e-3, 1e-4, 0.3


def split(rng):
    """(train images, train labels, held-out images, held-out labels); images uint8, 0..16, as in the source."""
    from sklearn.datasets import load_digits
    images, labels = load_digits(return_X_y=True)
    images, labels = images.reshape(-1, 8, 8).astype("u1"), labels.astype("u1")
    order = rng.permutation(len(labels))
    held = np.concatenate([order[labels[order] == d][:HELD_OUT_PER_DIGIT] for d in range(10)])
    held = held[rng.permutation(len(held))]
    rest = np.setdiff1d(np.arange(len(labels)), held)
    return images[rest], labels[rest], images[held], labels[held]


def augment(x, rng):
    """Every picture turned, scaled, sheared and shifted a little: a random affine map, sampled bilinearly."""
    n = len(x)
    angle = rng.uniform(-0.2, 0.2, n)
    scale = rng.uniform(0.88, 1.12, n)
    shear = rng.uniform(-0.15, 0.15, n)
    shift = rng.uniform(-1.0, 1.0, (2, n, 1, 1))
    gy, gx = np.mgrid[0:8, 0:8] - 3.5
    cos, sin = (f(angle)[:, None, None] / scale[:, None, None] for f in (np.cos, np.sin))
    sy = cos * gy - sin * gx + shift[0] + 3.5
    sx = sin * gy + (cos + shear[:, None, None] * sin) * gx + shear[:, None, None] * gy + shift[1] + 3.5
    y0, x0 = np.floor(sy).astype(int), np.floor(sx).astype(int)
    fy, fx = sy - y0, sx - x0
    padded = np.pad(x[:, 0], ((0, 0), (4, 5), (4, 5)))
    i = np.arange(n)[:, None, None]

    def at(dy, dx):
        return padded[i, np.clip(y0 + dy + 4, 0, 16), np.clip(x0 + dx + 4, 0, 16)]

    top = at(0, 0) * (1 - fx) + at(0, 1) * fx
    low = at(1, 0) * (1 - fx) + at(1, 1) * fx
    return (top * (1 - fy) + low * fy)[:, None].astype("f4")


def columns(x):
    """[N,C,8,8] to [N*64, C*9]: the neighbourhood of each pixel as a row, zeros outside."""
    n, c = x.shape[:2]
    view = np.lib.stride_tricks.sliding_window_view(np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1))), (3, 3), (2, 3))
    return np.ascontiguousarray(view.transpose(0, 2, 3, 1, 4, 5)).reshape(n * 64, c * 9)


def columns_grad(d, n, c):
    """The adjoint of columns."""
    d = d.reshape(n, 8, 8, c, 3, 3)
    out = np.zeros((n, c, 10, 10), "f4")
    for ky in range(3):
        for kx in range(3):
            out[:, :, ky:ky + 8, kx:kx + 8] += d[..., ky, kx].transpose(0, 3, 1, 2)
    return out[:, :, 1:9, 1:9]


def conv(x, w, b):
    rows = columns(x)
    y = rows @ w.reshape(len(w), -1).T + b
    return np.maximum(y.reshape(len(x), 8, 8, len(w)).transpose(0, 3, 1, 2), 0), rows


def conv_grad(dy, y, rows, w):
    dy = (dy * (y > 0)).transpose(0, 2, 3, 1).reshape(-1, len(w))
    return (dy.T @ rows).reshape(w.shape), dy.sum(0), dy @ w.reshape(len(w), -1)


def init(rng):
    def he(*shape):
        return (rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))).astype("f4")

    a, b = CHANNELS
    shapes = {"conv1": (a, 1, 3, 3), "conv2": (b, a, 3, 3), "fc": (10, b * 16)}
    params = {}
    for name, shape in shapes.items():
        params[name + ".weight"] = he(*shape)
        params[name + ".bias"] = np.zeros(shape[0], "f4")
    return params


def forward(p, x, keep=None):
    """Logits, and what the gradient needs. `keep` is dropout's mask on the pooled features."""
    y1, rows1 = conv(x, p["conv1.weight"], p["conv1.bias"])
    y2, rows2 = conv(y1, p["conv2.weight"], p["conv2.bias"])
    quads = y2.reshape(len(x), -1, 4, 2, 4, 2)
    pooled = quads.max((3, 5))
    flat = pooled.reshape(len(x), -1)
    if keep is not None:
        flat = flat * keep
    return flat @ p["fc.weight"].T + p["fc.bias"], (y1, rows1, y2, rows2, quads, pooled, flat)


def gradients(p, x, labels, keep):
    logits, (y1, rows1, y2, rows2, quads, pooled, flat) = forward(p, x, keep)
    prob = np.exp(logits - logits.max(1, keepdims=True))
    prob /= prob.sum(1, keepdims=True)
    d = prob.copy()
    d[np.arange(len(x)), labels] -= 1
    d /= len(x)
    g = {"fc.weight": d.T @ flat, "fc.bias": d.sum(0)}
    dpool = ((d @ p["fc.weight"]) * keep).reshape(pooled.shape)
    best = quads == pooled[:, :, :, None, :, None]
    dy2 = (best * (dpool / best.sum((3, 5)))[:, :, :, None, :, None]).reshape(y2.shape)
    g["conv2.weight"], g["conv2.bias"], drows = conv_grad(dy2, y2, rows2, p["conv2.weight"])
    dy1 = columns_grad(drows, len(x), CHANNELS[0])
    g["conv1.weight"], g["conv1.bias"], _ = conv_grad(dy1, y1, rows1, p["conv1.weight"])
    return g, -np.log(prob[np.arange(len(x)), labels] + 1e-12).mean()


def train(x, labels, rng, epochs, report):
    """Adam with decoupled decay and a cosine schedule."""
    p = init(rng)
    m = {k: np.zeros_like(v) for k, v in p.items()}
    v = {k: np.zeros_like(w) for k, w in p.items()}
    steps, step = epochs * (len(x) // BATCH), 0
    for epoch in range(epochs):
        order, losses = rng.permutation(len(x)), []
        for at in range(0, len(x) - BATCH + 1, BATCH):
            pick = order[at:at + BATCH]
            keep = ((rng.random((BATCH, CHANNELS[1] * 16)) > DROP) / (1 - DROP)).astype("f4")
            g, loss = gradients(p, augment(x[pick], rng), labels[pick], keep)
            losses.append(loss)
            step += 1
            rate = RATE * 0.5 * (1 + np.cos(np.pi * step / steps))
            for k in p:
                m[k] = 0.9 * m[k] + 0.1 * g[k]
                v[k] = 0.999 * v[k] + 0.001 * g[k] ** 2
                move = (m[k] / (1 - 0.9**step)) / (np.sqrt(v[k] / (1 - 0.999**step)) + 1e-8)
                decay = DECAY * p[k] if k.endswith("weight") else 0
                p[k] = (p[k] - rate * (move + decay)).astype("f4")
        if report and (epoch + 1) % 20 == 0:
            print(f"epoch {epoch + 1}: loss {np.mean(losses):.4f}")
    return p


def right(p, x, labels):
    return int((forward(p, x)[0].argmax(1) == labels).sum())


def export(p, path, facts):
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    nodes = [
        helper.make_node("Conv", ["image", "conv1.weight", "conv1.bias"], ["c1"], "conv1", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c1"], ["r1"], "relu1"),
        helper.make_node("Conv", ["r1", "conv2.weight", "conv2.bias"], ["c2"], "conv2", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c2"], ["r2"], "relu2"),
        helper.make_node("MaxPool", ["r2"], ["pooled"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["pooled"], ["flat"], "flatten"),
        helper.make_node("Gemm", ["flat", "fc.weight", "fc.bias"], ["logits"], "fc", transB=1),
    ]
    graph = helper.make_graph(
        nodes, "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, 8, 8])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 10])],
        [numpy_helper.from_array(np.ascontiguousarray(w), k) for k, w in p.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8,
                              producer_name="tenon tools/train/digits.py")
    helper.set_model_props(model, facts)
    onnx.checker.check_model(model, full_check=True)
    data = model.SerializeToString(deterministic=True)
    assert len(data) < 300_000
    with open(path, "wb") as f:
        f.write(data)


def write_png(path, grey):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    h, w = grey.shape
    rows = b"".join(b"\0" + line.tobytes() for line in grey)
    with open(path, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 0, 0, 0, 0)) +
                chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


README = """# The demo's classifier

`make demo` runs [`examples/digits.c`](../examples/digits.c) on what lies here.

| file | what it is |
|---|---|
| `digits.onnx` | the network: two 3x3 convolutions ({a} and {b} channels), max pooling, one dense layer; {params} parameters, opset 17. `image` float32 [batch, 1, 8, 8], 0 (paper) to 1 (ink); `logits` float32 [batch, 10] |
| `digits-test.npz` | the held-out set: `images` uint8 [{n}, 8, 8], 0 to 16; `labels` uint8 [{n}] |
| `pictures/` | its first {pictures} as 8x8 grey PNG, 0 to 255, named `NUMBER-label-DIGIT.png` |

Accuracy on the whole held-out set: {accuracy:.1f} % ({right} of {n}).

The held-out pictures, {per} of each digit, were drawn with the seed before training and looked at once, after it; the other {train} were trained on.
Training takes {epochs} epochs, with every picture turned, scaled, sheared and shifted a little each time it is shown. The network and this page were written by

    python3 -m venv /tmp/train && /tmp/train/bin/pip install numpy=={numpy} scikit-learn=={sklearn} onnx=={onnx}
    /tmp/train/bin/python tools/train/digits.py --seed {seed}

One picture through the command:

    tenon run demo/digits.onnx --input image=demo/pictures/{first} --color gray --layout nchw --scale 0.00392156862

The pictures are from the *Optical Recognition of Handwritten Digits* data set of the UCI Machine Learning Repository (E. Alpaydin and C. Kaynak, 1998,
<https://doi.org/10.24432/C50P49>), licensed under [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/), in the copy that scikit-learn carries (`load_digits`).
They are unchanged but for the scale of the grey values in the PNG files. The network is under the project's licence, Apache-2.0.
"""


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--epochs", type=int, default=EPOCHS)
    ap.add_argument("--out", default=os.path.join(ROOT, "demo"))
    ap.add_argument("--validate", action="store_true",
                    help="hold out a fifth of the training pictures instead, write nothing (to choose the settings above)")
    args = ap.parse_args()
    rng = np.random.default_rng(args.seed)
    train_x, train_y, held_x, held_y = split(rng)
    as_input = lambda u8: (u8[:, None] / np.float32(16)).astype("f4")
    if args.validate:
        cut = len(train_x) // 5
        order = rng.permutation(len(train_x))
        p = train(as_input(train_x[order[cut:]]), train_y[order[cut:]], rng, args.epochs, False)
        print(f"seed {args.seed}: {right(p, as_input(train_x[order[:cut]]), train_y[order[:cut]])} of {cut}")
        return
    p = train(as_input(train_x), train_y, rng, args.epochs, True)
    n, k = len(held_y), right(p, as_input(held_x), held_y)
    print(f"held out: {100 * k / n:.1f} % ({k} of {n})")

    import onnx
    import sklearn
    os.makedirs(os.path.join(args.out, "pictures"), exist_ok=True)
    export(p, os.path.join(args.out, "digits.onnx"), {
        "title": "Classifier of handwritten digits, 8x8 grey",
        "author": "the tenon project",
        "license": "Apache-2.0",
        "data": "UCI Optical Recognition of Handwritten Digits, CC BY 4.0",
        "accuracy": f"{100 * k / n:.1f} % ({k} of {n} held out)",
        "seed": str(args.seed)})
    np.savez(os.path.join(args.out, "digits-test.npz"), images=held_x, labels=held_y)
    names = []
    for i in range(PICTURES):
        names.append(f"{i:02d}-label-{held_y[i]}.png")
        write_png(os.path.join(args.out, "pictures", names[-1]), np.round(held_x[i] * (255 / 16)).astype("u1"))
    with open(os.path.join(args.out, "README.md"), "w") as f:
        f.write(README.format(a=CHANNELS[0], b=CHANNELS[1], params=sum(w.size for w in p.values()), n=n, right=k,
                              accuracy=100 * k / n, per=HELD_OUT_PER_DIGIT, train=len(train_y), epochs=args.epochs,
                              pictures=PICTURES, seed=args.seed, first=names[0], numpy=np.__version__,
                              sklearn=sklearn.__version__, onnx=onnx.__version__))


if __name__ == "__main__":
    main()
