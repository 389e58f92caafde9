"""What does a head do, in a word? Plain thresholds on its figures. Knows numbers only."""

from attnlab.studies.heads.measures import HeadFigures

MUCH, NEARLY, BROADLY = 0.4, 0.8, 0.75

ALIGNER = "aligner"

LEGEND = f"""\
aligner: fewer alignment errors than the straight line from one sentence's
beginning to its end; else previous, same or next token, beginning, end or
punctuation: whichever gets most of the weight, if that is {MUCH:.0%} or more;
else diagonal: diagonality of {NEARLY:g} or more; else broad: entropy of {BROADLY:g} or more."""


def name_role(
    figures: HeadFigures, error_rate: float | None = None, straight_line: float | None = None
) -> str | None:
    """What holds first of what `LEGEND` says; None where nothing does.

    `error_rate`: that of the head's alignment, where it was measured, and of the `straight_line`'s.
    """
    if error_rate is not None and straight_line is not None and error_rate < straight_line:
        return ALIGNER
    shares = {
        "previous token": figures.previous,
        "same token": figures.same,
        "next token": figures.following,
        "beginning": figures.beginning,
        "end": figures.end,
        "punctuation": figures.punctuation,
    }
    role = max(shares, key=lambda each: shares[each] or 0.0)
    if (shares[role] or 0.0) >= MUCH:
        return role
    if figures.diagonality is not None and figures.diagonality >= NEARLY:
        return "diagonal"
    if figures.entropy is not None and figures.entropy >= BROADLY:
        return "broad"
    return None
