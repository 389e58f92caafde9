"""The schemas of an experiment and of inference: dataclasses, and their YAML."""

import re
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import yaml
from omegaconf import DictConfig, OmegaConf

from attnlab.attention.config import AttentionConfig
from attnlab.attention.normalisers import NORMALISERS, NormaliserConfig
from attnlab.attention.positions import POSITIONS, PositionsConfig
from attnlab.attention.scores import SCORES, ScoreConfig
from attnlab.data.corpus import DataConfig, check, has_own_root
from attnlab.data.vocabulary_config import VocabularyConfig
from attnlab.engines import ENGINES
from attnlab.evaluation.metrics import AUTO, choose_tokeniser
from attnlab.models import MODELS, ModelConfig
from attnlab.search import SEARCHES, SearchConfig
from attnlab.support.errors import AttnlabError, UsageError
from attnlab.support.folders import PathText, require_folder_name
from attnlab.support.ranges import Count, CountOrZero, Seed
from attnlab.support.registry import Registry
from attnlab.support.schema import flatten, require_bounded_yaml
from attnlab.training.averaging import AveragingConfig
from attnlab.training.checkpoint import require_checkpoint_name
from attnlab.training.distributed import DistributedConfig
from attnlab.training.initialisation import InitConfig
from attnlab.training.loop import Limits
from attnlab.training.objective import ObjectiveConfig
from attnlab.training.optimiser import OPTIMISERS, OptimiserConfig
from attnlab.training.profiling import ProfilingConfig
from attnlab.training.schedule import SCHEDULES, ScheduleConfig
from attnlab.training.selection import StoppingConfig, require_metrics


@dataclass(kw_only=True)
class ExperimentConfig:
    """All settings of a training run.

    `name`: the folder under `runs_root` that holds the run's folder, whose name is the time.
    `claim`: the file in `configs/claims/` with what runs like this one are to show; null is none.
    `runs_root`: the folder of all runs. `init_from`: the run whose weights it begins with, by its
    folder or name, and `init` what it takes from there; null begins with random weights. `seed`: of
    all random numbers. `max_updates`, `max_epochs`
    and `max_time` (such as 90s, 10m or 2h): limits of training; null is no limit. `default_epochs`:
    the limit if all three are null. `validate_every`, `checkpoint_every` and `log_every`: in
    updates. `keep_checkpoints`: how many of the latest validated models are kept, for `attnlab
    average`, besides last and best. `validate_sentences`: how many of the validation split are
    translated; null is all. `validate_metrics`: of the translations, besides the metric of
    `stopping`. `bleu_tokeniser`: sacreBLEU's, such as 13a or zh; auto depends on
    `data.target_language`. `watch_sentences`: how many have translation and attention shown on
    TensorBoard, and their attention to the references recorded for `plot-attention
    --through-training`. `watch_every`: in updates, how often update ratios and attention entropies
    are measured; null is never. `profile`: whether torch's profiler records the updates of
    `profiling`. `batch_tokens`: tokens per side in a batch, with padding; several processes share a
    batch. `batch_sentences`: pairs in a batch instead, drawn at random whatever their lengths; null
    is by tokens. `accumulate`: batches in an update. `on_non_finite`: a batch whose loss or
    gradient is not finite is written to a file, and training stops (stop) or skips it (skip).
    `precision` of matrix products: auto, float32 or bfloat16. `compile`: whether torch compiles the
    model. `device`: auto, cpu, cuda or cuda:1.
    """

    name: str
    claim: str | None = None
    runs_root: PathText
    init_from: PathText | None = None
    init: InitConfig = field(default_factory=InitConfig)
    seed: Seed
    max_updates: CountOrZero | None
    max_epochs: CountOrZero | None
    max_time: str | None
    default_epochs: CountOrZero | None
    validate_every: Count
    validate_sentences: Count | None
    validate_metrics: list[str]
    bleu_tokeniser: str = AUTO
    watch_sentences: CountOrZero
    checkpoint_every: Count
    keep_checkpoints: CountOrZero
    log_every: Count
    watch_every: Count | None
    profile: bool
    profiling: ProfilingConfig
    batch_tokens: Count
    batch_sentences: Count | None
    accumulate: Count
    on_non_finite: str
    precision: str
    compile: bool
    device: str
    distributed: DistributedConfig
    stopping: StoppingConfig
    averaging: AveragingConfig
    objective: ObjectiveConfig
    data: DataConfig
    vocabulary: VocabularyConfig
    model: ModelConfig
    score: ScoreConfig
    normaliser: NormaliserConfig
    positions: PositionsConfig
    optimiser: OptimiserConfig
    schedule: ScheduleConfig
    search: SearchConfig

    CHOICES: ClassVar[dict[str, Registry[Any]]] = {
        "model": MODELS,
        "score": SCORES,
        "normaliser": NORMALISERS,
        "positions": POSITIONS,
        "optimiser": OPTIMISERS,
        "schedule": SCHEDULES,
        "search": SEARCHES,
    }
    """The groups whose schema depends on the chosen name."""

    def __post_init__(self) -> None:
        require_folder_name("name", self.name)
        if self.claim is not None:
            require_folder_name("claim", self.claim)
        if self.on_non_finite not in ("stop", "skip"):
            raise UsageError(f"on_non_finite={self.on_non_finite} is neither stop nor skip")
        if self.init_from is None and self.init != InitConfig():
            raise UsageError(
                "init.checkpoint, init.vocabulary, init.update and init.weights say what is taken "
                "from another run; name it: init_from=RUN"
            )
        check(self.data)
        require_metrics("validate_metrics", self.validate_metrics)
        self.bleu_tokeniser = choose_tokeniser(self.bleu_tokeniser, self.data.target_language)
        if self.max_time is not None:
            seconds(self.max_time)
        drops_words = any(vars(self.objective.word_dropout).values())
        if self.objective.r_drop and not (self.model.has_dropout or drops_words):
            raise UsageError(
                f"objective.r_drop={self.objective.r_drop} compares two forward passes with "
                "different dropout, and with model.dropout=0.0 they are the same: set "
                "model.dropout=0.1 or so, or objective.r_drop=0"
            )
        if self.objective.coverage and self.compile:
            raise UsageError(
                f"objective.coverage={self.objective.coverage} needs the attention weights, which "
                "compiled code does not keep; choose compile=false"
            )

    @property
    def limits(self) -> Limits:
        """The limits of training: `default_epochs` if no other is set."""
        unlimited = (self.max_updates, self.max_epochs, self.max_time) == (None, None, None)
        return Limits(
            max_updates=self.max_updates,
            max_epochs=self.default_epochs if unlimited else self.max_epochs,
            max_seconds=None if self.max_time is None else seconds(self.max_time),
        )

    @property
    def weights_mean(self) -> dict[str, Any]:
        """The settings that runs must share, by full names, for their weights to be averaged."""
        languages = {
            f"data.{side}_language": getattr(self.data, f"{side}_language")
            for side in ("source", "target")
        }
        return flatten({"model": asdict(self.model)} | asdict(self.attention)) | languages

    @property
    def attention(self) -> AttentionConfig:
        """The choices of attention, which all models share."""
        return AttentionConfig(
            score=self.score, normaliser=self.normaliser, positions=self.positions
        )


@dataclass(kw_only=True)
class DataFiles:
    """Places of a run's corpus files in place of those in `DataConfig`; null is the same place.

    `root`: the folder that relative paths start from.
    """

    root: PathText | None
    train: PathText | None
    valid: PathText | None
    test: PathText | None


@dataclass(kw_only=True)
class InferenceConfig:
    """The settings of a command that uses a trained run.

    `runs_root`: the folder of all runs. `checkpoint`: best, last, averaged (by `attnlab average`)
    or a kept one, such as update-00000400. `batch_tokens`: source tokens that are translated at a
    time, with padding. `engine` that translates: torch, onnxruntime or ctranslate2, to which the
    model is exported once. `device`: auto, cpu, cuda or cuda:1. `bleu_tokeniser`: null is the run's
    own. `data`: where the corpus is. `ensemble`: further runs, whose probabilities are averaged
    with the run's in search.
    """

    runs_root: PathText
    checkpoint: str
    ensemble: list[str]
    batch_tokens: Count
    engine: str
    device: str
    bleu_tokeniser: str | None
    data: DataFiles
    search: SearchConfig

    CHOICES: ClassVar[dict[str, Registry[Any]]] = {"search": SEARCHES}

    def __post_init__(self) -> None:
        require_checkpoint_name("checkpoint", self.checkpoint)
        if self.engine not in ("torch", *ENGINES):
            raise UsageError(f"engine={self.engine} is none of: torch, {', '.join(ENGINES)}")
        if self.engine != "torch" and self.device not in ("auto", "cpu"):
            raise UsageError(
                f"device={self.device} is torch's, and engine={self.engine} runs on the CPU; leave "
                "out device=, or choose engine=torch"
            )
        if self.engine != "torch" and self.ensemble:
            raise UsageError(
                f"ensemble= averages in torch, and engine={self.engine} runs one model; leave out "
                "ensemble=, or choose engine=torch"
            )


_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_LONGEST_TIME = 10_000 * _SECONDS["d"]


def seconds(time: str) -> float:
    """A time such as `90s`, `10m`, `1h30m` or `2h`, in seconds; a bare number is seconds.

    Raises:
        UsageError: it is none, or longer than `_LONGEST_TIME`.
    """
    if not re.fullmatch(r"([0-9]+(\.[0-9]+)?[smhd])+|[0-9]+(\.[0-9]+)?", time):
        raise UsageError(f"max_time={time} is no time; write it like 90s, 10m, 1h30m or 2h")
    parts = re.findall(r"([0-9.]+)([smhd]?)", time)
    total = sum(float(number) * _SECONDS[unit or "s"] for number, unit in parts)
    if total > _LONGEST_TIME:
        raise UsageError(f"max_time={time} must be at most 10000d; null is no limit")
    return total


def with_absolute_paths(data: DataConfig) -> DataConfig:
    """`data` with an absolute root.

    A corpus that attnlab ships or caches keeps its null, so that the run can be used with another
    installation or cache.
    """
    if data.root is not None:
        return replace(data, root=str(Path(data.root).absolute()))
    return data if has_own_root(data) else replace(data, root=str(Path.cwd()))


def to_yaml(config: ExperimentConfig) -> str:
    """The config as YAML for `from_yaml`."""
    values = asdict(config)
    text = OmegaConf.to_yaml(OmegaConf.create(values))
    if re.search("[\x85\u2028\u2029]", text):  # PyYAML reads these as other characters
        text = yaml.safe_dump(values, sort_keys=False, allow_unicode=False)
    return text


def from_yaml(path: Path) -> DictConfig:
    """The values in a run's YAML file.

    Raises:
        AttnlabError: it cannot be read as YAML, or has an interpolation.
    """
    require_bounded_yaml(path)
    try:
        node = OmegaConf.load(path)
    except Exception as error:
        raise AttnlabError(f"{path}: cannot be read as YAML ({error})") from error
    if not isinstance(node, DictConfig):
        raise AttnlabError(f"{path}: holds no config")
    values: Any = OmegaConf.to_container(node, resolve=False)
    for key, value in flatten(values).items():
        if "${" in f"{key}{value}":
            raise AttnlabError(
                f"{path}: {key} holds ${{…}}, and values in a run are plain; put back what attnlab "
                "wrote there"
            )
    return node
