# SPDX-License-Identifier: Apache-2.0
"""Exit statuses, one-line errors that name the thing, help, and what a terminal sees."""
import json
import os
import pty
import re
import select
import signal
import subprocess
import time

import numpy as np

from _cli import DIGITS, identity, refused, result, rows, sums
from harness import BIN, Skip, temporary, tenon
from onnxwriter import model, node, port, save

VERBS = ("run", "inspect", "bench", "compare", "doctor")


def test_help():
    text = tenon("--help").stdout
    assert all(verb in text for verb in VERBS), text
    assert tenon("help").stdout == text == tenon("-h").stdout
    for verb in VERBS:
        own = tenon(verb, "--help").stdout
        assert own.startswith(f"tenon {verb}") and "--json" in own, own
        assert own == tenon("help", verb).stdout == tenon(verb, "-h").stdout
        assert max(map(len, own.split("\n"))) <= 130
    run = tenon("run", "--help").stdout
    for flag in ("--input", "--output", "--threads", "--budget", "--repeat", "--fill", "--profile"):
        assert flag in run, flag
    assert "--rtol" not in run and "--rtol" in tenon("compare", "--help").stdout


def test_nothing_said():
    lines = tenon().stdout.splitlines()
    assert len(lines) == 4 and all(line.startswith("tenon ") for line in lines), lines


def test_version():
    done = tenon("--version")
    assert re.match(r"tenon \d+\.\d+\.\d+\n", done.stdout) and ".png" in done.stdout, done.stdout


def test_manual_page():
    page = tenon("--man").stdout
    assert page.startswith(".TH TENON 1")
    for flag in set(re.findall(r"--[a-z]+", "".join(tenon(verb, "--help").stdout for verb in VERBS))):
        assert flag.replace("-", "\\-") in page, flag
    # A line of roff that begins with a dot is a request: only known ones may stand there.
    assert {line.split()[0] for line in page.splitlines() if line.startswith((".", "'"))} <= \
        {".TH", ".SH", ".B", ".I", ".TP", ".nf", ".fi"}


def test_command_line():
    cases = [
        (["frobnicate"], "frobnicate"), (["--json"], "--json"), (["help", "frobnicate"], "frobnicate"),
        (["run"], "MODEL"), (["run", "a", "b"], "MODEL"), (["compare", "a"], "A B"), (["doctor", "a"], "no file"),
        (["run", DIGITS, "--no-such-flag"], "--no-such-flag"), (["run", DIGITS, "--rtol", "1"], "--rtol"),
        (["run", DIGITS, "--no-such=1"], "--no-such"), (["run", DIGITS, "--json=yes"], "--json"),
        (["run", DIGITS, "--threads"], "--threads"), (["run", DIGITS, "--threads", "many"], "--threads"),
        (["run", DIGITS, "--threads", "0"], "--threads"), (["run", DIGITS, "--threads", "1,2"], "--threads"),
        (["run", DIGITS, "--threads", "-1"], "--threads"), (["bench", DIGITS, "--threads", "1,,2"], "--threads"),
        (["bench", DIGITS, "--threads", ",".join(["1"] * 65)], "--threads"),
        (["run", DIGITS, "--cpu", "z80"], "z80"), (["run", DIGITS, "--fill", "ones"], "ones"),
        (["run", DIGITS, "--passes", "maybe"], "maybe"), (["run", DIGITS, "--accuracy", "best"], "best"),
        (["run", DIGITS, "--repeat", "0"], "--repeat"), (["run", DIGITS, "--repeat", "1e3"], "--repeat"),
        (["run", DIGITS, "--repeat", "9" * 30], "--repeat"), (["run", DIGITS, "--top", "-1"], "--top"),
        (["run", DIGITS, "--budget", "fast"], "--budget"), (["run", DIGITS, "--budget", "1m"], "--budget"),
        (["run", DIGITS, "--budget", "1.5.2ms"], "--budget"), (["run", DIGITS, "--budget", "9" * 40 + "s"], "--budget"),
        (["run", DIGITS, "--dtype", "float7"], "float7"), (["run", DIGITS, "--dtype", "string"], "--dtype"),
        (["run", DIGITS, "--labels", "x"], "--top"), (["compare", "a", "b", "--rtol", "-1"], "--rtol"),
        (["compare", "a", "b", "--atol", "nine"], "--atol"),
    ]
    for args, word in cases:
        refused(*args, status=2, says=word)


def test_precision_is_never_lowered_silently():
    for word in ("bf16", "int8"):
        refused("run", DIGITS, "--fill", "zeros", "--precision", word, status=2, says=("--precision", word, "f32"))
    tenon("run", DIGITS, "--fill", "zeros", "--precision", "f32")


def test_model_files():
    with temporary() as t:
        whole = open(DIGITS, "rb").read()
        contents = {"text.onnx": b"not a model\n", "empty.onnx": b"", "cut.onnx": whole[:-5000], "noise.onnx": bytes(range(256)) * 40}
        for name, content in contents.items():
            save(os.path.join(t, name), content)
            for verb in ("run", "inspect", "bench"):
                refused(verb, os.path.join(t, name), status=3, says=name)
        for verb in ("run", "inspect", "bench"):
            refused(verb, os.path.join(t, "none.onnx"), status=4, says="none.onnx")
            refused(verb, t, status=3, says=t)


def test_unreadable_file():
    if os.geteuid() == 0:
        raise Skip("root reads everything")
    with temporary() as t:
        path = save(os.path.join(t, "locked.onnx"), open(DIGITS, "rb").read())
        os.chmod(path, 0)
        refused("run", path, "--fill", "zeros", status=4, says="locked.onnx")


def test_inputs_that_do_not_fit():
    with temporary() as t:
        def saved(name, a):
            np.save(os.path.join(t, name), a)
            return os.path.join(t, name)
        right = np.zeros([1, 1, 8, 8], "f4")
        refused("run", DIGITS, "--input", "image=" + saved("wrong.npy", np.zeros([2, 3], "f4")), status=3, says="image")
        refused("run", DIGITS, "--input", "image=" + saved("int.npy", right.astype("i8")), status=3, says=("image", "int64"))
        refused("run", DIGITS, "--input", "nobody=" + saved("x.npy", right), status=3, says=("nobody", "image"))
        refused("run", DIGITS, "--input", f"image={t}/none.npy", status=4, says="none.npy")
        refused("run", DIGITS, "--input", f"image={t}", status=3, says="folder")
        refused("run", DIGITS, status=3, says=("image", "--fill", "float32[batch,1,8,8]"))
        two = sums(t)
        refused("run", two, "--input", saved("y.npy", np.zeros([2, 3], "f4")), status=2, says=("a float32[2,3]", "b"))
        refused("run", two, "--input", "a=" + t + "/y.npy", status=3, says="'b'")


def test_outputs_that_cannot_be_written():
    with temporary() as t:
        file = save(os.path.join(t, "file"), b"")
        for out in ("/proc/none/out", file, file + "/below", "/proc/none/x.npy", "/proc/none/x.npz", "x" * 5000):
            refused("run", DIGITS, "--fill", "zeros", "--output", out, status=4, says=out[:40])


def test_full_disk():
    if not os.path.exists("/dev/full"):
        raise Skip("no /dev/full")
    with temporary() as t:
        for ending in ("npy", "npz"):
            link = os.path.join(t, "full." + ending)
            os.symlink("/dev/full", link)
            refused("run", DIGITS, "--fill", "zeros", "--output", link, status=4, says="full." + ending)
        os.mkdir(os.path.join(t, "out"))
        os.symlink("/dev/full", os.path.join(t, "out", "logits.npy"))
        refused("run", DIGITS, "--fill", "zeros", "--output", os.path.join(t, "out"), status=4, says="logits.npy")
    for args in (["--help"], ["--version"], ["--man"], ["run", DIGITS, "--fill", "zeros"], ["inspect", DIGITS, "--json"],
                 ["inspect", DIGITS, "--graph"]):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([BIN, *args], stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
        assert done.returncode == 4 and b"stdout" in done.stderr, (args, done)


def test_bits_do_not_depend_on_threads_or_budget():
    with temporary() as t:
        same = []
        for i, flags in enumerate((["--threads", 1], ["--threads", 2], ["--threads=3"], ["--budget", "50us"],
                                   ["--budget", 0], ["--budget", "0.001ms", "--repeat", 3])):
            out = os.path.join(t, f"o{i}")
            tenon("run", DIGITS, "--fill", "random", "--seed", 7, "--output", out, *flags)
            same.append(open(os.path.join(out, "logits.npy"), "rb").read())
            assert rows(out) == [{"name": "logits", "file": "logits.npy", "dtype": "float32", "shape": [1, 10]}]
        assert len(set(same)) == 1
        tenon("run", DIGITS, "--fill", "random", "--seed", 8, "--output", out)
        assert open(os.path.join(out, "logits.npy"), "rb").read() != same[0]


def test_budget_says_how_many_steps():
    text = tenon("run", DIGITS, "--fill", "zeros", "--budget", "0", "--repeat", 5).stdout
    found = re.search(r"^5 runs in (\d+) steps, the longest [0-9.]+ us$", text, re.M)
    assert found and int(found[1]) >= 10, text
    about = json.loads(tenon("run", DIGITS, "--fill", "zeros", "--budget", "1s", "--json").stdout)
    assert (about["runs"], about["steps"]) == (1, 1), about


def test_profile():
    lines = tenon("run", DIGITS, "--fill", "zeros", "--profile", "--passes", "off").stdout.splitlines()
    at = next(i for i, line in enumerate(lines) if line.split()[:1] == ["step"])
    assert sum("Conv" in line for line in lines[at:]) == 2 and any("Gemm" in line for line in lines[at:]), lines


def test_passes_change_the_plan_only():
    with temporary() as t:
        image = os.path.join(t, "x.npy")
        np.save(image, np.random.default_rng(1).random([3, 1, 8, 8], "f4"))
        fast, plain = (tenon("run", DIGITS, "--input", image, "--output", os.path.join(t, word), "--passes", word) and
                       np.load(os.path.join(t, word, "logits.npy")) for word in ("on", "off"))
        assert np.allclose(fast, plain, rtol=1e-3, atol=1e-4)
    plans = [json.loads(tenon("inspect", DIGITS, "--plan", "--json", "--passes", word).stdout)["plan"] for word in ("on", "off")]
    assert len(plans[0]) < len(plans[1]), plans


def test_environment():
    about = ["run", DIGITS, "--fill", "zeros", "--json"]
    assert json.loads(tenon(*about, env={"TENON_CPU": "ref"}).stdout)["cpu"] == "ref"
    assert json.loads(tenon(*about, env={"TENON_THREADS": "3"}).stdout)["threads"] == 3
    assert json.loads(tenon(*about, "--threads", 2, env={"TENON_THREADS": "3"}).stdout)["threads"] == 2  # a flag wins
    assert json.loads(tenon(*about, "--cpu", "ref", env={"TENON_CPU": "native"}).stdout)["cpu"] == "ref"
    refused(*about, status=2, says="z80", env={"TENON_CPU": "z80"})
    refused(*about, status=2, says="TENON_LOG", env={"TENON_LOG": "loud"})
    assert tenon(*about).stderr == "" == tenon(*about, env={"TENON_LOG": "none"}).stderr


def test_numbers_whatever_the_locale():
    with temporary() as t:
        image = os.path.join(t, "x.npy")
        np.save(image, np.full([1, 1, 8, 8], 0.5, "f4"))
        said = [tenon(*args, env={"LC_ALL": where, "LC_NUMERIC": where}).stdout
                for args in (["run", DIGITS, "--input", image], ["inspect", DIGITS], ["run", DIGITS, "--input", image, "--budget", "0.5ms", "--top", 2])
                for where in ("C", "de_DE.UTF-8", "fr_FR.UTF-8")]
        for i in range(0, len(said), 3):
            strip = [re.sub(r"\d+ steps?, the longest.*", "", s) for s in said[i:i + 3]]
            assert strip[0] == strip[1] == strip[2], strip
        bench = json.loads(tenon("bench", DIGITS, "--duration", "1.5ms", "--threads", 1, "--json", env={"LC_ALL": "de_DE.UTF-8"}).stdout)
        assert bench["runs"][0]["per_second"] > 0


def test_paths_in_utf8():
    with temporary() as t:
        folder = os.path.join(t, "Prüfung 測試")
        os.mkdir(folder)
        path = identity(folder, shape=[2], name="Eingabe é")
        x = os.path.join(folder, "ñ=1.npy")
        np.save(x, np.array([1, 2], "f4"))
        out = os.path.join(folder, "aus gäbe")
        tenon("run", path, "--input", f"Eingabe é={os.path.join(folder, 'x.npy')}", status=4)
        os.rename(x, os.path.join(folder, "ñ.npy"))
        tenon("run", path, "--input", f"Eingabe é={os.path.join(folder, 'ñ.npy')}", "--output", out)
        assert np.load(os.path.join(out, "y.npy")).tolist() == [1, 2]
        assert json.loads(tenon("inspect", path, "--json").stdout)["inputs"][0]["name"] == "Eingabe é"


def test_the_last_equals_sign_divides():
    with temporary() as t:
        path = identity(t, shape=[2], name="a=b")
        x = os.path.join(t, "x.npy")
        np.save(x, np.array([1, 2], "f4"))
        assert result(path, "--input", "a=b=" + x).tolist() == [1, 2]
        assert result(path, "--fill", "zeros", "--shape", "a=b=2").tolist() == [0, 0]


def test_names_cannot_draw_on_the_terminal():
    with temporary() as t:
        evil = "x\x1b[31m\ny"
        path = save(os.path.join(t, "evil.onnx"),
                    model([node("Relu", [evil], [evil + "2"], name=evil)], [port(evil, "float32", [2])],
                          [port(evil + "2", "float32", [2])], metadata=[(evil, evil)]))
        done = [tenon("run", path, "--fill", "zeros", "--profile", "--top", 1), tenon("inspect", path), tenon("run", path, "--fill", "zeros"),
                tenon("inspect", path, "--json"), tenon("inspect", path, "--plan"), tenon("run", path, status=3)]
        for one in done:
            assert "\x1b" not in one.stdout + one.stderr, one
        assert done[-1].stderr.count("\n") == 1
        assert json.loads(done[3].stdout)["inputs"][0]["name"] == evil


def interrupted(*args, after=0.5, sign=signal.SIGINT):
    """Starts the command, sends a signal once it has had time to begin; (status, seconds to its end, stderr)."""
    with subprocess.Popen([BIN, *map(str, args)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as p:
        time.sleep(after)
        assert p.poll() is None, f"ended early: {p.stderr.read()}"
        start = time.monotonic()
        p.send_signal(sign)
        text = p.communicate(timeout=30)[1].decode()
        return p.returncode, time.monotonic() - start, text


def test_interrupt():
    for args in (["run", DIGITS, "--fill", "zeros", "--repeat", 10**9], ["run", DIGITS, "--fill", "zeros", "--repeat", 10**9, "--budget", 0],
                 ["bench", DIGITS, "--duration", "100s", "--threads", 2], ["bench", DIGITS, "--duration", "100s", "--json"]):
        status, seconds, text = interrupted(*args)
        assert (status, text) == (130, "tenon: interrupted\n") and seconds < 1, (args, status, seconds, text)
    assert interrupted("run", DIGITS, "--fill", "zeros", "--repeat", 10**9, sign=signal.SIGTERM)[0] == 130


def test_interrupt_while_reading():
    with subprocess.Popen([BIN, "run", DIGITS, "--input", "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as p:
        time.sleep(0.5)
        p.send_signal(signal.SIGINT)
        assert p.wait(timeout=10) == 130
        assert p.stderr.read().count(b"\n") == 1


def terminal(*args, env=None):
    """What the command writes to stderr where that is a terminal."""
    main, side = pty.openpty()
    with subprocess.Popen([BIN, *map(str, args)], stdout=subprocess.DEVNULL, stderr=side, env={**os.environ, **(env or {})}) as p:
        os.close(side)
        text = b""
        while True:
            if not select.select([main], [], [], 30)[0]:
                p.kill()
                raise AssertionError("no end")
            try:
                part = os.read(main, 4096)
            except OSError:  # the other side was closed
                break
            if not part:
                break
            text += part
        p.wait()
    os.close(main)
    return text.decode()


def test_progress_is_for_terminals():
    args = ["bench", DIGITS, "--duration", "400ms", "--threads", 1]
    env = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
    assert "[#" in terminal(*args, env=env)
    assert terminal(*args, env={"NO_COLOR": "1"}) == ""
    assert tenon(*args).stderr == ""
