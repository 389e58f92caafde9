"""Jobs: one run, or those of a sweep, by Hydra's launchers and sweepers."""
