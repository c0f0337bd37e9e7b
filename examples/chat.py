"""Ask a question with the official `openai` client. Start a server first: `make serve`."""

from __future__ import annotations

import argparse
import os
import sys

from openai import APIConnectionError, APIStatusError, OpenAI


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    default_url = os.environ.get("OPENAI_BASE_URL", "http://127.0.0.1:8000/v1")
    parser.add_argument("--base-url", default=default_url, help="where the server answers; or set OPENAI_BASE_URL")
    parser.add_argument("--model", help="model name; the first one that the server lists if absent")
    parser.add_argument("--seed", type=int, help="the same seed gives the same answer")
    parser.add_argument("--temperature", type=float, help="the server's default if absent; 0 is greedy")
    parser.add_argument("question", nargs="?", default="which one is bigger, 9.11 or 9.9?")
    return parser.parse_args()


def main() -> None:
    """Ask and print the answer."""
    options = read_options()
    client = OpenAI(base_url=options.base_url, api_key=os.environ.get("OPENAI_API_KEY", "EMPTY"))
    sampling = {name: value for name in ("seed", "temperature") if (value := getattr(options, name)) is not None}
    response = client.chat.completions.create(
        model=options.model or client.models.list().data[0].id,
        messages=[{"role": "user", "content": options.question}],
        max_tokens=4096,
        **sampling,
    )
    print(response.choices[0].message.content)


if __name__ == "__main__":
    try:
        main()
    except APIConnectionError as error:
        sys.exit(f"No server answers at {error.request.url}. Start one with `make serve`, or give --base-url.")
    except APIStatusError as error:
        sys.exit(f"The server refused: {error.message}")
