# SPDX-License-Identifier: Apache-2.0
"""ONNX TensorProto files without the onnx package: load(path) -> (name, dtype, array), save(path, name, dtype, array).

Types that numpy has are arrays of that type, strings are objects (str), bfloat16 is widened to float32. The rest
(float8, 4 and 2 bits, external data) is refused."""
import numpy as np

# data_type: (tenon's name, numpy's, the field that holds it where raw_data does not)
TYPES = {
    1: ("float32", "<f4", 4), 2: ("uint8", "u1", 5), 3: ("int8", "i1", 5), 4: ("uint16", "<u2", 5),
    5: ("int16", "<i2", 5), 6: ("int32", "<i4", 5), 7: ("int64", "<i8", 7), 8: ("string", "O", 6),
    9: ("bool", "?", 5), 10: ("float16", "<f2", 5), 11: ("float64", "<f8", 10), 12: ("uint32", "<u4", 11),
    13: ("uint64", "<u8", 11), 16: ("bfloat16", "<u2", 5),
}


def varint(b, at):
    value = shift = 0
    while True:
        byte = b[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def fields(b):
    """(number, wire type, value) of each field of a message."""
    at = 0
    while at < len(b):
        key, at = varint(b, at)
        wire = key & 7
        if wire == 0:
            value, at = varint(b, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
            value, at = b[at:at + size], at + size
        elif wire == 2:
            size, at = varint(b, at)
            value, at = b[at:at + size], at + size
        else:
            raise ValueError(f"wire type {wire}")
        if at > len(b):
            raise ValueError("truncated")
        yield key >> 3, wire, value


def varints(wire, value):
    """The numbers of a field of varints, packed or not; two's complement."""
    found, at = [], 0
    if wire == 0:
        found = [value]
    else:
        while at < len(value):
            one, at = varint(value, at)
            found.append(one)
    return [v - (1 << 64) if v >> 63 else v for v in found]


def parse(b):
    """(name, dtype, array) of the bytes of a TensorProto."""
    dims, name, kind, raw, typed = [], "", 0, None, {4: b"", 10: b"", 5: [], 7: [], 11: [], 6: []}
    for number, wire, value in fields(b):
        if number == 1:
            dims += varints(wire, value)
        elif number == 2:
            kind = value
        elif number == 8:
            name = value.decode()
        elif number == 9:
            raw = value
        elif number in (4, 10):
            typed[number] += value
        elif number in (5, 7, 11):
            typed[number] += varints(wire, value)
        elif number == 6:
            typed[6].append(value.decode("utf-8"))
        elif number == 14 and value == 1:
            raise ValueError("external data")
    if kind not in TYPES:
        raise ValueError(f"data_type {kind}")
    dtype, code, field = TYPES[kind]
    if raw is not None and dtype != "string":
        a = np.frombuffer(raw, code)
    elif field in (4, 10):
        a = np.frombuffer(typed[field], code)
    elif dtype in ("float16", "bfloat16"):
        a = np.array(typed[5], "u2").view(code)
    elif dtype == "uint64":
        a = np.array([v & (1 << 64) - 1 for v in typed[11]], code)
    else:
        a = np.array(typed[field], code)
    if dtype == "bfloat16":
        a = (a.astype("<u4") << 16).view("<f4")
    return name, dtype, a.reshape(dims)


def load(path):
    with open(path, "rb") as f:
        return parse(f.read())


def bf16_bits(a):
    """float32 to bfloat16's 16 bits, rounded to nearest even (no NaN)."""
    u = np.ascontiguousarray(a, "<f4").view("<u4")
    return ((u + 0x7FFF + (u >> 16 & 1)) >> 16).astype("<u2")


def save(path, name, dtype, array):
    def number(v):
        out = b""
        while v > 127:
            out, v = out + bytes([v & 127 | 128]), v >> 7
        return out + bytes([v])

    def field(n, body):
        return number(n << 3 | 2) + number(len(body)) + body

    kind = next(k for k, t in TYPES.items() if t[0] == dtype)
    out = b"".join(number(1 << 3) + number(d) for d in array.shape) + number(2 << 3) + number(kind)
    out += field(8, name.encode())
    if dtype == "string":
        out += b"".join(field(6, str(s).encode()) for s in array.ravel())
    elif dtype == "bfloat16":
        out += field(9, bf16_bits(array).tobytes())
    else:
        out += field(9, np.ascontiguousarray(array, TYPES[kind][1]).tobytes())
    with open(path, "wb") as f:
        f.write(out)
