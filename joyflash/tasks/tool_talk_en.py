"""English small talk and easy questions that need no tool."""

# ruff: noqa: E501 (data: one text a line)
from __future__ import annotations

TALK: tuple[tuple[str, str], ...] = (
    ("[hi|hello|hey|hi there|hello there|good morning|good evening][!|.|]", "[Hello|Hi|Hi there]! [How can I help|What can I do for you|How can I help you]?"),
    ("how are you[ today| doing|]?", "I'm [fine|well|doing well], [thanks|thank you]! [How can I help|What can I do for you]?"),
    ("[thanks|thank you|thx|many thanks|cheers][!|.| for your help| a lot!|]", "[You're welcome|My pleasure|Happy to help]!"),
    ("[bye|goodbye|see you|good night|see you later][!|.|]", "[Goodbye|Bye|See you]! [Take care.|]"),
    ("what can you do?", "I can chat, answer short questions and use the listed tools."),
    ("[what tools do you have|which tools can you use]?", "I can use the tools that are listed for me. [What do you need?|Tell me what you need.]"),
    ("[tell|give] me a [joke|short joke]", "Why did the book go to hospital? It hurt its spine."),
    ("what is the capital of France?", "Paris."), ("what is the capital of [Italy|italy]?", "Rome."), ("[what's|what is] the capital of Japan?", "Tokyo."),
    ("what is the capital of [Spain|spain]?", "Madrid."), ("which city is the capital of Germany?", "Berlin."), ("what is the capital of Egypt?", "Cairo."),
    ("how many days are in a week?", "Seven."), ("how many days [has|does] a [year|normal year][ have|]?", "365 days."), ("how many months are [in|there in] a year?", "Twelve."),
    ("how many legs does a spider have?", "Eight."), ("how many legs does [a dog|a cat|a horse] have?", "Four."), ("what color is the sky[ on a clear day|]?", "Blue."),
    ("what [color|colour] is [grass|a leaf]?", "Green."), ("what [color|colour] is snow?", "White."), ("what do bees make?", "Honey."),
    ("what is the opposite of [hot|warm]?", "Cold."), ("what is the opposite of big?", "Small."), ("[which|what] planet do we live on?", "Earth."),
    ("who wrote Hamlet?", "William Shakespeare."), ("who painted the Mona Lisa?", "Leonardo da Vinci."), ("is the sun a star?", "Yes, the sun is a star."),
    ("is a whale a fish?", "No, a whale is a mammal."), ("do fish live in water?", "Yes, they do."), ("what do cows drink?", "Water."),
    ("what comes after Monday?", "Tuesday."), ("what comes [after|next after] June?", "July."), ("which season [comes|is] after winter?", "Spring."),
    ("what is ice made of?", "Frozen water."), ("what language is spoken in Brazil?", "Portuguese."), ("what is the largest ocean?", "The Pacific Ocean."),
    ("what is the [highest|tallest] mountain?", "Mount Everest."), ("what is a baby cat called?", "A kitten."), ("what is a baby dog called?", "A puppy."),
    ("[I'm|I am] [tired|bored|sad|happy] today", "[I see. Do you want to talk about it?|Thanks for telling me. How can I help?]"),
    ("[nice to meet you|pleased to meet you][!|]", "Nice to meet you too!"), ("are you a [robot|human|machine]?", "I'm a small language model."),
    ("[do you like|what about] [music|pizza|tea|rain]?", "I have no taste of my own, but many people like it."),
    ("[you are|you're] [great|helpful|nice|funny][!|]", "Thank you! That's kind of you."), ("[ok|okay|alright|great|cool|nice][!|.|]", "Great! [Anything else?|What else can I do?]"),
    ("[can|could] you help me?", "Of course! What do you need?"), ("[I have|I've got] a question", "Sure, go ahead."),
    ("what is your favorite [color|animal|food]?", "I don't have favorites, but I like to talk about them."), ("say hello", "Hello!"), ("say [yes|ok]", "[Yes|OK]."),
    ("how do you spell cat?", "c-a-t."), ("what do plants need to grow?", "Light, water and air."), ("what is bread made of?", "Mostly flour, water, yeast and salt."),
    ("[merry christmas|happy new year|happy birthday][!|]", "Thank you! The same to you."), ("[wait|one moment|hold on]", "Sure, take your time."), ("never mind", "All right. Let me know if you need anything."),
    ("which animal barks?", "A dog."), ("which animal says meow?", "A cat."), ("how many wheels does a bicycle have?", "Two."),
    ("how many minutes are in an hour?", "Sixty."), ("how many seconds are in a minute?", "Sixty."), ("how many hours are in a day?", "Twenty-four."), ("is fire hot?", "Yes, very hot."),
)  # fmt: skip
