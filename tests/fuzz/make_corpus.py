#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/fuzz/corpus/load_and_run: a small model for each line of operators.txt, and models whose structure is of
interest (control flow, functions, sequences, quantised and normalising groups, what once broke the library). Needs numpy."""
import ast
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import numpy as np  # noqa: E402
from onnxwriter import Graph, block, graph, model, node, number, port, save, tensor  # noqa: E402

OUT = os.path.join(HERE, "corpus", "load_and_run")
DTYPES = {"f16": "float16", "f32": "float32", "f64": "float64", "bool": "bool", "str": "string"}
DTYPES.update({f"{sign[0]}{bits}": f"{sign}{bits}" for sign in ("int", "uint") for bits in (8, 16, 32, 64)})
F32 = "float32"


def numbers(shape, dtype="float32", seed=1):
    r = np.random.default_rng(seed)
    if dtype == "string":
        return np.array([f"s{i}" for i in range(int(np.prod(shape)))], "O").reshape(shape)
    if dtype.startswith("float"):
        return r.standard_normal(shape).astype(dtype)
    return r.integers(0, 2 if dtype == "bool" else 100, shape).astype(dtype)


def operator(line):
    """(name, model) of a line."""
    words = re.findall(r"(?:[^\s']|'[^']*')+", line)
    domain, _, op = words[0].rpartition(".")
    opset = int(words[1])
    ports, constants, names, attributes, outputs = [], [], [], {}, "y"
    for word in words[2:]:
        given = re.fullmatch(r"([a-z]+\d*)\[([\d,]*)\](\*|=.*)?", word)
        if word == "-":
            names.append("")
        elif word[0] == ">":
            outputs = word[1:]
        elif not given:
            key, _, value = word.partition("=")
            attributes[key] = ast.literal_eval(value)
        else:
            dtype, shape = DTYPES[given[1]], [int(n) for n in given[2].split(",") if n]
            names.append(f"x{len(names)}")
            if given[3] is None:
                ports.append(port(names[-1], dtype, shape))
            elif given[3] == "*":
                constants.append(tensor(names[-1], numbers(shape, dtype, len(names)), dtype))
            else:
                values = np.array(ast.literal_eval(f"[{given[3][1:]}]"), dtype).reshape(shape)
                constants.append(tensor(names[-1], values, dtype))
    made = [f"y{i}" if c == "y" else "" for i, c in enumerate(outputs)]
    content = model([node(op, names, made, domain=domain, **attributes)], ports, [open_port(m) for m in made if m],
                    constants, opset=1 if domain else opset, domains=[(domain, opset)] if domain else [])
    return op, content


def open_port(name):
    """An output of no declared type."""
    return block(1, name)


def body(nodes, inputs, outputs, constants=()):
    return Graph(graph(nodes, inputs, [open_port(o) for o in outputs], constants, "body"))


def i64(name, *values):
    return tensor(name, np.array(values, "int64"))


def scalar(name, value, dtype="int64"):
    return tensor(name, np.array(value, dtype))


def simple(nodes, inputs, outputs, constants=(), **more):
    return model(nodes, inputs, [open_port(o) for o in outputs], constants, **more)


def control():
    add, mul = node("Add", ["x", "one"], ["a"]), node("Mul", ["x", "x"], ["m"])
    one = scalar("one", 1, "float32")
    yield "if", simple([node("If", ["c"], ["y"], then_branch=body([add], [], ["a"]), else_branch=body([mul], [], ["m"]))],
                       [port("c", "bool", []), port("x", F32, [2, 3])], ["y"], [one])
    rounds = [port("i", "int64", []), port("go", "bool", []), port("v", F32, [3])]
    step = [node("Identity", ["go"], ["on"]), node("Add", ["v", "w"], ["next"]), node("Mul", ["next", "next"], ["square"])]
    yield "loop", simple([node("Loop", ["n", "", "x"], ["y", "all"], body=body(step, rounds, ["on", "next", "square"]))],
                         [port("x", F32, [3])], ["y", "all"], [scalar("n", 4), tensor("w", numbers([3]))])
    inner = [node("Less", ["i", "two"], ["early"]),
             node("If", ["early"], ["next"], then_branch=body([node("Add", ["v", "v"], ["t"])], [], ["t"]),
                  else_branch=body([node("Neg", ["v"], ["e"])], [], ["e"])),
             node("Less", ["i", "most"], ["on"])]
    yield "loop-if", simple([node("Loop", ["", "c", "x"], ["y"], body=body(inner, rounds, ["on", "next"]))],
                            [port("x", F32, [3])], ["y"], [scalar("two", 2), scalar("most", 5), scalar("c", True, "bool")])
    grow = [node("Identity", ["go"], ["on"]), node("Concat", ["v", "w"], ["next"], axis=0)]
    yield "loop-grows", simple([node("Loop", ["n", "", "x"], ["y"], body=body(grow, [*rounds[:2], port("v", F32, ["k"])],
                                                                              ["on", "next"]))],
                               [port("x", F32, ["k"]), port("n", "int64", [])], ["y"], [tensor("w", numbers([2]))])
    scan = body([node("Add", ["s", "e"], ["t"]), node("Identity", ["t"], ["o"])],
                [port("s", F32, [2]), port("e", F32, [2])], ["t", "o"])
    yield "scan", simple([node("Scan", ["s0", "x"], ["last", "all"], body=scan, num_scan_inputs=1, scan_input_directions=[1])],
                         [port("x", F32, [5, 2])], ["last", "all"], [tensor("s0", numbers([2]))])


def values():
    x, y = port("x", F32, [2, 3]), port("y", F32, [4, 3])
    yield "sequence", simple([node("SequenceConstruct", ["x", "y"], ["s"]), node("SequenceInsert", ["s", "x"], ["t"]),
                              node("SequenceErase", ["t", "zero"], ["u"]), node("SequenceLength", ["u"], ["n"]),
                              node("SequenceAt", ["u", "zero"], ["a"]),
                              node("ConcatFromSequence", ["u"], ["c"], axis=0), node("Relu", ["c"], ["r"])],
                             [x, y], ["n", "a", "r"], [scalar("zero", 0)], opset=17)
    yield "sequence-in", simple([node("SequenceAt", ["s", "zero"], ["a"]), node("Neg", ["a"], ["n"])],
                                [port("s", F32, [None, 3], "sequence")], ["n", "s"], [scalar("zero", 0)], opset=17)
    yield "split", simple([node("SplitToSequence", ["x", "two"], ["s"], axis=1), node("Identity", ["s"], ["t"])],
                          [port("x", F32, [2, 6])], ["t"], [scalar("two", 4)])
    add = body([node("Add", ["a", "a"], ["b"])], [port("a", F32, [2, 3])], ["b"])
    yield "sequence-map", simple([node("SequenceConstruct", ["x", "x"], ["s"]), node("SequenceMap", ["s"], ["t"], body=add)],
                                 [x], ["t"], opset=17)
    yield "optional", simple([node("Optional", ["x"], ["o"]), node("OptionalHasElement", ["o"], ["h"]),
                              node("OptionalGetElement", ["o"], ["g"])], [x], ["h", "g"], opset=18)
    yield "optional-in", simple([node("OptionalHasElement", ["o"], ["h"]), node("OptionalGetElement", ["o"], ["g"])],
                                [port("o", F32, [3], "optional")], ["h", "g"], opset=18)
    yield "zip-map", simple([node("ZipMap", ["x"], ["m"], domain="ai.onnx.ml", classlabels_int64s=[1, 2, 3])], [x], ["m"],
                            domains=[("ai.onnx.ml", 1)])
    yield "text", simple([node("StringNormalizer", ["t"], ["n"], case_change_action="LOWER", stopwords=["s1"]),
                          node("StringConcat", ["n", "suffix"], ["c"]), node("StringSplit", ["c"], ["p", "k"], delimiter="0")],
                         [port("t", "string", ["n"])], ["p", "k"], [tensor("suffix", np.array(["-x0y"], "O"), "string")])


def groups():
    image = port("x", F32, ["n", 3, 9, 9])
    yield "convolutions", simple(
        [node("Conv", ["x", "w0", "b0"], ["a"], kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2]),
         node("BatchNormalization", ["a", "s", "o", "mean", "var"], ["n"]), node("Relu", ["n"], ["r"]),
         node("Conv", ["r", "w1"], ["d"], group=16, pads=[1, 1, 1, 1]), node("Sigmoid", ["d"], ["g"]),
         node("Mul", ["d", "g"], ["silu"]), node("Add", ["silu", "r"], ["sum"]), node("GlobalAveragePool", ["sum"], ["p"]),
         node("Flatten", ["p"], ["f"]), node("Gemm", ["f", "w2", "b2"], ["y"], transB=1)], [image], ["y"],
        [tensor(n, numbers(s)) for n, s in (("w0", [16, 3, 3, 3]), ("b0", [16]), ("s", [16]), ("o", [16]), ("mean", [16]),
                                            ("w1", [16, 1, 3, 3]), ("w2", [5, 16]), ("b2", [5]))]
        + [tensor("var", np.abs(numbers([16])) + 1)])
    yield "quantised", simple(
        [node("QuantizeLinear", ["x", "sx", "zx"], ["q"]), node("DequantizeLinear", ["q", "sx", "zx"], ["d"]),
         node("DequantizeLinear", ["w", "sw", "zw"], ["v"], axis=0), node("DequantizeLinear", ["b", "sb", "zb"], ["c"], axis=0),
         node("Conv", ["d", "v", "c"], ["y"], kernel_shape=[3, 3]), node("Relu", ["y"], ["r"]),
         node("QuantizeLinear", ["r", "sy", "zy"], ["p"]), node("DequantizeLinear", ["p", "sy", "zy"], ["z"])],
        [port("x", F32, [1, 3, 6, 6])], ["z"],
        [scalar("sx", .02, F32), scalar("zx", 128, "uint8"), tensor("w", numbers([8, 3, 3, 3], "int8")),
         tensor("sw", np.full(8, .01, "f4")), tensor("zw", np.zeros(8, "i1")), tensor("b", numbers([8], "int32")),
         tensor("sb", np.full(8, 2e-4, "f4")), tensor("zb", np.zeros(8, "i4")), scalar("sy", .1, F32), scalar("zy", 0, "uint8")],
        opset=13)
    yield "attention", simple(
        [node("MatMul", ["x", "wq"], ["q"]), node("MatMul", ["x", "wk"], ["k"]), node("MatMul", ["x", "wv"], ["v"]),
         node("Transpose", ["k"], ["kt"], perm=[0, 2, 1]), node("MatMul", ["q", "kt"], ["s"]), node("Div", ["s", "root"], ["t"]),
         node("Softmax", ["t"], ["p"], axis=-1), node("MatMul", ["p", "v"], ["o"]), node("Add", ["o", "x"], ["r"]),
         node("ReduceMean", ["r"], ["mean"], axes=[-1]), node("Sub", ["r", "mean"], ["c"]), node("Mul", ["c", "c"], ["cc"]),
         node("ReduceMean", ["cc"], ["var"], axes=[-1]), node("Add", ["var", "eps"], ["e"]), node("Sqrt", ["e"], ["d"]),
         node("Div", ["c", "d"], ["n"]), node("Mul", ["n", "gain"], ["g"]), node("Add", ["g", "shift"], ["y"])],
        [port("x", F32, ["b", "t", 8])], ["y"],
        [tensor(n, numbers([8, 8])) for n in ("wq", "wk", "wv")]
        + [scalar("root", 8 ** .5, F32), scalar("eps", 1e-5, F32), tensor("gain", numbers([8])), tensor("shift", numbers([8]))],
        opset=17)
    yield "shapes", simple(
        [node("Shape", ["x"], ["s"]), node("Gather", ["s", "zero"], ["n"], axis=0), node("Unsqueeze", ["n", "axes"], ["u"]),
         node("Concat", ["u", "rest"], ["to"], axis=0), node("Reshape", ["x", "to"], ["r"]),
         node("ConstantOfShape", ["s"], ["z"], value=np.array([2], "f4")), node("Expand", ["z", "s"], ["e"]),
         node("NonZero", ["x"], ["at"]), node("Transpose", ["at"], ["ats"]), node("GatherND", ["x", "ats"], ["picked"]),
         node("Range", ["zero", "n", "one"], ["range"])],
        [port("x", F32, ["n", 2, 3])], ["r", "e", "picked", "range"],
        [scalar("zero", 0), scalar("one", 1), i64("axes", 0), i64("rest", -1)])
    yield "half", simple(
        [node("MatMul", ["x", "w"], ["m"]), node("Cast", ["m"], ["f"], to=1), node("Softmax", ["f"], ["s"]),
         node("Cast", ["s"], ["h"], to=16), node("Cast", ["h"], ["y"], to=10)],
        [port("x", "float16", [2, 8])], ["y"], [tensor("w", numbers([8, 4], "float16"))])


def rare():
    function = (block(1, "Twice") + block(4, "x") + block(5, "y") + block(6, "by")
                + block(7, node("Mul", ["x", "x"], ["square"]))
                + block(7, node("Scale", ["square"], ["y"], domain="own")[:-5]
                        + block(5, block(1, "alpha") + block(21, "by") + number(20, 1)) + block(7, "own"))
                + block(9, block(1, "") + number(2, 18)) + block(9, block(1, "own") + number(2, 1)) + block(10, "own"))
    scale = (block(1, "Scale") + block(4, "x") + block(5, "y") + block(6, "alpha")
             + block(7, node("Elu", ["x"], ["y"]) + block(5, block(1, "alpha") + block(21, "alpha") + number(20, 1)))
             + block(9, block(1, "") + number(2, 18)) + block(10, "own"))
    yield "functions", simple([node("Twice", ["x"], ["y"], domain="own", by=2.5)], [port("x", F32, [2, 3])], ["y"], opset=18,
                              domains=[("own", 1)]) + block(25, function) + block(25, scale)
    sparse = block(1, tensor("w", numbers([3]))) + block(2, tensor("", np.array([0, 7, 14], "int64"))) + number(3, 5) + number(3, 3)
    content = graph([node("MatMul", ["x", "w"], ["y"])], [port("x", F32, [2, 5])], [open_port("y")]) + block(15, sparse)
    yield "sparse", number(1, 8) + block(8, number(2, 18)) + block(7, content)
    constants = [node("Constant", [], ["c"], value=numbers([2, 3])), node("Constant", [], ["k"], value_ints=[3, 2]),
                 node("Reshape", ["c", "k"], ["r"]), node("MatMul", ["x", "r"], ["y"])]
    yield "constants", simple(constants, [port("x", F32, [4, 3])], ["y"])
    outside = (number(1, 4) + number(2, 1) + block(8, "w") + number(14, 1) + block(13, block(1, "location") + block(2, "w.bin"))
               + block(13, block(1, "length") + block(2, "16")))
    yield "external", simple([node("Add", ["x", "w"], ["y"])], [port("x", F32, [4])], ["y"], [outside])
    yield "default", simple([node("Add", ["x", "w"], ["y"])], [port("x", F32, [4]), port("w", F32, [4])], ["y"],
                            [tensor("w", numbers([4]))])


def broken():
    """What once broke the library."""
    yield "products-of-constants", simple([node("MatMul", ["a", "b"], ["c"]), node("Add", ["x", "c"], ["y"])],
                                          [port("x", F32, [2, 20])], ["y"], [tensor("a", numbers([2, 3])), tensor("b", numbers([3, 20]))])
    untyped = block(1, "x") + block(2, block(1, b""))
    yield "product-of-no-type", simple([node("MatMul", ["x", "w"], ["y"])], [untyped], ["y"], [tensor("w", numbers([3, 5]))])
    yield "gemm-of-no-type", simple([node("Gemm", ["x", "w"], ["y"])], [untyped], ["y"], [tensor("w", numbers([3, 5]))])
    yield "mean-variance-of-no-type", simple([node("MeanVarianceNormalization", ["x"], ["y"])], [untyped], ["y"])
    yield "mean-variance-inside", simple([node("Relu", ["x"], ["r"]), node("MeanVarianceNormalization", ["r"], ["y"])],
                                         [port("x", F32, [1, 2, 3, 4])], ["y"])
    yield "flex-attention-of-no-type", simple([node("FlexAttention", ["x", "x", "x"], ["y"], domain="ai.onnx.preview")], [untyped],
                                              ["y"], domains=[("ai.onnx.preview", 1)])
    yield "tensor-operator-on-sequence", simple([node("MatMul", ["x", "w"], ["y"])], [port("x", F32, [2, 3], "sequence")], ["y"],
                                                [tensor("w", numbers([3, 5]))])
    yield "reshape-overflows", simple([node("Reshape", ["x", "to"], ["y"])], [port("x", F32, [2, 3])], ["y"],
                                      [i64("to", -1, 1 << 62, 4)])
    yield "normalizer-of-high-rank", simple([node("StringNormalizer", ["x"], ["y"])], [port("x", "string", [1] * 9)], ["y"])
    lies = body([node("Identity", ["go"], ["on"]), node("Add", ["v", "v"], ["next"])],
                [port("i", "int64", []), port("go", "bool", []), port("v", F32, [3])], ["on", "next"])
    yield "body-declares-other-types", simple([node("Loop", ["n", "", "x"], ["y"], body=lies)], [port("x", "uint8", [3])], ["y"],
                                              [scalar("n", 2)])


def main():
    os.makedirs(OUT, exist_ok=True)
    for name in os.listdir(OUT):
        os.remove(os.path.join(OUT, name))
    total, seen = 0, {}
    with open(os.path.join(HERE, "operators.txt"), encoding="utf-8") as f:
        lines = [line.strip() for line in f if line.strip() and not line.startswith("#")]
    for line in lines:
        op, content = operator(line)
        seen[op] = seen.get(op, 0) + 1
        name = op if seen[op] == 1 else f"{op}-{seen[op]}"
        total += len(content)
        save(os.path.join(OUT, name + ".onnx"), content)
    for kind in (control, values, groups, rare, broken):
        for name, content in kind():
            total += len(content)
            save(os.path.join(OUT, name + ".onnx"), content)
    print(f"{len(os.listdir(OUT))} models, {total} bytes")


if __name__ == "__main__":
    main()
