"""Folders of exported models: graphs or weights, vocabulary, facts, and a program that uses them.

Another program needs nothing but such a folder. attnlab exports into `RUN/export/` on demand, and
uses a folder again as long as the weights are those that it was made of.
"""

import json
import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from attnlab import __version__
from attnlab.attention.config import AttentionConfig
from attnlab.data.tokens import BEGIN, END, PAD, UNKNOWN
from attnlab.data.vocabulary import VocabularyPair
from attnlab.engines import ENGINES, FORMATS, PRECISIONS, ctranslate2_model, onnx_graphs
from attnlab.engines.ctranslate2_search import CTranslate2Model, CTranslate2Search
from attnlab.engines.onnx_model import OnnxModel, require_onnxruntime
from attnlab.engines.precision import convert
from attnlab.models.interface import EncoderDecoder, ModelConfig
from attnlab.search import SEARCHES, Search, SearchConfig
from attnlab.support.errors import UsageError
from attnlab.support.files import locked, temporary_folder, write_file
from attnlab.support.folders import shown_path

logger = logging.getLogger(__name__)

FORMAT = 1
"""Raised whenever a folder of an older attnlab cannot be used."""

MANIFEST = "manifest.json"

NORMALISATION = (
    "Unicode NFC; U+2019 and U+02BC become an apostrophe; runs of space, tab, line ends and U+2581 "
    "become one space; spaces at both ends go"
)


@dataclass(frozen=True)
class Exportable:
    """A trained model with all that its export writes.

    `origin`: what it was exported from, such as its run, checkpoint and digest of weights.
    """

    model: EncoderDecoder[Any]
    config: ModelConfig
    attention: AttentionConfig
    vocabulary: VocabularyPair
    search: SearchConfig
    origin: Mapping[str, Any]


def require_engine(to: str, exportable_config: tuple[ModelConfig, AttentionConfig]) -> None:
    """Refuse a format that does not exist, that misses a package, or that cannot hold the model.

    Raises:
        UsageError: it is one of these.
    """
    if to == "onnx":
        require_onnxruntime()
    elif to == "ctranslate2":
        ctranslate2_model.require_convertible(*exportable_config)
        ctranslate2_model.require_ctranslate2()
    else:
        raise UsageError(f"--to {to} is none of: {', '.join(FORMATS)}")


def export(given: Exportable, to: str, folders: Mapping[str, Path]) -> None:
    """Write `given` in the format `to` to a folder for each precision, which it replaces.

    Graphs are traced once for all of them.

    Raises:
        UsageError: the format cannot hold the model, there is no such precision, or a folder holds
            something else than an export.
    """
    require_engine(to, (given.config, given.attention))
    for precision, folder in folders.items():
        if precision not in PRECISIONS:
            raise UsageError(f"--precision {precision} is none of: {', '.join(PRECISIONS)}")
        if folder.exists() and not (folder / MANIFEST).is_file() and any(folder.iterdir()):
            raise UsageError(
                f"{folder}: holds something else than an export; choose another --output"
            )
    with TemporaryDirectory() as place:
        whole = Path(place)
        facts: dict[str, Any] = {}
        if to == "onnx":
            both = (whole / name for name in _GRAPHS.values())
            graphs = onnx_graphs.export_graphs(given.model, *both)
            facts = {"graphs": graphs.as_json()}
        for precision, folder in folders.items():
            folder.parent.mkdir(parents=True, exist_ok=True)
            with temporary_folder(folder) as new:
                if to == "onnx":
                    files = _write_onnx(whole, new, precision)
                else:
                    files = _write_ctranslate2(given, new, precision)
                    facts = {"compute_type": "int8" if precision == "int8" else "float32"}
                _write_rest(given, _manifest(given, to, precision, files) | facts, new)
                if folder.exists():
                    shutil.rmtree(folder)
                new.rename(folder)


_GRAPHS = {"encoder": "encoder.onnx", "decoder": "decoder.onnx"}


def _write_onnx(whole: Path, new: Path, precision: str) -> dict[str, str]:
    for name in _GRAPHS.values():
        shutil.copy(whole / name, new / name)
        convert(new / name, precision)
    return _GRAPHS


def _write_ctranslate2(given: Exportable, new: Path, precision: str) -> dict[str, str]:
    folder = new / "model"
    folder.mkdir()
    ctranslate2_model.convert(
        *(given.model, given.config, given.attention, given.vocabulary, folder, precision)
    )
    return {"model": folder.name}


def _write_rest(given: Exportable, manifest: dict[str, Any], new: Path) -> None:
    """The vocabulary, the manifest, a program and a page about them."""
    given.vocabulary.save(new)
    sides = sorted(path.name for path in new.glob("vocabulary*.model"))
    manifest["files"] |= {"source": sides[0], "target": sides[-1]}
    write_file(new / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    example = Path(__file__).with_name(f"example_{manifest['to']}.py")
    write_file(new / "translate.py", example.read_text(encoding="utf-8"))
    write_file(new / "README.md", _readme(manifest))


def _manifest(
    given: Exportable, to: str, precision: str, files: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "to": to,
        "precision": precision,
        "origin": _origin(given),
        "files": dict(files),
        "special": {"pad": PAD, "unknown": UNKNOWN, "begin": BEGIN, "end": END},
        "sizes": {
            side: len(vocabulary)
            for side, vocabulary in (
                ("source", given.vocabulary.source),
                ("target", given.vocabulary.target),
            )
        },
        "words": given.vocabulary.source.has_words,
        "normalisation": NORMALISATION,
        "longest": {
            "factor": given.search.max_length_factor,
            "extra": given.search.max_length_extra,
        },
    }


def _origin(given: Exportable) -> dict[str, Any]:
    return {"attnlab": __version__, "torch": torch.__version__, **given.origin}


def _readme(manifest: Mapping[str, Any]) -> str:
    packages = {"onnx": "onnxruntime", "ctranslate2": "ctranslate2"}[manifest["to"]]
    parts = {
        "onnx": (
            "- `encoder.onnx`: `source` (sentences, source_length) with the end's id behind each "
            "sentence, and `source_mask`, true at tokens -> the tensors `state.…`\n"
            "- `decoder.onnx`: `tokens` (sentences, beams), at first the beginning's id, and the "
            "tensors `state.…` -> `logits` (sentences, beams, vocabulary) of the next tokens, and "
            "`next.…`, the changed tensors of the state\n"
            "- Outputs `attention.…`: the weights of each attention, for those who ask for them\n"
            "- Input `heads`, (attentions, heads): factors of the weights; 1 by default, 0 silences"
        ),
        "ctranslate2": "- `model/`: for `ctranslate2.Translator`",
    }[manifest["to"]]
    origin = ", ".join(f"{name} {value}" for name, value in manifest["origin"].items() if value)
    return (
        f"# A translator, exported by attnlab\n\n{origin}; {manifest['precision']}.\n\n"
        f"    pip install numpy sentencepiece {packages}\n"
        f"    echo 'A sentence.' | python translate.py\n\n{parts}\n"
        f"- `vocabulary*.model`: SentencePiece\n"
        f"- `{MANIFEST}`: names and axes of all tensors, ids of special tokens, limits of lengths, "
        "and how texts are normalised before they are cut into pieces\n"
    )


def exported(given: Exportable, engine: str, folder: Path, precision: str = "float32") -> Path:
    """`folder` with an export for `engine`, which is made unless it is there already."""
    to = ENGINES[engine]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(
        folder.with_name(f".{folder.name}.lock"), lambda: logger.info("waiting for another export")
    ):
        if not _is_of(given, to, precision, folder):
            logger.info("exporting to %s, once", shown_path(folder))
            export(given, to, {precision: folder})
    return folder


def _is_of(given: Exportable, to: str, precision: str, folder: Path) -> bool:
    """Whether the folder was exported from these weights by this attnlab and torch."""
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    wanted = {"format": FORMAT, "to": to, "precision": precision, "origin": _origin(given)}
    digest = given.origin.get("weights")
    return digest is not None and wanted.items() <= found.items()


def build_search(to: str, config: SearchConfig) -> Search:
    """The configured search of models that were exported in the format `to`.

    Raises:
        UsageError: CTranslate2 has no such search.
    """
    return CTranslate2Search(config) if to == "ctranslate2" else SEARCHES.build(config)


def load_exported(folder: Path, vocabulary: VocabularyPair) -> OnnxModel | CTranslate2Model:
    """The model in an exported folder, in its engine."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    files = {name: folder / file for name, file in manifest["files"].items()}
    if manifest["to"] == "ctranslate2":
        return CTranslate2Model(files["model"], vocabulary, manifest["compute_type"])
    graphs = onnx_graphs.Graphs.from_json(manifest["graphs"])
    return OnnxModel(files["encoder"], files["decoder"], graphs)
