"""English real tools of science, geography, machines, media and public life (read by ``joyflash.tasks.tool_use.parse_tools``)."""

# ruff: noqa: E501 (data: one text a line)
from __future__ import annotations

SCIENCE_TOOLS = """
tool space: planet_moons moons_of moon_count how_many_moons list_moons
about: [Returns|Tells] how many moons a planet has.
about: Moons [by|of a] planet
planet = enum:Mars,Venus,Jupiter,Saturn,Mercury,Neptune,Uranus,Pluto ; planet body world name ; the planet
order: [count|list|look up] the moons of {planet}
order: tell me how many [companions|little worlds|natural satellites] travel [with|around] {planet}
ask: what [circles|goes around|orbits] {planet} [besides|apart from] our probes
ask: does {planet} have anything [circling|orbiting] it, the way we have [ours|one]
ask: if I [stood|spent the night] on {planet}, how many [bright discs|crescents] could I see [above me|in the sky]
note: my [kid|daughter] draws {planet} and needs to know how many [little balls|round things] go around it
note: {planet} moons
note: [quiz|crossword] question: {planet} and its [companions|entourage], the number please
gives: count = integer:0-90
reply: {planet} has {count} moons.
reply: {count} moons go around {planet}.

tool space: planet_diameter planet_size size_of_planet how_big_is diameter_of
about: [Returns|Gives] the diameter of a planet[ in kilometers|].
about: [Size|Diameter] [by|of a] planet
planet = enum:Mars,Venus,Jupiter,Saturn,Mercury,Neptune,Uranus,Pluto ; planet body world name ; the planet
order: [look up|give me] the [diameter|size] of {planet}
order: tell me how far it is straight through {planet}, [pole to pole|from one side to the other]
ask: how [wide|thick|big|large] is {planet} [really|compared to ours|]
ask: if you [dug|drilled] all the way through {planet}, how long would the tunnel be
ask: is {planet} a [giant|dwarf] or about as [big|broad] as our own
note: building a model of {planet} from [clay|paper], I need [the real measure across|to know how thick it is in reality]
note: {planet} [diameter|width|across]
note: they say [earth|ours] would fit into {planet} many times, what does it measure
gives: kilometers = integer:2000-143000
reply: {planet} is {kilometers} kilometers wide.
reply: The diameter of {planet} is {kilometers} kilometers.

tool space: satellite_pass next_flyover iss_pass space_station_visible station_flyover
about: [Tells|Returns] when the space station next [passes over|can be seen from] a city.
about: [Flyover|Pass] times of the space station [by|for a] city
city = city ; city location place town ; where you stand
order: [look up|tell me] when the space station [passes over|flies over] {city}
order: find out when I could wave to the astronauts from {city}
ask: when do the [astronauts|cosmonauts] [come by|pass by|zoom across] [over|above] {city}
ask: will there be a [bright dot|moving light] crossing the night sky of {city}, and when
ask: at what time should we [go out|stand on the balcony] in {city} to see people float by up there
ask: when should I look up in {city} to wave at the astronauts
note: my [kids|nephews] in {city} want to see the ISS [with their own eyes|tonight|tomorrow]
note: ISS {city}
note: saw a fast bright light over {city} yesterday, [I'm told|they say] people live in it, when is it back
gives: time = time
reply: The space station passes over {city} at {time}.
reply: Look up in {city} at {time}.

tool earth: recent_earthquakes earthquake_list quakes_in latest_tremor seismic_activity
about: [Returns|Lists] the [latest|last|recent] earthquakes in a country.
about: [Quakes|Seismic activity|Tremors] [by|in a] country
country = country ; country region land where ; the country
order: [check|list|show me] the [recent|latest] [earthquakes|quakes] in {country}
order: find out [whether|if] the ground [shook|moved] in {country}
ask: did it [rumble|shake|wobble] in {country} [last night|just now|today]
ask: how [strong|hard|bad] was what [woke|scared] [everyone|my cousin] in {country}
ask: has [the ground|the floor] in {country} calmed down [by now|yet]
note: the lamps [were swinging|swung] and glasses fell off the shelf here in {country}
note: my [family|sister] in {country} ran into the street because the walls were [trembling|moving]
note: {country} [quake|earthquakes]
note: I read about collapsed houses in {country}, [what was the magnitude|how strong was it]
gives: magnitude = number ; place = city
reply: The last quake in {country} had {magnitude}, near {place}.
reply: {country}: magnitude {magnitude} at {place}.

tool earth: volcano_status volcano_alert eruption_status is_volcano_active lava_warning
about: [Returns|Tells] the alert level of a volcano.
about: Volcano [activity|status|warnings] [by name|]
volcano = word ; volcano name mountain which ; the volcano
order: [check|look up] the [alert level|status|activity] of [the volcano |mount ]{volcano}
order: find out [whether|if] {volcano} is [spitting ash|about to blow|still asleep]
ask: is it safe to [hike|climb] up to the crater of {volcano}
ask: is {volcano} [smoking|rumbling|glowing] [again|these days]
ask: will {volcano} [ruin|spoil] my flight with its ash
note: we wanted to [camp|hike] at {volcano} but [people talk of|there are rumours of] glowing rocks
note: our guide says {volcano} might [go off|explode|blow up], [true|is that so]
note: volcano {volcano}
note: we sleep in the village right below {volcano} tonight and the ground feels warm, [should we pack|is that normal]
gives: level = enum:green,yellow,orange,red
reply: The alert level of {volcano} is {level}.
reply: {volcano}: level {level}.

tool terrain: river_length length_of_river how_long_is_river river_info stream_length
about: [Returns|Looks up] the length of a river[ in kilometers|].
about: How long a river is[, from source to mouth|]
river = word ; river name stream which ; the river
order: [look up|tell me] the length of the [river |]{river}
order: find out how many kilometers [the |]{river} [runs|flows|winds] [before it reaches the sea|from spring to delta]
ask: how long is the [river |]{river}
ask: how far would I [paddle|swim|drift] if I did the whole {river}
ask: how many kilometers lie between the spring of the {river} and the [sea|ocean]
note: planning to [kayak|row] the {river} from start to finish, what distance [is that|am I in for]
note: {river} river length
note: for [geography|school]: the {river}, from its source to its mouth
note: the {river}, [by canoe|in a rubber boat], all of it, [just how far is that|am I mad]
gives: kilometers = integer:20-6800
reply: The {river} is {kilometers} kilometers long.
reply: {kilometers} kilometers for the {river}.

tool terrain: mountain_height height_of_peak summit_elevation peak_altitude how_high_is
about: [Returns|Looks up] the height of a mountain[ in meters|].
about: [Elevation|Height|Altitude] of a [summit|peak|mountain]
mountain = word ; mountain peak summit name ; the mountain
order: [look up|tell me] the [height|elevation] of [mount |]{mountain}
order: find out how many meters [mount |]{mountain} has [in total|]
ask: how [tall|high] is [mount |]{mountain}
ask: how thin is the air on top of {mountain}, [I mean|so] how far up is that
ask: how far above the sea does one stand at the cross on {mountain}
ask: will I need oxygen on {mountain}, how far up does it go
note: we [climb|go up] {mountain} on Sunday, how many meters above the sea is that
note: my ears [popped|hurt] on {mountain}, [just how far up was I|what altitude is that]
note: {mountain} [elevation|summit]
gives: meters = integer:300-8800
reply: {mountain} is {meters} meters high.
reply: The summit of {mountain} is at {meters} meters.

tool countries: capital_of get_capital country_capital capital_city seat_of_government
about: [Returns|Tells] the capital of a country.
about: Capital [city |][by|of a] country
country = country ; country nation state land ; the country
order: [tell me|look up|name] the capital of {country}
order: name the city [from which|where] {country} is [ruled|governed]
ask: what's the capital [city |]of {country}
ask: where does the [government|parliament|president] of {country} [sit|reside|have its seat]
ask: to which city do ambassadors go when they are sent to {country}
ask: to which city do I send a letter for the [prime minister|king|president] of {country}
ask: where would I find the royal palace and the ministers of {country}
note: I [always|keep] mix up cities, where's the [palace and the ministries|government district] in {country}
note: {country} capital
note: crossword, {country}, city with the [parliament|ministries]
note: I want to protest at the ministry of {country}, [where do I have to go|what place do I book a train to]
note: is it the biggest place or some small town where the laws of {country} are made
note: {country}, where the ministers are
gives: capital = city
reply: The capital of {country} is {capital}.
reply: {country} is governed from {capital}.

tool countries: population_of country_population inhabitants people_in how_many_people
about: [Returns|Tells] how many people live in a country.
about: Population [by|of a] country
country = country ; country nation state land ; the country
order: [tell me|look up|find] the population of {country}
order: find out how many [souls|citizens|humans] {country} [counts|has]
ask: how many [inhabitants|people] [are there in|does] {country}[ have|]
ask: how crowded is {country}, [counting heads|in heads]
ask: if everyone in {country} [lit a candle|bought one coffee], how many would that be
ask: how many would have to move if all of {country} [packed its bags|went on holiday at once]
note: we want to sell to all of {country}, how [big|large] is that market in [heads|mouths to feed]
note: {country} [population|inhabitants]
note: is {country} bigger than us, I mean by [number of heads|headcount], not by area
note: if I gave a coin to each and every person in {country}, how many coins would I need
gives: people = integer:300000-900000000
reply: {people} people live in {country}.
reply: {country} has {people} inhabitants.

tool countries: flag_of country_flag describe_flag flag_colors show_flag
about: [Describes|Shows] the flag of a country.
about: Flag [and its colours |][by|of a] country
country = country ; country nation state land ; the country
order: [describe|show me] the flag of {country}
order: tell me what [is waved|people paint on their cheeks] when {country} [wins|plays]
ask: which [stripes|colours] does {country} [fly|carry|have] on its flag
ask: what [flies|flutters] in front of the embassy of {country}
ask: is there a [star|cross|lion] on the cloth that {country} hoists
note: my kid wants to [sew|paint] a banner for {country} before the [match|game], what goes on it
note: {country} flag
note: I'm [icing|decorating] a cake for a friend from {country}, in the national [stripes|colours]
gives: main = color ; second = color
reply: The flag of {country} is {main} and {second}.
reply: {country}: {main} and {second}.

tool history: on_this_day historical_events what_happened_on history_of_date day_in_history
about: [Tells|Returns] what happened in history on a [date|given day].
about: Historical events [by|of a] date
date = date ; date day on when ; the day
order: [tell me|look up] what happened [in history |]on {date}
order: find [some big moment|a famous battle or treaty] that [took place|was fought] on {date}
ask: [did|has] anything [memorable|famous|of note] [take place|occur] on {date}
ask: what do the history books [say|write] about {date}
ask: is {date} [known|remembered] for anything
ask: did any [king|queen|empire] fall on {date}
note: my [column|toast|speech] is about {date}, I need [a king crowned|a war ended|some old story] [back then|that very day]
note: history {date}
note: born on {date}, curious what else the world [remembers|saw] that day
note: I was told that {date} [changed the world|is a black day], but nobody remembers why
gives: what = text
reply: On {date}: {what}
reply: History of {date}: {what}

tool history: inventor_of who_invented invention_info origin_of_invention first_made_by
about: [Tells|Returns] who invented [a thing|something][ and when|].
about: [Inventor|Origin] of an [invention|everyday thing]
thing = product ; thing invention object item ; what was invented
order: [tell me|find out|look up] who invented the {thing}
order: name the [clever mind|genius|person] [to whom we owe|behind] the {thing}
ask: who [came up with|thought of|first built] the {thing}
ask: whose idea was the {thing}, and in what year
ask: since when do people have a {thing}, and [thanks to whom|who started it]
note: my {thing} is such a clever [object|piece of work], somebody must have [had the idea|made the first one]
note: {thing} inventor
note: [teacher|grandpa] wants to know whom to [thank|blame] for the {thing}
gives: inventor = person ; year = integer:1500-2005
reply: {inventor} invented the {thing} in {year}.
reply: The {thing} was invented by {inventor} ({year}).

tool wildlife: animal_lifespan how_long_lives life_expectancy average_age_of lifespan
about: [Returns|Tells] how long an animal lives[ on average|].
about: [Lifespan|Life expectancy] [by|of an] animal
animal = animal ; animal species creature pet ; the animal
order: [tell me|look up] the [lifespan|life expectancy] of a {animal}
order: tell me how many birthdays a {animal} [gets to see|usually celebrates]
ask: how [old|aged] does a {animal} [get|become|grow]
ask: how many years will a {animal} [be with us|keep us company] if we [take good care of|adopt] it
ask: is twelve years [much|a lot|ancient] for a {animal}
note: ours is a {animal} with grey hair around the nose, how much time [do we have left|remains], statistically
note: before I promise my [son|kids] a {animal}, I want to know for how many years I'd [be feeding it|have it]
note: {animal} lifespan
gives: years = integer:1-90
reply: A {animal} lives about {years} years.
reply: {years} years is normal for a {animal}.

tool wildlife: is_mushroom_edible mushroom_check poisonous_mushroom fungus_safety edible_fungus
about: [Tells|Checks] whether a mushroom [is poisonous|is edible|can be eaten].
about: Mushroom safety [by|of a] species
mushroom = word ; mushroom species fungus name ; the mushroom
order: [check|tell me] [if|whether] the {mushroom} [mushroom |]is [edible|poisonous]
order: warn me if {mushroom} from the woods [would kill me|is bad for the stomach]
ask: can I [fry|cook|eat] the {mushroom} [I picked|from the forest|we found]
ask: will we [get sick|end up in hospital|see our ancestors] if {mushroom} goes in the pan
ask: is it a good idea to put wild {mushroom} in the [soup|risotto]
note: we came back from the forest with a basket of {mushroom}, [dinner or bin|fry it or bury it]
note: {mushroom} [edible|poisonous] or not
note: the old man says {mushroom} tastes like [chicken|nuts], I'd rather [not die|ask first]
gives: verdict = enum:edible,poisonous,deadly,edible when cooked
reply: {mushroom} is {verdict}.
reply: Verdict on {mushroom}: {verdict}.

tool chemistry: melting_point melts_at melting_temperature fusion_point when_does_it_melt
about: [Returns|Gives] the melting point of a [chemical |]element.
about: At what temperature an element melts
element = enum:iron,copper,gold,silver,lead,tin,zinc,nickel,sulfur ; element material metal substance ; the element
order: [look up|give me] the melting point of {element}
order: tell me how hot the [furnace|oven|crucible] has to be for {element} to [flow|turn liquid|become soup]
ask: at what temperature does {element} [turn liquid|become liquid|go soft and run]
ask: would a [campfire|candle|kitchen stove] be hot enough to [cast|pour] {element}
ask: how many degrees until a bar of {element} becomes a puddle
note: I want to [cast|pour] small figures from {element}, [how hot do I have to go|what heat do I need]
note: {element} melting point
note: found some {element} in the shed, can my torch make it [run|drip], what does it take
gives: degrees = integer:100-3400
reply: {element} melts at {degrees} degrees.
reply: The melting point of {element} is {degrees} degrees.

tool chemistry: atomic_weight atomic_mass element_weight molar_mass mass_of_element
about: [Returns|Gives] the atomic [weight|mass] of a [chemical |]element.
about: [Molar|Atomic] mass [by|of an] element
element = enum:iron,copper,gold,silver,lead,tin,zinc,nickel,sulfur ; element substance symbol name ; the element
order: [look up|give me] the atomic [mass|weight] of {element}
order: tell me how heavy a single atom of {element} is
ask: what does one mole of {element} weigh
ask: how many grams [do I put on the scale|are needed] for exactly one mole of {element}
ask: which number stands [under|below] {element} in the periodic table, the one with the [comma|decimals]
note: [lab|homework] report, I have twelve grams of {element} and must get to moles
note: {element} [molar|atomic] mass
note: in my stoichiometry exercise the value for {element} is [missing|smudged]
gives: mass = price
reply: The atomic mass of {element} is {mass}.
reply: One mole of {element} weighs {mass} grams.

tool numbers: is_prime prime_test check_prime primality prime_check
about: [Tells|Tests|Checks] whether a number is prime.
about: Prime [test|check]
number = integer:2-99999 ; number n value integer ; the number
order: [check|test|tell me] [if|whether] {number} is [a prime|a prime number|prime]
order: find out if anything [divides|goes into] {number} besides one and itself
ask: is {number} [prime|a prime number]
ask: can {number} be [split|broken up] into [smaller factors|a product] or is it [indivisible|stubborn]
ask: does {number} have any [divisors|factors] at all
note: I tried dividing {number} by everything up to [fifty|a hundred] and always have a remainder, [am I right|so is it one of those]
note: {number} prime or not
note: {number} sweets can't be shared out [evenly|fairly] among any group, or can they
gives: answer = enum:prime,not prime
reply: {number} is {answer}.
reply: {number}: {answer}.

tool numbers: to_roman roman_numeral roman_number write_in_roman arabic_to_roman
about: [Writes|Converts] a number [as|to|into] Roman numerals.
about: Roman numeral [of|for] a number
number = integer:1-3900 ; number n value year ; the number
order: [write|convert|turn] {number} [in|into] Roman numerals
order: give me {number} [the way Caesar|the way a legionary] would have [carved|chiselled] it
ask: how [would|did] [the ancients|Caesar|people in antiquity] [put|carve] {number} [in stone|on a column]
ask: which [letters|row of X and V and I] [stands|is] for {number}
ask: how does a clockmaker of the old school [put|show] {number}
note: the mason [carves|chisels] {number} above our door in the antique style, with [M and C and X|old letters]
note: tattoo idea: {number}, but [in the letters of Caesar|like on an old clock face]
note: {number} in Roman
gives: numeral = word
reply: {number} is {numeral} in Roman numerals.
reply: The numeral is {numeral}.

tool numbers: draw_winner pick_one raffle choose_randomly random_pick
about: [Picks|Draws] one [name|person] at random from a list.
about: [Raffle|Random choice] among several people
people = list:person ; people names candidates list ; who takes part
order: [draw|pick] one of {people} at random
order: let [fate|the hat|blind luck] decide between {people}
order: put {people} in a hat and pull out [one slip|somebody]
ask: which one of {people} has to [do the dishes|go first|stay late], [no favourites|be fair]
ask: who gets the last [ticket|slice], {people}, [we can't agree|decide blindly]
note: {people} all want the [window seat|front seat|same shift], no way to settle it but [luck|chance]
note: {people}, one of them wins [the basket|a bottle of wine|the bike]
note: random: {people}
gives: winner = person
reply: The winner is {winner}.
reply: It is {winner}.

tool texttools: change_case to_upper uppercase capital_letters all_caps
about: [Writes|Turns] a text in capital letters.
about: Upper case [for a text|conversion]
text = text ; text string input content ; the text
order: [write|put|turn] {text} in [capital letters|upper case|capitals]
order: [make|turn] every letter of {text} [big|tall|large]
order: let {text} [shout|scream at the reader], [like on a poster|caps lock style]
order: have {text} shout at whoever reads it
ask: how does {text} look with the caps lock key [on|stuck]
ask: can you [type|give me] {text} without a single small letter
ask: what would {text} look like with the shift key held down all along
note: for the [sign|headline|banner]: {text}, nothing but big letters
note: caps: {text}
note: the form says block letters only and I have {text}
note: {text} must be readable from across the street, so everything big, nothing small
gives: result = word
reply: {result}
reply: In capitals: {result}

tool texttools: reverse_text backwards flip_string mirror_text reverse_string
about: [Writes|Turns] a text backwards.
about: [Reverse|Mirror] the order of the letters [of a text|]
text = text ; text string input content ; the text
order: [write|spell|turn|reverse] {text} [backwards|from back to front]
order: let {text} start with its last letter and end with [its|the] first
ask: how does {text} [read|sound] from right to left
ask: is {text} the same from both [ends|sides], show me the other [direction|way round]
ask: what would I see of {text} if the last [character|letter] came first
note: I'm hiding [a clue|a message] for a treasure hunt, {text}, [the wrong way round|tail first]
note: reversed: {text}
note: you know how Leonardo wrote, do that with {text}
gives: result = word
reply: {result}
reply: Backwards it is {result}

tool encoding: make_qr_code qr_code create_qr qr_generator link_to_qr
about: [Makes|Creates|Generates] a QR code [for|from|of] [a link|an address].
about: QR [code |]generator
link = url ; link url content target ; what the code opens
size? = integer:100-900 ; size pixels width ; width in pixels ; {} pixels wide
order: [make|create|generate] a QR code [for|of] {link}
order: turn {link} into one of those [black and white squares|square patterns] [for a poster|people can scan|]
ask: can guests [scan|point their phone at] something to get to {link}
ask: how do I bring people from a [paper flyer|printed menu|bus stop poster] to {link} without typing
note: {link} should go on our [menus|posters|business cards] so that phones can [scan|read] it
note: nobody will ever type {link} by hand, we need something for their [camera|cameras]
note: QR {link}
note: I'd like to print the way to {link} as a [little maze of pixels|pixel square]
gives: image = file
reply: The QR code of {link} is {image}.
reply: {image} opens {link} when scanned.

tool media_tools: transcribe_audio speech_to_text transcribe voice_to_text recording_to_text
about: [Writes|Turns] the speech in an audio file [down as|into] text.
about: Transcription of [recordings|audio files]
file = file ; file audio recording path ; the recording
order: [transcribe|type up|write out] [the recording |]{file}
order: get me every word [spoken|said] in {file} [in writing|on paper]
ask: what [do they say|is being said] in {file}, [I'm deaf in one ear|my speakers are broken]
ask: could I read {file} instead of listening to it
ask: what is the wording of the [interview|lecture|podcast] in {file}
note: {file} is an hour of [interview|mumbling|dictation] and I [need|want] to quote from it
note: I'm on a train without headphones and have to know what [grandma|the boss] tells me in {file}
note: {file} -> text
gives: transcript = text
reply: {file} says: {transcript}
reply: The transcript: {transcript}

tool media_tools: audio_length duration_of_recording media_duration running_time how_long_is_clip
about: [Returns|Tells] how long [a recording|an audio or video file] [plays|is].
about: [Duration|Running time] of a [clip|recording]
file = file ; file media clip path ; the [audio or video|media] file
order: [tell me|look up|get] the [duration|running time] of {file}
order: see how many minutes I have to [sit through|set aside] for {file}
ask: how many minutes does {file} [go on|run|take]
ask: can I [watch|listen to] {file} before my bus comes, [it's in ten minutes|I have a quarter of an hour]
ask: will {file} [fit|squeeze] into a five minute slot
note: the [radio|festival] takes nothing above three minutes, check {file}
note: {file} duration
note: should I make [tea|popcorn] before I press play on {file}, or is it over in a blink
gives: minutes = integer:1-180
reply: {file} takes {minutes} minutes.
reply: {minutes} minutes: {file}.

tool images: remove_background cut_out_subject background_remover transparent_background isolate_object
about: Removes the background [of|from] [a picture|an image].
about: [Cut out|Isolate] what is in front [in a picture|]
image = file ; image file picture photo path ; the picture
order: remove the background [of|from] {image}
order: cut [the person|the product|the dog] out of {image}, [I only need that|the rest is ugly]
order: make everything behind [me|the bottle|our cat] in {image} [vanish|disappear|see-through]
ask: can {image} be used on a [coloured|dark] slide without that [ugly wall|messy kitchen] behind me
ask: how do I get rid of the [strangers|messy desk|clutter] behind us in {image}
note: in {image} I look great but there's [laundry|a dustbin|my ex] behind me
note: {image}, only the shoe [should stay|matters], on nothing at all, for the [web shop|catalogue]
note: {image} transparent
gives: path = file
reply: The picture without background is {path}.
reply: Done: {path}

tool images: identify_plant plant_recognition name_this_plant flower_identifier which_plant
about: [Identifies|Recognises] the plant [on|in] a photo.
about: Plant [recognition|identification] by picture
image = file ; image photo picture file ; the photo
order: [identify|recognise|name] the [plant|flower] [on|in] {image}
order: tell me what is [growing|blooming|sprouting] in {image}
ask: what kind of [bush|tree|weed|blossom] did I [snap|catch] in {image}
ask: is that in {image} [a weed|something precious] or [can I pull it out|should I keep it], so what's it called
ask: what did my [neighbour|aunt] put in that [pot|bed], see {image}
note: something [green with purple dots|yellow and spiky] came up between my tomatoes, see {image}, [no clue what it is|never seen it before]
note: {image} which plant
note: we argue on our hike whether {image} shows [heather|thyme] or not
gives: plant = word
reply: The plant in {image} is {plant}.
reply: That is {plant}.

tool civic: election_result who_won_election vote_result election_winner poll_outcome
about: [Returns|Tells] who won the last election in a country.
about: Election [results|winner] [by|in a] country
country = country ; country nation state where ; the country
year? = integer:1990-2031 ; year held_in when ; year of the election ; in {}
order: [tell me|look up|find out] who won the [last |]election in {country}
order: check how {country} voted
ask: who [came out on top|got the most votes] in {country}
ask: how did the people of {country} [decide|choose] at the ballot box
ask: is there a new [president|government|majority] in {country} after [Sunday|the count]
note: {country} went to the polls and I [fell asleep|missed the news] before the [count was over|numbers came]
note: {country} election
note: everybody in {country} is [dancing|crying|honking] in the streets since the ballots were counted, whose [victory|party] is it
gives: winner = person ; share = integer:30-70
reply: {winner} won in {country} with {share} percent.
reply: {country}: {winner}, {share} percent.

tool civic: crime_rate crime_report safety_index how_safe_is crime_statistics
about: [Returns|Shows] how many crimes are reported in a city.
about: [Crime|Safety] statistics [by|of a] city
city = city ; city town place where ; the city
order: [look up|show me|check] the crime [rate|statistics|report] [of|for] {city}
order: tell me whether I can walk home alone [at night|after dark] in {city}
ask: how [dangerous|rough] is {city} [really|after dark|these days]
ask: do people get [robbed|mugged] [a lot|often] in {city}
ask: should I [hide my watch|worry about my purse|lock the car doors] in {city}
note: my daughter will study in {city} and I can't sleep for [worry|thinking of muggers]
note: we found a cheap flat in {city}, but they say [burglars|pickpockets] are everywhere
note: {city} crime
note: I arrive in {city} after midnight with all my cameras, [should I be scared|do I need to worry]
gives: cases = integer:10-9000
reply: {cases} crimes were reported in {city}.
reply: {city}: {cases} cases a year.

tool civic: emergency_number emergency_call police_number ambulance_number emergency_phone
about: [Returns|Tells] the [phone |]number of the emergency services in a country.
about: Emergency [phone |]number [by|of a] country and service
country = country ; country nation state where ; the country
service? = enum:police,ambulance,fire,coast guard ; service kind type ; which service ; for the {}
order: [look up|tell me] the emergency number [in|of|for] {country}
order: tell me what to [dial|type in] when something terrible happens in {country}
ask: whom do I [dial|ring] if [somebody collapses|the house burns|I get robbed] in {country}
ask: is it 112 or [911|something else] in {country}
ask: what do I [dial|press] in {country} when [every second counts|a life is at stake]
note: we [travel|move] to {country} with [small kids|a weak heart], [help must come fast|I want to be prepared] if something goes wrong
note: {country} emergency
note: my friend is lying unconscious here in {country} and I only know the digits from [home|TV shows]
gives: phone = integer:100-999
reply: Dial {phone} in {country}.
reply: The emergency number of {country} is {phone}.

tool shipping: ship_position track_vessel where_is_ship vessel_location find_ship
about: [Returns|Tells] where a ship is [right now|at the moment].
about: [Position|Location] of a vessel [by its number|]
ship = id ; ship vessel imo_number name ; the ship
order: [locate|track|find] [the ship|the vessel|vessel] {ship}
order: tell me which waters {ship} is [crossing|sailing] [at the moment|right now]
ask: where [on the oceans |]is {ship} [right now|at the moment|today]
ask: has {ship} made it through the [canal|storm|strait] [yet|]
ask: how far out is {ship} with our containers
note: my [brother|husband] works on board {ship} and [hasn't called|his phone is dead], I'd like to see him on a map
note: {ship} position
note: half our [Christmas stock|coffee] sits on {ship}, [somewhere between here and China|somewhere at sea]
note: the cars we ordered are on {ship} and nobody tells us [what ocean they are on|how far they have come]
gives: near = city ; knots = integer:0-30
reply: {ship} is near {near} at {knots} knots.
reply: {ship}: close to {near}, {knots} knots.

tool shipping: ships_in_port port_traffic harbor_list vessels_at_port port_calls
about: [Lists|Counts] the ships that are in a port.
about: Harbor [traffic|overview] [by|of a] city
port = city ; port harbor city where ; the port
order: [list|count|show me] the [ships|vessels] in [the port of |]{port}
order: find out how full the [docks|quays|berths] of {port} are
ask: how many [freighters|tankers] are [moored|docked|waiting] in {port}
ask: what's lying at anchor [in|off] {port} [today|right now]
ask: is there [a jam|a queue] of freighters off {port} [again|]
note: my [son|nephew] loves big boats and we are in {port}, is there [anything to look at|much to see] at the quay
note: {port} port
note: I hear the dockers in {port} are on strike, does everything [pile up|wait outside]
gives: ships = integer:0-140
reply: {ships} ships are in {port}.
reply: {port}: {ships} ships.

tool energy: power_mix electricity_mix energy_sources where_power_comes_from grid_mix
about: [Returns|Shows] [where the electricity of a country comes from|the electricity sources of a country].
about: [Power|Energy] mix [by|of a] country
country = country ; country nation state where ; the country
order: [show me|look up] the [power|electricity|energy] mix of {country}
order: tell me what [makes the lamps glow|keeps the lights on] in {country}
ask: how [green|dirty|clean] is what comes out of the socket in {country}
ask: does {country} still burn a lot of coal [for its lamps|to keep the lights on]
ask: is it [wind|sun|coal|the atom] that charges people's cars in {country}
note: is driving an e-car in {country} any [better for the climate|cleaner], given what they [burn|feed into the socket]
note: {country} [power|energy] sources
note: for my talk I need to know how far {country} has [come|got] with wind and sun
gives: renewable = integer:0-100
reply: {renewable} percent of the electricity in {country} is renewable.
reply: {country}: {renewable} percent renewable.

tool servers: server_load cpu_usage machine_load check_load host_metrics
about: [Returns|Shows] how busy a server is[ (CPU and memory)|].
about: Server [load|usage] in percent
host = id ; host server machine node ; name of the server
order: [check|show|tell me] [the load|the CPU usage|how busy it is] on {host}
order: see if {host} is [sweating|gasping for air|bored to death]
ask: is {host} [at its limit|overworked|struggling], everything [crawls|takes ages]
ask: how much room to breathe does {host} have
ask: can {host} take [one more job|another training run] or would that [kill it|be too much]
note: the website is [slow as treacle|crawling], I suspect {host} is [overwhelmed|at its limits]
note: {host} load
note: I want to start something big on {host} tonight, is it [idle|free enough]
note: before we send ten thousand visitors to {host}, tell me if it has [strength|room] to spare
gives: cpu = integer:0-100 ; memory = integer:0-100
reply: {host} uses {cpu} percent of its CPU and {memory} percent of its memory.
reply: {host}: CPU {cpu} percent, memory {memory} percent.

tool servers: create_backup back_up_service snapshot_data save_snapshot run_backup
about: [Makes|Creates] a backup of [a service|the data of a service].
about: [Backup|Snapshot] [now|on demand]
service = service ; service system database target ; what is saved
order: [back up|make a backup of|take a snapshot of] {service}
order: put the data of {service} [somewhere safe|in the vault|on a second disk], [I'm about to upgrade|I don't trust this disk]
ask: could we keep a [copy|safe copy] of {service} [as it is now|before I touch anything]
ask: if {service} dies tonight, is everything lost, [secure it first|better save it now]
note: risky [migration|upgrade] of {service} in ten minutes, [I want a safety net|cover me]
note: the disk under {service} makes [funny|scary] noises, rescue what's on it while [it spins|we can]
note: backup {service}
note: before the interns play with {service}, [freeze its data as of now|get everything onto the spare disk]
gives: backup_id = id
reply: The backup {backup_id} of {service} is ready.
reply: {service} was saved as {backup_id}.

tool servers: restore_backup roll_back_data recover_from_backup bring_back_data load_snapshot
about: [Restores|Brings back] [a service|the data of a service] from an earlier backup.
about: Recovery [of lost data |]from a [backup|snapshot] of a given day
service = service ; service system database target ; what is restored
date = date ; date day as_of backup_date ; day of the backup
order: restore {service} [from the backup of|to the state of|as of] {date}
order: bring {service} back to how it was on {date}
order: undo whatever [somebody|the intern|the script] did to {service}, it was [still fine|still whole] on {date}
ask: can {service} be [as it was|like it was] on {date} [again|once more]
ask: somebody [emptied|wiped] {service}, could we go back to {date}
note: someone wiped all tables of {service}, on {date} they were [still there|fine]
note: the data of {service} is [garbage|gone|corrupted], go back in time to {date}
note: recover {service}, {date}
gives: records = integer:100-90000
reply: {service} is back as of {date} with {records} records.
reply: Restored {records} records of {service} from {date}.

tool delivery: deploy_version release_to_production deploy ship_version roll_out
about: [Deploys|Rolls out] a version of a service[ to production|].
about: Deployment: [put a version live|release a service]
service = service ; service app component what ; what is deployed
version = id ; version release tag build ; which version
order: [deploy|roll out|ship|release] [version |]{version} of {service}
order: put {version} of {service} [live|in front of the users|on production]
ask: can our users have {version} of {service} [already|now|today], [tests are green|QA is happy]
ask: when does {version} of {service} go live, [nobody objects|I'd say this very minute], so [do it|start]
note: QA is happy with {version}, {service} can go [out|live|to the customers]
note: {version} fixes the [login bug|crash|typo] in {service}, let everyone [enjoy|have] it
note: {service} {version} to prod
note: everybody is waiting for {version} of {service}, [testers are happy|no more bugs], let it loose on the world
gives: deployment = id
reply: {service} {version} is live (deployment {deployment}).
reply: Deployment {deployment}: {service} {version}.

tool delivery: build_status ci_status did_build_pass check_pipeline ci_result
about: [Tells|Returns] whether the [last |latest ]build of a branch [passed|succeeded].
about: CI [pipeline|build] result [by|of a] branch
branch = word ; branch branch_name ref line ; the branch
order: [check|tell me|see] [if|whether] the build [on|of] {branch} [passed|is green]
order: look at what the [robots|machines|tests] say about {branch}
ask: is {branch} [green|red|broken] [right now|again|]
ask: can I merge {branch} [without waking anybody|safely] or did something [fail|go red]
ask: did my last push to {branch} [break|ruin] [anything|everything]
note: I pushed to {branch} half an hour ago and [got no mail|heard nothing], [all good|is it fine]
note: {branch} [build|pipeline]
note: everyone is staring at me, did I [wreck|ruin] {branch}
note: before I go home I'd like to be sure that {branch} isn't [red|on fire|broken] because of me
gives: result = enum:passed,failed,running
reply: The build of {branch}: {result}.
reply: {branch} {result}.

tool network: certificate_expiry check_certificate ssl_days_left tls_check cert_valid_until
about: [Tells|Returns] how long the [TLS |SSL ]certificate of a website is valid.
about: Certificate [check|expiry] [by|of a] site
site = url ; site url host domain ; the website
order: check [how long the certificate of {site} is valid|the certificate of {site}]
order: make sure visitors of {site} won't see [that red warning|a padlock error] any time soon
ask: when does the [padlock|encryption] of {site} [run out|stop working|lapse]
ask: why do browsers say that {site} isn't [secure|private], did somebody forget to renew
note: customers complain that {site} [looks unsafe|shows a security warning], [is ours expired|how many days do we have]
note: last year we forgot to renew for {site} and [everybody panicked|all hell broke loose], how long this time
note: {site} [cert|ssl]
note: a visitor of {site} got scared away by a big warning about privacy, [how much time do we have|have we slept through it]
gives: days = integer:0-400
reply: The certificate of {site} is valid for {days} more days.
reply: {site}: {days} days left.

tool network: ping_host is_site_up check_uptime reachable site_alive
about: [Checks|Tests|Tells] whether a website [can be reached|answers|is up].
about: [Ping|Uptime check] [of a site|by address]
site = url ; site url host address ; the website
order: [ping|try to reach] {site}
order: test [if|whether] {site} [answers|responds|is up] [at all|]
ask: is {site} [down|dead|offline] for everyone or [just me|is it my wifi]
ask: does {site} still [breathe|live|respond], my browser spins [forever|and spins]
ask: can anybody get through to {site}, I only see a [white page|spinning wheel]
note: {site} [won't load|doesn't open|times out], [is it me or them|my fault or theirs]
note: users write that {site} is [gone|dead], knock on its door
note: {site} up or down
gives: milliseconds = integer:3-900
reply: {site} answers after {milliseconds} milliseconds.
reply: {site} is up ({milliseconds} ms).

tool factory: machine_status check_machine machine_state production_state is_machine_running
about: [Returns|Shows] whether a machine in the factory is running [and its output|].
about: Machine state [on the shop floor|by number]
machine = id ; machine machine_id device line ; the machine
order: [check|look|see] [if|whether] {machine} is [running|producing|standing still]
order: tell me how {machine} is [doing|getting on] [today|this shift|at the moment]
ask: is {machine} [alive|on its feet|up and going] [again|]
ask: how many parts [came|dropped] out of {machine} [so far|since this morning]
ask: does {machine} do [what it should|its job], or [is it stuck|does it jam again]
note: it's [awfully quiet|strangely silent] over at {machine}, [did it jam|has it quit]
note: {machine} ok
note: I'm at home and wonder if {machine} [made it through the night|keeps spitting out parts]
gives: state = enum:running,idle,stopped,jammed ; parts = integer:0-3000
reply: {machine} is {state}, {parts} parts so far.
reply: {machine}: {state}, {parts} parts.

tool factory: stop_machine emergency_stop halt_machine shut_down_machine machine_off
about: [Stops|Halts|Shuts down] a machine in the factory.
about: Emergency stop [of|for] a machine
machine = id ; machine machine_id device line ; the machine
order: [stop|halt|shut down|switch off] [machine |]{machine} [now|at once|immediately|]
order: pull the plug on {machine}, [someone's sleeve is in there|there's smoke|it's eating the parts]
ask: can {machine} be [brought to a standstill|made to stand still], [I have to reach inside|a bolt came off]
note: there is smoke coming out of {machine}
note: {machine} is [shaking like mad|on fire|tearing itself apart], [do something|quick]
note: a hand is caught in {machine}, hurry
note: {machine} off
note: I have to crawl under {machine} and don't want to [lose an arm|get crushed]
note: sparks are flying out of {machine} and the operator is nowhere to be seen
gives: status = enum:stopped,off,halted
reply: {machine} is {status}.
reply: {status}: {machine}.

tool factory: plan_maintenance schedule_service book_inspection order_overhaul maintenance_slot
about: [Plans|Schedules] maintenance of a machine [on|for] a day.
about: Book [a technician|an inspection|an overhaul] for a machine
machine = id ; machine machine_id device unit ; the machine
date = date ; date day on when ; the day
order: [plan|schedule] maintenance [for|of] {machine} on {date}
order: have someone [oil|clean|look after|go over] {machine} on {date}
order: send a mechanic to {machine} on {date}, it [squeaks|drips oil|loses pressure]
ask: could {machine} get its [yearly checkup|new bearings|fresh oil] on {date}
ask: who can change the [filters|belts|bearings] of {machine} on {date}, put them down for it
note: {machine} is due for new [oil|belts|filters], nothing runs on {date} anyway
note: {date}, [overhaul|inspection] of {machine}
note: on {date} the hall is empty, [a good day|perfect] to [take {machine} apart|grease {machine}]
gives: technician = person
reply: {technician} will look after {machine} on {date}.
reply: {machine}: {date}, {technician}.

tool sensors: camera_snapshot take_snapshot camera_picture show_camera live_view
about: [Takes|Returns] a picture from the [security |surveillance ]camera [at|of] a place.
about: Camera [view|snapshot] [by|of a] place
place = place ; place camera location where ; what the camera sees
order: [take|get] a [snapshot|picture] [from|with] the camera at {place}
order: let me see what is going on at {place}
ask: who is [hanging around|standing] at {place} [right now|at this hour]
ask: is there [a queue|a crowd|anybody] at {place} [at the moment|just now]
ask: what does it look like at {place} this very second
note: I heard [a bang|glass break|voices] near {place}, [give me eyes there|let me have a look]
note: an alarm went off at {place} and I'm [in bed|miles away], [what can be seen|show me]
note: camera {place}
gives: image = file
reply: Here is the picture of {place}: {image}
reply: {image} shows {place}.

tool sensors: fly_drone send_drone launch_drone drone_flight dispatch_drone
about: [Sends|Flies] a drone to a place.
about: Drone [flight|dispatch] to a [place|target]
place = place ; place target destination to ; where it flies
height? = integer:10-120 ; height altitude level ; height in meters ; at {} meters
order: [send|fly] [a|the] drone [to|over] {place}
order: get something in the air that [circles|looks down on|films] {place} [from above|from up there]
ask: could we have a [bird's-eye look at|view from the sky of] {place}
ask: how do we reach {place} when [every road is flooded|the bridge is closed], can something fly the medicine there
note: the roof near {place} [may be|could be] damaged and nobody [wants to climb|has a ladder], look from the air
note: somebody is lost around {place}, we need to [search from above|scan the ground from the air]
note: drone -> {place}
note: for our film I need {place} from a hundred feet up
gives: minutes = integer:2-40
reply: The drone reaches {place} in {minutes} minutes.
reply: On its way to {place}, {minutes} minutes to go.
"""
