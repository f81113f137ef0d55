# SPDX-License-Identifier: Apache-2.0
"""The ONNX backend suite: what tests/onnx-backend.pass names must pass, and no test may end by a signal or hang."""
import json
import os
import subprocess
import sys
import tempfile

from harness import BIN, ROOT, data


def test_onnx_backend():
    archive = data("onnx-backend.tar.xz")
    with open(os.path.join(ROOT, "tests", "onnx-backend.pass"), encoding="utf-8") as f:
        must = set(f.read().split())
    with tempfile.TemporaryDirectory() as folder:
        found = os.path.join(folder, "found.json")
        subprocess.run([sys.executable, os.path.join(ROOT, "tools", "onnx-backend"), archive, "--json", found],
                       env={**os.environ, "TENON_BIN": BIN}, stdout=subprocess.DEVNULL, check=True)
        with open(found, encoding="utf-8") as f:
            verdicts = json.load(f)
    assert len(must) > 1900 and len(verdicts) == 1942

    def passes(name):
        verdict, reason = verdicts.get(name, ["missing", ""])
        assert verdict == "pass", f"{verdict} {reason}"

    for name in sorted(must):
        yield name, lambda n=name: passes(n)
    broken = [f"{n}: {r}" for n, (v, r) in verdicts.items() if "signal" in r or "no answer" in r]

    def none_breaks():
        assert not broken, broken[:5]
    yield "none_breaks", none_breaks
