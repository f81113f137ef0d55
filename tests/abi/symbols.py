# SPDX-License-Identifier: Apache-2.0
"""What libtenon.so exports is what symbols.txt lists and what the headers declare; each header stands alone."""
import os
import re
import shutil
import subprocess

from harness import BIN, ROOT, Skip

LISTED = os.path.join(ROOT, "tests", "abi", "symbols.txt")


def listed():
    with open(LISTED, encoding="utf-8") as f:
        return f.read().split()


def differ(found, wanted, what):
    assert found, f"{what}: none"
    more, less = sorted(set(found) - set(wanted)), sorted(set(wanted) - set(found))
    assert not more and not less, f"{what}: {more} are not in tests/abi/symbols.txt, {less} are only there"


def test_list_is_sorted():
    names = listed()
    assert names == sorted(set(names)) and all(re.fullmatch(r"tenon_[a-z0-9]+(_[a-z0-9]+)*", n) for n in names)


def test_library():
    library = os.path.join(os.path.dirname(BIN), "libtenon.so")
    if not os.path.exists(library):
        raise Skip("libtenon.so was not built")
    out = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True).stdout
    names = [line.split()[-1].split("@")[0] for line in out.splitlines()]
    differ([n for n in names if not n.startswith("__")], listed(), "libtenon.so")  # __: a sanitizer's


def test_headers():
    names, folder = [], os.path.join(ROOT, "include", "tenon")
    for header in sorted(os.listdir(folder)):
        with open(os.path.join(folder, header), encoding="utf-8") as f:
            text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
        for declaration in re.findall(r"^TENON_API\b[^;{]*;", text, flags=re.M):
            names.append(re.search(r"\b(tenon_\w+)\s*\(", declaration)[1])
    differ(names, listed(), "the headers")


def test_headers_alone():
    if not shutil.which("c++"):
        raise Skip("no C++ compiler")
    done = subprocess.run([os.path.join(ROOT, "tools", "check-headers")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
