"""The schema of a whole experiment: values from Hydra or a run's YAML become dataclasses here.

A name or a type that does not fit is refused by its full key. Past this file there is no OmegaConf.
"""

import difflib
import re
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from attnlab.attention.choices import AttentionConfig
from attnlab.attention.normalisers import NORMALISERS, NormaliserConfig
from attnlab.attention.positions import POSITIONS, PositionsConfig
from attnlab.attention.scores import SCORES, ScoreConfig
from attnlab.errors import AttnlabError, UsageError
from attnlab.evaluation.selection import StoppingConfig, require_metrics
from attnlab.models import MODELS, ModelConfig
from attnlab.registry import Registry
from attnlab.search import SEARCHES, SearchConfig
from attnlab.text.corpus import DataConfig, has_own_root
from attnlab.text.vocabulary_config import VocabularyConfig
from attnlab.training.averaging import AveragingConfig
from attnlab.training.distributed import DistributedConfig
from attnlab.training.objective import ObjectiveConfig
from attnlab.training.optimiser import OPTIMISERS, OptimiserConfig
from attnlab.training.profiling import ProfilingConfig
from attnlab.training.schedule import SCHEDULES, ScheduleConfig

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

CHOICES: dict[str, Registry[Any]] = {
    "model": MODELS,
    "score": SCORES,
    "normaliser": NORMALISERS,
    "positions": POSITIONS,
    "optimiser": OPTIMISERS,
    "schedule": SCHEDULES,
    "search": SEARCHES,
}
"""The config groups whose schema depends on the name that was chosen."""


@dataclass(kw_only=True)
class ExperimentConfig:
    """All that a training run follows from.

    `name`: the folder under `runs_root` that the run goes to. `runs_root`: where all runs go.
    `seed`: of all that is left to chance. `max_updates`, `max_epochs` and `max_time` (such as 90s,
    10m or 2h): when training ends; null is no limit. `default_epochs`: how many are trained where
    all three are null. `validate_every`, `checkpoint_every` and `log_every`: in updates.
    `keep_checkpoints`: how many of the latest validated models are kept, for `attnlab average`,
    besides last and best.
    `validate_sentences`: how many of the validation split are translated; null is all.
    `validate_metrics`: what they are measured by, besides the metric that `stopping` names.
    `watch_sentences`: how many of them have their translation and attention shown on TensorBoard;
    their attention to the references is recorded for `plot-attention --through-training`.
    `watch_every`: in updates, how often update ratios and attention entropies are measured; null
    is never. `profile`: whether a few updates are recorded by torch's profiler, those that
    `profiling` names. `batch_tokens`: tokens a side in one batch, padding counted; several
    processes share a batch out. `batch_sentences`: pairs in one batch instead, drawn at random
    whatever their lengths; null is by tokens. `accumulate`: batches in one update.
    `on_non_finite`: a batch whose loss or gradient is no finite number is written out, and training
    then stops (stop) or goes on without it (skip). `precision`: of products, auto, float32 or
    bfloat16. `compile`: whether torch compiles the model before it trains. `device`: auto, cpu,
    cuda or cuda:1.
    """

    name: str
    runs_root: str
    seed: int
    max_updates: int | None
    max_epochs: int | None
    max_time: str | None
    default_epochs: int | None
    validate_every: int
    validate_sentences: int | None
    validate_metrics: list[str]
    watch_sentences: int
    checkpoint_every: int
    keep_checkpoints: int
    log_every: int
    watch_every: int | None
    profile: bool
    profiling: ProfilingConfig
    batch_tokens: int
    batch_sentences: int | None
    accumulate: int
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

    def __post_init__(self) -> None:
        counts = ("validate_every", "checkpoint_every", "log_every", "batch_tokens", "accumulate")
        for name in counts:
            if getattr(self, name) < 1:
                raise UsageError(f"{name}={getattr(self, name)} must be at least 1")
        for name in ("validate_sentences", "watch_every", "batch_sentences"):
            if getattr(self, name) is not None and getattr(self, name) < 1:
                raise UsageError(f"{name}={getattr(self, name)} must be at least 1, or null")
        at_least_0 = ("max_updates", "max_epochs", "default_epochs", "keep_checkpoints")
        for name in ("seed", "watch_sentences", *at_least_0):
            if (getattr(self, name) or 0) < 0:
                raise UsageError(f"{name}={getattr(self, name)} must be at least 0")
        if not re.fullmatch(r"[^/\\]*[^/\\.][^/\\]*", self.name):
            raise UsageError(f"name={self.name} must be the name of one folder, without slashes")
        if self.on_non_finite not in ("stop", "skip"):
            raise UsageError(f"on_non_finite={self.on_non_finite} is neither stop nor skip")
        require_metrics("validate_metrics", self.validate_metrics)
        if self.max_time is not None:
            seconds(self.max_time)
        if (self.max_updates, self.max_epochs, self.max_time) == (None, None, None):
            self.max_epochs = self.default_epochs
        drops_words = any(vars(self.objective.word_dropout).values())
        if self.objective.r_drop and not (self.model.has_dropout or drops_words):
            raise UsageError(
                f"objective.r_drop={self.objective.r_drop} makes two readings with different "
                "dropout agree, and with model.dropout=0.0 they are the same: set "
                "model.dropout=0.1 or so, or objective.r_drop=0"
            )
        if self.objective.coverage and self.compile:
            raise UsageError(
                f"objective.coverage={self.objective.coverage} has to see the attention weights, "
                "which compile=true does away with: choose compile=false"
            )

    @property
    def attention(self) -> AttentionConfig:
        """What is chosen of attention, whatever the model."""
        return AttentionConfig(
            score=self.score, normaliser=self.normaliser, positions=self.positions
        )


@dataclass(kw_only=True)
class InferenceConfig:
    """How a trained run is used.

    `runs_root`: where runs are looked for. `checkpoint`: best, last, averaged (which `attnlab
    average` writes) or one that was kept, such as update-00000400. `batch_tokens`: source
    tokens that are translated at a time, padding counted. `device`: auto, cpu, cuda or cuda:1.
    """

    runs_root: str
    checkpoint: str
    batch_tokens: int
    device: str
    search: SearchConfig

    def __post_init__(self) -> None:
        if not re.fullmatch(r"best|last|averaged|update-\d{8,}", self.checkpoint):
            raise UsageError(
                f"checkpoint={self.checkpoint} is none of: best, last, averaged, or one that was "
                "kept, such as update-00000400"
            )
        if self.batch_tokens < 1:
            raise UsageError(f"batch_tokens={self.batch_tokens} must be at least 1")


Schema = TypeVar("Schema", bound="DataclassInstance")


def _choices(schema: type) -> dict[str, Registry[Any]]:
    """`CHOICES`, and those that a schema has of its own."""
    return CHOICES | getattr(schema, "CHOICES", {})


def from_node(schema: type[Schema], node: DictConfig) -> Schema:
    """`node`'s values as `schema`'s dataclasses.

    Raises:
        UsageError: a key that the schema lacks, a value of a wrong type, one that is missing.
    """
    typed = OmegaConf.structured(schema)
    try:
        for group, choices in _choices(schema).items():
            if group in _names_of_fields(schema) and group in node:
                if not isinstance(node[group], DictConfig):
                    raise UsageError(f"{group} must be a group of settings, not '{node[group]}'")
                typed[group] = OmegaConf.structured(choices.config(str(node[group].name)))
        merged = OmegaConf.merge(typed, node)
        missing = sorted(OmegaConf.missing_keys(merged))
        if missing:
            raise UsageError(f"{missing[0]} has no value; give it as {missing[0]}=…")
        return cast(Schema, OmegaConf.to_object(merged))
    except OmegaConfBaseException as error:
        raise UsageError(explain(error, schema)) from error


def explain(error: OmegaConfBaseException, schema: type) -> str:
    """OmegaConf's complaint in one line that names the key, and the nearest key that there is."""
    key = str(error.full_key) if error.full_key else str(error.key)
    problem = str(error.msg or error).strip().splitlines()[0]
    if re.search(r"not in (struct|')", problem):
        group, _, setting = key.partition(".")
        if owners := _owners(schema, group, setting):
            return f"there is no setting '{key}' here; it belongs to {group}={' or '.join(owners)}"
        names = list(_keys(schema))
        close = difflib.get_close_matches(key, names, n=1) or difflib.get_close_matches(
            key.rpartition(".")[2], [name.rpartition(".")[2] for name in names], n=1
        )
        command = getattr(schema, "COMMAND", "train")
        hint = (
            f"; did you mean {close[0]}?" if close else f"; attnlab {command} --cfg job shows all"
        )
        return f"there is no setting '{key}'{hint}"
    if problem.endswith("is not a ListConfig, list or tuple."):
        return f"{key} is a list; write it in brackets, such as {key}=[a,b] or {key}=[a]"
    return f"{key}: {problem}"


def _names_of_fields(schema: type) -> set[str]:
    return {field.name for field in fields(schema)}


def _owners(schema: type, group: str, setting: str) -> list[str]:
    """The choices of a group that have this setting."""
    choices = _choices(schema).get(group)
    if choices is None:
        return []
    return [name for name in choices if setting in _names_of_fields(choices.config(name))]


def _keys(schema: type, prefix: str = "") -> list[str]:
    """All keys of a schema, those of every choice included."""
    keys = []
    choices = _choices(schema)
    for field in fields(schema):
        keys.append(prefix + field.name)
        if field.name in choices:
            registry = choices[field.name]
            for name in registry:
                keys += _keys(registry.config(name), f"{prefix}{field.name}.")
        for kind in (field.type, *get_args(field.type)):  # a group, or one that may be null
            if isinstance(kind, type) and is_dataclass(kind):
                keys += _keys(kind, f"{prefix}{field.name}.")
    return keys


_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(time: str) -> float:
    """A time such as `90s`, `10m`, `1h30m` or `2h`, in seconds; a bare number is seconds.

    Raises:
        UsageError: it is none.
    """
    if not re.fullmatch(r"(\d+(\.\d+)?[smhd])+|\d+(\.\d+)?", time):
        raise UsageError(f"max_time={time} is no time; write it like 90s, 10m, 1h30m or 2h")
    if time[-1].isdigit():
        return float(time)
    return sum(
        float(number) * _SECONDS[unit] for number, unit in re.findall(r"([\d.]+)([smhd])", time)
    )


def with_absolute_paths(data: DataConfig) -> DataConfig:
    """The same data config, found from any working directory.

    Where attnlab itself knows the folder, null remains: a run can then be used where attnlab is
    installed elsewhere or has its cache elsewhere.
    """
    if data.root is not None:
        return replace(data, root=str(Path(data.root).expanduser().absolute()))
    return data if has_own_root(data) else replace(data, root=str(Path.cwd()))


def to_yaml(config: ExperimentConfig) -> str:
    """The whole config, as `from_yaml` reads it."""
    return OmegaConf.to_yaml(OmegaConf.create(asdict(config)))


def from_yaml(path: Path) -> DictConfig:
    """The values in a YAML file.

    Raises:
        AttnlabError: it cannot be read as YAML.
    """
    try:
        node = OmegaConf.load(path)
    except Exception as error:
        raise AttnlabError(f"{path}: cannot be read as YAML ({error})") from error
    if not isinstance(node, DictConfig):
        raise AttnlabError(f"{path}: holds no config")
    return node
