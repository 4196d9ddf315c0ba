"""What Agreement is made of."""
