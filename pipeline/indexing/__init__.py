"""From published rows to the index that the app reads."""
