"""A stage as a process: started, watched, stopped, and what is known of it."""
