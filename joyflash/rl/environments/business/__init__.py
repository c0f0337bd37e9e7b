"""Customer service with a database, tools and a policy, in the manner of tau²-bench: the end state is what counts."""
