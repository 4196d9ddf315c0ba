"""Where replies come from: Message Batches, plain Messages, or recordings."""
