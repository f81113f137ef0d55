#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the tests of one or more build folders and adds up their counts.

    tests/run.py [--filter TEXT] [--seed N] [--only PREFIX] [--jobs N] [--wrap COMMAND] [--strict] [-v] BUILD...

The C programs are those that BUILD/gen/tests.txt lists; the Python files (tests/abi, tests/cli, tests/models) run where
BUILD holds the command. FILTER and SEED in the environment stand in for the options. --only keeps the programs whose name
("unit/pool", "cli/run") begins with PREFIX. --wrap goes in front of each C program (an emulator). --strict counts a
skip that tests/skips does not name as a failure. Passing cases are printed only with -v. The last line is
"N passed, N failed, N skipped"; exits 1 where a case failed or none ran.
"""
import argparse
import concurrent.futures
import fnmatch
import importlib.util
import os
import re
import shlex
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LAST = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$")
PROGRAM_SECONDS = 7200


def allowed_skips():
    """The patterns of tests/skips."""
    rows = []
    with open(os.path.join(HERE, "skips"), encoding="utf-8") as f:
        for line in f:
            line = line.split("#")[0].strip()
            if line:
                rows.append(line.split(None, 1)[0])
    return rows


def programs(build, args):
    """[(name, command)] of a build folder."""
    found = []
    with open(os.path.join(build, "gen", "tests.txt"), encoding="utf-8") as f:
        for name in f.read().split():
            found.append((name, shlex.split(args.wrap) + [os.path.join(build, "tests", name)]))
    if not found:
        print(f"{build}: no test in C (was cmocka there when it was configured?)")
    if args.wrap:
        return found
    if not os.path.exists(os.path.join(build, "tenon")):
        print(f"{build}: no command, so no test in Python")
        return found
    for area in ("abi", "cli", "models"):
        folder = os.path.join(HERE, area)
        for file in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            if file.endswith(".py") and not file.startswith("_"):
                found.append((f"{area}/{file[:-3]}",
                              [sys.executable, os.path.join(HERE, "harness.py"), os.path.join(folder, file)]))
    return found


def run(name, command, build, args):
    """(name, passed, failed, skipped, lines, seconds)"""
    if args.filter:
        command = command + ["--filter", args.filter]
    if args.seed:
        command = command + ["--seed", args.seed]
    env = dict(os.environ, TENON_BIN=os.path.abspath(os.path.join(build, "tenon")))
    # The sanitizer's report, not cmocka's, says where a signal came from. No detect_stack_use_after_return: frames with
    # 64-byte vectors are misaligned then (GCC bug 110027).
    env.setdefault("ASAN_OPTIONS", "detect_stack_use_after_return=0:allocator_may_return_null=1:handle_segv=2:"
                                   "handle_sigbus=2:handle_sigfpe=2:handle_sigill=2:handle_abort=2")
    env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    if args.wrap:
        env["TENON_TEST_EMULATED"] = "1"
    start = time.monotonic()
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env,
                              stdin=subprocess.DEVNULL, timeout=PROGRAM_SECONDS, check=False)
        output, status = done.stdout.decode("utf-8", "replace"), done.returncode
    except subprocess.TimeoutExpired as e:
        output, status = (e.stdout or b"").decode("utf-8", "replace"), "timeout"
    except OSError as e:
        output, status = str(e), "not started"
    seconds = time.monotonic() - start
    lines = output.rstrip("\n").split("\n")
    last = LAST.match(lines[-1])
    if last:
        passed, failed, skipped = (int(n or 0) for n in last.groups())
        if (status == 0) == (failed == 0):
            return name, passed, failed, skipped, lines[:-1], seconds
    # It ended without its count, or against it: that is one failure more.
    lines.append(f"fail  {name}  (ended with status {status} and without a true count)")
    done = [sum(line.startswith(word) for line in lines) for word in ("ok ", "fail ", "skip ")]
    return name, *done, lines, seconds


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--filter", default=os.environ.get("FILTER", ""))
    parser.add_argument("--seed", default=os.environ.get("SEED", ""))
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--wrap", default="")
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("-v", action="store_true", dest="verbose")
    parser.add_argument("builds", nargs="+")
    args = parser.parse_args()

    total = [0, 0, 0]
    unnamed = []
    known = allowed_skips()
    if importlib.util.find_spec("numpy") is None:
        print("numpy is not installed for this Python: each file of Python tests counts as skipped")
    for build in args.builds:
        wanted = [p for p in programs(build, args)
                  if not args.only or any(p[0].startswith(only) for only in args.only)]
        with concurrent.futures.ThreadPoolExecutor(max(1, args.jobs)) as pool:
            jobs = [pool.submit(run, name, command, build, args) for name, command in wanted]
            for job in concurrent.futures.as_completed(jobs):
                name, passed, failed, skipped, lines, seconds = job.result()
                for i, n in enumerate((passed, failed, skipped)):
                    total[i] += n
                # What a failed case printed stands above its line; passing cases are of no interest.
                for line in lines:
                    if args.verbose or (failed and not line.startswith("ok ")) or line.startswith("skip "):
                        print(line)
                    if line.startswith("skip "):
                        case = line.split()[1]
                        if not any(fnmatch.fnmatchcase(case, pattern) for pattern in known):
                            unnamed.append(line)
                if passed or failed or skipped:
                    word = "FAIL" if failed else "pass"
                    print(f"{word}  {build}  {name}: {passed} + {failed} + {skipped} in {seconds:.1f} s", flush=True)
    if unnamed:
        print("skipped, and not named in tests/skips:")
        for line in unnamed:
            print("  " + line)
        if args.strict:
            total[1] += len(unnamed)
            total[2] -= len(unnamed)
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    return 1 if total[1] or not sum(total) else 0


if __name__ == "__main__":
    sys.exit(main())
