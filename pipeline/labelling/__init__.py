"""Human labels as files, on their way out and in, and the keys they are given with."""
