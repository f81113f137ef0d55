# SPDX-License-Identifier: Apache-2.0
"""Models that are run the way their users run them: with state carried from call to call, in a sampler's loop, over text.

The long ones (a minute of speech, a story of 257 tokens) are run here in part, through the command, and as a whole under
TENON_TEST_LONG; streams.c runs all of them whole, through the library."""
import base64
import gzip
import json
import os

import numpy as np

from _models import near, overlap_add, run, spectrum, wav
from harness import ROOT, data

LONG = bool(os.environ.get("TENON_TEST_LONG"))


def model(path):
    return data(os.path.join("models", path))


def stored(name):
    return np.load(os.path.join(ROOT, "tests", "models", name))


def silero(file, rate):
    golden = np.load(data("golden/silero-vad6/prob_400.npy")).ravel()
    pcm = wav(model("onnx-silero-vad6/test.wav"))
    count = len(pcm) // 512 if LONG else 40
    probs, state, before = [], np.zeros((2, 1, 128), "f4"), np.zeros(64, "f4")
    for i in range(count):
        chunk = np.concatenate([before, pcm[i * 512:i * 512 + 512]])
        before = chunk[-64:]
        out, _ = run(model(f"onnx-silero-vad6/{file}"), {"input": chunk[None], "state": state, **rate})
        state = out["stateN"]
        probs.append(out["output"][0, 0])
    near(np.array(probs[:400]), golden[:count], "golden", 0, 1e-4)
    near(np.array(probs), stored("silero.npy")[:count], "stored", 0, 1e-4)


def test_silero():
    silero("silero_vad.onnx", {"sr": np.array(16000, "i8")})


def test_silero_of_fixed_rate():
    silero("silero_vad_openvino_16k.onnx", {})


def test_gtcrn():
    """Speech enhancement frame by frame: as onnxruntime does it, and as upstream's own sound file has it."""
    frames = spectrum(wav(model("onnx-gtcrn-denoise/mix.wav")))
    frames = frames if LONG else frames[:60]
    caches = {"conv_cache": np.zeros((2, 1, 16, 16, 33), "f4"), "tra_cache": np.zeros((2, 3, 1, 1, 16), "f4"),
              "inter_cache": np.zeros((2, 1, 33, 16), "f4")}
    enhanced = []
    for frame in frames:
        out, _ = run(model("onnx-gtcrn-denoise/gtcrn_simple.onnx"), {"mix": frame, **caches})
        caches = {name: out[name + "_out"] for name in caches}
        enhanced.append(out["enh"])
    sound = overlap_add(np.array(enhanced))
    upstream = wav(model("onnx-gtcrn-denoise/enh_stream.wav"))[:len(sound)]
    assert np.abs(upstream).max() > 0.05  # not silence
    near(sound[:len(upstream)], upstream, "enh_stream.wav", 0, 2e-3)
    kept = sound[::31]
    near(kept, stored("gtcrn.npy")[:len(kept)], "stored", 0, 2e-4, 0)


def magika_features(content, beg, end, block, pad):
    """The first and last bytes without surrounding white space, as upstream takes them."""
    head, tail = content[:block].lstrip(), content[-block:].rstrip()
    head, tail = head[:beg], tail[-end:]
    return list(head) + [pad] * (beg - len(head)) + [pad] * (end - len(tail)) + list(tail)


def test_magika():
    """All answers by content, in one batch: the label, its score, and what upstream makes of them."""
    with open(model("onnx-magika/config.min.json"), encoding="utf-8") as f:
        config = json.load(f)
    with gzip.open(model("onnx-magika/standard_v3_3-inference_examples_by_content.json.gz")) as f:
        examples = json.load(f)
    asked, tokens = [], []
    for e in examples:
        content = base64.b64decode(e["content_base64"])
        row = magika_features(content, config["beg_size"], config["end_size"], config["block_size"],
                              config["padding_token"])
        if len(content) < config["min_file_size_for_dl"] or \
                row[config["min_file_size_for_dl"] - 1] == config["padding_token"]:
            assert e["prediction"]["dl"] == "undefined"
            continue
        asked.append(e)
        tokens.append(row)
    assert len(examples) == 141 and len(asked) == sum(e["prediction"]["dl"] != "undefined" for e in examples) > 100
    scores = run(model("onnx-magika/model.onnx"), {"bytes": np.array(tokens, "i4")})[0]["target_label"]
    labels = config["target_labels_space"]
    for e, row in zip(asked, scores):
        want, label, score = e["prediction"], labels[int(row.argmax())], float(row.max())
        assert label == want["dl"], f"{label}, not {want}"
        assert abs(score - want["score"]) < 1e-2, f"{label}: {score}, not {want}"
        threshold = {"high_confidence": config["thresholds"].get(label, config["medium_confidence_threshold"]),
                     "medium_confidence": config["medium_confidence_threshold"], "best_guess": 0}[e["prediction_mode"]]
        if score >= threshold:
            assert config["overwrite_map"].get(label, label) == want["output"], want
        else:
            assert want["output"] in ("txt", "unknown"), want


def test_stories():
    """Greedy text, a token a run, with the cache that grows; the text as the tokenizer prints it."""
    with open(model("llm-stories260k/expected_greedy.json"), encoding="utf-8") as f:
        expected = json.load(f)
    count = len(expected["ids"]) if LONG else 24
    past_k = past_v = np.zeros((5, 4, 0, 8), "f4")
    ids = [1]
    while len(ids) <= count:
        out, _ = run(model("llm-stories260k/model_op17.onnx"),
                     {"input_ids": np.array([ids[-1:]], "i8"), "past_k": past_k, "past_v": past_v})
        past_k, past_v = out["present_k"], out["present_v"]
        assert past_k.shape == (5, 4, len(ids), 8)
        ids.append(int(out["logits"][0, -1].argmax()))
    assert ids[1:] == expected["ids"][:count]
    with open(model("llm-stories260k/tok512.bin"), "rb") as f:
        raw = f.read()
    pieces, at = [], 4
    while at < len(raw):  # each: a score, the length, the bytes
        size = int.from_bytes(raw[at + 4:at + 8], "little")
        pieces.append(raw[at + 8:at + 8 + size])
        at += 8 + size
    text = "".join(chr(int(p[3:5], 16)) if p.startswith(b"<0x") else p.decode() for p in (pieces[i] for i in ids[1:]))
    assert expected["text"].startswith(text) and len(text) > count


def test_stories_prefill():
    """32 tokens in one run give the logits that PyTorch gives."""
    with open(model("llm-stories260k/expected_greedy.json"), encoding="utf-8") as f:
        ids = [1] + json.load(f)["ids"][:31]
    none = np.zeros((5, 4, 0, 8), "f4")
    out, _ = run(model("llm-stories260k/model_op17.onnx"), {"input_ids": np.array([ids], "i8"), "past_k": none, "past_v": none})
    near(out["logits"], np.load(model("llm-stories260k/prefill32_logits.npy")), "logits")


def test_keywords():
    """DS-CNN: ten clips, ten words."""
    with open(model("kws-dscnn/expected.json"), encoding="utf-8") as f:
        expected = json.load(f)
    out, _ = run(model("kws-dscnn/dscnn.onnx"), {"mfcc": np.load(model("kws-dscnn/mfcc_input.npy"))})
    near(out["logits"], np.load(model("kws-dscnn/logits_fp32.npy")), "logits")
    assert [expected["labels"][i] for i in out["logits"].argmax(1)] == expected["predicted"] == expected["words"]


def test_diffusion_policy():
    """Ten steps of the sampler, the denoiser through the command: the actions that PyTorch's sampler gives."""
    def part(name):
        return np.load(model(f"robot-diffusion-policy/{name}.npy"))

    def denoise(x, t):
        return run(model("robot-diffusion-policy/denoiser.onnx"),
                   {"x": x, "t": np.full(len(x), t, "i8"), "obs": obs})[0]["eps"]

    obs, x, bars, steps = part("obs"), part("noise"), part("alphabar"), 10
    near(denoise(x, 25), part("eps_t25"), "eps at 25")
    for i in range(steps):
        t, after = 50 * (steps - i) // steps - 1, 50 * (steps - i - 1) // steps - 1
        eps, bar, next_bar = denoise(x, t), bars[t], bars[after] if after >= 0 else np.float32(1)
        clean = np.clip((x - np.sqrt(1 - bar) * eps) / np.sqrt(bar), -1.6, 1.6)
        x = (np.sqrt(next_bar) * clean + np.sqrt(1 - next_bar) * eps).astype("f4")
    near(x, part("actions_10steps"), "actions", 0, 1e-3)


def test_basic_pitch():
    """A song, in overlapping windows, as upstream cuts it: notes, onsets and contours of every frame."""
    window, hop, overlap = 43844, 256, 30
    # From 44.1 to 22.05 kHz by a windowed sinc.
    n = np.arange(-128, 129)
    low_pass = np.sinc(0.48 * n) * np.kaiser(len(n), 10)
    pcm = np.convolve(wav(model("onnx-basic-pitch/vocadito_10.wav")).astype("f8"), low_pass / low_pass.sum(), "same")[::2]
    pcm = np.concatenate([np.zeros(overlap * hop // 2), pcm]).astype("f4")
    starts = range(0, len(pcm), window - overlap * hop)
    batch = np.stack([np.pad(pcm[at:at + window], (0, max(0, at + window - len(pcm)))) for at in starts])
    out, _ = run(model("onnx-basic-pitch/nmp.onnx"), {"serving_default_input_2:0": batch[..., None]})
    for what, name in (("onset", "StatefulPartitionedCall:2"), ("note", "StatefulPartitionedCall:1"),
                       ("contour", "StatefulPartitionedCall:0")):
        want = np.load(model(f"onnx-basic-pitch/expected_vocadito10_{what}.npy")).astype("f4")
        got = out[name][:, overlap // 2:-(overlap // 2)].reshape(-1, want.shape[1])[:len(want)]
        near(got, want, what, 0, 2e-3, 0)
        assert np.abs(got - want).mean() < 2e-4, what
