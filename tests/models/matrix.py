# SPDX-License-Identifier: Apache-2.0
"""The small nets of the test data, one for each kind that users export, and its odd structures: every ONNX file on
every sample against eager PyTorch or onnxruntime, and its first sample without passes, by other numbers of threads and
by other instruction sets."""
import glob
import json
import os
import platform

import numpy as np

from _models import near, run, same_bits
from harness import data, sanitized

CPUS = ["ref"] + (["avx2"] if platform.machine() == "x86_64" else [])


def cases(folder):
    found = sorted(glob.glob(os.path.join(data(folder), "*", "case.json")))
    assert found, folder
    for path in found:
        with open(path, encoding="utf-8") as f:
            yield os.path.dirname(path), json.load(f)


def check(model, case, inputs, wanted, judge):
    first = None
    for sample, want in zip(inputs, wanted):
        got, _ = run(model, sample)
        first = first or got
        for name, y in zip(case["outputs"], want):
            judge(got[name], y, name)
    same_bits(first, run(model, inputs[0], "--threads", 1)[0], "1 thread")
    ways = [("--passes", "off")] + [("--cpu", cpu) for cpu in CPUS]
    for way in ways[:1] if sanitized() else ways:
        got, _ = run(model, inputs[0], *way)
        for name, y in zip(case["outputs"], wanted[0]):
            judge(got[name], y, f"{name} {' '.join(way)}")
    if not sanitized():
        same_bits(first, run(model, inputs[0], "--threads", 2)[0], "2 threads")


def near_int8(got, want, what):
    """Integer runtimes round differently: a twentieth of the largest value, and on average a hundredth."""
    most = np.abs(want).max()
    assert got.shape == want.shape, f"{what}: shape {list(got.shape)}, not {list(want.shape)}"
    off = np.abs(got.astype("f8") - want)
    assert off.max() <= .05 * most and off.mean() <= .01 * most, f"{what}: off by up to {off.max():.3g} at {most:.3g}"


def float_files(folder):
    for path, case in cases(folder):
        stored = os.path.join(path, "eager.npz")
        z = np.load(stored if os.path.exists(stored) else os.path.join(path, "reference.npz"))
        samples = range(case["samples"])
        inputs = [{name: z[f"sample{k}_{name}"] for name in case["inputs"]} for k in samples]
        wanted = [[z[f"sample{k}_{name}"] for name in case["outputs"]] for k in samples]
        for file in case["files"]:
            if file.endswith(".onnx"):
                yield f"{case['name']}/{file}", \
                    lambda m=os.path.join(path, file), c=case, i=inputs, w=wanted: check(m, c, i, w, near)


def test_matrix():
    yield from float_files("matrix")


def test_odd():
    yield from float_files("odd")


def test_quantised():
    for path, case in cases("matrix"):
        files = [f for f in case.get("int8", {}) if f.endswith(".onnx")]
        if not files:
            continue
        z, q = np.load(os.path.join(path, "eager.npz")), np.load(os.path.join(path, "int8.npz"))
        inputs = [{name: z[f"sample0_{name}"] for name in case["inputs"]}]
        for file in files:
            wanted = [[q[f"{file}|out{i}"] for i in range(len(case["outputs"]))]]
            yield f"{case['name']}/{file}", \
                lambda m=os.path.join(path, file), c=case, i=inputs, w=wanted: check(m, c, i, w, near_int8)


def test_all_are_there():
    """So that a change of the data's layout does not empty this test."""
    assert len(list(test_matrix())) >= 20 and len(list(test_odd())) >= 8 and len(list(test_quantised())) >= 15
