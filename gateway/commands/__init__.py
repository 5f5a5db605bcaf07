"""The rooms of the CLI: one for each thing an operator does."""
