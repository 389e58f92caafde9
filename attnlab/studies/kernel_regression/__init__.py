"""`attnlab kernel-regression`: Nadaraya–Watson regression as attention, swept and trained."""
