"""The report: what was measured, as tables, figures and verdicts on one page."""
