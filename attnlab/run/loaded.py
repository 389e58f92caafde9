"""A trained run, ready for use: its model, its vocabulary and a search around them."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from attnlab.attention.recording import attends
from attnlab.config import ExperimentConfig, InferenceConfig
from attnlab.data.vocabulary import VocabularyPair
from attnlab.models import MODELS, EncoderDecoder, VocabularySizes
from attnlab.run.folder import AVERAGED, Run, open_run
from attnlab.run.recipe import Recipe
from attnlab.search import SEARCHES, SearchConfig
from attnlab.support.errors import AttnlabError, UsageError, out_of_memory
from attnlab.support.folders import shown_path
from attnlab.support.machine import require_memory
from attnlab.training.checkpoint import load_weights
from attnlab.training.snapshots import kept_snapshots
from attnlab.translate import Translator


def pick_device(name: str) -> torch.device:
    """`auto` is a CUDA device where there is one; any other name is torch's own.

    Raises:
        UsageError: there is no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()  # of torch's meta device nothing can be read
    except (RuntimeError, AssertionError) as error:
        raise UsageError(f"device={name} is not to be had here; choose auto or cpu") from error
    return device


def build_model(
    config: ExperimentConfig, vocabulary: VocabularyPair, device: torch.device
) -> EncoderDecoder[Any]:
    """The configured model with its first weights, which follow from torch's random state.

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
    """Refuse a model whose weights need more memory than there is, before it is asked for."""
    try:
        with torch.random.fork_rng(devices=[]), torch.device("meta"):
            model = MODELS.build(config.model, config.attention, sizes)
        needed = sum(each.numel() * each.element_size() for each in model.parameters())
    except NotImplementedError:  # a plug-in that computes with its first weights
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


def build_translator(
    model: EncoderDecoder[Any],
    vocabulary: VocabularyPair,
    search: SearchConfig,
    batch_tokens: int,
    max_characters: int,
) -> Translator:
    """A translator by the configured search, of sentences as long as the corpus may have them."""
    return Translator(model, vocabulary, SEARCHES.build(search), batch_tokens, max_characters)


@dataclass(frozen=True)
class LoadedRun:
    """A run with all that translating takes; the model is in evaluation mode.

    `recipe`: what its figures follow from, besides the texts.
    """

    run: Run
    recipe: Recipe
    model: EncoderDecoder[Any]
    vocabulary: VocabularyPair
    translator: Translator

    @property
    def described(self) -> str:
        """The run and its weights in a line, for figures and pages."""
        return f"run {self.run.name}, {self.recipe.trained}"


def load_run(folder: Path, config: InferenceConfig) -> LoadedRun:
    """Load the run in `folder` with the weights of its `config.checkpoint`.

    Raises:
        AttnlabError: the run, its vocabulary or its checkpoint is absent or damaged, or weights
            are not finite.
    """
    run = _with_choices(open_run(folder), config)
    _require_kept(run, config.checkpoint)
    vocabulary = run.load_vocabulary()
    model = build_model(run.config, vocabulary, pick_device(config.device))
    load_weights(run.checkpoints / config.checkpoint, model, run.identity)
    _require_finite(run.checkpoints / config.checkpoint, model)
    translator = build_translator(
        *(model, vocabulary, config.search, config.batch_tokens), run.config.data.max_characters
    )
    return LoadedRun(run, Recipe.of(run, config), model.eval(), vocabulary, translator)


def _require_finite(checkpoint: Path, model: EncoderDecoder[Any]) -> None:
    """Refuse what a training that diverged left: nothing follows from weights that are NaN."""
    bad = [name for name, weight in model.named_parameters() if not bool(weight.isfinite().all())]
    if bad:
        more = f" and {len(bad) - 1} more of its weights" if len(bad) > 1 else ""
        raise AttnlabError(
            f"{checkpoint}: {bad[0]}{more} hold NaN or infinity, since the training diverged; use "
            "another checkpoint=, or train anew with a lower optimiser.learning_rate="
        )


def _with_choices(run: Run, config: InferenceConfig) -> Run:
    """The run with what the command line says of its corpus's place and of its tokeniser."""
    moved = {name: path for name, path in asdict(config.data).items() if path is not None}
    chosen = replace(
        run.config,
        data=replace(run.config.data, **moved),
        bleu_tokeniser=config.bleu_tokeniser or run.config.bleu_tokeniser,
    )
    return replace(run, config=chosen)


def _require_kept(run: Run, checkpoint: str) -> None:
    """Refuse a checkpoint that not every run has, where this one has it not."""
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
    """Refuse a model that attends to nothing; `purpose` is a verb, such as "plot"."""
    if not attends(trained.model):
        raise AttnlabError(
            f"{trained.run.folder}: model={trained.run.config.model.name} has no attention to "
            f"{purpose}; train model=bahdanau or model=transformer"
        )
