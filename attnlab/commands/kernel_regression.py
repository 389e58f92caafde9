"""attnlab kernel-regression."""


def kernel_regression() -> None:
    """Kernel."""
