# SPDX-License-Identifier: Apache-2.0
"""inspect, bench, compare and doctor."""
import hashlib
import json
import os
import re

import numpy as np

import tensorproto
from _cli import DIGITS, identity, refused, sums
from harness import temporary, tenon
from onnxwriter import block, model, node, number, port, save, tensor

INSPECT = {"format", "hash", "inputs", "outputs", "opset", "operators", "parameters", "flops", "memory_bytes", "unsupported"}
BENCH = {"threads", "load_ns", "first_run_ns", "min_ns", "median_ns", "p90_ns", "p99_ns", "count", "per_second", "gflops", "percent_peak",
         "resident_bytes"}


# ---- inspect


def test_inspect_json():
    about = json.loads(tenon("inspect", DIGITS, "--json").stdout)
    assert set(about) == INSPECT, about.keys()
    assert about["format"] == "onnx" and about["opset"] == 17 and about["parameters"] == 9930 and about["unsupported"] == []
    assert about["hash"] == hashlib.sha256(open(DIGITS, "rb").read()).hexdigest()
    assert about["inputs"] == [{"name": "image", "dtype": "float32", "shape": ["batch", 1, 8, 8]}]
    assert about["outputs"] == [{"name": "logits", "dtype": "float32", "shape": ["batch", 10]}]
    # Two FLOPs a multiply-add: 3x3 convolutions to 16 and 32 channels over 8x8, a dense layer of 512 to 10.
    wanted = 2 * (64 * 9 * 16 + 64 * 9 * 16 * 32 + 512 * 10)
    assert wanted <= about["flops"] <= 1.05 * wanted, about["flops"]
    assert about["memory_bytes"] > 4 * 9930
    twice = json.loads(tenon("inspect", DIGITS, "--json", "--shape", "2x1x8x8").stdout)
    assert 1.9 * about["flops"] < twice["flops"] < 2.1 * about["flops"], (about["flops"], twice["flops"])


def test_inspect_text():
    text = tenon("inspect", DIGITS).stdout
    for part in ("onnx, opset 17", "image", "float32[batch,1,8,8]", "Conv", "parameters 9930", "the tenon project"):
        assert part in text, text


def test_inspect_graph():
    text = tenon("inspect", DIGITS, "--graph").stdout
    assert text.startswith("digraph") and text.rstrip().endswith("}") and text.count("{") == text.count("}")
    assert "Conv" in text and "->" in text


def test_inspect_plan():
    plan = json.loads(tenon("inspect", DIGITS, "--plan", "--json").stdout)["plan"]
    assert any("Conv" in step["operator"] and step["tiles"] >= 1 and step["flops"] > 0 for step in plan), plan
    lines = tenon("inspect", DIGITS, "--plan").stdout.splitlines()
    assert len(lines) == len(plan) + 1 and lines[0].split()[:2] == ["step", "operator"], lines
    # Outputs that live at the same time share no bytes of the arena: those of neighbours do. A step of no tiles is a view.
    placed = [(s["arena_offset_bytes"], s["output_bytes"]) for s in plan[:-1] if s["tiles"]]
    assert len(placed) >= 3
    for (a, size), (b, other) in zip(placed, placed[1:]):
        assert a + size <= b or b + other <= a, plan


def test_inspect_what_does_not_run():
    """Zeros as a shape that cannot be: the model is described all the same."""
    with temporary() as t:
        path = save(t + "/m.onnx", model([node("Reshape", ["x", "s"], ["y"])], [port("x", "float32", [2, 3]), port("s", "int64", [1])],
                                         [port("y", "float32", ["n"])]))
        done = tenon("inspect", path, "--json")
        about = json.loads(done.stdout)
        assert (about["flops"], about["memory_bytes"]) == (None, None) and about["operators"] == {"Reshape": 1}
        assert done.stderr.count("\n") == 1 and "note" in done.stderr
        np.save(t + "/s.npy", np.array([6]))
        about = json.loads(tenon("inspect", path, "--json", "--input", f"s={t}/s.npy").stdout)
        assert about["memory_bytes"] > 0
        refused("inspect", path, "--input", f"s={t}/none.npy", status=4, says="none.npy")


def test_inspect_unsupported():
    with temporary() as t:
        path = save(t + "/m.onnx", model([node("NoSuchThing", ["x"], ["a"], name="first"), node("Relu", ["a"], ["b"]),
                                          node("Other", ["b"], ["y"], name="second", domain="some.domain")],
                                         [port("x", "float32", [2])], [port("y", "float32", [2])], domains=[("some.domain", 1)]))
        done = tenon("inspect", path, "--json", status=3)
        about = json.loads(done.stdout)
        assert set(about) == INSPECT
        assert [(row["node"], row["operator"]) for row in about["unsupported"]] == [("first", "NoSuchThing"), ("second", "some.domain.Other")]
        assert all(row["reason"] for row in about["unsupported"]) and done.stderr.count("\n") == 1
        text = tenon("inspect", path, status=3).stdout
        assert "NoSuchThing" in text and "some.domain.Other" in text
        refused("run", path, "--fill", "zeros", status=3, says=("m.onnx", "NoSuchThing"))


# ---- bench


def test_bench():
    done = tenon("bench", DIGITS, "--json", "--threads", "1,2", "--duration", "60ms")
    about = json.loads(done.stdout)
    assert set(about) == {"model", "hash", "cpu", "runs"} and about["model"] == DIGITS and done.stderr == ""
    assert [row["threads"] for row in about["runs"]] == [1, 2]
    for row in about["runs"]:
        assert set(row) == BENCH
        assert 0 < row["min_ns"] <= row["median_ns"] <= row["p90_ns"] <= row["p99_ns"] <= row["count"] * 10**9
        assert row["count"] >= 3 and row["load_ns"] > 0 and row["first_run_ns"] > 0 and row["resident_bytes"] > 10**6
        assert row["per_second"] <= 1e9 / row["min_ns"] and row["percent_peak"] > 0 and row["gflops"] > 0
        assert row["count"] * row["min_ns"] <= 1.5 * 60e6 + 3e9 / row["per_second"]


def test_bench_threads_by_default():
    runs = json.loads(tenon("bench", DIGITS, "--json", "--duration", 0, env={"TENON_THREADS": "3"}).stdout)["runs"]
    assert [row["threads"] for row in runs] == [1, 3] and all(row["count"] == 3 for row in runs)
    runs = json.loads(tenon("bench", DIGITS, "--json", "--duration", 0, env={"TENON_THREADS": "1"}).stdout)["runs"]
    assert [row["threads"] for row in runs] == [1]


def test_bench_text():
    lines = tenon("bench", DIGITS, "--threads", "1,2,1", "--duration", "1ms").stdout.splitlines()
    assert len(lines) == 5 and [line.split()[0] for line in lines[2:]] == ["1", "2", "1"], lines
    refused("bench", DIGITS, "--input", "none.npy", status=4, says="none.npy")


# ---- compare


def folder(path, arrays):
    """An output folder of such arrays."""
    os.makedirs(path, exist_ok=True)
    index = []
    for i, (name, a) in enumerate(arrays.items()):
        np.save(f"{path}/{i}.npy", a)
        index.append({"name": name, "file": f"{i}.npy", "dtype": str(a.dtype), "shape": list(a.shape)})
    save(path + "/outputs.json", json.dumps(index).encode())
    return path


def compared(a, b, *flags, status=0):
    return json.loads(tenon("compare", a, b, "--json", *flags, status=status).stdout)


def test_compare_floats():
    with temporary() as t:
        x = np.linspace(-3, 3, 50, dtype="f4").reshape(5, 10)
        a = folder(t + "/a", {"y": x, "z": x * 2})
        y = x.copy()
        y[1, 2] += 1e-4
        b = folder(t + "/b", {"z": x * 2, "y": y})
        about = compared(a, b)
        assert about["same"] and [row["name"] for row in about["outputs"]] == ["y", "z"]
        assert abs(about["outputs"][0]["max_abs_diff"] - 1e-4) < 1e-6 and about["outputs"][0]["mismatches"] == 0
        about = compared(a, b, "--rtol", "1e-6", "--atol", "1e-6", status=1)
        assert [row["mismatches"] for row in about["outputs"]] == [1, 0] and not about["same"]
        text = tenon("compare", a, b, "--rtol", 0, "--atol", 0, status=1)
        assert "1 of 50  differs" in text.stdout and text.stderr == "tenon: 1 of 2 differ\n", text
        assert compared(a, b, "--rtol", 0, "--atol", "1.1e-4")["same"]


def test_compare_what_is_not_finite():
    with temporary() as t:
        odd = np.array([np.nan, np.inf, -np.inf, 0, -0.0, 1], "f4")
        a = folder(t + "/a", {"y": odd})
        assert compared(a, folder(t + "/b", {"y": odd}))["same"]
        assert compared(a, folder(t + "/b", {"y": np.array([np.nan, np.inf, -np.inf, -0.0, 0, 1], "f4")}))["same"]
        for i, value in ((0, 1), (1, -np.inf), (1, 1e30), (5, np.nan), (5, np.inf)):
            other = odd.copy()
            other[i] = value
            for pair in ((a, folder(t + "/c", {"y": other})), (folder(t + "/c", {"y": other}), a)):
                assert compared(*pair, "--rtol", 1, "--atol", "1e9", status=1)["outputs"][0]["mismatches"] == 1, (i, value)


def test_compare_exactly():
    """What is no float has no tolerance, not even where a double cannot tell two integers apart."""
    with temporary() as t:
        for a, b in ((np.array([2**60, 5]), np.array([2**60 + 1, 5])), (np.array([1, 2], "u1"), np.array([1, 3], "u1")),
                     (np.array([True]), np.array([False])), (np.array(["a", "b"]), np.array(["a", "bc"])),
                     (np.array([2**63 + 1], "u8"), np.array([2**63], "u8"))):
            x, y = folder(t + "/a", {"y": a}), folder(t + "/b", {"y": b})
            assert compared(x, x)["same"]
            assert compared(x, y, "--rtol", 9, "--atol", 9, status=1)["outputs"][0]["mismatches"] == 1, a
        z = np.array([1 + 1j, 2], "c8")
        x, y = folder(t + "/a", {"y": z}), folder(t + "/b", {"y": z + np.array([0, 3e-4j], "c8")})
        assert abs(compared(x, y)["outputs"][0]["max_abs_diff"] - 3e-4) < 1e-6
        compared(x, y, "--rtol", "1e-5", status=1)


def test_compare_other_types_and_names():
    with temporary() as t:
        x = np.zeros([2, 3], "f4")
        a = folder(t + "/a", {"y": x, "only": x})
        b = folder(t + "/b", {"y": x.astype("f8"), "other": x})
        about = compared(a, b, status=1)
        notes = {row["name"]: row["note"] for row in about["outputs"]}
        assert notes == {"y": "float32[2,3] against float64[2,3]", "only": "only in the first", "other": "only in the second"}, notes
        assert compared(folder(t + "/c", {"y": x}), folder(t + "/d", {"y": x.T.copy()}), status=1)["outputs"][0]["note"]


def test_compare_test_data_sets():
    with temporary() as t:
        x, y = np.arange(6, dtype="f4"), np.arange(3, dtype="i8")
        a = folder(t + "/a", {"first": x, "second": y})
        os.mkdir(t + "/set")
        tensorproto.save(t + "/set/output_0.pb", "whatever", "float32", x)
        tensorproto.save(t + "/set/output_1.pb", "else", "int64", y)
        for pair in ((a, t + "/set"), (t + "/set", a), (t + "/set", t + "/set")):
            assert compared(*pair)["same"]
        assert [row["name"] for row in compared(t + "/set", a)["outputs"]] == ["first", "second"]
        os.remove(t + "/set/output_1.pb")
        assert compared(a, t + "/set", status=1)["outputs"][1]["note"] == "only in the first"


def test_compare_containers():
    with temporary() as t:
        def sequence(path, *arrays):
            os.makedirs(path, exist_ok=True)
            save(path + "/output_0.pb", block(1, "s") + number(2, 1) + b"".join(block(3, tensor("", a)) for a in arrays))
            return path
        x = np.ones(3, "f4")
        a = sequence(t + "/a", x, x * 2)
        assert [row["name"] for row in compared(a, a)["outputs"]] == ["output_0[0]", "output_0[1]"]
        assert compared(a, sequence(t + "/b", x, x * 3), status=1)["outputs"][1]["mismatches"] == 3
        assert "number" in compared(a, sequence(t + "/b", x), status=1)["outputs"][0]["note"]
        tensorproto.save(t + "/b/output_0.pb", "s", "float32", x)
        assert "kind" in compared(a, t + "/b", status=1)["outputs"][0]["note"]


def test_compare_small_types():
    with temporary() as t:
        for dtype, raw, other in (("bfloat16", b"\x80\x3f", b"\x81\x3f"), ("float8e4m3fn", b"\x38", b"\x39"), ("int4", b"\x07", b"\x06"), ("uint2", b"\x03", b"\x02")):
            for name, bits in (("a", raw), ("b", other)):
                os.makedirs(f"{t}/{name}", exist_ok=True)
                save(f"{t}/{name}/output_0.pb", tensor("x", ([1], bits), dtype))
            assert compared(t + "/a", t + "/a")["same"]
            about = compared(t + "/a", t + "/b", "--rtol", 0, "--atol", 0, status=1)
            off = about["outputs"][0]["max_abs_diff"]
            assert off == {"bfloat16": 2**-7, "float8e4m3fn": 2**-3, "int4": 1, "uint2": 1}[dtype], about


def test_compare_files():
    with temporary() as t:
        x = np.arange(4, dtype="f4")
        np.save(t + "/a.npy", x)
        np.save(t + "/b.npy", x + 1)
        np.savez(t + "/a.npz", y=x)
        assert compared(t + "/a.npy", t + "/a.npy")["same"] and compared(t + "/a.npz", t + "/a.npz")["same"]
        assert compared(t + "/a.npy", t + "/b.npy", status=1)["outputs"][0]["max_abs_diff"] == 1
        tenon("run", DIGITS, "--fill", "random", "--output", t + "/one", "--threads", 1)
        tenon("run", DIGITS, "--fill", "random", "--output", t + "/two.npz", "--cpu", "ref")
        assert compared(t + "/one", t + "/two.npz")["same"]


def test_compare_what_cannot_be_read():
    with temporary() as t:
        x = np.zeros(2, "f4")
        a, b = folder(t + "/a", {"y": x}), folder(t + "/b", {"y": x})
        refused("compare", a, t + "/none", status=4, says="none")
        os.mkdir(t + "/empty")
        refused("compare", t + "/empty", a, status=4, says="outputs.json")
        os.remove(b + "/0.npy")
        refused("compare", a, b, status=4, says="0.npy")
        save(b + "/0.npy", b"damaged")
        refused("compare", a, b, status=3, says="0.npy")
        for text in ("", "{", "[", "[{]", '[{"name":"y"', '[{"name":"y","file":"0.npy"}', '[{"name":"y" "file":"0.npy"}]', '[{"name":1}]',
                     '[{"name":"y","file":"../a/0.npy"}]', '[{"name":"y","file":""}]', '[{"name":"y","file":"\\u12"}]', "[" * 500,
                     '[{"x":' + "[" * 500 + "}]", '[{"name":"' + "y" * 9000 + '"}]', '[{"name":"y","file":"x\\"}]'):
            save(b + "/outputs.json", text.encode())
            refused("compare", a, b, status=3)
        save(b + "/outputs.json", b' [ { "more" : [1, {"a": "]}\\""}, null] , "file" : "1.npy" , "name" : "\\u0079" } ] ')
        np.save(b + "/1.npy", x)
        assert compared(a, b)["same"]


# ---- doctor


def test_doctor():
    about = json.loads(tenon("doctor", "--json", "--threads", 3).stdout)
    assert about["ok"] and about["threads"] == 3 and about["cpus_online"] >= about["cpus_allowed"] >= 1
    assert about["memory_bytes"] > 10**8 and set(about["libraries"]) == {"libspng", "libturbojpeg"}
    tests = {row["cpu"]: row for row in about["tests"]}
    assert list(tests) == ["ref", "avx2", "avx512", "neon", "native"]
    assert tests["ref"]["available"] and tests["native"]["available"]
    for row in tests.values():
        if row["available"]:
            assert row["ok"] and row["same_bits"] and row["threads"] == 3 and 0 <= row["largest_error"] < 1e-4, row
    only = json.loads(tenon("doctor", "--json", "--cpu", "ref").stdout)
    assert [row["cpu"] for row in only["tests"]] == ["ref"] and only["cpu"] == "ref"


def test_doctor_text():
    text = tenon("doctor").stdout
    for word in ("processor", "CPUs", "memory", "ref        ok: error"):
        assert word in text, text


def test_hash_is_of_the_file():
    with temporary() as t:
        path = identity(t, shape=[2])
        about = json.loads(tenon("inspect", path, "--json").stdout)
        assert about["hash"] == hashlib.sha256(open(path, "rb").read()).hexdigest()
        assert re.fullmatch("[0-9a-f]{64}", json.loads(tenon("bench", sums(t), "--duration", 0, "--threads", 1, "--json").stdout)["hash"])
