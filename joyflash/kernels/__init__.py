"""Hand-written kernels, each beside the reference that it must equal."""
