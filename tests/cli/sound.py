# SPDX-License-Identifier: Apache-2.0
"""RIFF/WAVE files as inputs."""
import os
import struct

import numpy as np

import harness
from _cli import identity, refused, result, wav
from harness import temporary
from onnxwriter import save


def noise(*shape):
    rng = np.random.default_rng(harness.random_seed(f"noise {shape}"))
    return rng.uniform(-1, 0.99, shape)


def test_depths():
    with temporary() as t:
        path, x = identity(t, "float32", ["n"]), os.path.join(t, "x.wav")
        a = noise(101)
        for bits in (8, 16, 24, 32):
            for extensible in (False, True):
                save(x, wav(a, bits, extensible=extensible))
                got, step = result(path, "--input", x), 2.0 ** (1 - bits)
                assert got.shape == (101,) and (got == (np.rint(a / step) * step).astype("f4")).all(), bits
        for bits in (32, 64):
            save(x, wav(a, bits, floats=True))
            assert (result(path, "--input", x) == a.astype("f4")).all()
        save(x, wav([-1.0, 0.0], 16))
        assert result(path, "--input", x).tolist() == [-1, 0]


def test_shapes():
    with temporary() as t:
        x, a = os.path.join(t, "x.wav"), np.rint(noise(50, 2) * 1000) / 32768
        save(x, wav(a, 16))
        mixed, apart = a.mean(1).astype("f4"), a.T.astype("f4")
        for shape, want in ((["n"], mixed), (None, mixed), ([1, "n"], mixed[None]), (["b", "n"], mixed[None]), ([1, 1, "n"], mixed[None, None]),
                            ([2, "n"], apart), ([1, 2, "n"], apart[None]), ([50], mixed), ([1, 50], mixed[None])):
            got = result(identity(t, "float32", shape), "--input", x)
            assert got.shape == want.shape and (got == want).all(), shape
        assert (result(identity(t, "float64", ["n"]), "--input", x) == a.mean(1)).all()
        refused("run", identity(t, "float32", [49]), "--input", x, status=3, says="x")
        refused("run", identity(t, "float32", [1, 1, 1, "n"]), "--input", x, status=3, says="4 dimensions")
        refused("run", identity(t, "int16", ["n"]), "--input", x, status=3, says="int16")


def test_chunks():
    with temporary() as t:
        path, x = identity(t, "float32", ["n"]), os.path.join(t, "x.wav")
        a = np.array([0.5, -0.25, 0.125])
        odd = b"LIST" + struct.pack("<I", 3) + b"abc\0"
        save(x, wav(a, 16, extra=odd))
        assert (result(path, "--input", x) == a).all()
        piped = bytearray(wav(a, 16))  # sizes not known when the header was written
        at = piped.index(b"data")
        piped[4:8] = piped[at + 4:at + 8] = b"\xff" * 4
        save(x, bytes(piped))
        assert (result(path, "--input", x) == a).all()
        assert (result(path, "--input", "-", stdin=bytes(piped)) == a).all()
        save(x, wav(a, 16) + b"trailing")
        assert (result(path, "--input", x) == a).all()
        save(x, wav([], 16))
        assert result(path, "--input", x).shape == (0,)


def test_refused():
    with temporary() as t:
        path, x = identity(t, "float32", ["n"]), os.path.join(t, "x.wav")
        whole = wav(noise(40), 16)
        for cut in (0, 4, 11, 12, 19, 30, 40, 44, len(whole) - 1):
            save(x, whole[:cut])
            refused("run", path, "--input", x, status=3, says="x.wav")
        data, form = whole.index(b"data"), whole.index(b"fmt ") + 8
        for at, value in ((form, 2), (form + 2, 0), (form + 2, 9), (form + 14, 12), (form + 12, 3), (form + 14, 0)):
            bad = bytearray(whole)
            bad[at:at + 2] = struct.pack("<H", value)
            save(x, bytes(bad))
            refused("run", path, "--input", x, status=3, says="x.wav")
        save(x, whole[:12] + whole[data:])
        refused("run", path, "--input", x, status=3, says="before")
        save(x, whole[:data])
        refused("run", path, "--input", x, status=3, says="no sound")
