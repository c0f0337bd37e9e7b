"""The compiled CPU step: C source, how it is built, and how it is called."""
