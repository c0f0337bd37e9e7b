"""HTTP at the edge: vendor shapes are translated here and nothing further inside knows them.

Importing this package needs nothing beyond the core; `joyflash.server.run.serve` brings in the `serve` extra.
"""
