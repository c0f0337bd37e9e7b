"""Request to tokens: scheduling, sampling, constraints, streaming."""
