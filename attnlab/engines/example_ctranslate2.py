"""Translate standard input by beam search, a line for a line, with the model beside this file."""

import json
import re
import sys
import unicodedata
from pathlib import Path

import ctranslate2
import sentencepiece

FOLDER = Path(__file__).parent
FACTS = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
FILES = {name: str(FOLDER / file) for name, file in FACTS["files"].items()}
SOURCE, TARGET = (
    sentencepiece.SentencePieceProcessor(FILES[side]) for side in ("source", "target")
)
TRANSLATOR = ctranslate2.Translator(FILES["model"], compute_type=FACTS["compute_type"])


def translate(text):
    text = re.sub("[\u2019\u02bc]", "'", unicodedata.normalize("NFC", text))
    text = re.sub("[ \t\r\n\u2581]+", " ", text).strip(" ")
    pieces = SOURCE.encode(text, out_type=str)
    if FACTS["words"]:  # each unknown word is one piece
        words = SOURCE.normalize(text).split("\u2581")
        pieces = ["\u2581" + word for word in words if word]
    if not pieces:
        return ""
    longest = FACTS["longest"]["factor"] * (len(pieces) + 1) + FACTS["longest"]["extra"]
    (found,) = TRANSLATOR.translate_batch(
        [pieces],
        beam_size=5,
        disable_unk=True,
        max_input_length=0,
        max_decoding_length=int(longest),
    )
    return TARGET.decode(found.hypotheses[0])


for line in sys.stdin:
    print(translate(line))
