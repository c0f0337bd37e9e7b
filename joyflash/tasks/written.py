"""Makes a question look typed by a person: slips of the finger, lower case. Digits stay untouched."""

from __future__ import annotations

import random


def misspell(rng: random.Random, text: str) -> str:
    """One slip in a word of four or more letters: a letter lost, doubled or swapped with its neighbour.

    Only all-lower-case ASCII words change, so names and numbers keep their spelling.
    """
    words = text.split(" ")
    places = [
        i for i, word in enumerate(words) if len(word) >= 4 and word.isascii() and word.isalpha() and word.islower()
    ]
    if not places:
        return text
    place = rng.choice(places)
    word = words[place]
    at = rng.randrange(1, len(word) - 1)
    slip = rng.random()
    if slip < 0.4:
        words[place] = word[:at] + word[at + 1 :]
    elif slip < 0.6:
        words[place] = word[:at] + word[at] + word[at:]
    else:
        words[place] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return " ".join(words)


def relax_case(rng: random.Random, text: str) -> str:
    """Mostly a capital first letter; sometimes all lower case, first letter low, or (rarely) all capitals."""
    style = rng.random()
    if style < 0.74:
        return text[:1].upper() + text[1:]
    if style < 0.87:
        return text[:1].lower() + text[1:]
    return text.lower() if style < 0.985 else text.upper()


def roughen(rng: random.Random, text: str, *, slips: float = 0.06) -> str:
    """`relax_case`, then with probability ``slips`` one `misspell`; for questions without words to copy exactly."""
    if rng.random() < slips:
        text = misspell(rng, text)
    return relax_case(rng, text)
