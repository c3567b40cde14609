"""What a bundle is worth: its figures, the shortcut audit, robustness, the fitting and the report
of its input checks."""
