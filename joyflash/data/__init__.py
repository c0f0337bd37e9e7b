"""Documents and conversations on disk -> token shards -> weighted mixtures -> packed rows.

The modules follow the way of a token: ``jsonl`` and ``documents`` read text, ``conversations`` reads chats,
``shards`` tokenises text once, ``sources`` gives numbered samples, ``mixture`` interleaves them by weight,
``packing`` fills rows of exactly T tokens, ``prefetch`` does that beside the training loop, and ``validation`` packs
the held-out part.
"""
