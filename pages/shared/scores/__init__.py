"""What Scores is made of."""
