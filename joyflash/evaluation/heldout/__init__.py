"""Data of the held-out evaluation: phrasings, tools and word lists, written without sight of the generators."""
