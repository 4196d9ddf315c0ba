"""A build of the card's size, and what the app and the pipeline take on it."""
