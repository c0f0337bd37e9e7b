"""``python -m joyflash``: the command line, for launchers such as ``torchrun -m joyflash``."""

from joyflash.cli import main

if __name__ == "__main__":
    main()
