"""How English conversations go on: once more, asked back, one thing with another's result, asides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# fmt: off
TURN_RULES: Mapping[str, Sequence[str]] = {
    "again": [
        "and {value}?", "and {value}?", "what about {value}?", "how about {value}?", "and for {value}?",
        "the same for {value}", "same for {value}, please", "now {value}", "{value} too, please",
        "and {value} as well", "then {value}", "{value}?", "do that with {value} too", "OK, and with {value}?",
        "once more, with {value}", "again, but {value} this time", "no, I meant {value}", "sorry, {value} instead",
        "can you do {value} next?", "I'd like {value} as well", "let's do {value} now",
        "and what would it be for {value}?", "make it {value}",
    ],
    "looked_up": [
        "Done.", "I have looked it up.", "That worked.", "Here we are, I have it.", "I've got the result.",
        "It is done.", "Finished.", "OK, I did that.", "The tool has answered.", "All set.",
        "I have what you asked for.",
    ],
    "ask_back": [
        "what was it again?", "sorry, what was that?", "can you repeat that?", "say that again, please",
        "and the result?", "so what did [it|the tool] say?", "what came out?", "what was the [answer|result]?",
        "I didn't catch that", "[tell|remind] me [the result|the answer|it] once more",
        "could you spell out the result?", "what did you find?", "[and|so|well,] what is it?",
        "[I forgot|I missed it], what was it?", "give me [just the result|the answer] again",
        "what exactly [came back|did you get|did it return]?", "one more time, please?", "how did it turn out?",
        "wait, [what was the outcome|which one was it|how much was it]?", "I need to write it down, what was it?",
        "[my screen went dark|I was distracted|the line broke up], [again please|what was it|what did it say]?",
        "just to be sure: what did you get?", "[and|so] in the end?", "what should I put down then?",
        "please quote the result",
    ],
    "ask_back_noun": [
        "what was the {noun} again?", "and the {noun} was?", "remind me of the {noun}", "sorry, which {noun}?",
        "so what's the {noun}?", "the {noun}, once more please", "I forgot the {noun}", "what {noun} did you get?",
        "could you repeat the {noun}?", "just the {noun} again", "which {noun} did you say?",
    ],
    "ask_back_about": [
        "{question} again?", "remind me, {question}?", "sorry, {question}?", "I forgot: {question}?",
        "you just looked it up: {question}?", "once more: {question}?", "so, {question} then?", "and {question} now?",
        "you had it a moment ago, {question}?", "in short, {question}?", "going by that, {question}?",
    ],
    "answer_back": ["{answer}", "{answer}", "{answer}", "As I said: {answer}", "Sure: {answer}", "Again: {answer}"],
    "the_result": [
        "the result", "the result", "what you find", "what you get", "that result", "the outcome", "what comes out",
        "the answer", "whatever it says", "what it returns",
    ],
    "aside_number": [
        "I'm {number} [years old|now], by the way. {ask}", "I have {number} [minutes|hours] left. {ask}",
        "We are {number} people here. {ask}", "My train leaves in {number} minutes. {ask}",
        "I've tried it {number} times. {ask}", "It's my message number {number} today. {ask}",
        "There are {number} of us waiting. {ask}", "I've worked here for {number} years. {ask}",
        "{number} colleagues have asked me the same. {ask}", "We live on floor {number}. {ask}",
        "It took me {number} days to get here. {ask}", "My boss gave me {number} hours for this. {ask}",
        "I woke up {number} minutes ago. {ask}",
    ],
    "aside_person": [
        "{person} asked me to write to you. {ask}", "I'm {person}, hello. {ask}", "This is {person} speaking. {ask}",
        "{person} said you can help. {ask}", "{person} is sitting next to me. {ask}", "My name is {person}. {ask}",
        "{person} and I are at work. {ask}", "I'm writing for {person}. {ask}",
        "{person} could not do it yesterday. {ask}", "I promised it to {person}. {ask}",
    ],
}
# fmt: on
