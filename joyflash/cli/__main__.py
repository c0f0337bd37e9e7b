"""``python -m joyflash.cli``: the same as ``python -m joyflash``."""

from joyflash.cli import main

if __name__ == "__main__":
    main()
