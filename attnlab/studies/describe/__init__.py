"""Study of a corpus: statistics, findings, and a report for the terminal."""
