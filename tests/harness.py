#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs one file of Python tests: harness.py FILE [--filter TEXT] [--seed N].

A file defines functions test_*; each is one case. A generator function yields (name, call) pairs, one case each.
`raise Skip("why")` skips. Files start with `from harness import Skip, data, tenon`.
"""
import argparse
import inspect
import os
import runpy
import subprocess
import sys
import tempfile
import traceback
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BIN = os.environ.get("TENON_BIN", os.path.join(ROOT, "build", "release", "tenon"))
seed = 1  # --seed


class Skip(Exception):
    """Ends a case as skipped, with the reason."""


def data(path=""):
    """A file or folder of the test data; skips where it is absent."""
    root = os.environ.get("TENON_TEST_DATA") or os.path.join(ROOT, "..", "shared", "data")
    full = os.path.normpath(os.path.join(root, path))
    if not os.path.exists(full):
        raise Skip(f"no test data at {full}")
    return full


def tenon(*args, status=0, stdin=b"", env=None, timeout=600):
    """Runs the command; asserts its exit status (None: any). stdout and stderr of the result are text."""
    done = subprocess.run([BIN, *map(str, args)], input=stdin, capture_output=True, timeout=timeout, check=False,
                          env={**os.environ, **(env or {})})
    done.stdout = done.stdout.decode("utf-8", "replace")
    done.stderr = done.stderr.decode("utf-8", "replace")
    if status is not None:
        assert done.returncode == status, \
            f"tenon {' '.join(map(str, args))}: exit {done.returncode}, not {status}\n{done.stdout}{done.stderr}"
    return done


def sanitized():
    """Whether the command is a sanitizer's build: slow, and with an address space of its own."""
    cache = os.path.join(os.path.dirname(BIN), "CMakeCache.txt")
    if not os.path.exists(cache):
        return False
    with open(cache, encoding="utf-8") as f:
        return any(line.startswith("TENON_SANITIZE:") and line.split("=", 1)[1].strip() for line in f)


def temporary():
    """A temporary folder, as a context manager."""
    return tempfile.TemporaryDirectory(prefix="tenon-test-")


def random_seed(name):
    """A number for random generators that depends on --seed and the case alone."""
    return zlib.crc32(name.encode()) ^ seed


def cases(functions):
    """(name, call) of each case; a generator that breaks is a case that fails."""
    for name, function in functions:
        if not inspect.isgeneratorfunction(function):
            yield name, function
            continue
        steps = function()
        while True:
            try:
                part, call = next(steps)
            except StopIteration:
                break
            except Exception as e:  # the case reports it
                def broken(e=e):
                    raise e
                yield name, broken
                break
            yield f"{name}/{part}", call


def main():
    global seed
    sys.modules["harness"] = sys.modules["__main__"]  # one Skip, whoever imports it
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--filter", default="")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    seed = args.seed
    program = "/".join(os.path.splitext(os.path.abspath(args.file))[0].split(os.sep)[-2:])
    count = {"ok": 0, "fail": 0, "skip": 0}

    def report(word, name, note=""):
        count[word] += 1
        print(f"{word:5} {program}:{name}{note}", flush=True)

    try:
        sys.path.insert(0, os.path.dirname(os.path.abspath(args.file)))
        space = runpy.run_path(args.file, run_name="tests")
        functions = [(n, f) for n, f in space.items() if n.startswith("test_") and callable(f)]
    except (Skip, ModuleNotFoundError) as e:
        if isinstance(e, ModuleNotFoundError) and e.name != "numpy":
            raise
        report("skip", "*", f"  ({e})")
        functions = []
    for name, call in cases(functions):
        if args.filter not in f"{program}:{name}":
            continue
        try:
            call()
            report("ok", name)
        except Skip as e:
            report("skip", name, f"  ({e})")
        except Exception:
            traceback.print_exc(file=sys.stdout)
            report("fail", name, f"  (seed {seed})")
    print(f"{count['ok']} passed, {count['fail']} failed, {count['skip']} skipped")
    return 1 if count["fail"] else 0


if __name__ == "__main__":
    sys.exit(main())
