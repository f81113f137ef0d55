# SPDX-License-Identifier: Apache-2.0
"""Models against outputs that tools/make-references stored: plain, without the passes, on one thread and on two."""
import json
import os

import numpy as np

from _models import made, near, refused, run, same_bits
from harness import ROOT, data

HERE = os.path.join(ROOT, "tests", "models")


def check(case, stored, rtol, atol):
    model = data(os.path.join("models", case["model"]))
    if refused(model):
        return
    inputs = {i["name"]: made(i) for i in case["inputs"]}
    dtypes = {i["name"]: i["dtype"] for i in case["inputs"]}
    for passes in ("on", "off"):
        one, rows = run(model, inputs, "--passes", passes, "--threads", 1, dtypes=dtypes)
        for want in case["outputs"]:
            name = want["name"]
            assert rows[name]["dtype"] == want["dtype"] and rows[name]["shape"] == want["shape"], rows[name]
            kept = one[name].reshape(-1)[::want["flat_stride"]]
            near(kept, stored[want["key"]], name, rtol, atol, want.get("absmax"))
            if "mean" in want:
                mean = one[name].astype("f8").mean()
                assert abs(mean - want["mean"]) <= rtol * want["absmax"], f"{name}: mean {mean}, not {want['mean']}"
        two, _ = run(model, inputs, "--passes", passes, "--threads", 2, dtypes=dtypes)
        same_bits(one, two, f"passes {passes}, 2 threads")


def test_references():
    with open(os.path.join(HERE, "references.json"), encoding="utf-8") as f:
        table = json.load(f)
    with np.load(os.path.join(HERE, "references.npz")) as z:
        stored = dict(z)
    seen = {}
    for case in table["cases"]:
        number = seen[case["model"]] = seen.get(case["model"], 0) + 1
        yield f"{case['model']}#{number}", lambda c=case: check(c, stored, table["rtol"], table["atol"])


def test_unknown_operator_is_refused():
    """The one model whose operator nobody has."""
    assert refused(data("models/onnx-small-ortgo/example_needs_extensions.onnx"))
