"""English grammar rules around tool requests: politeness, reasons, arguments, results, answers and refusals."""

# fmt: off
from __future__ import annotations

from collections.abc import Mapping, Sequence

REQUEST_RULES: Mapping[str, Sequence[str]] = {
    "ask_order": [
        "{order}.", "{order}.", "{order}", "{order}!", "<please> {order}.", "{order}, <please>.",
        "<can_you> {order}?", "<can_you> {order}<for_me>?", "<can_you> <please> {order}?", "<need_you> {order}.",
        "<need_you> {order}<for_me>.", "<go_ahead> {order}.", "{order}<for_me>.", "{order}<for_me>, <please>.",
        "<wonder> {order}<wonder_end>", "<task>: {order}.", "<time_adverb>, {order}.", "{order}, <when>.",
        "<please> {order}, <when>.", "<can_you> {order}, <when>?", "<let> {order}.", "<need_to> {order}.",
        "<need_to> {order}. <do_it>", "<tool_hint> {order}.", "{order} <with_tool>.",
        "<can_you> {order} <with_tool>?", "<please> {order} <with_tool>.", "<my_wish> {order}.",
        "<someone> <asked_me_to> {order}.", "<someone> <asked_me_to> {order}. <do_it>", "you <should> {order}.",
        "<first_word> {order}.", "<is_it_possible> {order}?",
    ],
    "ask_question": [
        "{question}?", "{question}?", "{question}?", "{question}", "<question_lead> {question}?",
        "{question}, <please>?", "<tool_hint> {question}?", "{question}? <curious>", "<time_adverb>, {question}?",
        "{question}? <ask_end>", "<someone> <asked_me>: {question}?", "quick question: {question}?",
        "<need_answer>: {question}?", "{question} <when_q>?",
    ],
    "ask_note": [
        "{note}", "{note}", "{note}.", "{note} please", "{note}?", "<please>, {note}", "{note}, thanks",
        "<need>: {note}", "{note}, <when>",
    ],
    "whole": [
        "{ask}", "{ask}", "{ask}", "{ask}", "{ask}", "<greeting> {ask}", "<greeting> {ask}", "<reason> {ask}",
        "<reason> {ask}", "<reason> {ask}", "{ask} <closing>", "{ask} <closing>", "<greeting> <reason> {ask}",
        "<filler> {ask}", "<filler> {ask}", "{ask} <after>", "{ask} <after>", "<reason> {ask} <closing>",
        "<filler> <reason> {ask}", "<greeting> {ask} <closing>", "<reason> {ask} <after>",
    ],
    "join_orders": [
        "{first} and {second}", "{first}, and {second}", "{first} and then {second}", "{first}, then {second}",
        "{first}. [Also|Then|After that|Next|And], {second}", "{first}. Then {second}", "{first}; {second}",
        "{first} and also {second}", "{first}, and after that {second}",
        "{first}, plus {second}", "{first}. <please> also {second}", "{first}. I also [want|need] you to {second}",
        "{first} as well as {second}", "{first} & {second}",
        "{first}, and while you are at it, {second}", "{first}, and once that is done {second}",
    ],
    "join_two_orders": [
        "{first}. Second, {second}", "first {first}, then {second}", "two things: {first} and {second}",
        "1. {first} 2. {second}",
    ],
    "join_two_says": [
        "Two things. {first} {second}", "1. {first} 2. {second}", "{first} Second: {second}",
        "First of all: {first} Then: {second}", "First: {first} Second: {second}", "{first} (And {second})",
    ],
    "join_says": [
        "{first} {second}", "{first} {second}", "{first} Also, {second}", "{first} Also: {second}",
        "{first} And {second}", "{first} Oh, and {second}", "{first} Another thing: {second}", "{first}\n{second}",
        "{first}\n\n{second}", "{first} Plus: {second}", "{first} Apart from that, {second}",
        "{first} While you're at it: {second}", "{first} One more: {second}",
        "{first} Next: {second}", "{first} Before I forget: {second}", "{first} Besides, {second}",
    ],
    "please": ["please", "please", "kindly", "pls", "please just", "if you would,"],
    "can_you": [
        "can you", "could you", "would you", "will you", "can u", "could you maybe", "would you be able to",
        "are you able to", "can you quickly", "could you possibly", "can someone", "do you think you could",
        "would you kindly", "can you go and", "any chance you could", "could u",
    ],
    "for_me": [" for me", " for us", " for my <owner>", " on my behalf", " for me <when>"],
    "owner": [
        "boss", "team", "wife", "husband", "mother", "son", "daughter", "colleague", "client", "friend", "class",
        "brother", "neighbour", "report",
    ],
    "need_you": [
        "I need you to", "I want you to", "I'd like you to", "I would like you to", "I'm asking you to",
        "you need to", "we need you to", "I'd love for you to", "it would be great if you could",
        "it'd help if you could", "I'd appreciate it if you could", "I would be grateful if you could",
        "I'd be glad if you would",
    ],
    "go_ahead": [
        "go ahead and", "now", "just", "quickly", "next,", "ok now", "so,", "alright,", "well,", "okay,", "right,",
        "then", "try to", "be so kind and", "do this:", "now please",
    ],
    "wonder": [
        "I was wondering if you could", "I wonder whether you can", "I was hoping you could",
        "I'm wondering if you might", "do you mind if I ask you to", "may I ask you to", "might I trouble you to",
    ],
    "wonder_end": [".", "?", ""],
    "task": [
        "task", "your task", "to do", "next step", "request", "new task", "my request", "here is what I need",
        "one thing", "job for you", "here's the thing", "what I need",
    ],
    "time_adverb": [
        "today", "first", "before anything else", "right now", "for now", "as a next step", "before lunch",
        "once more", "to begin with", "as usual", "one more time", "for a start",
    ],
    "when": [
        "now", "right now", "right away", "asap", "when you can", "as soon as possible", "when you get a chance",
        "quickly", "at once", "immediately", "real quick",
    ],
    "when_q": ["now", "right now", "today", "at the moment", "by the way", "exactly", "again", "then"],
    "let": ["let's", "let us", "help me", "help me to", "help us", "time to", "we should", "let me ask you to"],
    "need_to": [
        "I need to", "I have to", "I want to", "I'd like to", "I must", "I would like to", "we need to",
        "I'm trying to", "I'm supposed to", "I still have to", "we'd like to", "I wish to", "my plan is to",
        "I am about to", "I really need to", "my job is to", "I promised to", "I forgot to",
    ],
    "do_it": [
        "Can you do that?", "Please do it.", "Could you take care of it?", "Help me with that.", "Thanks in advance.",
        "Do it for me.", "Please help.", "Would you?", "Can you help?", "Over to you.", "Handle it please.",
    ],
    "tool_hint": [
        "use your tools:", "with your tools,", "use a tool to answer:", "using one of the tools,",
        "with the functions you have,", "you have tools for this:", "call the right tool:",
        "use whatever function fits:", "pick the right tool and answer:", "by calling a function,",
    ],
    "with_tool": [
        "with your tools", "using your tools", "with the right tool", "by calling a tool", "using a function call",
        "with one of your functions", "through the tool", "with the tools above",
    ],
    "my_wish": [
        "I want:", "what I want:", "my wish:", "all I ask:", "I need this:", "I'd say:", "what you should do:",
        "instruction:", "command:", "order:",
    ],
    "someone": [
        "my boss", "my teacher", "a customer", "my sister", "our client", "my friend", "my manager", "the team",
        "someone", "my doctor", "a guest", "my neighbour", "our lawyer",
    ],
    "asked_me_to": ["asked me to", "wants me to", "told me to", "needs me to", "expects me to", "would like me to"],
    "asked_me": ["asked me", "asks", "wants to know", "keeps asking", "would like to know", "needs to know"],
    "should": ["should", "may", "can", "must", "have to", "are allowed to", "could"],
    "first_word": [
        "hey,", "now", "ok,", "yes,", "yes please,", "no wait,", "again,", "and", "also", "sure,", "good,", "fine,",
        "great,",
    ],
    "is_it_possible": [
        "is it possible to", "is there a way to", "would it be possible to", "is there any way you can",
        "may I have you", "is it ok for you to",
    ],
    "question_lead": [
        "tell me:", "so", "and", "but", "well,", "do you know:", "now", "okay,", "hey,", "please tell me:", "say,",
        "can you tell me:", "I wonder:", "help me out:", "one question:", "say me please,",
    ],
    "curious": [
        "I'm curious.", "I forgot.", "I can't remember.", "Just wondering.", "I need it for <purpose>.",
        "I have no idea.", "Please check.", "I'd like to be sure.", "It's urgent.",
    ],
    "ask_end": [
        "Please look it up.", "Use a tool if you have one.", "Check it for me.", "Thanks!", "Let me know.",
        "Any idea?", "Can you find out?",
    ],
    "need_answer": [
        "I need to know", "what I want to know", "my question", "question", "next question", "please answer",
        "please find out", "the question is", "here is my question",
    ],
    "need": ["need", "wanted", "todo", "needed", "request", "want", "looking for", "I need"],
    "greeting": [
        "hi,", "hello,", "hey,", "hi!", "Hello!", "hey there,", "good morning,", "good evening.", "Hi there!",
        "dear assistant,", "yo,", "morning!", "hello again,", "Good afternoon,", "hi bot,",
    ],
    "closing": [
        "Thanks!", "Thank you.", "thx", "Cheers.", "Thanks a lot!", "Many thanks.", "Much appreciated.",
        "That's all.", "Thanks in advance.", "I appreciate it.", "ty", "Nothing else.", "That would be great.",
    ],
    "filler": [
        "so,", "um,", "ok so", "well,", "alright,", "hmm,", "listen,", "right,", "look,", "actually,", "by the way,",
        "one more thing:", "oh,", "sorry to bother you, but", "if you have a second:", "quick one:", "here we go:",
    ],
    "after": [
        "It's for <purpose>.", "I need it for <purpose>.", "This is for <purpose>.", "No rush.", "It's urgent.",
        "I need this soon.", "Don't ask me anything back.", "Keep it short.", "Just the result, please.",
        "I'm in a hurry.", "I will wait.", "I'll tell my <owner>.", "I tried it myself and failed.", "Be quick.",
        "Let me know what you get.", "Then tell me the outcome.",
    ],
    "purpose": [
        "a [report|talk|meeting|class|project|presentation|paper]", "my <owner>", "work", "school", "a friend",
        "[our|my] [website|shop|office|trip|homework|notes|garden|kitchen]", "tomorrow", "next week",
        "the [boss|audit|exam|party|wedding|client|newsletter|move|interview]",
    ],
    "reason": [
        "I'm [planning|preparing|organizing|working on|thinking about] <plan>.",
        "We're [planning|preparing|organizing|working on] <plan>.",
        "I'm [busy|in a hurry|at work|on the train|on the phone|at home|cooking|driving].",
        "I have <plan> [coming up|soon|tomorrow|next week|on Friday].", "I [lost|forgot|misplaced] my notes.",
        "I [just got|just came] back [from <plan>|home].", "I am [writing|finishing|checking|reviewing] <paper>.",
        "My <owner> [needs|wants] [this|an answer|it] [soon|today|now].", "I need [this|it|some help] for <purpose>.",
        "[Tomorrow|Today|Next week|This evening] I have <plan>.",
        "I [can't|cannot] do [this|it] [myself|alone|by hand].", "It's about <plan>.",
        "There is <plan> [tomorrow|today|next month].", "I'm not [good at this|sure about this|very technical].",
        "I [started|began] <paper> [yesterday|today|this morning].", "I'd rather not do this by hand.",
        "You [helped|were helpful] [last time|yesterday|before].",
        "I've been [busy|away|ill] [all day|all week|lately].", "We [talked|spoke] about <plan> [earlier|yesterday].",
        "I [am new|just started] here.",
    ],
    "plan": [
        "a trip", "a party", "a meeting", "a wedding", "a birthday", "an exam", "a move", "a conference", "a dinner",
        "a [small|big|new] project", "a holiday", "a game night", "a school event", "a talk", "a long drive",
        "a weekend away", "an interview", "a workshop", "a visit from my <owner>", "a family dinner", "a deadline",
        "a hike", "a concert", "a surprise for my <owner>",
    ],
    "paper": [
        "a report", "my homework", "an article", "a list", "a letter", "my thesis", "a budget", "a blog post",
        "a plan", "a proposal", "an invoice", "a story", "the minutes", "a summary", "a spreadsheet",
    ],
}

TOOL_RULES: Mapping[str, Sequence[str]] = {
    "list_comma": [", ", ", ", ", ", "; ", " , "],
    "list_last": [
        "{head} and {last}", "{head} and {last}", "{head}, {last}", "{head}, and {last}", "{head} & {last}",
        "{head} as well as {last}",
    ],
    "argument": [
        "{name} {value}", "{name} {value}", "{name}: {value}", "{name} = {value}", "{name}={value}",
        "{value} as {name}", "{value} as the {name}", "{value} for {name}", "{value} for the {name}",
        "{name} of {value}", "a {name} of {value}", "the {name} {value}", "{name} set to {value}",
        "the {name} set to {value}", "{name} being {value}", "{name} is {value}", "{value} ({name})",
        "{name} -> {value}", "its {name} {value}", "{name} at {value}",
    ],
    "argument_yes": [
        "{name} on", "{name} true", "{name}: true", "{name} = true", "{name} enabled", "{name} turned on",
        "{name} set to true", "{name}: yes", "{name} switched on", "{name} yes",
    ],
    "argument_no": [
        "{name} off", "{name} false", "{name}: false", "{name} = false", "{name} disabled", "{name} turned off",
        "{name} set to false", "{name}: no", "{name} switched off", "{name} no",
    ],
    "more": [
        " with {arguments}", " with {arguments}", " with {arguments}", " ({arguments})", ", {arguments}",
        " using {arguments}", " given {arguments}", " where {arguments}", ", with {arguments}", " - {arguments}",
        " taking {arguments}", " [and|but] with {arguments}", ". Use {arguments}", ". Parameters: {arguments}",
        ". [Settings|Options|Details|Inputs|Arguments]: {arguments}", " for {arguments}", ". Take {arguments}",
        ", and use {arguments}", " by {arguments}", "; {arguments}",
    ],
    "name_order": [
        "use {tool} on {value}", "run {tool} on {value}", "call {tool} with {value}", "apply {tool} to {value}",
        "{tool} {value}", "use {tool} for {value}", "try {tool} with {value}", "feed {value} to {tool}",
        "pass {value} to {tool}", "give {value} to {tool}", "start {tool} with {value}",
        "send {value} through {tool}", "put {value} into {tool}", "execute {tool} for {value}",
        "invoke {tool} on {value}", "do {tool} on {value}", "do a {tool} of {value}",
        "use the {tool} tool on {value}", "call the function {tool} with {value}", "run the tool {tool} for {value}",
        "let {tool} handle {value}", "take {value} and run {tool}", "ask {tool} about {value}",
        "see what {tool} says about {value}", "get the {tool} output for {value}", "make a {tool} call with {value}",
        "use the {tool} function with {value}", "run {value} through {tool}", "query {tool} for {value}",
        "perform {tool} on {value}", "process {value} with {tool}", "check {value} with {tool}",
    ],
    "name_order_open": [
        "use {tool}", "call {tool}", "run {tool}", "start {tool}", "execute {tool}", "invoke {tool}",
        "use the {tool} tool", "call the function {tool}", "do a {tool} call", "try {tool}", "perform {tool}",
        "trigger {tool}", "launch {tool}", "make a {tool} call",
    ],
    "name_question": ["what does {tool} say about {value}"],
    "name_note": [
        "{tool} {value}", "{tool}: {value}", "{tool}({value})", "{value} -> {tool}", "{tool} on {value}",
        "{tool} / {value}", "{value}, {tool}", "{tool} for {value}", "{value} with {tool}", "{value} into {tool}",
        "{tool}, input {value}",
    ],
    "noun_about": [
        ("[Returns|Gets|Computes|Finds|Looks up|Calculates|Gives|Provides|Fetches|Determines|Shows] the "
         "{noun} [of|for] [a|the|any|one|a given] {thing}."),
        "[Get|Find|Compute|Look up|Return|Fetch|Calculate|Determine] the {noun} [of|for] [a|the|any] {thing}[.|]",
        "{noun} of a {thing}", "The {noun} for the given {thing}", "{noun} lookup", "{noun}",
        "Tells [you |]the {noun} [of|for] a {thing}.", "Use this to [get|find] the {noun} of a {thing}.",
        "Given a {thing}, returns its {noun}.", "For questions about the {noun}[ of a {thing}|].",
        "Takes a {thing} and [returns|gives back] the {noun}.",
        "[Service|Function|Tool|Helper] that [returns|knows|finds] the {noun} of a {thing}.",
        "Everything about the {noun}.", "Answers what the {noun} of a {thing} is.",
        "Knows every {thing} and its {noun}.",
    ],
    "noun_order": [
        "<fetch> the {noun} <of> {value}", "<fetch> the {noun} <of> {value}", "<fetch> the {noun} <of> {value}",
        "<fetch> {noun} <of> {value}", "look up {value} and <fetch> its {noun}", "check the {noun} <of> {value}",
        "find out {value}'s {noun}", "tell me what the {noun} of {value} is", "see what {noun} {value} has",
        "take {value} and give its {noun}", "report the {noun} <of> {value}", "figure out the {noun} <of> {value}",
        "do a {noun} lookup for {value}", "show which {noun} {value} has",
    ],
    "of": ["of", "for", "of", "for", "on", "belonging to"],
    "fetch": [
        "get", "find", "give me", "tell me", "show me", "look up", "fetch", "find out", "determine", "work out",
        "compute", "calculate", "return", "get me", "check", "provide", "bring me", "retrieve", "dig up", "obtain",
        "read me", "send me", "list", "name",
    ],
    "noun_order_open": [
        "<fetch> the {noun}", "<fetch> the {noun}", "<fetch> a {noun}", "<fetch> {noun}",
        "make the {noun}", "run the {noun} lookup",
    ],
    "noun_question": [
        "what's the {noun} <of> {value}", "what is the {noun} <of> {value}", "what {noun} does {value} have",
        "which {noun} does {value} have", "what would be the {noun} <of> {value}",
        "do you know the {noun} <of> {value}", "what's {value}'s {noun}", "what is {value}'s {noun}",
        "can you tell me the {noun} <of> {value}", "how about the {noun} <of> {value}",
        "what {noun} is there for {value}", "how big is the {noun} <of> {value}",
        "what do you get as the {noun} <of> {value}", "could I have the {noun} <of> {value}",
        "may I know the {noun} <of> {value}", "which {noun} goes with {value}",
    ],
    "noun_note": [
        "{noun} of {value}", "{noun} for {value}", "{noun} {value}", "{value} {noun}", "{value}: {noun}",
        "{noun}: {value}", "{value}'s {noun}", "the {noun} of {value}", "{value}, {noun}", "the {noun}, for {value}",
        "for {value} the {noun}", "{value} -> {noun}", "{noun} = ? for {value}",
    ],
    "verb_about": [
        "{verb} [a|the|any|one|the given] {thing}[.|]", "Will {verb} [a|the] {thing}.",
        "Use [this|it] to {verb} a {thing}.", "Can {verb} [any|a] {thing}.", "Lets you {verb} a {thing}.", "{verb}",
        "For when you want to {verb} [a|some] {thing}.", "Helps to {verb} a {thing}.", "Tool to {verb} things.",
        "Takes a {thing} to {verb}.",
    ],
    "verb_order": [
        "{verb} {value}", "{verb} {value}", "{verb} {value}", "{verb} this: {value}", "{verb} the following: {value}",
        "take {value} and {verb} it", "{verb} it: {value}", "do a {verb} of {value}", "{verb} this one: {value}",
        "make sure to {verb} {value}", "use {value} and {verb} it",
    ],
    "verb_order_open": [
        "{verb} the {thing}", "{verb} a {thing}", "{verb} it", "{verb} one {thing}", "{verb} this {thing}", "{verb}",
        "{verb} something", "{verb} my {thing}",
    ],
    "verb_note": [
        "{verb} {value}", "{verb}: {value}", "{value} - {verb}", "{verb} -> {value}", "{value}, {verb} it",
        "{verb} needed: {value}", "to {verb}: {value}",
    ],
    "usage": [
        "Returns JSON.", "Returns a JSON object.", "The result is plain text.",
        "Returns an error if nothing is found.", "Use this [tool|function] when the user asks for it.",
        "Use this when the user wants it done.", "Only call it once per request.", "Do not guess the arguments.",
        "All arguments are required unless stated otherwise.", "Arguments are case-sensitive.",
        "The answer may take [a few seconds|up to a minute].", "Results are cached for [an hour|ten minutes|a day].",
        "Rate limited.", "Requires [a valid API key|an account|permission].", "Needs no authentication.",
        "See the [documentation|manual|wiki] for details.", "This is the preferred way to do it.",
        "Replaces the older version.", "Values are taken as given.", "Units are metric.", "Times are local.",
        "[Works|Available] worldwide.", "If unsure, ask the user first.", "Never call it without the user's consent.",
        "Output is limited to 100 entries.", "Can be called several times.", "Has no side effects.",
        "The operation cannot be undone.",
    ],
    "vague_about": [
        "A tool.", "Internal helper.", "Function", "Does its job.", "Utility", "No description.",
        "See the documentation.", "An internal function for the team.", "Test tool", "Helper", "Custom function.",
        "Legacy endpoint.", "API call", "Runs the job.", "Experimental.", "A service of our company.",
        "Use with care.",
    ],
    "argument_about": [
        "the {word}", "The {word}.", "{word}", "{word} to use", "The {word} to use.", "Which {word}",
        "Value of the {word}", "The {word} [given|wanted|asked for]", "A {word}", "{word} [input|value]",
        "Desired {word}", "Name or value of the {word}.", "the {word} [by the user|in question|needed]",
    ],
    "vague_argument": [
        "input value", "The input.", "A parameter.", "value", "Argument", "required", "see docs", "user input",
        "the input to work on", "what to use",
    ],
}

ANSWER_RULES: Mapping[str, Sequence[str]] = {
    "result_sentence": [
        "The result is {value}.", "Result: {value}", "{value} was found.", "Output: {value}", "Success: {value}",
        "It is {value}.", "Returned {value}", "OK, {value}", "answer={value}", "Done. Value: {value}",
    ],
    "reply_value": [
        "The result is {value}.", "The answer is {value}.", "It's {value}.", "It is {value}.", "{value}", "{value}.",
        "I got {value}.", "The tool returned {value}.", "Here you go: {value}.", "Here is the result: {value}.",
        "That gives {value}.", "You get {value}.", "The tool says {value}.", "Result: {value}.",
    ],
    "reply_noun": [
        "The {noun} of {of} is {value}.", "The {noun} for {of} is {value}.", "The {noun} is {value}.",
        "{of} has the {noun} {value}.", "It's {value}.", "{of}: {noun} {value}.", "The {noun} of {of}: {value}.",
    ],
    "reply_pair": [
        "{of}: {value}", "{value} for {of}", "{of} gives {value}", "{of} is {value}", "for {of} it is {value}",
    ],
    "reply_done": [
        "Done: {value}.", "It worked, the status is {value}.", "The tool reports {value}.",
        "All set, status {value}.", "The status is {value}.", "That is done ({value}).", "Finished: {value}.",
    ],
    "error": [
        "{word} not found", "error {number}: timeout", "invalid input: {word}", "unknown value {word}",
        "service unavailable", "permission denied", "Error {number}", "no entry for {word}",
        "rate limit reached, retry in {number} s", "connection lost", "{word} is not allowed",
    ],
    "reply_error": [
        "Sorry, that failed: {error}.", "The tool reported an error: {error}.", "That did not work: {error}.",
        "I could not do it, the tool says: {error}.", "Unfortunately there was an error: {error}.",
    ],
    "decline": [
        "None of [the listed|my|the available] tools can do that.", "I have no tool for that.",
        "Sorry, none of the tools [here|I have] [fits|can do] [this|that].",
        "I can't do that with the tools [I have|listed here].",
        "There is no [fitting|suitable|matching] tool for [this|that].", "Sorry, I have no tool that can do this.",
        "None of the listed tools [fits|matches] [this|your] request.", "That is not something my tools can do.",
        "My tools don't cover that, sorry.",
    ],
    "decline_topic": [
        "I have no tool for {topic}.", "None of the listed tools can do {topic}.",
        "Sorry, there is no tool for {topic} here.", "No tool here covers {topic}.",
        "I can't help with {topic}: none of my tools fits.",
    ],
    "pleased": [
        "[thanks|thank you|thx|many thanks|cheers|thanks a lot|thanks, that helps|got it, thanks][!|.|]",
        "[great|perfect|nice|good|wonderful|ok], [thanks|thank you|that helps|that's what I needed][!|.|]",
        "[that helps|that's all I needed to know|just what I wanted|very helpful]. [thanks|thank you]",
    ],
    "welcome": [
        "[You're welcome|My pleasure|Happy to help|Glad I could help|No problem|Any time][!|.]",
        "[You're welcome|My pleasure|Glad to help]! [Anything else?|What else can I do?|Just ask if you need more.]",
    ],
    "acknowledge": [
        "Done.", "Done!", "All done.", "OK, done.", "That's done.", "All set.", "It's done.", "Okay, that is done.",
        "Done, as you asked.", "Taken care of.", "Sure, done.", "Finished.",
    ],
    "calc_about": [
        "[Evaluates|Computes|Calculates|Works out] [a|an arithmetic|a math|a mathematical|any] expression.",
        "[Evaluate|Compute|Calculate|Solve] [arithmetic|math|expressions|equations|an expression][.|]",
        "A [simple |small |basic |scientific |]calculator[.|]", "Calculator", "Does [math|arithmetic|sums][.|]",
        "Performs [basic |][arithmetic|calculations|math operations].",
        "Returns the [value|result] of [an|a math] expression.", "Use [it|this] for [any |]calculations.", "math",
        "Solves equations.", "Useful for [numbers|sums|maths].", "Takes an expression and returns the number.",
    ],
    "calc_argument_about": [
        "the expression", "Expression to [evaluate|compute|solve]", "math expression[, e.g. 2+2|]",
        "The [formula|equation|sum|calculation] to [compute|evaluate|work out].", "what to calculate",
        "Arithmetic expression as text", "input", "e.g. 3*4", "A string like 1+1",
    ],
    "calc_order": [
        "<work_out> {value}", "<work_out> {value}", "<work_out> {value}", "<work_out> <the_sum>: {value}",
        "<work_out> <the_sum> {value}", "<work_out> <the_sum>: {value}", "tell me what {value} <makes>",
        "<work_out> {value} <by_tool>", "<work_out> <the_sum> {value} <by_tool>",
        "use <your_tools> to <work_out> {value}", "use <your_tools> to <work_out> <the_sum>: {value}",
        "<by_tool>, <work_out> {value}", "tell me how much {value} is", "find the [value|result|answer] of {value}",
        "give me the [value|result|answer] [of|for] {value}", "get [the result|an answer] for {value}",
        "check what {value} <makes>", "use <your_tools> for <the_sum> {value}", "do {value}",
        "do the [math|maths|sums]: {value}", "run the [numbers|calculation] {value}",
        "<work_out> <the_sum> with <your_tools>: {value}", "[help me|try to] <work_out> {value}",
        "figure {value} out", "<work_out> this: {value}", "<work_out> these for me: {value}",
    ],
    "work_out": [
        "calculate", "compute", "work out", "evaluate", "solve", "figure out", "find", "determine", "crunch", "do",
        "get", "reckon", "calculate for me", "resolve", "obtain",
    ],
    "the_sum": [
        "the [sum|expression|equation|calculation|formula|problem]",
        "[this|these|the following] [sum|sums|expression|expressions|equations|calculations|problems]",
        "the [result|results|value|answer|answers] of", "[my|the] [homework|math] [problem|question|task]",
        "the [equations|expressions|sums|calculations]", "the [answer|result] to",
    ],
    "by_tool": [
        "with your tools", "using your tools", "with a tool", "with the calculator", "using the function", "by tool",
        "with the listed functions", "using a tool call", "with what you have",
    ],
    "your_tools": [
        "your tools", "the tools", "a tool", "your calculator", "a function", "the calculator",
        "the functions provided", "your function", "the right tool", "one of the tools", "my tools",
    ],
    "makes": ["makes", "is", "equals", "gives", "comes to", "comes out as", "adds up to"],
    "calc_question": [
        "what is {value}", "what's {value}", "how much is {value}", "what does {value} [give|equal|make|come to]",
        "{value} equals what", "what do you get for {value}", "what's the [result|answer|value] of {value}",
        "what is the [result|answer|value|outcome] of {value}", "how much would {value} be", "{value} = what",
        "{value} is how much", "what comes out of {value}", "can you do {value}",
    ],
    "calc_note": [
        "{value}", "{value} = ?", "{value}=?", "{value} =", "{value}=", "calc {value}", "math: {value}",
        "sum {value}", "compute: {value}", "{value}, result", "result of {value}", "{value} equals", "calc: {value}",
        "homework: {value}",
    ],
    "calc_reply": [
        "{expression} = {value}", "{expression} is {value}.", "The result is {value}.", "The answer is {value}.",
        "{expression} equals {value}.", "It's {value}.", "{value}", "{expression} comes to {value}.",
        "That makes {value}.", "The result of {expression} is {value}.",
    ],
    "calc_pair": [
        "{expression} = {value}", "{expression} = {value}", "{expression} is {value}", "{value} for {expression}",
        "{expression} equals {value}",
    ],
}

VALUE_RULES: Mapping[str, Sequence[str]] = {
    "value_text": [
        "<do_verb> the {word}", "<do_verb> {name} [today|tomorrow|later|at noon|on Monday|]",
        "[the|our|my] {word} is [ready|late|here|broken|done|sold out|in {place}]",
        "[see you|meet me|lunch|dinner|party] in {place}", "{word} and [the|a|my] {word}",
        "[Happy birthday|Good luck|Thank you|Welcome|Sorry|Congratulations], {name}",
        "I will be {number} minutes late", "{word} {number}",
        "[please |]<do_verb> {number} [boxes|copies|cups|bags|sheets] of {word}",
        "{name} [likes|needs|sold|found|lost|wants] the {word}", "[Where|When|How] is the {word}?",
        "[big|new|old|red|blue|tiny|cheap|quiet] {word}", "the {word} in {place}",
        "[meeting|call|trip|talk] with {name}", "all good in {place}", "we <do_verb> at {number}",
        "[milk, eggs and {word}|bread, {word} and tea|{word}, rice, salt]", "never {word} a {word}",
        "It is {number} degrees in {place}",
        "The {word} [jumps|falls|sleeps|sings|runs] [over|under|near] the {word}", "no {word} today",
        "Dear {name}, the {word} has arrived",
    ],
    "do_verb": [
        "call", "buy", "bring", "fix", "paint", "visit", "check", "send", "clean", "meet", "return", "feed", "sell",
        "find", "water", "pay",
    ],
    "value_date": [
        "{year}-{month_number}-{day_number}", "{year}-{month_number}-{day_number}", "{month} {day}", "{day} {month}",
        "{month} {day}, {year}", "{day} {month} {year}", "{day}/{month_number}/{year}",
        "{day_number}.{month_number}.{year}", "{month} {year}", "<weekday>", "next <weekday>", "tomorrow", "today",
        "the {day}th",
    ],
    "weekday": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    "value_time": [
        "{hour}:{minute}", "{hour}:{minute}", "[1|2|3|4|5|6|7|8|9|10|11|12] [am|pm]",
        "[1|2|3|4|5|6|7|8|9|10|11|12]:{minute} [am|pm]", "[1|2|3|4|5|6|7|8|9|10|11|12][am|pm]", "noon", "midnight",
        "{hour}.{minute}", "{hour}h{minute}",
    ],
    "system": [
        "You are a [helpful |friendly |careful |polite |concise |]assistant.",
        "You are a helpful assistant with tools.", "You [can|may] call the listed functions.",
        "Use the tools [when they help|where needed|if they fit the request].",
        ("You are [Robin|Ada|Max|Nova|Kim|Iris], [an|the] assistant of [a shop|a bank|a school|a hotel|our "
         "office|a clinic]."),
        "Answer [briefly|in English|in one sentence|politely].",
        "You help [customers|students|engineers|travellers|the team] with their [tasks|questions|work].",
        "You are an agent. Call a tool if one fits, else say so.", "You are a voice assistant.",
        "Assistant for [operations|support|sales|research|travel]. Keep answers short.",
        "You are a bot with access to functions. Do not guess values.",
        "Today you work for [the help desk|a small company|a library|an airline]. Be brief.",
    ],
}
