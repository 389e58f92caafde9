"""Corpora whose attention is known: copy, reverse, sort and look up, written line by line.

Knows no model and no reader of corpora: its files are laid out as any corpus may be.
"""

from attnlab.data.tasks.config import TaskConfig
from attnlab.data.tasks.writing import task_folder, write_task

__all__ = ["TaskConfig", "task_folder", "write_task"]
