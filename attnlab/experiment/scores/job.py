"""Scoring functions and normalisers side by side: the figure of the toy inputs, and the costs."""

from pathlib import Path

from matplotlib.figure import Figure

from attnlab.experiment.scores.choices import shipped_normalisers, shipped_scores
from attnlab.experiment.scores.cost import Cost, Sizes, measure_costs
from attnlab.experiment.scores.report import ScoresReport
from attnlab.experiment.scores.toy import KEYS, ROWS, SEEN, WIDE_QUERY_SIZE, ToyWeights, toy_weights
from attnlab.plotting.heatmap import draw_heatmaps
from attnlab.plotting.panel import MatrixPanel
from attnlab.plotting.saving import figure_suffix, save_figure
from attnlab.screen import counting

_SCORE, _NORMALISER = "scaled_dot", "softmax"  # with which the others' costs are measured


def show_scores(output: Path, sizes: Sizes, seed: int) -> ScoresReport:
    """Write the figure to `output`, and measure, unless `sizes` have no rounds.

    Raises:
        AttnlabError: the figure cannot be written.
    """
    figure_suffix(output)  # before the work
    scores, normalisers = list(shipped_scores()), list(shipped_normalisers())
    toy = toy_weights(scores, normalisers, seed)
    save_figure(draw_toy_weights(toy, len(normalisers)), output)
    costs: list[Cost] = []
    if sizes.rounds:
        (score,) = (each for each in scores if each.name == _SCORE)
        (normaliser,) = (each for each in normalisers if each.name == _NORMALISER)
        chosen = [(each, normaliser) for each in scores] + [(score, each) for each in normalisers]
        with counting("rounds", None) as advance:
            costs = measure_costs(chosen, sizes, seed, advance)
    return ScoresReport(
        seed=seed,
        toy=toy,
        figure=output,
        sizes=sizes,
        of_scores=costs[: len(scores)],
        of_normalisers=costs[len(scores) :],
    )


def draw_toy_weights(toy: list[ToyWeights], normalisers: int) -> Figure:
    """A row a score, a column a normaliser; hidden keys are grey."""
    return draw_heatmaps(
        [
            MatrixPanel(
                title=f"{each.score} · {each.normaliser}",
                values=each.weights,
                rows=ROWS,
                columns=[str(key) for key in range(1, KEYS + 1)],
                row_name="queries",
                column_name="keys",
            )
            for each in toy
        ],
        heading="Scoring functions and normalisers on toy inputs",
        note=f"Grey: hidden by the mask, which lets {SEEN[0]} or {SEEN[1]} keys be seen. Keys have "
        "2 features: all ones (alike), or normal (drawn).\nQueries are normal, with as many "
        f"features, or {WIDE_QUERY_SIZE} where the score takes unequal sizes. What is learnt is as "
        "at the beginning of training.",
        columns=normalisers,
        print_weights=True,
        repeat_labels=False,
    )
