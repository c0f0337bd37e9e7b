"""Human-written task dialogues, cut into short tool-use conversations.

A whole dialogue is long and few of its tokens are calls. A *window* is one call with the one to three user turns that
hold the values of its arguments; the call repeats each value as the user wrote it, and nothing else. Each sample lists
the called function and a few others under fresh names; some samples are requests that no listed tool fits, and some
are thanks that need no tool.

The modules follow the way of a dialogue: ``functions`` and ``crosswoz`` say what may be called, ``reading`` goes
through a file, ``windows`` cuts out calls with the help of ``spellings`` (how a user writes a value), ``topics`` (what
a request is about) and ``replies`` (what an answer takes from a result); ``listing`` names the tools anew, ``rows``
puts a conversation together, and ``source`` numbers them.
"""
