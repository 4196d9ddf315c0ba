"""What can be asked of a build, and the words to ask it in."""
