"""Export of a trained run for other programs, and a check of what the export costs in quality."""
