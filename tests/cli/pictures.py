# SPDX-License-Identifier: Apache-2.0
"""Pictures as inputs: PNG and JPEG, channels, layouts, sizes, means and scales, element types."""
import os
import zlib

import numpy as np

import harness
from _cli import DIGITS, PICTURES, identity, jpeg, png, refused, result
from harness import Skip, temporary, tenon
from onnxwriter import save

BUILT = tenon("--version").stdout


def need(ending):
    if f"no {ending}" in BUILT:
        raise Skip(f"built without {ending}")


def picture(height, width, color=True, seed=0):
    rng = np.random.default_rng(harness.random_seed(f"picture {seed}"))
    return rng.integers(0, 256, (height, width, 3) if color else (height, width)).astype("u1")


def luma(rgb):
    r, g, b = (rgb[..., i].astype("u4") for i in range(3))
    return (r * 19595 + g * 38470 + b * 7471 + 32768 >> 16).astype("u1")


def resized(a, width, height):
    """Bilinear as Pillow does it: 22-bit weights, two passes, rounded to bytes in between."""
    def along(a, axis, out):
        if a.shape[axis] == out:
            return a
        a = np.moveaxis(a, axis, 0).astype("i8")
        scale = len(a) / out
        support, rows = max(scale, 1.0), []
        for i in range(out):
            center = (i + 0.5) * scale
            first, last = max(int(center - support + 0.5), 0), min(int(center + support + 0.5), len(a))
            w = np.array([max(1 - abs((k - center + 0.5) * (1 / support)), 0.0) for k in range(first, last)])
            total = 0.0
            for one in w:
                total += one
            whole = np.array([int(0.5 + one / total * (1 << 22)) for one in w])
            total = (np.tensordot(whole, a[first:last], 1) + (1 << 21)) >> 22
            rows.append(np.clip(total, 0, 255))
        return np.moveaxis(np.array(rows, "u1"), 0, axis)
    return along(along(a, 1, width), 0, height)


def test_layouts_and_channels():
    need(".png")
    with temporary() as t:
        rgb = picture(5, 7)
        x = save(os.path.join(t, "x.png"), png(rgb))
        chw = rgb.transpose(2, 0, 1)
        cases = [([1, 3, 5, 7], (), chw[None]), ([1, 5, 7, 3], (), rgb[None]), ([3, 5, 7], (), chw), ([5, 7, 3], (), rgb),
                 (["n", 3, "h", "w"], (), chw[None]), (["n", "h", "w", 3], (), rgb[None]),
                 ([1, 1, 5, 7], (), luma(rgb)[None, None]), ([1, 5, 7, 1], (), luma(rgb)[None, :, :, None]), ([5, 7], (), luma(rgb)),
                 (None, ("--layout", "nchw"), chw[None]), (None, ("--layout", "nhwc"), rgb[None]),
                 (["n", "c", "h", "w"], ("--layout", "nchw"), chw[None]), (["a", "b", "c"], ("--layout", "nhwc"), rgb),
                 (["n", "c", "h", "w"], ("--layout", "nchw", "--color", "gray"), luma(rgb)[None, None]),
                 ([1, 3, 5, 7], ("--color", "bgr"), chw[None, ::-1]), ([1, 3, 5, 7], ("--color", "rgb"), chw[None])]
        for shape, flags, want in cases:
            got = result(identity(t, "float32", shape), "--input", x, *flags)
            assert got.shape == want.shape and (got == want).all(), (shape, flags, got.shape)


def test_kinds_of_png():
    need(".png")
    with temporary() as t:
        path, x = identity(t, "uint8", [1, "h", "w", 3]), os.path.join(t, "x.png")
        grey, rgb = picture(6, 4, False), picture(6, 4)
        indexed = np.stack([grey, 255 - grey, grey // 2], 2)
        for content, want in ((png(rgb), rgb), (png(rgb, alpha=7), rgb), (png(rgb, bits=16), rgb), (png(grey), grey[..., None]),
                              (png(grey, alpha=200), grey[..., None]), (png(grey, palette=True), indexed)):
            save(x, content)
            assert (result(path, "--input", x)[0] == want).all()


def test_mean_and_scale():
    need(".png")
    with temporary() as t:
        rgb = picture(4, 4)
        x = save(os.path.join(t, "x.png"), png(rgb))
        path = identity(t, "float32", [1, 4, 4, 3])
        f = rgb[None].astype("f8")
        for flags, want in ((("--scale", "1/255"), f / 255), (("--mean", "127.5", "--scale", "0.0078125"), (f - 127.5) / 128),
                            (("--mean", "123.68,116.78,103.94"), f - [123.68, 116.78, 103.94]),
                            (("--mean=1,2,3", "--scale=1/2,1/4,-1e-1"), (f - [1, 2, 3]) * [0.5, 0.25, -0.1]),
                            (("--mean", "1,2,3", "--color", "bgr"), f[..., ::-1] - [1, 2, 3])):
            assert (result(path, "--input", x, *flags) == want.astype("f4")).all(), flags
        for flags in (("--mean", "x"), ("--mean", "1,2"), ("--mean", ""), ("--scale", "1/0"), ("--scale", "1,2,3,4"), ("--scale", "1,"),
                      ("--scale", "nan/255/2")):
            refused("run", path, "--input", x, *flags, status=2, says=flags[0])


def test_element_types():
    need(".png")
    with temporary() as t:
        grey = picture(3, 5, False)
        x = save(os.path.join(t, "x.png"), png(grey))
        for dtype in ("uint8", "int32", "int64", "uint16", "float16", "float64"):
            got = result(identity(t, dtype, [3, 5]), "--input", x)
            assert got.dtype == dtype and (got == grey.astype(dtype)).all()
        got = result(identity(t, "int8", [3, 5]), "--input", x, "--mean", 128)
        assert (got == grey.astype("i4") - 128).all()
        got = result(identity(t, "uint8", [3, 5]), "--input", x, "--scale", "1.5", "--mean", 20)  # rounded, cut off at the ends
        assert (got == np.clip(np.rint((grey - 20.0) * 1.5), 0, 255)).all()
        got = result(identity(t, "float16", [3, 5]), "--input", x, "--scale", "1/255")
        assert (got == (grey / 255).astype("f2")).all()
        tenon("run", identity(t, "bfloat16", [3, 5]), "--input", x)
        refused("run", identity(t, "string", [3, 5]), "--input", x, status=3, says="string")


def test_resize():
    need(".png")
    with temporary() as t:
        path, x = identity(t, "uint8", ["n", "h", "w", 3]), os.path.join(t, "x.png")
        for height, width, to_height, to_width in ((4, 4, 8, 8), (5, 7, 9, 3), (40, 30, 7, 9), (1, 1, 5, 4), (64, 48, 1, 1), (17, 5, 17, 11),
                                                   (300, 200, 224, 224), (50, 20, 9, 70)):
            rgb = picture(height, width, seed=height)
            save(x, png(rgb))
            got = result(path, "--input", x, "--resize", f"{to_width}x{to_height}")
            assert got.shape == (1, to_height, to_width, 3)
            assert (got[0] == resized(rgb, to_width, to_height)).all(), (height, width)
        flat = np.full((31, 17, 3), 77, "u1")
        save(x, png(flat))
        assert (result(path, "--input", x, "--resize", "200x3") == 77).all()
        for bad in ("8", "8x", "0x8", "8x8x8", "-1x4", "70000x2", "60000x60000", "axb"):
            refused("run", path, "--input", x, "--resize", bad, status=2, says="--resize")


def test_sizes_must_agree():
    need(".png")
    with temporary() as t:
        path = identity(t, "float32", [1, 3, 6, 4])
        x = save(os.path.join(t, "x.png"), png(picture(5, 7)))
        refused("run", path, "--input", x, status=3, says=("x.png", "7x5", "'x'", "--resize 4x6"))
        refused("run", path, "--input", x, "--resize", "6x4", status=3, says=("6x4", "4x6"))
        assert result(path, "--input", x, "--resize", "4x6").shape == (1, 3, 6, 4)
        refused("run", path, "--input", x, "--resize", "4x6", "--color", "gray", status=3, says=("3 channels", "gray"))
        refused("run", identity(t, "float32", ["n", "c", "h", "w"]), "--input", x, status=2, says="--layout")
        refused("run", identity(t, "float32", [5]), "--input", x, status=3, says="1 dimensions")


def test_digits():
    """The demo's own pictures with nothing said but the scale."""
    need(".png")
    for name in ("00-label-9.png", "01-label-3.png", "05-label-1.png"):
        text = tenon("run", DIGITS, "--input", os.path.join(PICTURES, name), "--scale", "1/255", "--top", 1).stdout
        assert text.split()[1] == name[9], text


def test_jpeg():
    need(".jpg")
    with temporary() as t:
        greys = picture(3, 5, False) // 2 * 2
        x = os.path.join(t, "x.jpg")
        want = np.kron(greys, np.ones([8, 8], "u1"))
        for name in ("x.jpg", "x.jpeg", "x.JPG"):
            x = save(os.path.join(t, name), jpeg(greys))
            assert (result(identity(t, "uint8", ["h", "w"]), "--input", x) == want).all()
        got = result(identity(t, "uint8", [1, 3, 24, 40]), "--input", x)
        assert (got[0] == want).all()
        whole = jpeg(greys)
        for cut in (2, 20, 100, len(whole) - 12):
            save(x, whole[:cut])
            refused("run", identity(t, "uint8", ["h", "w"]), "--input", x, status=3, says="x.JPG")
        save(x, whole + b"some bytes that a camera left behind")
        assert (result(identity(t, "uint8", ["h", "w"]), "--input", x) == want).all()


def test_by_content():
    need(".png")
    need(".jpg")
    with temporary() as t:
        path, grey = identity(t, "uint8", ["h", "w"]), picture(8, 8, False)
        x = save(os.path.join(t, "x.jpg"), png(grey))  # the ending says picture, the content which
        assert (result(path, "--input", x) == grey).all()
        assert (result(path, "--input", "-", stdin=png(grey)) == grey).all()
        assert (result(path, "--input", "-", stdin=jpeg([[44]])) == 44).all()
        save(x, b"no picture at all")
        refused("run", path, "--input", x, status=3, says=("x.jpg", "neither"))


def test_damaged_png():
    need(".png")
    with temporary() as t:
        path, x = identity(t, "uint8", ["h", "w"]), os.path.join(t, "x.png")
        whole = png(picture(40, 40, False))
        for cut in (8, 20, 33, 60, len(whole) // 2, len(whole) - 40):
            save(x, whole[:cut])
            refused("run", path, "--input", x, status=3, says="x.png")
        for width, height in ((0, 5), (60000, 60000), (70000, 1), (1 << 31, 1)):  # what it claims is checked before memory is taken
            size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
            head = b"IHDR" + size + whole[24:29]
            save(x, whole[:12] + head + zlib.crc32(head).to_bytes(4, "big") + whole[33:])
            refused("run", path, "--input", x, status=3, says="x.png")


def test_absent_libraries():
    """What the build lacks is said, with the package that brings it; what it has works."""
    with temporary() as t:
        path = identity(t, "uint8", ["h", "w"])
        for ending, content, package in ((".png", png([[7]]), "libspng-dev"), (".jpg", jpeg([[7]]), "libturbojpeg0-dev")):
            x = save(os.path.join(t, "x" + ending), content)
            if f"no {ending}" in BUILT:
                refused("run", path, "--input", x, status=4, says=package)
            else:
                assert (result(path, "--input", x) == 7).all()
