"""What Calibrate is made of."""
