"""Layout of a run's folder.

    runs/<name>/<run>/
      config.yaml            resolved, enough to rebuild everything, with the run's identity: its
                             id, and digests of its corpus and vocabulary; overrides.yaml beside it
      vocabulary.model       SentencePiece (vocabulary.source.model and .target.model if separate)
      checkpoints/           best, last, and previous, which was last before it; update-NUMBER if
                             keep_checkpoints is set, and averaged, their mean
      metrics.jsonl          one line a report
      environment.json       versions and machine of the training
      finished.json          present once training has finished; failed.json if an error ended it
      events.out.tfevents.*  TensorBoard
      profile/               recorded by torch's profiler
      non_finite/            batches whose loss or gradient was not finite
      attention/             attention to the watched sentences at each validation
      translations/          by eval: SPLIT.source, .hypothesis and .reference; in files/ those of
                             texts that are no split of the corpus
      scores/                by eval, likewise: SPLIT.json; in beams/ those of --sweep-beam
      export/                by export, and by engine=onnxruntime or ctranslate2: a folder each
      plots/

Reading never executes code from a run.
"""

FORMAT = 4
"""Raised whenever attnlab can no longer use an older version's runs, or the reverse."""

FINISHED = "finished.json"
"""Written when training has finished, and removed when it is resumed."""

FAILED = "failed.json"
"""Written when training ended by an error, with its message, and removed when it goes on."""

AVERAGED = "averaged"
"""The checkpoint that `attnlab average` writes."""

METRICS = "metrics.jsonl"

LOCK = ".lock"
"""Locked by the process that writes to the run."""

ENVIRONMENT = "environment.json"
