"""How torch's threads wait for one another on a machine that has other work as well.

Every operation ends when its slowest thread does, and the others spin meanwhile, holding their
cores. Beside one busy program, a thread may wait for a core that its own sibling spins on: a
training on two cores was seen to fall from 9,000 tokens a second to 700, and to 2,700 where they
spin but shortly. Alone on the machine that costs a few per cent.
"""

import os
from collections.abc import MutableMapping

_ROUNDS = "1000"  # libgomp's own choice for more threads than cores; else it spins 300 times longer


def omp_wait_briefly(environment: MutableMapping[str, str] = os.environ) -> None:
    """Let threads sleep soon, unless the user has said how they shall wait; before torch comes.

    GNU's OpenMP, which torch uses on Linux, reads this once, when it is loaded.
    """
    if "OMP_WAIT_POLICY" not in environment:
        environment.setdefault("GOMP_SPINCOUNT", _ROUNDS)
