"""English real tools, in the text form that ``joyflash.tasks.tool_use.parse_tools`` reads."""

# ruff: noqa: E501 (data: one text a line)
from __future__ import annotations

from joyflash.tasks.tool_kinds_en_daily import DAILY_TOOLS
from joyflash.tasks.tool_kinds_en_home import HOME_TOOLS
from joyflash.tasks.tool_kinds_en_office import OFFICE_TOOLS
from joyflash.tasks.tool_kinds_en_people import PEOPLE_TOOLS
from joyflash.tasks.tool_kinds_en_science import SCIENCE_TOOLS
from joyflash.tasks.tool_kinds_en_work import WORK_TOOLS

_WORLD_TOOLS = """
tool outdoors: get_weather weather current_weather check_weather weather_lookup weather_report fetch_weather
about: [Get|Returns|Look up|Shows|Fetches] the [current |]weather [in|for|of] a [city|place|town][.|]
about: [Weather|Current weather|Weather conditions|Weather report] [for|in|by] [a city|any city|a location]
about: Tells [how warm it is|if it rains] [in a city|in a place] (weather).
city = city ; city location place town city_name where ; [name of the city|The city|city name|where to look]
date? = date ; date day when ; [the day|Date of interest|which day] ; [on|for] {}
order: [tell|show|give] me the [weather|current weather|weather report] [in|for] {city}
order: [check|look up|get|find|find out] the weather [in|for] {city}
order: [check|see|find out|tell me] [if|whether] it [rains|is raining|is sunny|is cold|is warm|snows|will rain] in {city}
ask: what's the weather [like |]in {city}
ask: how is the weather in {city}
ask: is it [raining|cold|warm|sunny|windy|snowing|hot] in {city}
ask: do I need [an umbrella|a coat|sunglasses|a jacket] in {city}
ask: how [warm|cold|hot|windy|wet] is it in {city}
ask: will it [rain|snow|be sunny|be cold] in {city}
note: [weather in|weather for|weather] {city}
note: {city} weather
note: I'm [going to|flying to|in|off to] {city}, what should I wear
gives: temperature = integer:1-38 ; condition = sky
reply: It is {temperature} degrees and {condition} in {city}.
reply: In {city} it is {condition} with {temperature} degrees.
reply: {city}: {condition}, {temperature} degrees.

tool outdoors: sunrise_time get_sunrise sun_times sunrise_sunset daylight
about: [Returns|Get] the time of sunrise [in|for] a city.
about: When the sun rises [in a place|somewhere] (sunrise)
city = city ; city location place town ; the city
order: [tell|find|get|look up] [when the sun rises|the sunrise time|the time of sunrise] in {city}
order: [check|show me] the sunrise for {city}
ask: when [does the sun rise|is sunrise|does the sun come up] in {city}
ask: what time is [sunrise|the sunrise] in {city}
ask: how early does it get light in {city}
note: sunrise {city}
note: sunrise time in {city}
gives: sunrise = time
reply: The sun rises at {sunrise} in {city}.
reply: Sunrise in {city} is at {sunrise}.

tool outdoors: air_quality get_aqi pollution_index air_quality_index smog_check
about: [Returns|Gets|Looks up] the air quality [index |](pollution) of a city.
about: [Air quality|Pollution level] [by|for a] city
city = city ; city location place town area ; where
order: [check|look up|tell me|get] the [air quality|pollution level|AQI] in {city}
order: find out how [clean|dirty|polluted] the air is in {city}
ask: how [clean|polluted|bad] is the air in {city}
ask: what's the [air quality|AQI|pollution] in {city}
ask: is the air [ok|clean|safe to breathe|bad] in {city}
note: air quality {city}
note: {city} AQI
gives: aqi = integer:5-300
reply: The air quality index in {city} is {aqi}.
reply: {city} has an air quality index of {aqi}.

tool clocks: get_time current_time world_clock time_in local_time clock
about: [Returns|Get|Tells] the [current|local] time in a city.
about: World clock: what time it is [in a place|somewhere]
city = city ; city location place zone town ; city whose [time|clock] is wanted
order: [tell me|check|look up|find out] [what time it is|the time|the local time|the current time] in {city}
ask: what time is it [right now |now |]in {city}
ask: what's the [local |current |]time in {city}
ask: how late is it in {city}
ask: is it [already night|still morning|late] in {city}
note: time in {city}
note: {city} [local time|time now|clock]
gives: time = time
reply: It is {time} in {city}.
reply: The local time in {city} is {time}.

tool clocks: set_timer start_timer timer countdown begin_countdown
about: [Starts|Sets] a [timer|countdown] [for|of] a number of minutes.
about: [Kitchen timer|Countdown timer] in minutes
minutes = integer:1-180 ; minutes duration length time mins ; [length in minutes|minutes]
label? = task ; label name title ; what the timer is for ; [to|so that I] {}
order: [set|start|begin|put on] a timer [for|of] {minutes} [minutes|min]
order: [set|start] a {minutes} minute [timer|countdown]
order: count down {minutes} minutes
order: [ring|beep|tell me|alert me] in {minutes} minutes
order: let me know when {minutes} minutes [are over|have passed]
note: timer {minutes} min
note: {minutes} minute timer
gives: status = enum:running,started,active
reply: The timer is {status}: {minutes} minutes.
reply: OK, {minutes} minutes, the timer is {status}.

tool clocks: set_alarm create_alarm alarm wake_up add_alarm wake_me
about: [Sets|Creates] an alarm [at a time|for a time of day].
about: [Wakes you|Alarm clock] at a [given|set] time
time = time ; time at clock_time when hour ; [time of day|when it rings]
days? = list:weekday ; days weekdays repeat ; days on which it repeats ; [on|every] {}
order: [set|create|add] an alarm [for|at] {time}
order: wake me [up |]at {time}
order: [get me up|get me out of bed|make it ring|let the alarm ring] at {time}
order: make sure I [am awake|wake up|don't oversleep] at {time}
note: alarm {time}
note: alarm at {time}
note: I have to [get up|be up|wake up] at {time}
gives: alarm_id = id
reply: The alarm for {time} is set ({alarm_id}).
reply: Alarm {alarm_id} will ring at {time}.

tool money: convert_currency currency_converter exchange convert_money fx exchange_money currency_exchange
about: [Converts|Exchanges] [an amount|money] from one currency to another.
about: Currency [conversion|converter]
amount = price ; amount value sum money ; [how much|the amount]
source = currency ; from_currency source base from_code have ; [currency to convert from|source currency]
target = currency ; to_currency target to_code want quote ; [currency to convert to|target currency]
order: [convert|change|exchange|turn] {amount} {source} [to|into] {target}
order: [tell me|work out|find out] [what|how much] {amount} {source} [is|are|makes] in {target}
ask: how much [is|are] {amount} {source} in {target}
ask: how many {target} [do I get|would I get|are there] for {amount} {source}
ask: what [is|are] {amount} {source} worth in {target}
note: {amount} {source} in {target}
note: {amount} {source} to {target}
note: I have {amount} {source} and [need|want] {target}
gives: converted = price
reply: {amount} {source} is {converted} {target}.
reply: That makes {converted} {target}.
reply: You get {converted} {target} for {amount} {source}.

tool money: get_stock_price stock_price stock_quote share_price lookup_stock ticker_price
about: [Returns|Gets|Looks up] the [current |latest |]price of a [stock|share].
about: Stock [quote|price] by ticker
symbol = stock ; symbol ticker stock code share ; [ticker symbol|the stock]
order: [get|check|look up|tell me|show me] the [price|stock price|share price|quote] [of|for] {symbol}
order: [see|tell me|find out] how {symbol} [stock |shares |]is doing
ask: what's the [price|stock price|share price] of {symbol}
ask: how much is [one share of |a share of |]{symbol}
ask: where is {symbol} trading
ask: how [is|are] {symbol} [doing|trading|shares doing]
note: {symbol} [stock|price|quote|share price]
note: stock {symbol}
gives: price = price
reply: {symbol} is at {price}.
reply: One share of {symbol} costs {price}.

tool money: loan_payment mortgage_payment monthly_payment loan_rate
about: Computes the monthly payment of a loan.
about: Monthly [rate|payment] for a loan over some years
principal = integer:1000-90000 ; principal loan sum borrowed capital ; amount of the loan
years = integer:1-40 ; years term duration period ; [years|how many years]
rate? = number ; interest interest_rate rate percent ; yearly interest in percent ; at {} percent[ interest|]
order: [compute|work out|find] the monthly payment [for|on] a loan of {principal} over {years} years
order: [tell me|see] what I pay each month if I borrow {principal} for {years} years
ask: what is the monthly payment on a {principal} loan over {years} years
ask: how much [do I pay|would I pay] [per month|monthly|a month] if I borrow {principal} for {years} years
note: loan {principal}, {years} years
note: I [want to|may] borrow {principal} over {years} years, monthly payment
gives: payment = price
reply: You would pay {payment} a month.
reply: The monthly payment is {payment}.

tool money: split_bill tip_calculator share_bill split_check divide_bill
about: Splits a bill [between|among] [people|several people].
about: Share a [restaurant |]bill
total = price ; total bill amount sum ; total of the bill
people = integer:2-20 ; people persons guests heads ; [number of people|how many share it]
tip? = integer:1-25 ; tip tip_percent gratuity ; tip in percent ; [with|including|plus] a {} percent tip
order: [split|divide|share] a bill of {total} [between|among] {people} [people|friends|of us]
order: split {total} {people} ways
ask: how much does each [pay|owe] if {people} people share {total}
ask: what does everyone pay when {people} of us split {total}
note: bill {total} / {people} people
note: {people} people, bill {total}
gives: share = price
reply: Each person pays {share}.
reply: That is {share} each.

tool words: translate translate_text translator translation to_language
about: [Translates|Translate] [a text|text|words|a phrase] [into|to] [another|a given] language.
about: [Translation|Translator]
text = text ; text phrase sentence source content ; [text to translate|what to translate]
language = language ; language target_language to lang into ; [the target language|language to translate into]
order: translate {text} [to|into] {language}
order: [put|turn|say|write] {text} [into|in] {language}
order: tell me [how to say|the words for] {text} in {language}
ask: how do you say {text} in {language}
ask: what is {text} in {language}
ask: what would {text} be in {language}
note: {text} in {language}
note: {language} for {text}
gives: translation = text
reply: {translation}
reply: In {language} it is: {translation}
reply: The translation is {translation}.

tool words: define_word dictionary lookup_word definition meaning_of get_definition
about: [Returns|Looks up] the [definition|meaning] of a word.
about: [Dictionary|Word meanings]
word = word ; word term entry vocable ; [the word|word to look up]
order: [look up|find|get|give me] the [meaning|definition] of {word}
order: define {word}
order: [explain|tell me] what {word} means
ask: what does {word} mean
ask: what's the [meaning|definition] of {word}
ask: how would you define {word}
note: define {word}
note: {word} meaning
note: meaning of {word}
gives: meaning = text
reply: {word} means: {meaning}
reply: The meaning of {word} is {meaning}.

tool words: find_synonyms synonyms thesaurus similar_words
about: [Finds|Lists] synonyms of a word.
about: Thesaurus: words of [the same|similar] meaning
word = word ; word term base expression ; word
count? = integer:2-20 ; count limit max_results number ; how many ; , {} of them
order: [find|list|give me|show me] synonyms [of|for] {word}
order: find [words like|other words for|another word for] {word}
ask: what's another word for {word}
ask: which words mean the same as {word}
ask: what are synonyms [of|for] {word}
note: synonyms {word}
note: {word} synonyms
gives: synonym = word
reply: A synonym of {word} is {synonym}.
reply: You can say {synonym}.

tool words: count_words word_count count_tokens text_length
about: Counts the words in a text.
about: [Word count|Number of words] of a text
text = text ; text content input passage ; the text
order: count the words in {text}
order: [tell me|find out] how many words {text} has
ask: how many words are in {text}
ask: what's the word count of {text}
note: word count: {text}
note: number of words: {text}
gives: words = integer:1-40
reply: The text has {words} words.
reply: I count {words} words.

tool words: detect_language language_of identify_language guess_language
about: [Detects|Guesses|Identifies] the language [of|in which] a text [is written|].
about: Language detection
text = text ; text sample sentence content ; the text
order: [detect|identify|find out|guess] the language of {text}
order: tell me [which|what] language {text} is [in|written in]
ask: [what|which] language is {text} [in|]
ask: in [what|which] language is {text} [written|]
note: language of {text}
note: language? {text}
gives: language = language
reply: The text is in {language}.
reply: That is {language}.

tool words: check_spelling spell_check correct_spelling spelling proofread
about: [Checks|Corrects] the spelling of a text.
about: [Spell checker|Proofreading]
text = text ; text content sentence input ; text to check
order: [check|correct|fix] the spelling [of|in] {text}
order: [proofread|spell check] {text}
ask: is {text} spelled [right|correctly]
ask: are there [spelling mistakes|typos] in {text}
note: spelling: {text}
note: typos? {text}
gives: corrected = text
reply: Corrected: {corrected}
reply: It should be: {corrected}

tool words: summarize_text summarize summary make_summary shorten_text tldr
about: [Summarizes|Shortens] a text.
about: [Summary|Short version] of a text
text = text ; text content article document input ; text to summarize
sentences? = integer:1-9 ; sentences max_sentences length ; sentences in the summary ; in {} sentences
order: summarize {text}
order: [make|write|give me] a [summary|short version] of {text}
order: [sum up|shorten|condense] {text}
ask: what's the [gist|short version|summary] of {text}
note: tldr {text}
note: summary: {text}
gives: summary = text
reply: {summary}
reply: In short: {summary}
"""

TOOLS = "\n\n".join(
    block.strip()
    for block in (_WORLD_TOOLS, HOME_TOOLS, DAILY_TOOLS, PEOPLE_TOOLS, WORK_TOOLS, OFFICE_TOOLS, SCIENCE_TOOLS)
)
