"""Scores of a split and its parts: the sacrebleu command's, accuracies by hand, and tables."""

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from scipy.stats import binom

from attnlab.data.reading.files import read_translations
from attnlab.evaluate.scores import Outcome, Scores, SplitScores, report
from attnlab.evaluation.metrics import Reading, measure
from attnlab.evaluation.significance import statistics

OUTCOMES = [
    Outcome("le chat dort ici", ("le chat dort ici",), contrast=True),
    Outcome("le chien dort là", ("le chien mange là",), contrast=False, focus=True),
    Outcome("il pleut", ("il pleut",), contrast=True, focus=False),
]


def test_accuracies_count_only_those_who_were_asked():
    scores = Scores.of(OUTCOMES, ["exact"])
    assert scores.metrics["exact"].score == pytest.approx(200 / 3)
    assert scores.contrast == pytest.approx(200 / 3)
    assert scores.focus == pytest.approx(50)
    alone = Scores.of(OUTCOMES[:1], ["exact"])
    assert alone.focus is None
    assert set(alone.as_json()) == {"sentences", "exact", "contrast"}


@pytest.mark.parametrize("metric", ["bleu", "chrf", "ter", "exact"])
@pytest.mark.parametrize("lowercase", [False, True])
def test_the_statistics_of_an_interval_are_those_of_the_score(metric, lowercase):
    sides = ["Le chat dort là"], ["le chat dort ici"], ["LE CHIEN DORT LÀ"]
    expected = measure(metric, *sides, lowercase=lowercase).score
    found = statistics(metric, *sides, lowercase=lowercase)
    assert found.corpus_score == pytest.approx(expected)


def test_an_interval_is_that_of_the_binomial_distribution_where_sentences_are_right_or_wrong():
    right, wrong = Outcome("a", ("a",)), Outcome("a", ("b",))
    found = SplitScores.of("test", [right] * 300 + [wrong] * 100, ["exact"], {}, interval=True)
    expected = [binom.ppf(share, 400, 0.75) / 4 for share in (0.025, 0.975)]
    assert found.as_json()["exact"]["interval"] == pytest.approx(expected, abs=0.5)
    assert report([found], "best", "greedy").startswith("exact match 75.0 (95 %: 7")
    assert SplitScores.of("test", [right], ["exact"], {}).whole.metrics["exact"].interval is None


def test_groups_are_measured_on_their_own_sentences():
    found = SplitScores.of("test", OUTCOMES, ["bleu", "exact"], {"tag": {"a": [0, 1], "b": [2]}})
    sides = [o.hypothesis for o in OUTCOMES[:2]], [o.references[0] for o in OUTCOMES[:2]]
    expected = measure("bleu", *sides)
    assert found.by["tag"]["a"].metrics["bleu"] == expected
    assert found.by["tag"]["b"].metrics["exact"].score == 100
    assert found.as_json()["by"]["tag"]["b"]["sentences"] == 1


def test_report_of_one_split_is_lines_and_of_several_a_table():
    one = SplitScores.of("test", OUTCOMES, ["exact"], {})
    assert report([one], "best", "greedy").splitlines()[0] == (
        "exact match 66.7 | best | greedy | % of sentences, to the letter"
    )
    other = SplitScores.of("plain", [Outcome("a", ("b",))], ["exact"], {"tag": {"x": [0]}})
    whole, recipes, by_tag = report([one, other], "best", "greedy").split("\n\n")
    assert whole.splitlines() == [
        "split  sentences  exact match  contrast  focus",
        "test           3         66.7      66.7   50.0",
        "plain          1          0.0",
    ]
    assert [line.split(" | ")[0] for line in recipes.splitlines()] == [
        *("exact match", "contrast", "focus")
    ]
    assert "greedy" not in recipes.splitlines()[1], "nothing is searched for there"
    assert all(" | best | " in line for line in recipes.splitlines())
    assert by_tag.splitlines()[0] == "plain, by tag  sentences  exact match"


def sacrebleu(hypothesis: Path, references: list[Path], *options: str) -> dict[str, float]:
    """What the command prints of files, by the metric's name."""
    command = [sys.executable, "-m", "sacrebleu", *map(str, references), "-i", str(hypothesis)]
    metrics = ["-m", "bleu", "chrf", "ter", "-f", "json", "-w", "9", *options]
    done = subprocess.run([*command, *metrics], capture_output=True, check=True, text=True)
    found = json.loads(done.stdout)
    return {each["name"].removesuffix("2").lower(): each["score"] for each in found}


FRENCH = ["L'été, il dort sur le lit.", "Où vas-tu donc ?", "", "Il n'a pas vu le chat noir."]
CASES = {
    # Curly apostrophes, a decomposed accent, odd spaces, a byte order mark, a blank line.
    "odd bytes": (
        FRENCH,
        [
            "\ufeffL\u2019e\u0301te\u0301,  il dort au lit. \u3000\r\nO\xf9 vas-tu\xa0?\t\n\n"
            " Il n\u2019a pas vu\u2028le chat.\n"
        ],
        "13a",
        (),
    ),
    "two references": (
        FRENCH,
        [
            "L'été il dort.\nOù vas-tu ?\nrien\nIl a vu le chat noir.\n",
            "L'été, il dort sur un lit.\n\n\nIl n'a pas vu le chien noir.\n",
        ],
        "13a",
        (),
    ),
    "Chinese": (
        ["狗在喝水。", "我喜欢红色的狗。"],
        ["狗在喝水。\n我喜欢红色的车。\n"],
        "zh",
        ("--tokenize", "zh", "--ter-normalized", "--ter-asian-support"),
    ),
    "Thai": (
        ["สุนัขดื่มน้ำทุกวัน", "แมวกินปลา"],
        ["สุนัขดื่มน้ำทุกวันนี้\nแมวกินปลา\n"],
        "char",
        ("--tokenize", "char", "--ter-normalized", "--ter-asian-support"),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_scores_are_those_of_the_sacrebleu_command_on_the_same_files(case, tmp_path):
    hypotheses, contents, tokeniser, options = case
    hypothesis = tmp_path / "hypothesis"
    hypothesis.write_text("".join(f"{text}\n" for text in hypotheses))
    paths = [tmp_path / f"reference{number}" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content.encode())
    _, *references = read_translations(hypothesis, paths)
    outcomes = [
        Outcome(text, wanted)
        for text, wanted in zip(hypotheses, zip(*references, strict=True), strict=True)
    ]
    found = Scores.of(outcomes, ["bleu", "chrf", "ter"], Reading(tokeniser))
    expected = sacrebleu(hypothesis, paths, *options)
    scores = {metric: measured.score for metric, measured in found.metrics.items()}
    assert scores == pytest.approx(expected, abs=1e-6)
    assert 0 < scores["bleu"] < 100
    assert f"nrefs:{len(paths)}|" in found.metrics["bleu"].signature


def test_normalised_references_have_a_number_of_their_own_where_it_is_another():
    outcomes = [Outcome("L'été est là, il dort.", ("L\u2019e\u0301te\u0301 est  là, il dort.",))]
    found = SplitScores.of("test", outcomes, ["bleu", "exact"], {})
    assert found.whole.metrics["exact"].score == 0
    assert found.whole.metrics["bleu"].score < 90
    assert found.as_json()["bleu"]["normalised_references"] == {"score": pytest.approx(100)}
    lines = [line.split(" | ")[0] for line in report([found], "best", "greedy").splitlines()]
    assert lines == [
        lines[0],
        "BLEU normalised 100.0",
        "exact match 0.0",
        "exact match normalised 100.0",
    ]
    reference = outcomes[0].references[0]
    assert found.digests == [sha256(f"{reference}\n".encode()).hexdigest()]
    assert not Scores.of(OUTCOMES, ["bleu", "chrf"]).normalised, "there is nothing to normalise"


def test_exact_match_is_of_any_reference_and_of_lines_with_text():
    outcomes = [Outcome("a", ("b", "a")), Outcome("", ("", "")), Outcome("c", ("", ""))]
    assert Scores.of(outcomes, ["exact"]).metrics["exact"].score == 50
