"""Several processes as one: the team, its mesh, who holds which part of a parameter, sums in a fixed order."""
