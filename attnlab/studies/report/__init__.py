"""A sweep as one page, HTML or Markdown: question, tables, curves, heatmaps, verdicts, commands."""
