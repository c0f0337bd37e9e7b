"""The model room: one implementation of the architecture that trains and serves."""
