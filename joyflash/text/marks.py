"""The marks of a reply: where a thought and where calls begin and end, as the released model writes them."""

BEGIN_OF_THOUGHT, END_OF_THOUGHT = "<|begin_of_thought|>", "<|end_of_thought|>"
CALL, CALL_END = "<tool_call>", "</tool_call>"
FUNCTION, FUNCTION_END = "<function=", "</function>"
PARAMETER, PARAMETER_END = "<parameter=", "</parameter>"
CALL_MARKS = (CALL, CALL_END, FUNCTION, FUNCTION_END, PARAMETER, PARAMETER_END)
READ_MARKS = frozenset((BEGIN_OF_THOUGHT, END_OF_THOUGHT, *CALL_MARKS))
"""What readers of a reply look for in its text; decoding keeps them where they are control tokens."""
