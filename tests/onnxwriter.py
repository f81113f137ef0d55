# SPDX-License-Identifier: Apache-2.0
"""ONNX models without the onnx package.

    y = node("Relu", ["x"], ["y"])
    save(path, model([y], [port("x", "float32", ["n", 3])], [port("y", "float32", ["n", 3])]))

Field numbers are those of onnx.proto."""
import numpy as np

import tensorproto

KINDS = {name: kind for kind, (name, _, _) in tensorproto.TYPES.items()}
KINDS.update({"complex64": 14, "complex128": 15, "float8e4m3fn": 17, "float8e4m3fnuz": 18, "float8e5m2": 19,
              "float8e5m2fnuz": 20, "uint4": 21, "int4": 22, "float4e2m1": 23, "float8e8m0": 24, "uint2": 25, "int2": 26})


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def number(field, value):
    return varint(field << 3) + varint(value)


def block(field, body):
    body = body.encode() if isinstance(body, str) else bytes(body)
    return varint(field << 3 | 2) + varint(len(body)) + body


class Graph(bytes):
    """The bytes of a GraphProto, so that an attribute knows them."""


def tensor(name, array, dtype=None):
    """A TensorProto. `array` is an array, or the raw bytes of `dtype` with a shape: (shape, bytes)."""
    if isinstance(array, tuple):
        shape, raw = array
    else:
        array = np.asarray(array)
        shape, dtype, raw = array.shape, dtype or array.dtype.name, None
        if dtype == "bfloat16":
            raw = tensorproto.bf16_bits(array).tobytes()
        elif array.dtype.kind not in "OU":
            raw = np.ascontiguousarray(array).tobytes()
        else:
            dtype = "string"
    out = b"".join(number(1, d) for d in shape) + number(2, KINDS[dtype]) + block(8, name)
    if raw is None:
        return out + b"".join(block(6, str(s)) for s in array.ravel())
    return out + block(9, raw)


def attribute(name, value):
    out = block(1, name)
    if isinstance(value, Graph):
        return out + block(6, value) + number(20, 5)
    if isinstance(value, (bool, int, np.integer)):
        return out + number(3, int(value)) + number(20, 2)
    if isinstance(value, float):
        return out + varint(2 << 3 | 5) + np.float32(value).tobytes() + number(20, 1)
    if isinstance(value, (str, bytes)):
        return out + block(4, value) + number(20, 3)
    if isinstance(value, np.ndarray):
        return out + block(5, tensor("", value)) + number(20, 4)
    if all(isinstance(v, (int, np.integer)) for v in value):
        return out + b"".join(number(8, int(v)) for v in value) + number(20, 7)
    if all(isinstance(v, float) for v in value):
        return out + block(7, np.array(value, "<f4").tobytes()) + number(20, 6)
    return out + b"".join(block(9, v) for v in value) + number(20, 8)


def node(op, inputs, outputs, name="", domain="", **attributes):
    out = b"".join(block(1, i) for i in inputs) + b"".join(block(2, o) for o in outputs)
    out += block(3, name) + block(4, op) + b"".join(block(5, attribute(k, v)) for k, v in attributes.items())
    return out + (block(7, domain) if domain else b"")


def port(name, dtype, shape, kind="tensor"):
    """A ValueInfoProto; `shape` None is an unknown rank, a str in it a symbol, None a nameless free dimension.
    `kind`: tensor, sequence (of such tensors) or optional (one such tensor, or none)."""
    body = number(1, KINDS[dtype])
    if shape is not None:
        dims = [b"" if d is None else block(2, d) if isinstance(d, str) else number(1, d) for d in shape]
        body += block(2, b"".join(block(1, d) for d in dims))
    body = block(1, body)
    if kind != "tensor":
        body = block({"sequence": 4, "optional": 9}[kind], block(1, body))
    return block(1, name) + block(2, body)


def graph(nodes, inputs, outputs, initializers=(), name="g"):
    out = b"".join(block(1, n) for n in nodes) + block(2, name) + b"".join(block(5, t) for t in initializers)
    return Graph(out + b"".join(block(11, p) for p in inputs) + b"".join(block(12, p) for p in outputs))


def model(nodes, inputs, outputs, initializers=(), opset=21, domains=(), metadata=()):
    """The bytes of a ModelProto. `domains`: (name, version) beside the main one."""
    out = number(1, 10)
    for domain, version in [("", opset), *domains]:
        out += block(8, block(1, domain) + number(2, version))
    out += block(7, graph(nodes, inputs, outputs, initializers))
    return out + b"".join(block(14, block(1, k) + block(2, v)) for k, v in metadata)


def save(path, content):
    with open(path, "wb") as f:
        f.write(content)
    return path
