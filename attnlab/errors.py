"""What a user is told when something cannot be done. Knows nothing of what it was."""


class AttnlabError(Exception):
    """A failure that its user can mend: the message names the thing and the remedy.

    Commands print the message alone, without a traceback, and exit with `exit_code`.
    """

    exit_code = 1


class UsageError(AttnlabError):
    """A request that could not have worked as it was typed."""

    exit_code = 2
