"""Claims: what their files may say, and verdicts against a printed t table and scipy."""

from textwrap import dedent

import pytest
from scipy import stats

from attnlab.studies.report.claim import Expectation, Finding, Verdict, load_claim, t_interval
from attnlab.support.errors import UsageError

CLAIM = """
    question: Does attention keep long sentences?
    splits: [test, test_long]
    group_by: [model]
    published:
      source: Bahdanau et al. 2015, table 1
      columns: [model, "≤ 30 words", "≤ 50 words"]
      rows: [[RNNenc, 13.93, 17.82], [RNNsearch, 21.50, 26.75]]
    expectations:
      - says: attention wins on long sentences
        terms:
          - {weight: 1, settings: {model: bahdanau}, split: test_long}
          - {weight: -1, settings: {model: rnn, model.layers: 2}, split: test_long}
      - says: heads align
        metric: aer
        terms: [{weight: -1, settings: {}, split: test_dense}]
"""


def written(folder, text, name="length"):
    path = folder / "claims" / f"{name}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(dedent(text), encoding="utf-8")
    return folder


def test_a_claim_is_read_whole(tmp_path):
    claim = load_claim("length", written(tmp_path, CLAIM))
    assert claim.published.rows[1] == ["RNNsearch", 21.5, 26.75]
    assert claim.expectations[0].terms[1].settings == {"model": "rnn", "model.layers": 2}
    assert (claim.scored, claim.read) == (["bleu"], ["test", "test_long", "test_dense"])


@pytest.mark.parametrize(
    ("found", "put", "message"),
    [
        ("metric: aer", "metric: meteor", "metric meteor is none of: bleu"),
        ("[RNNenc, 13.93, 17.82]", "[RNNenc, 13.93]", "3 columns, and a row of 2"),
        ("question:", "qestion:", "qestion"),
        ("splits: [test, test_long]", "splits: []", "names no split"),
        ("weight: 1,", "weight: much,", "weight"),
        ("settings: {},", "settings: {}, group: negation,", "not measured by group"),
        ("    terms: [{weight: -1, settings: {}, split: test_dense}]", "    terms: []", "no terms"),
    ],
)
def test_a_claim_that_says_nonsense_is_refused_by_its_file(tmp_path, found, put, message):
    assert found in CLAIM
    with pytest.raises(UsageError, match=r"length\.yaml") as refusal:
        load_claim("length", written(tmp_path, CLAIM.replace(found, put)))
    assert message in str(refusal.value)


def test_a_claim_that_is_not_there_is_refused_with_those_that_are(tmp_path):
    written(tmp_path, CLAIM)
    for name in ("width", "../length", ""):
        with pytest.raises(UsageError, match=r"there is no such claim; there are: .*length"):
            load_claim(name, tmp_path)


def test_the_interval_is_students():
    # t(0.975, 2) = 4.303 in printed tables; the sample's deviation of 1, 2, 3 is 1.
    assert t_interval([1.0, 2.0, 3.0]) == pytest.approx(
        (2 - 4.303 / 3**0.5, 2 + 4.303 / 3**0.5), 1e-3
    )
    values = [3.1, -0.4, 2.2, 5.0, 1.7]
    expected = stats.t.interval(0.95, 4, loc=2.32, scale=stats.sem(values))
    assert t_interval(values) == pytest.approx(expected)
    assert t_interval([1.0]) is None


@pytest.mark.parametrize(
    ("sums", "verdict"),
    [
        ({1: 5.0, 2: 6.0, 3: 5.5}, Verdict.REPRODUCED),
        ({1: -5.0, 2: -6.0, 3: -5.5}, Verdict.CONTRADICTED),
        ({1: 5.0, 2: -1.0, 3: 2.0}, Verdict.NOT_DECIDED),
        ({1: 0.0, 2: 0.0}, Verdict.NOT_DECIDED),
        ({1: 50.0}, Verdict.NOT_DECIDED),
        ({}, Verdict.NOT_MEASURED),
    ],
)
def test_verdicts_follow_the_interval(sums, verdict):
    finding = Finding(Expectation(says="it grows", terms=[]), sums, "no run")
    assert finding.verdict is verdict
    assert str(finding).startswith(verdict)
    if len(sums) == 1:
        assert "one seed" in str(finding)
