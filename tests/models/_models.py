# SPDX-License-Identifier: Apache-2.0
"""What the tests over models share: running the command on arrays, generated inputs, comparing."""
import json
import os
import wave
import zlib

import numpy as np

import tensorproto
from harness import temporary, tenon


def hash01(shape, dtype, seed=0, lo=0.0, hi=1.0):
    """Numbers in [lo, hi) that any language can make again; integers are cut off."""
    n = int(np.prod(shape))
    with np.errstate(over="ignore"):
        x = (np.arange(n, dtype="u4") + np.uint32(seed) * np.uint32(1000003)) * np.uint32(2654435761)
        x ^= x >> np.uint32(15)
        x *= np.uint32(2246822519)
        x ^= x >> np.uint32(13)
    value = lo + (hi - lo) * (x >> np.uint32(8)).astype("f8") / 2**24
    return value.astype("f4" if dtype == "bfloat16" else dtype).reshape(shape)


def made(spec, folder=""):
    """The array of an input of a case.json or of references.json."""
    if "gen" in spec:
        g = spec["gen"]
        assert g["kind"] == "hash01"
        a = hash01(spec["shape"], spec["dtype"], g.get("seed", 0), g.get("lo", 0.0), g.get("hi", 1.0))
    elif "file" in spec:
        a = np.load(os.path.join(folder, spec["file"]))
    else:
        a = np.array(spec["value"], None if spec["dtype"] == "string" else spec["dtype"])
        a = a.reshape(spec.get("shape", [-1]))
    if "u8_scale" in spec:
        a = (a.astype("f8") * spec["u8_scale"] + spec["u8_bias"]).astype("f4")
    return a


# Operators that are refused, as docs/limits.md says. Who implements one takes it off this list.
REFUSED = ("StringUpper",)


def refused(model):
    """Whether the model needs an operator of REFUSED; then asserts that it is refused: status 3, one line that names it."""
    with open(model, "rb") as f:
        content = f.read()
    needed = [name for name in REFUSED if b"\x22" + bytes([len(name)]) + name.encode() in content]  # NodeProto.op_type
    if needed:
        done = tenon("run", model, "--fill", "zeros", status=3)
        assert done.stderr.count("\n") == 1 and any(name in done.stderr for name in needed), done.stderr
    return bool(needed)


def seed_of(text):
    return zlib.crc32(text.encode()) & 0xFFFF


def run(model, inputs, *flags, dtypes=None):
    """`tenon run` on {name: array or file}: {name: array} of all outputs, and {name: its row of outputs.json}. The name
    "" leaves it to the command which input is meant. `dtypes` names those inputs whose type numpy lacks."""
    with temporary() as folder:
        args = []
        for i, (name, a) in enumerate(inputs.items()):
            file = a if isinstance(a, str) else os.path.join(folder, f"in{i}")
            if isinstance(a, str):
                pass
            elif dtypes and dtypes.get(name) == "bfloat16":
                file += ".pb"
                tensorproto.save(file, name, "bfloat16", a)
            else:
                file += ".npy"
                np.save(file, a)
            args += ["--input", f"{name}={file}" if name else file]
        out = os.path.join(folder, "out")
        tenon("run", model, *args, "--output", out, *flags)
        with open(os.path.join(out, "outputs.json"), encoding="utf-8") as f:
            rows = json.load(f)
        arrays = {}
        for row in rows:
            file = os.path.join(out, row["file"])
            if file.endswith(".npy"):
                arrays[row["name"]] = np.load(file)
                assert list(arrays[row["name"]].shape) == row["shape"], row
            elif row["dtype"] == "bfloat16":
                name, dtype, arrays[row["name"]] = tensorproto.load(file)
                assert (name, dtype) == (row["name"], row["dtype"]), row
        return arrays, {row["name"]: row for row in rows}


def near(got, want, what="", rtol=1e-3, atol=1e-5, scale=None):
    """Asserts equality of integers and strings, nearness of floats on the scale of the tensor (`scale`, else the largest
    of `want`): the rule of the acceptance checks."""
    got, want = np.asarray(got), np.asarray(want)
    assert got.shape == want.shape, f"{what}: shape {list(got.shape)}, not {list(want.shape)}"
    if want.dtype.kind in "USO":
        assert (got.astype(str) == want.astype(str)).all(), f"{what}: {got} is not {want}"
        return
    if want.dtype.kind in "iub":
        assert got.dtype == want.dtype, f"{what}: {got.dtype}, not {want.dtype}"
        assert (got == want).all(), f"{what}: {int((got != want).sum())} of {got.size} differ"
        return
    assert got.dtype == want.dtype, f"{what}: {got.dtype}, not {want.dtype}"
    got, want = got.astype("f8"), want.astype("f8")
    finite = np.abs(want[np.isfinite(want)])
    if scale is None:
        scale = finite.max() if finite.size else 0.0
    if not np.allclose(got, want, rtol=rtol, atol=max(atol, 2e-4 * scale), equal_nan=True):
        raise AssertionError(f"{what}: off by up to {np.nanmax(np.abs(got - want)):.3g} at a scale of {scale:.3g}")


def same_bits(a, b, what=""):
    """Asserts that two sets of outputs are the same, bit for bit."""
    assert a.keys() == b.keys(), f"{what}: outputs differ"
    for name in a:
        x, y = np.ascontiguousarray(a[name]), np.ascontiguousarray(b[name])
        assert x.dtype == y.dtype and x.shape == y.shape, f"{what}: {name}"
        assert x.tobytes() == y.tobytes(), f"{what}: {name} has other bits"


def wav(path):
    """Samples of a mono file of 16 bits, -1 to 1, float32."""
    with wave.open(path) as w:
        assert (w.getnchannels(), w.getsampwidth()) == (1, 2)
        return np.frombuffer(w.readframes(w.getnframes()), "<i2").astype("f4") / 32768


# GTCRN hears frames of 512 samples, 256 apart, under the root of a Hann window; the ends are mirrored.
FRAME, HOP = 512, 256
WINDOW = np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME))


def spectrum(x):
    """float32 [frames, 1, 257, 1, 2]: what the model is fed, a frame a run."""
    x = np.pad(x, HOP, mode="reflect")
    frames = np.stack([x[at:at + FRAME] * WINDOW for at in range(0, len(x) - FRAME + 1, HOP)])
    bins = np.fft.rfft(frames, axis=1)
    return np.stack([bins.real, bins.imag], -1).astype("f4")[:, None, :, None]


def overlap_add(frames):
    """The sound of such frames, without the mirrored beginning and without the last hop, which one frame alone covers."""
    frames = np.fft.irfft(frames[:, 0, :, 0, 0].astype("f8") + 1j * frames[:, 0, :, 0, 1], FRAME, axis=1) * WINDOW
    x, weight = np.zeros((2, (len(frames) + 1) * HOP))
    for i, frame in enumerate(frames):
        x[i * HOP:i * HOP + FRAME] += frame
        weight[i * HOP:i * HOP + FRAME] += WINDOW**2
    return (x / np.maximum(weight, 1e-9))[HOP:-HOP].astype("f4")
