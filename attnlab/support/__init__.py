"""Utilities for all packages: errors, files, locks, messages, registries, setting schemas."""
