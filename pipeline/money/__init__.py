"""What a build costs: the ledger of every request, what it reserves and pays, and estimates before it."""
