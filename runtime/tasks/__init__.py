"""Tasks on their way to network elements and systems, and back."""
