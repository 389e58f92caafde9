"""attnlab from Python, in scripts and notebooks: runs, their translations and their attention.

    import attnlab

    run = attnlab.load("builtin-transformer")
    translation = run.translate("The cat sleeps.")
    translation.attention["decoder.layer2.cross"]  # (heads, queries, keys)
    translation.plot()

It is a thin layer over what the commands use. Failures are raised as `AttnlabError`, whose message
names the thing and the remedy.
"""

# what attnlab/__init__.py lists, each under its own name
from attnlab.api.runs import TrainedRun as TrainedRun
from attnlab.api.runs import load as load
from attnlab.api.runs import train as train
from attnlab.api.translations import ExplorerPage as ExplorerPage
from attnlab.api.translations import SentenceTranslation as SentenceTranslation
from attnlab.support.errors import AttnlabError as AttnlabError
from attnlab.support.errors import UsageError as UsageError
