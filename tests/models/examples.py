# SPDX-License-Identifier: Apache-2.0
"""The programs under examples/: each runs on the demo's model and says what it should."""
import os
import subprocess

from harness import BIN, ROOT, Skip

MODEL = os.path.join(ROOT, "demo", "digits.onnx")


def run(name, *args):
    program = os.path.join(os.path.dirname(BIN), "examples", name)
    if not os.path.exists(program):
        raise Skip(f"examples/{name} is not built")
    return subprocess.run([program, *args], capture_output=True, text=True, timeout=120, check=False)


def says(name, text):
    done = run(name, MODEL)
    assert done.returncode == 0, done.stderr
    assert text in done.stdout, done.stdout


def test_minimal():
    says("minimal", "logits: 10 elements of float32")


def test_own_memory():
    says("own_memory", "a 1\n")


def test_stepping():
    says("stepping", "the answer is there")


def test_reader():
    says("reader", "1 inputs, 1 outputs")


def test_cplusplus():
    says("cplusplus", "10 logits")


def test_they_refuse_what_is_no_model():
    for name in ("minimal", "own_memory", "stepping", "reader", "cplusplus"):
        done = run(name, os.path.join(ROOT, "README.md"))
        assert done.returncode == 1 and "no ONNX model" in done.stderr, (name, done.returncode, done.stderr)
