"""One probe in its document: the text, its keys, and the card beside it."""
