"""Studies of models: one folder or file per study, which only its command imports."""
