"""A run's model in one page, which translates in any browser without a server."""
