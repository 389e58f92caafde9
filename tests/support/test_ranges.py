"""Every number of every schema has a range; whatever is outside is refused by its full key."""

import math
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, get_args, get_type_hints

import pytest
from omegaconf import OmegaConf

from attnlab import launch
from attnlab.config import ExperimentConfig, InferenceConfig, from_yaml
from attnlab.models import MODELS
from attnlab.studies.kernel_regression.config import KERNEL_REGRESSION, KernelRegressionConfig
from attnlab.support.errors import AttnlabError, UsageError, described, readable
from attnlab.support.machine import require_memory
from attnlab.support.ranges import LARGEST_FLOAT, Range, range_of
from attnlab.support.schema import from_node

SCHEMAS = {
    launch.TRAIN: ExperimentConfig,
    launch.INFERENCE: InferenceConfig,
    KERNEL_REGRESSION: KernelRegressionConfig,
}
WILD = [
    math.nan,
    math.inf,
    -math.inf,
    1e300,
    1e-300,
    2**63,
    10**400,
    -1,
    0,
]
DATA = {"csv": ["data.file=points.csv"], "bitext": ["data.train=a.tsv"]}


def _contains(hint: Any, *kinds: type) -> bool:
    return hint in kinds or any(_contains(each, *kinds) for each in get_args(hint))


def _numbers(schema: type, prefix: str = "", chosen: tuple[str, ...] = ()):
    """(field's owner, key, annotation, overrides that choose its owner) of each numeric field."""
    hints = get_type_hints(schema, include_extras=True)
    choices = getattr(schema, "CHOICES", {})
    for name in (field.name for field in fields(schema)):
        key, hint = f"{prefix}{name}", hints[name]
        for choice in choices.get(name, ()):
            overrides = (f"{name}={choice}", *(DATA.get(choice, ()) if name == "data" else ()))
            yield from _numbers(choices[name].config(choice), f"{key}.", (*chosen, *overrides))
        if name not in choices:
            for each in (hint, *get_args(hint)):
                if isinstance(each, type) and is_dataclass(each):
                    task = ("data=copy",) if name == "task" else chosen
                    yield from _numbers(each, f"{key}.", task)
            if _contains(hint, int, float):
                yield schema, key, hint, chosen


NUMBERS: dict[tuple[type, str], tuple[str, str, Any, tuple[str, ...]]] = {}
for _schema, _config in SCHEMAS.items():
    for _owner, _key, _hint, _overrides in _numbers(_config):
        field = (_owner, _key.rpartition(".")[2])  # several schemas have some owners
        NUMBERS.setdefault(field, (_schema, _key, _hint, _overrides))


def test_every_numeric_setting_declares_its_range():
    assert len(NUMBERS) > 90
    without = [key for _, key, hint, _ in NUMBERS.values() if range_of(hint) is None]
    assert not without, "annotate it with a range of attnlab.support.ranges"


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_wild_number_is_accepted_or_refused_by_its_key(schema):
    """For each field: NaN, infinities and what overflows are refused; nothing else is raised."""
    nodes: dict[tuple[str, ...], Any] = {}
    for (owner, name), (of, key, hint, overrides) in NUMBERS.items():
        if of != schema:
            continue
        if overrides not in nodes:
            nodes[overrides] = launch.compose(schema, overrides)
        # A group is checked by itself: to check a whole experiment takes a tenth of a second.
        group = key.rpartition(".")[0]
        node = OmegaConf.select(nodes[overrides], group) if group else nodes[overrides]
        accepted, before = [], node[name]
        for value in WILD if group else (math.nan, 1e300, 2**64, -1):
            node[name] = [value, value] if "list" in str(hint) else value
            refusal = ""
            try:
                from_node(owner, node)
            except UsageError as error:
                refusal = str(error)
            if refusal == "":
                accepted.append(value)
            # What two settings are together may be refused by the other one's name.
            assert value in (0, -1) or name in refusal or not refusal, f"{key}={value}: {refusal}"
        node[name] = before
        assert not any(value != value or abs(value) > LARGEST_FLOAT for value in accepted), key
        assert _contains(hint, float) or not {2**63, 2**64, -(2**64)} & set(accepted), key


@pytest.mark.parametrize(
    ("bounds", "value", "message"),
    [
        (Range(above=0), math.inf, "must be a finite number above 0"),
        (Range(above=0), 0.0, "must be above 0"),
        (Range(above=0), 1e-40, "must be at least 1e-30"),
        (Range(above=0), 1e31, "must be above 0 and at most 1e+30"),
        (Range(minimum=1), 0, "must be at least 1"),
        (Range(minimum=1), 2**63, "must be from 1 to 9223372036854775807"),
        (Range(minimum=0, below=1), 1.0, "must be from 0 to under 1"),
        (Range(above=0, maximum=1), math.nan, "must be a finite number above 0 and at most 1"),
        (Range(maximum=0.0), 0.5, "must be at most 0"),
        (Range(), math.nan, "must be a finite number"),
        (Range(), -(2**64), "must be at least -9223372036854775807"),
        (Range(minimum=2, maximum=5), 5, None),
        (Range(), LARGEST_FLOAT, None),
    ],
)
def test_a_refusal_names_the_bounds(bounds, value, message):
    assert bounds.refusal(value) == message


@dataclass(kw_only=True)
class SharpConfig(MODELS.config("rnn")):  # type: ignore[misc]
    """A plug-in's, without declared ranges."""

    sharpness: float = 2.5


def test_a_plug_ins_number_may_be_any_finite_one():
    if "sharp" not in MODELS:
        MODELS.register("sharp", SharpConfig)(MODELS.maker("rnn"))
    try:
        node = launch.compose(launch.TRAIN, ["model=rnn"])
        OmegaConf.update(node, "model.name", "sharp")
        for value in (2.5, -3.0):
            OmegaConf.update(node, "model.sharpness", value)
            assert from_node(ExperimentConfig, node).model.sharpness == value
        for value in (math.nan, -math.inf, 1e31):
            OmegaConf.update(node, "model.sharpness", value)
            with pytest.raises(UsageError, match=r"model\.sharpness=.* must be "):
                from_node(ExperimentConfig, node)
    finally:
        MODELS._entries.pop("sharp")


def test_aliases_that_would_fill_the_memory_are_refused(tmp_path):
    """9 lists of 9 aliases each are 9^9 values; one within itself is endless."""
    path = tmp_path / "config.yaml"
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    for text in ("\n".join(["a0: &a0 [x]", *levels]), "a: &a [*a]", "[" * 5000):
        path.write_text(text)
        with pytest.raises(AttnlabError, match=r"config\.yaml: holds more than 100,000 values"):
            from_yaml(path)
    path.write_text("a: &a [1, 2]\nb: *a\n")
    assert from_yaml(path) == {"a": [1, 2], "b": [1, 2]}


def test_messages_are_cut_and_control_characters_shown():
    assert readable("a\x1b[31m\r\n\tb") == "a\\x1b[31m\\r\n\tb"
    assert readable("x" * 5000) == "x" * 100 + "…" + "x" * 30
    assert len(readable("word " * 5000)) < 900
    assert readable("café 语料 \u00a0") == "café 语料 \u00a0"


def test_exhausted_memory_is_one_message_and_other_failures_are_none():
    for error in (
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 4 bytes."),
        RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB"),
        RuntimeError("Storage size calculation overflowed with sizes=[9223372036854775807, 2]"),
    ):
        assert "fault of attnlab" not in described(error)
        assert "memory ran out" in described(error)
    assert "4,000.0 GB" in described(MemoryError("you tried to allocate 4000000000000 bytes"))
    assert "fault of attnlab" in described(RuntimeError("size mismatch"))
    with pytest.raises(AttnlabError, match=r"the model would take 1,000,000\.0 GB .* lower it"):
        require_memory(10**15, "the model", "lower it")
