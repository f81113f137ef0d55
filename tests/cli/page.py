# SPDX-License-Identifier: Apache-2.0
"""docs/command.md: its examples run, and what it says of options and keys is so."""
import json
import os
import re
import subprocess

from _cli import DIGITS
from harness import BIN, ROOT, Skip, temporary, tenon

PAGE = os.path.join(ROOT, "docs", "command.md")


def page():
    with open(PAGE, encoding="utf-8") as f:
        return f.read()


def test_examples_run():
    blocks = re.findall(r"^```sh\n(.*?)^```", page(), re.M | re.S)
    assert blocks
    if "no .png" in tenon("--version").stdout:
        raise Skip("built without .png")
    with temporary() as t:
        os.symlink(os.path.join(ROOT, "demo"), os.path.join(t, "demo"))
        os.symlink(BIN, os.path.join(t, "tenon"))
        for block in blocks:
            done = subprocess.run(["sh", "-e", "-c", block], cwd=t, capture_output=True, timeout=300, check=False,
                                  env={**os.environ, "PATH": t + ":" + os.environ["PATH"]})
            assert done.returncode == 0, done
            assert b"9  6." in done.stdout and b"avx512" in done.stdout, done.stdout


def test_every_option_is_there():
    text = page()
    for verb in ("run", "inspect", "bench", "compare", "doctor"):
        for flag in re.findall(r"^  (--?[a-z]+)", tenon(verb, "--help").stdout, re.M):
            assert flag == "--help" or f"`{flag}" in text or f"{flag} " in text, flag


def test_keys_are_those_of_the_page():
    text = re.sub(r"\s+", " ", page())

    def keys(opening):
        said = text[text.index(opening):]
        return re.match(re.escape(opening) + r"(.*?)`", said)[1]

    def names(said):
        return re.findall(r"[a-z_0-9]+", re.sub(r"\[\{.*?\}\]|\{\}|\[\]", "", said))

    inspect = json.loads(tenon("inspect", DIGITS, "--json").stdout)
    assert names(keys("`--json`: `format")) == [k for k in inspect if k != "format"]
    bench = json.loads(tenon("bench", DIGITS, "--json", "--duration", 0, "--threads", 1).stdout)
    said = keys("`--json`: `model, hash, cpu")
    assert names(re.search(r"\[\{(.*?)\}\]", said)[1]) == list(bench["runs"][0]) and list(bench) == ["model", "hash", "cpu", "runs"]
    run = json.loads(tenon("run", DIGITS, "--json", "--fill", "zeros").stdout)
    assert names(keys("`--json` prints `")) == list(run)
