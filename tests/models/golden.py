# SPDX-License-Identifier: Apache-2.0
"""The golden cases of the test data that are ONNX models: reference outputs of onnxruntime. silero's is in special.py."""
import glob
import json
import os

import numpy as np

from _models import made, run
from harness import data


def check(folder, case):
    inputs = {i["name"]: made(i, folder) for i in case["inputs"]}
    got, _ = run(data(os.path.join("models", case["model"])), inputs)
    for want in case["outputs"]:
        a = got[want["name"]]
        assert list(a.shape) == want["shape"], f"{want['name']}: {list(a.shape)}, not {want['shape']}"
        if "file" not in want:
            continue
        b = np.load(os.path.join(folder, want["file"]))
        a = (a.reshape(-1)[::want["flat_stride"]] if want.get("flat_stride") else a).reshape(b.shape)
        if "int8" in case["model"]:
            # Runtimes differ in how they requantise: the best class must be the same, and four of the best five.
            best, first = np.argsort(-a.ravel())[:5], np.argsort(-b.ravel())[:5]
            assert best[0] == first[0] and len(set(best) & set(first)) >= 4, f"{best}, not {first}"
        else:
            off = np.abs(a.astype("f8") - b.astype("f8")).max()
            assert np.allclose(a.astype("f8"), b.astype("f8"), rtol=case["rtol"], atol=case["atol"]), \
                f"{want['name']}: off by {off:.3g}"


def test_golden():
    top = data("golden")
    for file in sorted(glob.glob(os.path.join(top, "**", "case.json"), recursive=True)):
        with open(file, encoding="utf-8") as f:
            case = json.load(f)
        if "inputs" in case and case["model"].endswith(".onnx"):
            folder = os.path.dirname(file)
            yield os.path.relpath(folder, top), lambda folder=folder, case=case: check(folder, case)
