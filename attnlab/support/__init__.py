"""What every room uses: errors, files, locks, messages, registries and schemas of settings."""
