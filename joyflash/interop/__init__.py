"""Hand-over to the engines and trainers that people already use: one thin file each."""
