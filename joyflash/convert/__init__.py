"""From one form of a checkpoint to another: latents padded for engines, folders for other libraries."""
