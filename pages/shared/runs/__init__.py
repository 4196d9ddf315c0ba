"""What Runs is made of."""
