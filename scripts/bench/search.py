"""Search speed of attnlab beside its peers: sentences a second, with random weights.

    python scripts/bench/search.py [--work NAME ...] [--rounds 5] [--other CHECKOUT ...]

Every translation has exactly 20 tokens, so that all contenders decode as many steps. They take
turns within one process, and each turn lasts about as long as the slowest's single search. Shown
are medians over the rounds; `× JoeyNMT` is the median of the ratios within each round, so that a
machine that slows down slows both. `--other` is another checkout of attnlab, such as a git worktree
of an earlier commit; it runs in a process of its own and takes the same turns. Peers
(requirements-bench.txt, `make bench-peers`) that are not installed are named and left out.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

TOKENS = 20
"""Tokens of each translation."""

Translate = Callable[[], object]
"""Translates the work's batch once."""


@dataclass(frozen=True)
class Work:
    """A model by attnlab's overrides, a vocabulary, and how its `batch` is searched.

    `beam`: 1 is greedy.
    """

    overrides: tuple[str, ...]
    vocabulary: int
    batch: int
    beam: int

    @property
    def is_recurrent(self) -> bool:
        """Whether the model is the Bahdanau RNN, not the Transformer."""
        return "model=bahdanau" in self.overrides

    def source(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Sentences of 9 to 16 tokens and the end, as long as Multi30k's; padded, with the mask."""
        generator = torch.Generator().manual_seed(1)
        lengths = torch.randint(10, 18, (self.batch,), generator=generator).sort().values
        if self.batch == 1:
            lengths = torch.tensor([14])
        ids = torch.randint(
            4, self.vocabulary, (self.batch, int(lengths.max())), generator=generator
        )
        mask = torch.arange(ids.size(1)) < lengths.unsqueeze(1)
        ids.scatter_(1, lengths.unsqueeze(1) - 1, 3)
        return ids.masked_fill(~mask, 0), mask


TINY = (
    "model=transformer",
    "model.size=128",
    "model.feedforward_size=256",
    "model.encoder_layers=4",
    "model.decoder_layers=4",
)
MID = ("model=transformer", "model.size=256", "model.feedforward_size=1024")
BAHDANAU = (
    "model=bahdanau",
    "model.embedding_size=256",
    "model.hidden_size=256",
    "model.layers=2",
)
WORKS = {
    "Transformer-Tiny, greedy, batch 64": Work(TINY, 10_000, 64, 1),
    "Transformer-Tiny, beam 5, batch 64": Work(TINY, 10_000, 64, 5),
    "Transformer mid, beam 5, batch 64": Work(MID, 8_000, 64, 5),
    "Transformer-Tiny, one sentence, greedy": Work(TINY, 10_000, 1, 1),
    "Bahdanau 2 × 256, greedy, batch 64": Work(BAHDANAU, 8_000, 64, 1),
    "Bahdanau 2 × 256, beam 5, batch 64": Work(BAHDANAU, 8_000, 64, 5),
}
REFERENCE = "JoeyNMT"


class AbsentError(Exception):
    """The contender cannot take part; the message says why."""


def configuration(work: Work) -> Any:
    """The work's settings as attnlab's, and those of its search."""
    from attnlab import launch
    from attnlab.config import ExperimentConfig
    from attnlab.support.schema import from_node

    search = (
        ["search=greedy"] if work.beam == 1 else ["search=beam", f"search.beam_size={work.beam}"]
    )
    lengths = ["search.max_length_factor=0.0", f"search.max_length_extra={TOKENS}"]
    return from_node(
        ExperimentConfig, launch.compose(launch.TRAIN, [*work.overrides, *search, *lengths])
    )


def attnlab(work: Work) -> Translate:
    """The attnlab that is imported: this one, or in a process of its own another."""
    import attnlab.search as package
    from attnlab.search import SEARCHES

    config = configuration(work)
    if hasattr(config.search, "min_length"):
        config.search.min_length = TOKENS
    else:  # an earlier attnlab, which cannot be asked for longer translations
        package.NEVER_CHOSEN = [*package.NEVER_CHOSEN, 3]  # type: ignore[attr-defined]
    model = built(work, config)
    search = SEARCHES.build(config.search)
    source, mask = work.source()
    found: Any = search(model, source, mask)[0]
    best = found[0] if isinstance(found, list) else found
    assert len(best.tokens) == TOKENS, best
    # The peers' greedy searches do not score either; an earlier attnlab cannot leave it out.
    options = {"scored": False} if hasattr(config.search, "min_length") else {}
    return lambda: search(model, source, mask, **options)


def built(work: Work, config: Any) -> Any:
    """Attnlab's model with random weights."""
    from attnlab.models import MODELS, VocabularySizes

    sizes = VocabularySizes(source=work.vocabulary, target=work.vocabulary, shared=True)
    torch.manual_seed(1)
    return MODELS.build(config.model, config.attention, sizes).eval()


class Pieces:
    """A vocabulary of so many numbered pieces, as an export asks for them."""

    def __init__(self, size: int) -> None:
        self._pieces = ["<pad>", "<unk>", "<s>", "</s>", *map(str, range(4, size))]

    def __len__(self) -> int:
        return len(self._pieces)

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """Those of the ids."""
        return [self._pieces[token] for token in ids]


def by_engine(engine: str, precision: str = "float32") -> Callable[[Work], Translate]:
    """A contender: `engine=` of attnlab, on an export of the model that `attnlab` searches."""

    def contender(work: Work) -> Translate:
        try:
            from attnlab.engines import precision as precisions
            from attnlab.engines.ctranslate2_model import convert, require_ctranslate2
            from attnlab.engines.ctranslate2_search import CTranslate2Model
            from attnlab.engines.folder import build_search
            from attnlab.engines.onnx_graphs import export_graphs
            from attnlab.engines.onnx_model import OnnxModel, require_onnxruntime
            from attnlab.support.errors import UsageError
        except ImportError as error:
            raise AbsentError(str(error)) from error
        if engine == "ctranslate2" and work.is_recurrent:
            raise AbsentError("has no recurrent models")
        config = configuration(work)
        config.search.min_length = TOKENS
        model, pieces = built(work, config), Pieces(work.vocabulary)
        vocabulary: Any = SimpleNamespace(source=pieces, target=pieces)
        found: Any
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            try:
                if engine == "onnxruntime":
                    require_onnxruntime()
                    files = (folder / "encoder.onnx", folder / "decoder.onnx")
                    graphs = export_graphs(model, *files)
                    for file in files:
                        precisions.convert(file, precision)
                    found = OnnxModel(*files, graphs)
                else:
                    require_ctranslate2()
                    convert(model, config.model, config.attention, vocabulary, folder, precision)
                    found = CTranslate2Model(folder, vocabulary, precision)
            except UsageError as error:
                raise AbsentError(str(error)) from error
        search = build_search({"onnxruntime": "onnx"}.get(engine, engine), config.search)
        source, mask = work.source()
        assert len(search(found, source, mask)[0][0].tokens) == TOKENS
        return lambda: search(found, source, mask, scored=False)

    return contender


def joeynmt(work: Work) -> Translate:
    """JoeyNMT's `search` as its prediction calls it."""
    try:
        from joeynmt.batch import Batch
        from joeynmt.model import build_model
        from joeynmt.search import search
        from peers.joeynmt import configuration_of, swapped, vocabulary_of
    except ImportError as error:
        raise AbsentError(str(error)) from error
    vocabulary = vocabulary_of(work.vocabulary)
    torch.manual_seed(1)
    model = build_model(configuration_of(configuration(work).model), vocabulary, vocabulary).eval()
    ids, mask = work.source()
    batch = Batch(
        src=swapped(ids),
        src_length=mask.sum(1),
        src_prompt_mask=None,
        trg=None,
        trg_prompt_mask=None,
        indices=torch.arange(len(ids)),
        device=torch.device("cpu"),
        pad_index=1,
        eos_index=3,
        is_train=False,
    )
    batch.sort_by_src_length()

    def translate() -> object:
        found, *_ = search(
            model=model,
            batch=batch,
            max_output_length=TOKENS,
            min_output_length=TOKENS,
            beam_size=work.beam,
            beam_alpha=1.0,
            generate_unk=False,
        )
        return found

    assert translate().shape[1] >= TOKENS  # type: ignore[attr-defined]
    return translate


def marian(work: Work) -> Any:
    """Hugging Face's MarianMT of the same sizes."""
    if work.is_recurrent:
        raise AbsentError("has no recurrent models")
    try:
        from transformers import MarianConfig, MarianMTModel
    except ImportError as error:
        raise AbsentError(str(error)) from error
    model = configuration(work).model
    torch.manual_seed(1)
    return MarianMTModel(
        MarianConfig(
            vocab_size=work.vocabulary,
            d_model=model.size,
            encoder_layers=model.encoder_layers,
            decoder_layers=model.decoder_layers,
            encoder_attention_heads=model.heads,
            decoder_attention_heads=model.heads,
            encoder_ffn_dim=model.feedforward_size,
            decoder_ffn_dim=model.feedforward_size,
            activation_function=model.activation,
            scale_embedding=True,
            pad_token_id=0,
            eos_token_id=3,
            forced_eos_token_id=None,
            decoder_start_token_id=2,
        )
    ).eval()


def hugging_face(work: Work) -> Translate:
    """MarianMT's `generate`."""
    model = marian(work)
    ids, mask = work.source()
    settings = {
        "num_beams": work.beam,
        "do_sample": False,
        "min_new_tokens": TOKENS,
        "max_new_tokens": TOKENS,
        "bad_words_ids": None,
    }

    def translate() -> Any:
        with torch.inference_mode():
            return model.generate(input_ids=ids, attention_mask=mask.long(), **settings)

    assert translate().shape[1] == TOKENS + 1
    return translate


def ctranslate2(work: Work) -> Translate:
    """The same MarianMT, converted."""
    try:
        import ctranslate2 as engine
        from ctranslate2.converters.transformers import MarianMTLoader
    except ImportError as error:
        raise AbsentError(str(error)) from error
    spec = MarianMTLoader().get_model_spec(marian(work))
    # The converter leaves out the last piece, which is Marian's padding.
    pieces = ["<pad>", "<unk>", "<s>", "</s>", *map(str, range(4, work.vocabulary - 1))]
    spec.register_source_vocabulary(pieces)
    spec.register_target_vocabulary(pieces)
    spec.config.decoder_start_token = "<s>"
    spec.config.unk_token = "<unk>"
    spec.config.bos_token = "<s>"
    spec.config.eos_token = "</s>"
    spec.validate()
    with tempfile.TemporaryDirectory() as folder:
        spec.save(folder)
        translator = engine.Translator(
            folder, device="cpu", inter_threads=1, intra_threads=torch.get_num_threads()
        )
    ids, mask = work.source()
    sources = [
        [pieces[min(token, len(pieces) - 1)] for token in row[seen].tolist()]
        for row, seen in zip(ids, mask, strict=True)
    ]
    settings = {"beam_size": work.beam, "max_batch_size": 0}
    lengths = {"min_decoding_length": TOKENS, "max_decoding_length": TOKENS}
    found = translator.translate_batch(sources, **settings, **lengths)
    assert len(found[0].hypotheses[0]) == TOKENS, found[0]
    return lambda: translator.translate_batch(sources, **settings, **lengths)


CONTENDERS: dict[str, Callable[[Work], Translate]] = {
    "attnlab": attnlab,
    "attnlab, engine=onnxruntime": by_engine("onnxruntime"),
    "attnlab, engine=onnxruntime, int8": by_engine("onnxruntime", "int8"),
    "attnlab, engine=ctranslate2": by_engine("ctranslate2"),
    "attnlab, engine=ctranslate2, int8": by_engine("ctranslate2", "int8"),
    REFERENCE: joeynmt,
    "Hugging Face": hugging_face,
    "CTranslate2": ctranslate2,
}


class Other:
    """Another checkout of attnlab, in a process of its own."""

    def __init__(self, checkout: Path, name: str) -> None:
        environment = dict(os.environ) | {"PYTHONPATH": str(checkout.absolute())}
        command = [sys.executable, __file__, "--serve", name]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self._answer()

    def seconds(self, repetitions: int) -> float:
        """The duration of so many searches there."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{repetitions}\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> float:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"the other attnlab ended with code {self._process.wait()}")
        return float(line)


def serve(work: Work) -> None:
    """Answer each line, a number of searches, with their seconds."""
    answers, sys.stdout = sys.stdout, sys.stderr
    translate = attnlab(work)
    print(0.0, file=answers, flush=True)
    for line in sys.stdin:
        print(timed(translate, int(line)), file=answers, flush=True)


def timed(translate: Translate, repetitions: int) -> float:
    """The seconds of so many searches."""
    started = time.perf_counter()
    for _ in range(repetitions):
        translate()
    return time.perf_counter() - started


def measure(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Sentences a second of each contender, in each round; and why others are absent."""
    from turns import say

    work, absent, others = WORKS[name], {}, []
    turns: dict[str, Callable[[int], float]] = {}
    for label, build in CONTENDERS.items():
        if arguments.contender and label not in arguments.contender:
            continue
        say(f"{name}: building {label}")
        try:
            translate = build(work)
        except AbsentError as error:
            absent[label] = str(error)
            continue
        turns[label] = lambda repetitions, translate=translate: timed(translate, repetitions)
    for checkout in arguments.other:
        other = Other(checkout, name)
        others.append(other)
        turns[f"attnlab in {checkout.name}"] = other.seconds
    alone = {label: turn(1) for label, turn in turns.items()}
    alone = {label: turn(1) for label, turn in turns.items()}  # the first was to warm up
    # A turn as long as the slowest's one search, so that all are timed as long.
    turn_seconds = max(max(alone.values()), arguments.turn)
    repetitions = {label: max(1, round(turn_seconds / each)) for label, each in alone.items()}
    estimate = arguments.rounds * sum(repetitions[label] * alone[label] for label in alone)
    speeds: dict[str, list[float]] = {label: [] for label in turns}
    for number in range(arguments.rounds):
        left = estimate * (1 - number / arguments.rounds)
        say(f"{name}: round {number + 1} of {arguments.rounds}, about {left:.0f} s left")
        for label, turn in turns.items():
            seconds = turn(repetitions[label])
            speeds[label].append(work.batch * repetitions[label] / seconds)
    for other in others:
        other.close()
    return {"speeds": speeds, "absent": absent}


def row(label: str, speeds: dict[str, list[float]]) -> SimpleNamespace:
    """A contender's median speed and range, and its ratio to the reference."""
    ours = speeds[label]
    ratio = None
    if REFERENCE in speeds:
        pairs = zip(ours, speeds[REFERENCE], strict=True)
        ratio = statistics.median(one / other for one, other in pairs)
    return SimpleNamespace(
        label=label, median=statistics.median(ours), low=min(ours), high=max(ours), ratio=ratio
    )


def show(name: str, found: dict[str, Any]) -> None:
    """The table of one work."""
    from attnlab.support.table import table

    rows = [row(label, found["speeds"]) for label in found["speeds"]]
    lines = [
        [
            each.label,
            f"{each.median:,.1f}",
            f"{each.low:,.1f}–{each.high:,.1f}",
            "" if each.ratio is None else f"{each.ratio:.2f}",
        ]
        for each in rows
    ]
    print(f"\n{name}\n{table(['contender', 'sentences/s', '(range)', '× JoeyNMT'], lines)}")
    for label, reason in found["absent"].items():
        print(f"{label}: absent: {reason}")


def main(given: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", nargs="+", choices=WORKS, default=list(WORKS))
    parser.add_argument("--contender", nargs="+", choices=CONTENDERS, help="only these")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--turn", type=float, default=1.0, help="least seconds of a turn")
    parser.add_argument("--other", type=Path, nargs="+", default=[], help="checkouts of attnlab")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument("--serve", choices=WORKS, help=argparse.SUPPRESS)
    arguments = parser.parse_args(given)
    if arguments.serve:
        serve(WORKS[arguments.serve])
        return
    from turns import measure_each

    print(
        f"torch {torch.__version__}, {torch.get_num_threads()} threads, {arguments.rounds} rounds; "
        f"{TOKENS} tokens a translation"
    )
    measure_each(arguments.work, lambda name: measure(name, arguments), show, arguments.json)


if __name__ == "__main__":
    main()
