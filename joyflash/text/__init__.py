"""Messages to ids and back: tokenizer, chat template, thinking, tool calls."""
