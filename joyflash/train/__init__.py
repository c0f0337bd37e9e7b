"""The training room: one loop; a stage is an objective and its data."""
