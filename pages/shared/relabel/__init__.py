"""What Relabel is made of."""
