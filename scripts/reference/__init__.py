"""The reference of settings and commands, written from the code and the YAML files themselves."""
