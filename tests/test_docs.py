"""What the documents tell people to type or write works."""

import re
import subprocess
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
import yaml

from attnlab import launch
from attnlab.attention.multihead import MultiHeadAttention
from attnlab.attention.scores import products as score_module
from tests.conftest import attention_config
from tests.runs import REPOSITORY

PAGE = (REPOSITORY / "docs" / "adding-a-score.md").read_text(encoding="utf-8")


@pytest.fixture
def cosine():
    """The documented scoring function, registered for the length of a test."""
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    [values] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    exec(code, vars(score_module) | {"F": F, "torch": torch})
    values = yaml.safe_load(values)
    yield score_module.SCORES.config("cosine")(**values)
    del score_module.SCORES._entries["cosine"]


def test_the_documented_score_is_a_cosine_and_works_with_many_heads(cosine):
    score = score_module.SCORES.build(cosine, 7, 7)
    query, key = torch.randn(2, 3, 7), torch.randn(2, 5, 7)
    found = score.compare(score.project_query(query), score.project_key(key))
    expected = cosine.sharpness * F.cosine_similarity(query.unsqueeze(2), key.unsqueeze(1), dim=-1)
    torch.testing.assert_close(found, expected)
    terms = score.terms(score.project_query(query), score.project_key(key))
    torch.testing.assert_close(score.factor * terms.sum(-1), expected)
    assert set(score.symbols) == {"sharpness"}
    attention = MultiHeadAttention(replace(attention_config(), score=cosine), 12, 3)
    x = torch.randn(2, 5, 12)
    assert attention(x, attention.prepare(x, x)).shape == x.shape


def test_the_documented_ways_to_start_several_processes_are_shell_and_settings():
    page = (REPOSITORY / "docs" / "distributed.md").read_text(encoding="utf-8")
    scripts = re.findall(r"```bash\n(.*?)```", page, re.DOTALL)
    assert len(scripts) == 3
    for script in scripts:
        subprocess.run(["bash", "-n"], input=script.encode(), check=True)
    node = launch.compose(launch.TRAIN, ["model=transformer", "data=multi30k"])
    told = set(re.findall(r"`distributed\.(\w+)`", page))
    assert told == set(node.distributed)
