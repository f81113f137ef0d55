# SPDX-License-Identifier: Apache-2.0
"""Damaged models through the command: an exit status of the contract, one line that says why, no hang, no more memory
than it may have. (tests/fault/hostile.c damages far more of them, inside one process.)"""
import glob
import os
import random
import resource
import shutil
import subprocess

from harness import BIN, ROOT, data, random_seed, sanitized, temporary

LARGEST = 600000
SECONDS = 20  # a busy machine, a sanitizer; an honest run takes milliseconds
ADDRESS_SPACE = 4 << 30


def models(root):
    found = [f for f in sorted(glob.glob(os.path.join(root, "**", "*.onnx"), recursive=True))
             if os.path.getsize(f) < LARGEST]
    assert found, root
    return found


def damage(content, r):
    """Some bits flipped, pieces cut and repeated; half of the time only one bit, so that some models stay whole."""
    b = bytearray(content)
    for _ in range(r.choice([0, 0, 0, 1, 1, 4])):
        at = r.randrange(min(len(b), r.choice([200, 2000, len(b)])) or 1)
        kind = r.randrange(5)
        if kind == 0 and b:
            b[at] = r.choice([0, 1, 0x7f, 0x80, 0xff])
        elif kind == 1:
            del b[at:at + r.randrange(1, 40)]
        elif kind == 2:
            b[at:at] = b[r.randrange(len(b) + 1):][:r.randrange(1, 60)]
        elif kind == 3:
            del b[max(1, at):]
        else:
            b[at:at + 9] = b"\xff" * r.randrange(1, 10)
    at = r.randrange(len(b) or 1)
    return bytes(b[:at]) + bytes(x ^ 1 << r.randrange(8) for x in b[at:at + 1]) + bytes(b[at + 1:])


def limit():
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))


def run_damaged(seed, files):
    """The exit status of the command."""
    r = random.Random(seed)
    file = r.choice(files)
    with open(file, "rb") as f:
        content = damage(f.read(), r)
    what = f"seed {seed}, {file}"
    with temporary() as folder:
        model = os.path.join(folder, "model.onnx")
        with open(model, "wb") as f:
            f.write(content)
        for beside in ("a.bin", "sub.data"):
            if os.path.exists(os.path.join(os.path.dirname(file), beside)):
                shutil.copy(os.path.join(os.path.dirname(file), beside), folder)
        try:
            done = subprocess.run([BIN, "run", model, "--output", os.path.join(folder, "out"), "--fill", "random",
                                   "--threads", "1"], stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS,
                                  check=False, preexec_fn=None if sanitized() else limit)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{what}: no answer in {SECONDS} s") from None
    text = done.stderr.decode("utf-8", "replace")
    assert done.returncode in (0, 3, 4), f"{what}: exit status {done.returncode}\n{text}"
    if done.returncode:
        assert text.count("\n") == 1 and text.startswith("tenon: "), f"{what}: not one line: {text}"
    return done.returncode


def batch(name, root):
    files = models(root)
    count = 1000 if os.environ.get("TENON_TEST_LONG", "0") not in ("", "0") else 50 if sanitized() else 100
    ends = [run_damaged(random_seed(name) + i, files) for i in range(count)]
    assert 0 in ends and 3 in ends, "the damage is such that all or none are refused"


def test_own():
    batch("own", os.path.join(ROOT, "demo"))


def test_operators():
    batch("operators", os.path.join(ROOT, "tests", "fuzz", "corpus"))


def test_data():
    batch("data", data())
