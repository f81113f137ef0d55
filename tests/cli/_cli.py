# SPDX-License-Identifier: Apache-2.0
"""What the tests of the command share: models that give back what they are given, pictures, sounds."""
import json
import os
import struct
import zlib

import numpy as np

from harness import ROOT, tenon
from onnxwriter import model, node, port, save

DIGITS = os.path.join(ROOT, "demo", "digits.onnx")
PICTURES = os.path.join(ROOT, "demo", "pictures")


def identity(folder, dtype="float32", shape=None, name="x", kind="tensor"):
    """A model whose output y is its input."""
    return save(os.path.join(folder, f"identity-{dtype}.onnx"),
                model([node("Identity", [name], ["y"])], [port(name, dtype, shape, kind)],
                      [port("y", dtype, shape, kind)]))


def sums(folder, names=("a", "b"), shape=(2, 3)):
    """y = a + b over two named inputs."""
    return save(os.path.join(folder, "sum.onnx"),
                model([node("Add", list(names), ["y"])], [port(n, "float32", shape) for n in names],
                      [port("y", "float32", shape)]))


def result(model_path, *args, **how):
    """The only output of `tenon run`, through a file."""
    out = os.path.join(os.path.dirname(model_path), "result.npy")
    if os.path.exists(out):
        os.remove(out)
    tenon("run", model_path, *args, "--output", out, **how)
    return np.load(out, allow_pickle=False)


def refused(*args, status, says=(), **how):
    """Asserts the exit status, one line on stderr that begins "tenon: " and holds `says`, nothing on stdout."""
    done = tenon(*args, status=status, **how)
    assert done.stderr.startswith("tenon: ") and done.stderr.count("\n") == 1, done.stderr
    for word in [says] if isinstance(says, str) else says:
        assert str(word) in done.stderr, f"{word!r} is not in: {done.stderr}"
    assert done.stdout == "", done.stdout
    return done


def rows(folder):
    """outputs.json of a folder."""
    with open(os.path.join(folder, "outputs.json"), encoding="utf-8") as f:
        return json.load(f)


def png(pixels, alpha=None, bits=8, palette=False):
    """A PNG of uint8 [height, width] or [height, width, 3]; `alpha` adds a channel of that value; 16 bits repeat the
    byte, whose high half it then is; `palette` makes grey an index."""
    pixels = np.asarray(pixels, "u1")
    height, width = pixels.shape[:2]
    color = pixels.ndim == 3
    if alpha is not None:
        pixels = np.concatenate([pixels.reshape(height, width, -1), np.full((height, width, 1), alpha, "u1")], 2)
    if bits == 16:
        pixels = np.repeat(pixels.reshape(height, -1), 2, 1)
    lines = b"".join(b"\0" + pixels[y].tobytes() for y in range(height))

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    kind = 3 if palette else (2 if color else 0) + (4 if alpha is not None else 0)
    head = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    colors = chunk(b"PLTE", bytes(v for i in range(256) for v in (i, 255 - i, i // 2))) if palette else b""
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + colors + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def jpeg(greys):
    """A baseline JPEG, grey, of flat blocks of 8x8 pixels of these values [rows, columns]. Quantisation by 8 makes the DC
    coefficient of a block value - 128, exactly."""
    greys = np.asarray(greys, int)
    bits, last = "", 0
    for value in greys.ravel() - 128:
        off, last = int(value) - last, int(value)
        size = abs(off).bit_length()
        bits += format(size, "04b")  # the code of a size is the size itself, in 4 bits
        if size:
            bits += format(off if off > 0 else off + (1 << size) - 1, f"0{size}b")
        bits += "0"  # end of block
    bits += "1" * (-len(bits) % 8)
    data = bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8)).replace(b"\xff", b"\xff\0")

    def segment(mark, body):
        return bytes([0xFF, mark]) + struct.pack(">H", len(body) + 2) + body

    dc = bytes([0x00]) + bytes([0, 0, 0, 12] + [0] * 12) + bytes(range(12))
    ac = bytes([0x10]) + bytes([1] + [0] * 15) + b"\0"
    frame = struct.pack(">BHHB", 8, greys.shape[0] * 8, greys.shape[1] * 8, 1) + bytes([1, 0x11, 0])
    return (b"\xff\xd8" + segment(0xDB, b"\0" + bytes([8] * 64)) + segment(0xC0, frame) + segment(0xC4, dc)
            + segment(0xC4, ac) + segment(0xDA, bytes([1, 1, 0, 0, 63, 0])) + data + b"\xff\xd9")


def wav(samples, bits, rate=16000, floats=False, extensible=False, extra=b""):
    """A RIFF/WAVE file of numbers from -1 to 1, [frames] or [frames, channels]; `extra` is a chunk before the data."""
    samples = np.asarray(samples, "f8")
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    if floats:
        body = samples.astype("<f4" if bits == 32 else "<f8").tobytes()
    elif bits == 8:
        body = (np.rint(samples * 128) + 128).astype("u1").tobytes()
    else:
        whole = np.rint(samples * 2.0 ** (bits - 1)).astype("<i8").ravel()
        body = whole.view("u1").reshape(-1, 8)[:, :bits // 8].tobytes()
    kind = 3 if floats else 1
    block = channels * bits // 8
    head = struct.pack("<HHIIHH", 0xFFFE if extensible else kind, channels, rate, rate * block, block, bits)
    if extensible:
        head += struct.pack("<HHI", 22, bits, 0) + struct.pack("<H", kind) + bytes.fromhex("000000001000800000aa00389b71")

    def chunk(name, content):
        return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)

    chunks = chunk(b"fmt ", head) + extra + chunk(b"data", body)
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks
