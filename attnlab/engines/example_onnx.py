"""Translate standard input greedily, a line for a line, with the graphs beside this file."""

import json
import re
import sys
import unicodedata
from pathlib import Path

import numpy as np
import onnxruntime
import sentencepiece

onnxruntime.set_default_logger_severity(3)  # no warning that the input heads has a default
FOLDER = Path(__file__).parent
FACTS = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
FILES = {name: str(FOLDER / file) for name, file in FACTS["files"].items()}
PAD, UNKNOWN, BEGIN, END = (FACTS["special"][name] for name in ("pad", "unknown", "begin", "end"))
ENCODER, DECODER = (onnxruntime.InferenceSession(FILES[name]) for name in ("encoder", "decoder"))
SOURCE, TARGET = (
    sentencepiece.SentencePieceProcessor(FILES[side]) for side in ("source", "target")
)


def run(session, given):
    names = [each.name for each in session.get_outputs() if "attention." not in each.name]
    inputs = {each.name: each.shape for each in session.get_inputs()}
    ones = {"heads": np.ones(inputs["heads"], np.float32)} if "heads" in inputs else {}
    found = session.run(names, {name: (given | ones)[name] for name in inputs})
    return dict(zip(names, found, strict=True))


def translate(text):
    text = re.sub("[\u2019\u02bc]", "'", unicodedata.normalize("NFC", text))
    text = re.sub("[ \t\r\n\u2581]+", " ", text).strip(" ")
    ids = SOURCE.encode(text)
    if FACTS["words"]:  # each unknown word is one piece
        words = SOURCE.normalize(text).split("\u2581")
        ids = [SOURCE.piece_to_id("\u2581" + word) for word in words if word]
    source, tokens = np.array([[*ids, END]]), [BEGIN]
    state = run(ENCODER, {"source": source, "source_mask": np.full(source.shape, True)})
    longest = FACTS["longest"]["factor"] * source.size + FACTS["longest"]["extra"]
    while ids and tokens[-1] != END and len(tokens) <= longest:
        found = run(DECODER, {"tokens": np.array([tokens[-1:]])} | state)
        logits = found.pop("logits")[0, 0]
        logits[[PAD, UNKNOWN, BEGIN]] = -np.inf
        tokens.append(int(logits.argmax()))
        state |= {name.replace("next.", "state."): value for name, value in found.items()}
    return TARGET.decode([token for token in tokens if token not in (BEGIN, END)])


for line in sys.stdin:
    print(translate(line))
