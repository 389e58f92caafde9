"""A trained run loaded for use: its model, vocabulary and translator."""

from dataclasses import asdict, dataclass, replace
from math import inf
from pathlib import Path
from typing import Any

import torch

from attnlab import __version__
from attnlab.attention.recording import attends
from attnlab.config import ExperimentConfig, InferenceConfig
from attnlab.data.vocabulary import VocabularyPair
from attnlab.engines import ENGINES
from attnlab.engines.folder import Exportable, build_search, exported, load_exported
from attnlab.models import MODELS, EncoderDecoder, VocabularySizes
from attnlab.models.stepping import Searchable
from attnlab.run.folder import Run, find_run, open_run
from attnlab.run.layout import AVERAGED
from attnlab.run.metrics import recorded, recorded_validations
from attnlab.search import SEARCHES, Search, SearchConfig
from attnlab.search.ensemble import Ensemble
from attnlab.support.errors import AttnlabError, UsageError, out_of_memory
from attnlab.support.folders import shown_path
from attnlab.support.machine import memory_of, require_memory
from attnlab.support.schema import flatten
from attnlab.training.checkpoint import (
    checkpoint_update,
    load_weights,
    weights_digest,
)
from attnlab.training.snapshots import kept_snapshots, snapshot_number
from attnlab.translate import Translator


def pick_device(name: str) -> torch.device:
    """`auto` is a CUDA device if there is one; any other name is torch's own.

    Raises:
        UsageError: there is no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()  # fails on torch's meta device
    except (RuntimeError, AssertionError) as error:
        raise UsageError(f"device={name} is not available here; choose auto or cpu") from error
    return device


def build_model(
    config: ExperimentConfig, vocabulary: VocabularyPair, device: torch.device
) -> EncoderDecoder[Any]:
    """The configured model, initialised from torch's random state.

    Raises:
        AttnlabError: its weights need more memory than there is.
    """
    sizes = VocabularySizes(
        source=len(vocabulary.source), target=len(vocabulary.target), shared=vocabulary.shared
    )
    require_room_for_weights(config, sizes, device)
    return MODELS.build(config.model, config.attention, sizes).to(device)


def require_room_for_weights(
    config: ExperimentConfig, sizes: VocabularySizes, device: torch.device
) -> None:
    """Refuse a model whose weights need more memory than there is, before it is allocated."""
    if upper_bound(config, sizes) < memory_of(device) / 2:
        return  # an exact count on torch's meta device imports torch._dynamo: a second or more
    try:
        with torch.random.fork_rng(devices=[]), torch.device("meta"):
            model = MODELS.build(config.model, config.attention, sizes)
        needed = sum(each.numel() * each.element_size() for each in model.parameters())
    except NotImplementedError:  # a plug-in computes with its first weights
        return
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
        needed = 2**63
    settings = [
        f"model.{name}={value}"
        for name, value in vars(config.model).items()
        if isinstance(value, int) and not isinstance(value, bool)
    ]
    require_memory(needed, "the model's weights", f"lower some of: {', '.join(settings)}", device)


def upper_bound(config: ExperimentConfig, sizes: VocabularySizes) -> float:
    """Bytes that the weights cannot exceed: generous, and computed from the settings alone."""
    if not type(config.model).__module__.startswith("attnlab."):
        return inf  # a plug-in's settings may mean anything
    values = flatten(asdict(config.model) | {"score": asdict(config.score)})
    numbers = {key.rpartition(".")[2]: each for key, each in values.items() if type(each) is int}
    layers = sum(each for name, each in numbers.items() if "layers" in name)
    kernel = max([1, *(each for name, each in numbers.items() if "kernel" in name)])
    of_a_head = (numbers.get(f"{name}_size", 0) for name in ("query", "key", "value"))
    widest = max([numbers.get("heads", 1) * max(of_a_head), *numbers.values()])
    embeddings = 4 * max(sizes.source, sizes.target) * widest
    return 4.0 * (embeddings + 40 * (layers + 2) * kernel * widest**2)


def build_translator(
    model: Searchable,
    vocabulary: VocabularyPair,
    search: SearchConfig,
    batch_tokens: int,
    max_characters: int,
) -> Translator:
    """A translator by the configured search, of sentences up to `max_characters`."""
    return Translator(model, vocabulary, SEARCHES.build(search), batch_tokens, max_characters)


def exportable(run: Run, recipe: "Recipe", model: EncoderDecoder[Any]) -> Exportable:
    """The model of a run, with what its export takes from the run."""
    origin = {
        "run": run.name,
        "checkpoint": recipe.checkpoint,
        "update": recipe.update,
        "weights": recipe.weights,
    }
    return Exportable(
        *(model, run.config.model, run.config.attention, run.load_vocabulary()),
        *(run.config.search, origin),
    )


def engine_translator(
    run: Run, vocabulary: VocabularyPair, search: Search, batch_tokens: int, folder: Path
) -> Translator:
    """A translator by the exported model in `folder`; `search` is `engines.build_search`'s."""
    model = load_exported(folder, vocabulary)
    return Translator(model, vocabulary, search, batch_tokens, run.config.data.max_characters)


def update_of_checkpoint(run: Run, checkpoint: str) -> int:
    """The update after which a run's `checkpoint` was written; 0 if unknown.

    For `averaged`, the mean of several, that of the latest. Checkpoints of an older attnlab do not
    record it; it is then looked up in metrics.jsonl.
    """
    number = snapshot_number(checkpoint)
    if number is None:
        number = checkpoint_update(run.checkpoints / checkpoint)
    if number is not None:
        return number
    metric, best = run.config.stopping.metric, None
    if checkpoint == "best":
        for update, found in recorded_validations(run.folder).items():
            if metric in found.scores and (best is None or found.is_better_than(best[1], metric)):
                best = update, found
    if best is not None:
        return best[0]
    return max((update for update, _ in recorded(run.folder)), default=0)


@dataclass(frozen=True)
class Recipe:
    """Everything that a score of a run follows from besides the texts, as commands print it.

    `update`: after which the checkpoint was written; None if unknown, or for the mean of several.
    `weights`: the SHA-256 of the checkpoint's weights, or None. `search`: all of its settings.
    """

    run: Path
    checkpoint: str
    update: int | None
    weights: str | None
    search: dict[str, Any]

    @classmethod
    def of(cls, run: Run, config: InferenceConfig) -> "Recipe":
        """The recipe of a run used with `config`."""
        search = flatten(asdict(config.search))
        if getattr(SEARCHES.maker(config.search.name), "depends_on_batches", False):
            search["batch_tokens"] = config.batch_tokens
        if config.engine != "torch":
            search["engine"] = config.engine
        if config.ensemble:
            digests = (
                weights_digest(each / "checkpoints" / config.checkpoint) for each in members(config)
            )
            search["ensemble"] = [str(each)[:8] for each in digests]
        update = None
        if config.checkpoint != AVERAGED:
            update = update_of_checkpoint(run, config.checkpoint) or None
        weights = weights_digest(run.checkpoints / config.checkpoint)
        return cls(run.folder, config.checkpoint, update, weights, search)

    @property
    def trained(self) -> str:
        """The checkpoint, for a line of text."""
        if self.update is not None:
            return f"checkpoint {self.checkpoint} (update {self.update})"
        return f"checkpoint {self.checkpoint}" + (f" ({self.weights[:8]})" if self.weights else "")

    @property
    def searched(self) -> str:
        """The search with all of its settings, for a line of text."""
        named = {"search" if key == "name" else key: value for key, value in self.search.items()}
        return " ".join(f"{key}={_text(value)}" for key, value in named.items())

    def __str__(self) -> str:
        return f"{self.trained} | {self.searched}"

    def as_json(self, searched: bool = True) -> dict[str, Any]:
        """The same as values; without the search if nothing was `searched` for."""
        checkpoint = {"name": self.checkpoint, "update": self.update, "weights": self.weights}
        found: dict[str, Any] = {
            "run": str(self.run),
            "attnlab": __version__,
            "checkpoint": checkpoint,
        }
        return found | {"search": self.search} if searched else found


def _text(value: Any) -> str:
    return "null" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class LoadedRun:
    """A run with its model, in evaluation mode, its vocabulary and a translator."""

    run: Run
    recipe: Recipe
    model: EncoderDecoder[Any]
    vocabulary: VocabularyPair
    translator: Translator

    @property
    def described(self) -> str:
        """The run and its checkpoint in a line, for figures and pages."""
        return f"run {self.run.name}, {self.recipe.trained}"


def load_run(folder: Path, config: InferenceConfig) -> LoadedRun:
    """Load the run in `folder` with the weights of its `config.checkpoint`.

    Raises:
        AttnlabError: the run, its vocabulary or its checkpoint is absent or damaged, or weights
            are not finite.
    """
    run = with_choices(open_run(folder), config)
    vocabulary = run.load_vocabulary()
    device = pick_device(config.device if config.engine == "torch" else "cpu")
    model = load_model(run, config.checkpoint, vocabulary, device)
    recipe = Recipe.of(run, config)
    if config.engine == "torch":
        translator = build_translator(
            *(_searched(model, vocabulary, config), vocabulary, config.search),
            *(config.batch_tokens, run.config.data.max_characters),
        )
    else:
        search = build_search(ENGINES[config.engine], config.search)  # refuses before an export
        given = exportable(run, recipe, model)
        named = "-".join([config.engine, *[config.checkpoint] * (config.checkpoint != "best")])
        folder = exported(given, config.engine, run.exports / named)
        translator = engine_translator(run, vocabulary, search, config.batch_tokens, folder)
    return LoadedRun(run, recipe, model, vocabulary, translator)


def load_model(
    run: Run, checkpoint: str, vocabulary: VocabularyPair, device: torch.device
) -> EncoderDecoder[Any]:
    """The model of a run, whose `vocabulary` is given, with the weights of its `checkpoint`.

    It is in evaluation mode.

    Raises:
        AttnlabError: the checkpoint is absent or damaged, or weights are not finite.
    """
    _require_kept(run, checkpoint)
    model = build_model(run.config, vocabulary, device)
    load_weights(run.checkpoints / checkpoint, model, run.identity)
    _require_finite(run.checkpoints / checkpoint, model)
    return model.eval()


def members(config: InferenceConfig) -> list[Path]:
    """The folders of the further runs of an ensemble."""
    return [find_run(name, config.runs_root, trained=True) for name in config.ensemble]


def _searched(
    model: EncoderDecoder[Any], vocabulary: VocabularyPair, config: InferenceConfig
) -> Searchable:
    """`model`, or its ensemble with the further runs, whose vocabularies must be this one."""
    models = [model]
    for folder in members(config):
        run = open_run(folder)
        own = run.load_vocabulary()
        if own.digest != vocabulary.digest:
            raise AttnlabError(
                f"{folder}: its vocabulary is another than that of the first run, so that their "
                "probabilities cannot be averaged; ensemble= takes runs on one corpus with the "
                "same vocabulary= settings"
            )
        models.append(load_model(run, config.checkpoint, own, model.device))
    return Ensemble(models) if len(models) > 1 else model


def _require_finite(checkpoint: Path, model: EncoderDecoder[Any]) -> None:
    """Refuse weights with NaN or infinity, which training that diverged leaves."""
    bad = [name for name, weight in model.named_parameters() if not bool(weight.isfinite().all())]
    if bad:
        more = f" and {len(bad) - 1} more of its weights" if len(bad) > 1 else ""
        raise AttnlabError(
            f"{checkpoint}: {bad[0]}{more} hold NaN or infinity, since the training diverged; use "
            "another checkpoint=, or train anew with a lower optimiser.learning_rate="
        )


def with_choices(run: Run, config: InferenceConfig) -> Run:
    """The run with the corpus files and tokeniser that the command line chose."""
    moved = {name: path for name, path in asdict(config.data).items() if path is not None}
    chosen = replace(
        run.config,
        data=replace(run.config.data, **moved),
        bleu_tokeniser=config.bleu_tokeniser or run.config.bleu_tokeniser,
    )
    return replace(run, config=chosen)


def _require_kept(run: Run, checkpoint: str) -> None:
    """Refuse a checkpoint that this run does not have, if it is one that not every run has."""
    if checkpoint in ("best", "last") or (run.checkpoints / checkpoint).is_dir():
        return
    if checkpoint == AVERAGED:
        raise AttnlabError(
            f"{run.folder}: nothing was averaged yet; do it with: attnlab average "
            f"{shown_path(run.folder)}"
        )
    kept = [path.name for path in kept_snapshots(run.checkpoints).values()]
    raise AttnlabError(
        f"{run.folder}: checkpoint={checkpoint} was not kept; there are: "
        f"{', '.join(['best', 'last', *kept])}"
    )


def require_attention(trained: LoadedRun, purpose: str) -> None:
    """Refuse a model without attention; `purpose` is a verb, such as "plot"."""
    if not attends(trained.model):
        raise AttnlabError(
            f"{trained.run.folder}: model={trained.run.config.model.name} has no attention to "
            f"{purpose}; train model=bahdanau or model=transformer"
        )
