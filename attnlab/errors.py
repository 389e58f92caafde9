"""What a user is told when something cannot be done. Knows nothing of what it was."""


class AttnlabError(Exception):
    """A failure that its user can mend: the message names the thing and the remedy.

    Commands print the message alone, without a traceback, and exit with `exit_code`.
    """

    exit_code = 1


class UsageError(AttnlabError):
    """A request that could not have worked as it was typed."""

    exit_code = 2


def shortened(text: str, most: int = 200) -> str:
    """`text` in one line as a message can hold it: cut in the middle where it is longer."""
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 41]} … {text[-38:]}"


def described(error: Exception) -> str:
    """What is said of a failure: its own message, or that it is a fault of attnlab's."""
    if isinstance(error, AttnlabError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or 'reading or writing'}: {error.strerror or error}"
    return (
        f"{type(error).__name__}: {error}\nThis is a fault of attnlab's. Set "
        "ATTNLAB_TRACEBACK=1 to see where, and please report it."
    )
