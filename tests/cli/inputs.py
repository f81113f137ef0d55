# SPDX-License-Identifier: Apache-2.0
"""Inputs of every kind of file, whole and damaged; --shape and --fill."""
import io
import os
import struct
import subprocess
import zipfile

import numpy as np

import harness
import tensorproto
from _cli import DIGITS, identity, refused, result, rows, sums
from harness import BIN, temporary, tenon
from onnxwriter import block, model, node, number, port, save, tensor

DTYPES = ("float32", "float64", "float16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool")


def some(dtype, shape, seed=0):
    rng = np.random.default_rng(harness.random_seed(f"{dtype} {shape} {seed}"))
    if np.dtype(dtype).kind in "fc":
        return rng.standard_normal(shape).astype(dtype)
    return rng.integers(0, 2 if dtype == "bool" else 100, shape).astype(dtype)


def test_npy_of_each_dtype():
    for dtype in DTYPES + ("complex64", "complex128"):
        def one(dtype=dtype):
            with temporary() as t:
                path, x = identity(t, dtype), os.path.join(t, "x.npy")
                for shape in ((), (0,), (3,), (2, 3), (2, 0, 3), (1, 2, 3, 1, 2)):
                    a = some(dtype, shape)
                    np.save(x, a)
                    back = result(path, "--input", x)
                    assert back.dtype == a.dtype and back.shape == a.shape and back.tobytes() == a.tobytes(), (shape, back)
        yield dtype, one


def test_npy_in_fortran_order():
    with temporary() as t:
        path, x = identity(t, "int32"), os.path.join(t, "x.npy")
        for shape in ((3, 4), (2, 3, 4), (5, 1, 2), (4, 0)):
            a = np.asfortranarray(some("int32", shape))
            np.save(x, a)
            assert (result(path, "--input", x) == a).all()


def test_npy_versions():
    with temporary() as t:
        path, x = identity(t), os.path.join(t, "x.npy")
        a = some("float32", (2, 3))
        for version in ((1, 0), (2, 0), (3, 0)):
            with open(x, "wb") as f:
                np.lib.format.write_array(f, a, version)
            assert (result(path, "--input", x) == a).all(), version


def test_npy_strings():
    with temporary() as t:
        path, x = identity(t, "string"), os.path.join(t, "x.npy")
        a = np.array([["", "abc", "ünïcödé"], ["測試", "😀 \U0010ffff", "a\nb"]])
        np.save(x, a)
        back = result(path, "--input", x)
        assert back.dtype.kind == "U" and (back == a).all(), back
        np.save(x, np.array(["", ""]))
        assert result(path, "--input", x).tolist() == ["", ""]


def test_npy_that_is_refused():
    with temporary() as t:
        path, x = identity(t), os.path.join(t, "x.npy")
        whole = io.BytesIO()
        np.save(whole, some("float32", (4, 5)))
        whole = whole.getvalue()

        def bad(content, says="x.npy"):
            save(x, content)
            refused("run", path, "--input", x, status=3, says=("x.npy", says))

        for cut in (0, 1, 6, 9, 10, 50, 127, 128, len(whole) - 1):
            bad(whole[:cut])
        bad(whole.replace(b"(4, 5)", b"(4,-5)"), "header")
        bad(whole.replace(b"(4, 5)", b"[4, 5]"), "header")
        bad(whole.replace(b"'shape'", b"'spahe'"), "header")
        bad(whole.replace(b"(4, 5), }".ljust(60), b"(99999999999, 99999999999, 9), }".ljust(60)), "overflow")
        bad(whole.replace(b"(4, 5), }".ljust(60), b"(9999999999999999999, 1), }".ljust(60)), "header")
        bad(whole[:8] + b"\xff\xff" + whole[10:])
        bad(whole.replace(b"(4, 5), }".ljust(60), (b"(" + b"1," * 17 + b"1), }").ljust(60)))
        for kind in (">f4", "|O", "|S3", "<M8", "<U0", "<U99999999", "<f3"):
            head = ("{'descr': '%s', 'fortran_order': False, 'shape': (1,), }" % kind).encode()
            bad(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + b"\0" * 64, kind)
        np.save(x, np.zeros(2, [("a", "f4"), ("b", "i4")]))
        bad(open(x, "rb").read(), "fields")


def test_npz_by_name():
    with temporary() as t:
        path, x = sums(t), os.path.join(t, "x.npz")
        a, b = some("float32", (2, 3), 1), some("float32", (2, 3), 2)
        for write in (np.savez, np.savez_compressed):
            write(x, a=a, b=b)
            assert (result(path, "--input", x) == a + b).all()
            assert (result(path, "--input", f"a={x}", "--input", f"b={x}") == a + b).all()
            write(x, a=a, b=b, c=a)
            refused("run", path, "--input", x, status=3, says="'c'")
            assert (result(path, "--input", f"a={x}", "--input", f"b={x}") == a + b).all()
        one = identity(t, name="z")
        np.savez(x, anything=a)  # a single array is meant, whatever its name
        assert (result(one, "--input", f"z={x}") == a).all()
        refused("run", one, "--input", x, status=3, says="anything")
        np.savez(x, c=a, d=b)
        refused("run", one, "--input", f"z={x}", status=3, says=("x.npz", "'z'"))


def test_npz_compressed_in_many_ways():
    """Deflate's three kinds of block, long matches, long codes: against Python's zlib."""
    rng = np.random.default_rng(harness.random_seed("deflate"))
    arrays = [np.zeros(100000, "u1"), rng.integers(0, 256, 100000).astype("u1"), np.arange(30000, dtype="u1"),
              (rng.standard_normal(50000) * 20).astype("u1"), np.frombuffer(b"abcab" * 9000, "u1"), np.zeros(0, "u1"),
              rng.geometric(0.02, 200000).clip(0, 255).astype("u1"), np.repeat(rng.integers(0, 256, 3000), 40).astype("u1")]
    with temporary() as t:
        path, x = identity(t, "uint8"), os.path.join(t, "x.npz")
        for level in (0, 1, 6, 9):
            for a in arrays:
                whole = io.BytesIO()
                np.save(whole, a)
                with zipfile.ZipFile(x, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as z:
                    z.writestr("x.npy", whole.getvalue())
                assert (result(path, "--input", f"x={x}") == a).all(), level


def test_npz_that_is_refused():
    with temporary() as t:
        path, x = identity(t), os.path.join(t, "x.npz")
        rng = np.random.default_rng(harness.random_seed("npz"))
        for write in (np.savez, np.savez_compressed):
            write(x, x=some("float32", (20, 20)))
            whole = open(x, "rb").read()
            for cut in (0, 10, 21, 22, 100, len(whole) // 2, len(whole) - 1):
                save(x, whole[:cut])
                refused("run", path, "--input", f"x={x}", status=3, says="x.npz")
            for _ in range(60):  # each byte of data counts towards the checksum, of the rest not all matter
                damaged = bytearray(whole)
                at = int(rng.integers(len(damaged)))
                damaged[at] ^= 1 << int(rng.integers(8))
                save(x, bytes(damaged))
                done = tenon("run", path, "--input", f"x={x}", status=None)
                assert done.returncode in (0, 3) and done.stderr.count("\n") == (done.returncode == 3), done
                if 100 < at < 600:
                    assert done.returncode == 3, (at, done)
        with zipfile.ZipFile(x, "w", zipfile.ZIP_LZMA) as z:
            z.writestr("x.npy", b"no matter" * 100)
        refused("run", path, "--input", f"x={x}", status=3, says="compress")
        with zipfile.ZipFile(x, "w", zipfile.ZIP_DEFLATED) as z:  # a bomb: the sizes are checked before memory is taken
            z.writestr("x.npy", b"\0" * 100000)
        bomb = bytearray(open(x, "rb").read())
        at = bomb.rindex(b"PK\1\2")
        bomb[at + 24:at + 28] = b"\xfe\xff\xff\xff"
        save(x, bytes(bomb))
        refused("run", path, "--input", f"x={x}", status=3, says="claims")


def test_zip64():
    with temporary() as t:
        path, x = identity(t), os.path.join(t, "x.npz")
        a, whole = some("float32", (3, 3)), io.BytesIO()
        np.save(whole, a)
        with zipfile.ZipFile(x, "w") as z, z.open("x.npy", "w", force_zip64=True) as f:
            f.write(whole.getvalue())
        data = open(x, "rb").read()
        end = data.rindex(b"PK\5\6")
        count, _, size, at = struct.unpack("<HHII", data[end + 8:end + 20])
        end64 = b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, count, count, size, at)
        locator = b"PK\6\7" + struct.pack("<IQI", 0, end, 1)
        save(x, data[:end] + end64 + locator + data[end:end + 8] + b"\xff" * 12 + data[end + 20:])
        assert np.load(x)["x"].shape == (3, 3)  # it is one
        assert (result(path, "--input", f"x={x}") == a).all()


def test_raw():
    with temporary() as t:
        path, x = identity(t), os.path.join(t, "x.bin")
        a = some("float32", (2, 3))
        save(x, a.tobytes())
        assert (result(path, "--input", x, "--dtype", "float32", "--shape", "2x3") == a).all()
        assert (result(path, "--input", f"x={x}", "--dtype", "f32", "--shape", "x=2,3") == a).all()
        fixed = identity(t, shape=[2, 3])
        assert (result(fixed, "--input", x, "--dtype", "float32") == a).all()
        half = identity(t, "float16", ["n"])
        assert (result(half, "--input", x, "--dtype", "float16", "--shape", 12).view("f4") == a.ravel()).all()
        scalar = identity(t, "float64", [])
        save(x, struct.pack("<d", 2.5))
        assert result(scalar, "--input", x, "--dtype", "float64") == 2.5
        refused("run", fixed, "--input", x, status=2, says="--dtype")
        refused("run", fixed, "--input", x, "--dtype", "float32", status=3, says=("8 bytes", "24"))
        refused("run", half, "--input", x, "--dtype", "float16", status=2, says="--shape x=")
        for bad in ("2xx3", "-1", "2x-3", "", "x", "1.5", "9" * 20, "x".join("1" * 17)):
            refused("run", half, "--input", x, "--dtype", "float16", "--shape", "x=" + bad, status=2, says="--shape")


def test_text():
    with temporary() as t:
        path = identity(t, "string", ["n"])
        for text in ("hello", "", "a=b", "text:x", "ünï\U0001f600", "x=text:y"):
            assert result(path, "--input", f"x=text:{text}").tolist() == [text]
            assert result(path, "--input", f"text:{text}").tolist() == [text]
        assert result(path, "--input", "text:a", "--shape", 3).tolist() == ["a"] * 3
        assert result(identity(t, "string", []), "--input", "text:q").tolist() == "q"
        refused("run", identity(t), "--input", "x=text:a", status=3, says="string")


def test_stdin():
    with temporary() as t:
        path = identity(t)
        a, whole, packed = some("float32", (2, 3)), io.BytesIO(), io.BytesIO()
        np.save(whole, a)
        np.savez(packed, x=a)
        for said in ("-", "x=-"):
            assert (result(path, "--input", said, stdin=whole.getvalue()) == a).all()
            assert (result(path, "--input", said, stdin=packed.getvalue()) == a).all()
        assert (result(path, "--input", "-", "--shape", "2x3", stdin=a.tobytes()) == a).all()  # raw, of the input's dtype
        refused("run", path, "--input", "-", "--shape", "2x3", status=3, says="-", stdin=b"")
        both = sums(t)
        refused("run", both, "--input", "a=-", "--input", "b=-", status=2, says="once", stdin=whole.getvalue())
        big = np.zeros(3_000_000, "f4")  # more than the first block
        assert (result(path, "--input", "-", "--shape", big.size, stdin=big.tobytes()) == big).all()
        with subprocess.Popen(["sleep", "0"], stdout=subprocess.PIPE) as source:  # a pipe that only ends
            done = subprocess.run([BIN, "run", path, "--input", "-", "--shape", "1"], stdin=source.stdout, capture_output=True, check=False)
        assert done.returncode == 3, done


def test_protobuf():
    with temporary() as t:
        x = os.path.join(t, "x.pb")
        for dtype in DTYPES + ("string",):
            path = identity(t, dtype)
            a = np.array(["a", "", "ü"], object) if dtype == "string" else some(dtype, (2, 3))
            tensorproto.save(x, "whatever", dtype, a)
            assert (result(path, "--input", x) == a).all(), dtype
        save(x, b"\xff" * 20)
        refused("run", identity(t), "--input", x, status=3, says="x.pb")
        tensorproto.save(x, "x", "float32", some("float32", (4, 4)))
        whole = open(x, "rb").read()
        save(x, whole[:-1])
        refused("run", identity(t), "--input", x, status=3, says="x.pb")


def test_types_that_numpy_lacks():
    """They come as .pb, go as .pb, and nothing changes on the way."""
    with temporary() as t:
        for dtype, bits in {"bfloat16": 16, "float8e4m3fn": 8, "float8e5m2": 8, "float8e4m3fnuz": 8, "float8e5m2fnuz": 8,
                            "uint4": 4, "int4": 4, "uint2": 2, "int2": 2}.items():
            path, x, out = identity(t, dtype), os.path.join(t, "x.pb"), os.path.join(t, "out")
            raw = bytes(range(1, 25))[:12 * bits // 8]
            save(x, tensor("x", ([3, 4], raw), dtype))
            tenon("run", path, "--input", x, "--output", out)
            assert rows(out) == [{"name": "y", "file": "y.pb", "dtype": dtype, "shape": [3, 4]}]
            found = {n: v for n, _, v in tensorproto.fields(open(os.path.join(out, "y.pb"), "rb").read())}
            same = found.get(9) or bytes(v for v in tensorproto.varints(2, found[5]))
            assert same == raw, (dtype, found)
            refused("run", path, "--input", x, "--output", os.path.join(t, "x.npy"), status=3, says="FOLDER")
            refused("run", path, "--input", x, "--output", os.path.join(t, "x.npz"), status=3, says="FOLDER")
            tenon("compare", out, out)


def test_sequences():
    with temporary() as t:
        parts = [some("float32", (2, 3), i) for i in range(3)]
        x, out = os.path.join(t, "x.pb"), os.path.join(t, "out")
        save(x, block(1, "x") + number(2, 1) + b"".join(block(3, tensor("", p)) for p in parts))
        path = identity(t, "float32", None, kind="sequence")
        tenon("run", path, "--input", x, "--output", out)
        row = rows(out)[0]
        assert (row["file"], row["dtype"], row["shape"]) == ("y.pb", "float32", None), row
        back = [tensorproto.parse(v)[2] for n, _, v in tensorproto.fields(open(os.path.join(out, "y.pb"), "rb").read()) if n == 3]
        assert len(back) == 3 and all((a == b).all() for a, b in zip(back, parts))
        text = tenon("run", path, "--input", x).stdout
        assert "y sequence of 3" in text and "y[2] float32[2,3]" in text, text
        assert "y sequence of 0" in tenon("run", path, "--fill", "zeros").stdout
        np.save(os.path.join(t, "x.npy"), parts[0])
        refused("run", path, "--input", os.path.join(t, "x.npy"), status=3, says="x")


def test_optional_input_by_fill():
    with temporary() as t:
        path = save(os.path.join(t, "m.onnx"),
                    model([node("OptionalHasElement", ["x"], ["y"])], [port("x", "float32", [2], "optional")], [port("y", "bool", [])]))
        assert not result(path, "--fill", "zeros")
        save(os.path.join(t, "x.pb"), block(1, "x") + number(2, 1) + block(3, tensor("", np.zeros(2, "f4"))))
        assert result(path, "--input", os.path.join(t, "x.pb"))


def test_fill():
    with temporary() as t:
        path = identity(t, "float32", ["n", 3, None, 4])
        assert result(path, "--fill", "zeros").shape == (1, 3, 1, 4)
        a = result(path, "--fill", "random", "--shape", "x=50x3x20x4")
        assert a.shape == (50, 3, 20, 4) and 0 <= a.min() < 0.01 and 0.99 < a.max() < 1 and abs(a.mean() - 0.5) < 0.02
        assert (result(path, "--fill", "random", "--shape", "50x3x20x4") == a).all()
        assert (result(path, "--fill", "random", "--shape", "50x3x20x4", "--seed", 1) != a).any()
        for dtype in ("float16", "float64"):
            a = result(identity(t, dtype), "--fill", "random", "--shape", 4000)
            assert 0 <= a.min() and a.max() < 1 and abs(float(a.astype("f8").mean()) - 0.5) < 0.05, (dtype, a.max())
        for dtype in ("int64", "uint8", "int32", "bool"):
            a = result(identity(t, dtype), "--fill", "random", "--shape", 400)
            assert set(np.unique(a).tolist()) == {0, 1}, dtype
        a = result(identity(t, "complex64"), "--fill", "random", "--shape", 400)
        assert a.real.std() > 0.1 and a.imag.std() > 0.1
        for dtype in ("bfloat16", "float8e4m3fn", "int4", "uint2", "float4e2m1"):
            tenon("run", identity(t, dtype), "--fill", "random", "--shape", 7)
        assert result(identity(t, "string"), "--fill", "zeros", "--shape", 2).tolist() == ["", ""]
        both = sums(t)
        np.save(os.path.join(t, "a.npy"), np.ones([2, 3], "f4"))
        assert (result(both, "--input", f"a={t}/a.npy", "--fill", "zeros") == 1).all()


def test_shape_contradicts_data():
    with temporary() as t:
        path, x = identity(t), os.path.join(t, "x.npy")
        np.save(x, np.zeros([2, 3], "f4"))
        assert result(path, "--input", x, "--shape", "2x3").shape == (2, 3)
        refused("run", path, "--input", x, "--shape", "3x2", status=3, says="--shape")
        refused("run", path, "--input", x, "--shape", "z=3x2", status=3, says="'z'")
        refused("run", DIGITS, "--fill", "zeros", "--shape", "1x1x8x9", status=3, says="image")


def test_the_last_input_counts():
    with temporary() as t:
        path = identity(t)
        for i in range(2):
            np.save(os.path.join(t, f"{i}.npy"), np.full(2, i, "f4"))
        assert result(path, "--input", f"{t}/0.npy", "--input", f"x={t}/1.npy").tolist() == [1, 1]


def test_unknown_ending():
    with temporary() as t:
        x = save(os.path.join(t, "x.csv"), b"1,2\n")
        refused("run", identity(t), "--input", x, status=2, says=("x.csv", ".npy"))


def test_defaults():
    """An initializer that is listed as an input is a constant, unless an input is given for it."""
    with temporary() as t:
        path = save(os.path.join(t, "m.onnx"),
                    model([node("Add", ["x", "d"], ["y"])], [port("x", "float32", [2]), port("d", "float32", [2])],
                          [port("y", "float32", [2])], [tensor("d", np.array([10, 20], "f4"))]))
        for name in "xd":
            np.save(os.path.join(t, name + ".npy"), np.array([1, 2], "f4"))
        assert result(path, "--input", f"{t}/x.npy").tolist() == [11, 22]
        assert result(path, "--input", f"x={t}/x.npy", "--input", f"d={t}/d.npy").tolist() == [2, 4]
        assert result(path, "--fill", "zeros").tolist() == [10, 20]
        refused("run", path, "--input", f"x={t}/x.npy", "--input", f"e={t}/d.npy", status=3, says=("'e'", "x float32"))
