# SPDX-License-Identifier: Apache-2.0
"""Outputs to folders, files, tables, classes and JSON."""
import json
import os

import numpy as np

from _cli import DIGITS, identity, refused, rows, sums
from harness import temporary, tenon
from onnxwriter import model, node, port, save, tensor


def several(folder, names, shape=(2,)):
    """A model of one input whose outputs are x + 0, x + 1, ..."""
    nodes = [node("Add", ["x", f"c{i}"], [name]) for i, name in enumerate(names)]
    return save(os.path.join(folder, "several.onnx"),
                model(nodes, [port("x", "float32", list(shape))], [port(n, "float32", list(shape)) for n in names],
                      [tensor(f"c{i}", np.float32(i)) for i in range(len(names))]))


def test_folder():
    with temporary() as t:
        names = ["plain", "a/b", "a_b", "a b", "a_b-2", "ü", "..", ".", "-x", "A.b_C-9", "/"]
        want = ["plain", "a_b", "a_b-2", "a_b-3", "a_b-2-2", "__", "..", ".", "-x", "A.b_C-9", "_"]
        out = os.path.join(t, "new", "deep", "out")
        tenon("run", several(t, names), "--fill", "zeros", "--output", out + "/")
        index = rows(out)
        assert [row["name"] for row in index] == names
        assert [row["file"] for row in index] == [stem + ".npy" for stem in want]
        for i, row in enumerate(index):
            assert np.load(os.path.join(out, row["file"])).tolist() == [i, i]
            assert (row["dtype"], row["shape"]) == ("float32", [2])
        assert sorted(os.listdir(out)) == sorted([stem + ".npy" for stem in want] + ["outputs.json"])
        tenon("run", several(t, names), "--fill", "zeros", "--output", out)  # once more into the same folder
        assert len(os.listdir(out)) == len(names) + 1


def test_long_names():
    with temporary() as t:
        names = ["n" * 400, "n" * 401, "m" * 100]
        out = os.path.join(t, "out")
        tenon("run", several(t, names), "--fill", "zeros", "--output", out)
        index = rows(out)
        assert [row["name"] for row in index] == names and len({row["file"] for row in index}) == 3
        assert [np.load(os.path.join(out, row["file"]))[0] for row in index] == [0, 1, 2]


def test_npz_has_the_exact_names():
    with temporary() as t:
        names = ["a/b", "a_b", "ü é", "n" * 700]
        out = os.path.join(t, "out.npz")
        tenon("run", several(t, names), "--fill", "zeros", "--output", out)
        with np.load(out) as z:
            assert sorted(z.files) == sorted(names) and all(z[n].tolist() == [i, i] for i, n in enumerate(names))
        again = open(out, "rb").read()
        tenon("run", several(t, names), "--fill", "zeros", "--output", out)
        assert open(out, "rb").read() == again


def test_npy_is_for_one_output():
    with temporary() as t:
        refused("run", several(t, ["a", "b"]), "--fill", "zeros", "--output", os.path.join(t, "y.npy"), status=2, says="2 outputs")
        path = os.path.join(t, "y.npy")
        tenon("run", DIGITS, "--fill", "zeros", "--output", path)
        assert np.load(path).shape == (1, 10) and open(path, "rb").read().index(b"\n") % 64 == 63


def test_strings():
    with temporary() as t:
        path = identity(t, "string")
        a = np.array([["a", "ü測\U0001f600"], ["", "x" * 50]])
        np.save(os.path.join(t, "x.npy"), a)
        tenon("run", path, "--input", f"{t}/x.npy", "--output", f"{t}/out")
        assert rows(t + "/out")[0] == {"name": "y", "file": "y.npy", "dtype": "string", "shape": [2, 2]}
        back = np.load(t + "/out/y.npy")
        assert back.dtype == "<U50" and (back == a).all()
        save(os.path.join(t, "x.pb"), tensor("x", np.array(["z"], object)).replace(b"z", b"\xff"))  # no UTF-8: marked, not lost
        tenon("run", path, "--input", f"{t}/x.pb", "--output", f"{t}/out")
        assert np.load(t + "/out/y.npy").tolist() == ["\ufffd"]


def test_tables():
    with temporary() as t:
        np.save(t + "/x.npy", np.arange(20, dtype="f4").reshape(4, 5))
        text = tenon("run", identity(t), "--input", t + "/x.npy").stdout
        assert text == "y float32[4,5]\n  min 0  max 19  mean 9.5\n  0 1 2 3 4 5 6 7 ...\n", text
        np.save(t + "/x.npy", np.array([1.5, np.nan, -np.inf], "f4"))
        assert tenon("run", identity(t), "--input", t + "/x.npy").stdout.split("\n")[1].split() == ["1.5", "nan", "-inf"]
        np.save(t + "/x.npy", np.array([np.nan] * 9 + [1], "f4"))
        assert "NaN 9" in tenon("run", identity(t), "--input", t + "/x.npy").stdout
        np.save(t + "/x.npy", np.array(-3, "i8"))
        assert tenon("run", identity(t, "int64"), "--input", t + "/x.npy").stdout == "y int64[]\n  -3\n"
        np.save(t + "/x.npy", np.zeros([0, 4], "f4"))
        assert tenon("run", identity(t), "--input", t + "/x.npy").stdout == "y float32[0,4]\n \n"
        np.save(t + "/x.npy", np.array(["a\nb"]))
        assert tenon("run", identity(t, "string"), "--input", t + "/x.npy").stdout == 'y string[1]\n  "a?b"\n'


def test_small_floats_in_tables():
    """Every code of 8 bits and less, against its definition."""
    def value(code, e, m, bias):
        sign, exponent, mantissa = code >> (e + m), code >> m & (1 << e) - 1, code & (1 << m) - 1
        x = (mantissa / 2**m + 1) * 2.0 ** (exponent - bias) if exponent else mantissa / 2**m * 2.0 ** (1 - bias)
        return -x if sign else x
    cases = {"float8e4m3fn": (8, lambda c: np.nan if c & 127 == 127 else value(c, 4, 3, 7)),
             "float8e4m3fnuz": (8, lambda c: np.nan if c == 128 else value(c, 4, 3, 8)),
             "float8e5m2": (8, lambda c: value(c, 5, 2, 15) if c >> 2 & 31 != 31 else np.nan if c & 3 else -np.inf if c >> 7 else np.inf),
             "float8e5m2fnuz": (8, lambda c: np.nan if c == 128 else value(c, 5, 2, 16)),
             "float8e8m0": (8, lambda c: np.nan if c == 255 else 2.0 ** (c - 127)),
             "float4e2m1": (4, lambda c: value(c, 2, 1, 1)), "uint4": (4, lambda c: c), "int4": (4, lambda c: c - 16 if c > 7 else c),
             "uint2": (2, lambda c: c), "int2": (2, lambda c: c - 4 if c > 1 else c)}
    with temporary() as t:
        for dtype, (bits, of) in cases.items():
            path, per = identity(t, dtype), 8 // bits
            codes = list(range(1 << bits))
            for at in range(0, len(codes), 8):
                part = codes[at:at + 8]
                if bits == 8 and at not in (0, 8, 48, 96, 120, 128, 240, 248):
                    continue
                raw = bytes(sum(c << i * bits for i, c in enumerate(part[k:k + per])) for k in range(0, len(part), per))
                save(t + "/x.pb", tensor("x", ([len(part)], raw), dtype))
                text = tenon("run", path, "--input", t + "/x.pb").stdout.splitlines()
                want = [f"{of(c):.6g}" for c in part]
                assert text[0] == f"y {dtype}[{len(part)}]" and text[1].split() == want, (dtype, text, want)


def test_half_floats_in_tables():
    with temporary() as t:
        a = np.array([1.5, -2, 65504, 6e-8, np.inf, np.nan, 0.1, -0.0], "f2")
        np.save(t + "/x.npy", a)
        assert tenon("run", identity(t, "float16"), "--input", t + "/x.npy").stdout.splitlines()[1].split() == [f"{float(v):.6g}" for v in a]


def test_top():
    with temporary() as t:
        labels = save(t + "/labels.txt", "".join(f"class {i}\r\n" for i in range(4)).encode())
        np.save(t + "/x.npy", np.array([[1, 9, np.nan, 9, -np.inf], [5, 4, 3, 2, 1]], "f4"))
        text = tenon("run", identity(t), "--input", t + "/x.npy", "--top", 4, "--labels", labels).stdout
        lines = [line.split(None, 2) for line in text.splitlines()]
        assert lines[0] == ["y", "row", "0"] and lines[5] == ["y", "row", "1"]
        assert lines[1:5] == [["1", "9", "class 1"], ["3", "9", "class 3"], ["0", "1", "class 0"], ["4", "-inf"]], lines
        assert [line[0] for line in lines[6:10]] == ["0", "1", "2", "3"] and len(lines) == 10
        assert "nan" in tenon("run", identity(t), "--input", t + "/x.npy", "--top", 99).stdout.splitlines()[5]
        np.save(t + "/x.npy", np.arange(12, dtype="f4").reshape(1, 12, 1, 1))
        assert tenon("run", identity(t), "--input", t + "/x.npy", "--top", 1).stdout.split() == ["y", "11", "11"]
        np.save(t + "/x.npy", np.zeros([40, 2], "f4"))
        assert tenon("run", identity(t), "--input", t + "/x.npy", "--top", 1).stdout.endswith("and 24 rows more\n")
        refused("run", DIGITS, "--fill", "zeros", "--top", 1, "--labels", t + "/none.txt", status=4, says="none.txt")


def test_json():
    with temporary() as t:
        about = json.loads(tenon("run", sums(t), "--fill", "zeros", "--json", "--repeat", 3).stdout)
        assert about["outputs"] == [{"name": "y", "dtype": "float32", "shape": [2, 3]}], about
        assert (about["runs"], about["steps"], about["model"]) == (3, 3, t + "/sum.onnx") and len(about["hash"]) == 64
        assert about["run_ns"] > 0 and about["longest_step_ns"] > 0
        about = json.loads(tenon("run", DIGITS, "--fill", "zeros", "--json", "--budget", 0, "--profile", "--output", t + "/o").stdout)
        assert about["steps"] >= 2 and os.path.exists(t + "/o/outputs.json")
        odd = several(t, ['q"\\\t'])
        tenon("run", odd, "--fill", "zeros", "--output", t + "/o")
        assert rows(t + "/o")[0]["name"] == 'q"\\\t'
