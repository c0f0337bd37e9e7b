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
        "wait, what was the outcome?", "I need to write it down, what was it?",
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
        "remind me, {question}?", "I forgot: {question}?", "you just looked it up: {question}?",
        "you had it a moment ago, {question}?", "going by that, {question}?",
    ],
    "answer_back": ["{answer}", "{answer}", "{answer}", "As I said: {answer}", "Sure: {answer}", "Again: {answer}"],
    "ask_field": [
        "and the {field}?", "what about the {field}?", "what's the {field}?", "[and |]which {field} [is it|came back]?",
        "does it [say|give|mention] the {field}?", "tell me the {field} as well", "I also need the {field}",
        "the {field} too, please", "{field}?", "[thanks,|good,|OK,|great,] and the {field}?",
        "is there a {field} in [there|the result]?", "what did it say for {field}?",
        "can you also read me the {field}?", "which {field} was in it?", "[only|just] the {field} now",
    ],
    "answer_field": [
        "The {field} is {value}.", "The {field}: {value}.", "It's {value}.", "{value}", "The result says {value}.",
        "The {field} in the result is {value}.", "For {field} it says {value}.",
    ],
    "ask_right": [
        "so it's {value}, right?", "{value}, correct?", "did you say {value}?", "was that {value}?",
        "so {value} then?", "I heard {value}, is that right?", "am I right that it is {value}?", "it's {value}, yes?",
        "[hm,|wait,|sorry,] {value}?", "I have written down {value}, does that match?", "is it {value} or not?",
    ],
    "answer_right": [
        "Yes, {value}.", "Yes, it is {value}.", "That's right: {value}.", "Correct, {value}.", "Exactly, {value}.",
        "Right, {value}.",
    ],
    "answer_wrong": [
        "No, it is {value}.", "Not quite: {value}.", "No, {value}.", "It is {value}, not {wrong}.",
        "No, the result is {value}.",
    ],
    "ask_sure": [
        "are you sure?", "is that [right|correct|certain]?", "really?", "can I trust [that|it]?",
        "is that from the tool?", "that seems odd", "no mistake?", "sure about that?",
        "is it reliable?", "you are certain?",
    ],
    "answer_sure": [
        "Yes, that is what [the tool|it] returned: {answer}", "Yes, it comes from the tool: {answer}",
        "Yes, the tool said so: {answer}", "Yes. {answer}", "Yes, I looked it up: {answer}",
    ],
    "ask_source": [
        "where [does that come|did you get that] from?", "did you [guess|make up] that?", "how do you know?",
        "you didn't invent that, did you?", "on what do you base that?", "who says so?", "what makes you say that?",
    ],
    "answer_source": [
        "It comes from the tool: {answer}", "The tool returned it: {answer}", "I asked the tool for it. {answer}",
        "From the tool: {answer}",
    ],
    "pass_on": [
        "[write|draft|make] [a few words|a line] to {person} with [that|it]", "how would I tell {person}?",
        "put it in a note for {person}", "can you word [that|it] for {person}?",
        "{person} wants to know too, what do I write?",
        "I'd like to forward it to {person}", "phrase it so that {person} understands",
        "{person} just asked me the same, what shall I answer?",
    ],
    "passed_on": [
        "Hi {person}! {answer}", "{person}: {answer}", "Hello {person}! {answer}", "For {person}: {answer}",
    ],
    "ask_sentence": [
        "put that in a [full|whole|single] sentence", "what does that mean in plain words?",
        "sum [it|that] up", "in one line, please", "I want it written out",
        "read it out to me", "[note|write] it down for me", "so how would you put it?",
        "what do I tell people?",
    ],
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
