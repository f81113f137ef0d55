# SPDX-License-Identifier: Apache-2.0
"""The demo's classifier: its stated accuracy on the whole held-out set, by the command, by pictures and by the example."""
import json
import os
import re
import subprocess

import numpy as np

from _models import run, same_bits
from harness import BIN, ROOT, Skip, temporary, tenon

DEMO = os.path.join(ROOT, "demo")
MODEL = os.path.join(DEMO, "digits.onnx")


def held_out():
    with np.load(os.path.join(DEMO, "digits-test.npz")) as z:
        return (z["images"][:, None] / np.float32(16)).astype("f4"), z["labels"]


def stated():
    """(percent, right, of) as demo/README.md says."""
    with open(os.path.join(DEMO, "README.md"), encoding="utf-8") as f:
        found = re.search(r"held-out set: ([0-9.]+) % \((\d+) of (\d+)\)", f.read())
    return float(found[1]), int(found[2]), int(found[3])


def check(logits, labels):
    percent, right, of = stated()
    assert logits.shape == (of, 10) and len(labels) == of
    assert int((logits.argmax(1) == labels).sum()) == right
    assert percent == round(100 * right / of, 1) and percent >= 98.5


def test_accuracy():
    images, labels = held_out()
    assert len(labels) == 600 and (np.bincount(labels) == 60).all()
    for flags in ((), ("--passes", "off"), ("--cpu", "ref")):
        check(run(MODEL, {"image": images}, *flags)[0]["logits"], labels)


def test_threads_and_batch_keep_the_bits():
    images, _ = held_out()
    one = run(MODEL, {"image": images}, "--threads", 1)[0]
    same_bits(one, run(MODEL, {"image": images}, "--threads", 2)[0], "2 threads")
    for i in (0, 3, 599):
        alone = run(MODEL, {"image": images[i:i + 1]})[0]
        same_bits(alone, {"logits": one["logits"][i:i + 1]}, f"picture {i} alone")


def test_pictures():
    """Each picture as PNG gives the answer that its numbers give, through the command's own preprocessing."""
    images, labels = held_out()
    answers = run(MODEL, {"image": images})[0]["logits"].argmax(1)
    names = sorted(os.listdir(os.path.join(DEMO, "pictures")))
    assert len(names) == 40
    with temporary() as folder:
        for i, name in enumerate(names):
            assert name == f"{i:02d}-label-{labels[i]}.png"
            out = os.path.join(folder, "logits.npy")
            tenon("run", MODEL, "--input", f"image={os.path.join(DEMO, 'pictures', name)}", "--color", "gray",
                  "--layout", "nchw", "--scale", 1 / 255, "--output", out)
            assert np.load(out).argmax() == answers[i], name


def test_sizes():
    assert os.path.getsize(MODEL) < 300_000
    assert os.path.getsize(os.path.join(DEMO, "digits-test.npz")) < 100_000


def test_metadata():
    """What the file says of itself is what the page says."""
    percent, right, of = stated()
    with open(MODEL, "rb") as f:
        assert f"{percent} % ({right} of {of} held out)".encode() in f.read()
    about = json.loads(tenon("inspect", MODEL, "--json").stdout)
    assert about["parameters"] == 9930 and about["opset"] == 17, about
    assert about["operators"] == {"Conv": 2, "Relu": 2, "MaxPool": 1, "Flatten": 1, "Gemm": 1}, about


def test_example():
    program = os.path.join(os.path.dirname(BIN), "examples", "digits")
    if not os.path.exists(program):
        raise Skip("examples/digits is not built")
    percent, right, of = stated()
    done = subprocess.run([program, DEMO], capture_output=True, timeout=600, check=False)
    text = done.stdout.decode("ascii")  # no terminal: letters alone, no colours
    assert done.returncode == 0, text + done.stderr.decode()
    assert "\x1b" not in text
    assert text.endswith(f"accuracy {percent} % ({right} of {of})\n"), text
    assert re.search(r"^stepped within 1 ms +[1-9]\d* steps?, .* the same bits$", text, re.M), text


def test_example_refuses():
    """A held-out set that is none, cut short at many places, is refused with one line."""
    program = os.path.join(os.path.dirname(BIN), "examples", "digits")
    if not os.path.exists(program):
        raise Skip("examples/digits is not built")
    with open(os.path.join(DEMO, "digits-test.npz"), "rb") as f:
        whole = f.read()
    with temporary() as folder:
        for size in (0, 1, 21, 22, 100, len(whole) // 2, len(whole) - 23, len(whole) - 1):
            with open(os.path.join(folder, "digits-test.npz"), "wb") as f:
                f.write(whole[:size])
            done = subprocess.run([program, folder], capture_output=True, timeout=60, check=False)
            assert done.returncode == 1 and done.stderr.count(b"\n") == 1, (size, done)
