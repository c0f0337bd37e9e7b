"""English words for argument values and for what invented tools return, do and are given."""

# ruff: noqa: E501 (data: one text a line)
from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from joyflash.tasks.words import NOUNS, VERBS

_LISTS = {
    "person": (
        "Anna Ben Carla David Emma Felix Grace Henry Ines Jonas Karin Liam Maria Noah Olga Paul Rosa Samir Tina Umar Vera Will Yuki Zoe Alice "
        "Bob Clara Dan Elena Frank Gina Hugo Ivan Julia Kevin Lena Mark Nina Oscar Petra Quentin Ruth Simon Tom Uma Victor Wendy Xavier Yara"
    ),
    "city": (
        "Paris London Berlin Madrid Rome Vienna Oslo Lisbon Dublin Prague Athens Warsaw Helsinki Zurich Geneva Milan Turin Lyon Porto Seville Boston "
        "Chicago Denver Seattle Miami Austin Dallas Toronto Montreal Lima Quito Bogota Cairo Lagos Nairobi Accra Tunis Delhi Mumbai Tokyo Osaka Kyoto "
        "Seoul Busan Beijing Shanghai Bangkok Hanoi Manila Jakarta Sydney Perth Auckland Dubai Doha Ankara Kyiv Riga Vilnius Tallinn Bergen Malmo Ghent"
    ),
    "country": "France Germany Spain Italy Austria Norway Portugal Ireland Greece Poland Finland Canada Peru Chile Egypt Kenya Ghana India Japan Korea China Thailand Vietnam Brazil Mexico Cuba Iceland Denmark",
    "language": "French German Spanish Italian Dutch Polish Greek Turkish Arabic Hindi Japanese Korean Chinese Thai Swedish Danish Finnish Czech Russian Portuguese Latin English Swahili Welsh",
    "currency": "USD EUR GBP JPY CNY INR CHF CAD AUD NZD SEK NOK DKK PLN CZK HUF TRY BRL MXN ZAR KRW SGD HKD THB",
    "stock": "AAPL MSFT TSLA NVDA AMZN GOOG META NFLX INTC AMD IBM ORCL SAP SONY NKE KO PEP DIS BA GE F T V JPM",
    "company": "Siemens Bosch Nestle Toyota Honda Philips Nokia Adobe Lego Ikea Airbus Boeing Shell Danone Bayer Roche Samsung Canon Volvo",
    "room": "kitchen bedroom bathroom garage hallway office garden attic basement cellar balcony nursery library lounge pantry study terrace porch",
    "product": "laptop phone chair desk lamp kettle toaster camera backpack jacket sneakers bike tent watch headphones keyboard monitor printer sofa mirror blanket umbrella guitar drone scooter",
    "food": "pizza pasta rice soup salad bread cheese apple banana mango chicken salmon tofu lentils eggs oatmeal yogurt pancakes sushi tacos curry noodles potatoes beans spinach",
    "weekday": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "animal": "dog cat horse rabbit parrot hamster turtle goat sheep cow duck owl fox bear wolf otter seal whale eagle lizard",
    "unit": "miles kilometers meters feet inches pounds kilograms grams ounces liters gallons cups celsius fahrenheit kelvin hours seconds knots acres pints yards",
    "color": "red blue green yellow purple orange pink black white brown grey teal crimson violet amber turquoise beige gold",
    "sport": "football tennis basketball hockey golf rugby cricket volleyball baseball handball badminton rowing",
    "genre": "jazz rock pop classical blues folk techno reggae comedy drama horror thriller romance fantasy mystery",
    "sky": "sunny cloudy rainy foggy windy snowy stormy clear overcast hazy",
    "month": "January February March April May June July August September October November December",
    "verb": " ".join(VERBS),
    "noun": " ".join(NOUNS),
    "thing": " ".join(NOUNS),
    "calc_name": (
        "calculator calculate calc math compute evaluate solve eval_expression math_eval do_math arithmetic solver evaluate_expression simple_calc compute_expression "
        "number_cruncher math_tool calculate_expression run_calc abacus math_engine equation_solver sum_up expression_evaluator get_result basic_math quick_calc reckoner"
    ),
    "calc_argument": "expression expr formula equation input query text sum calculation math problem term statement question value string exp eq math_expression task",
}
_PHRASES = {
    "artist": "The Beatles|Adele|Queen|Bach|Mozart|Miles Davis|Nina Simone|Daft Punk|Coldplay|David Bowie|Bob Marley|Ella Fitzgerald|Radiohead|Beyonce|Chopin|Pink Floyd",
    "title": "The Old Man and the Sea|Dune|Emma|Metropolis|The Blue Planet|Night Train|Silent River|The Last Lantern|Hamlet|Casablanca|Ulysses|Paper Moon|Solaris|The Glass Garden|Winter Light|Vertigo",
    "restaurant": "Golden Fork|Blue Lotus|Casa Luna|The Copper Pot|Nonna's|Green Table|Harbor Grill|Little Saigon|Olive Tree|Red Lantern|The Hungry Goat|Mama Rosa",
    "street": "12 Oak Street|45 Mill Lane|7 Station Road|301 King Street|9 Harbor View|88 Pine Avenue|16 Church Hill|23 Garden Row|5 Market Square|140 Lake Drive",
    "topic": "black holes|electric cars|solar panels|sourdough bread|ancient Rome|machine learning|coral reefs|bird migration|the stock market|climate change|chess openings|jazz history|quantum computers|volcanoes|tea ceremonies|space telescopes|urban gardening|marathon training|the printing press|honey bees",
    "task": "water the plants|call the dentist|pay the rent|buy milk|feed the cat|submit the report|take out the trash|book a haircut|clean the oven|renew the passport|send the invoice|pick up the kids|charge the car|return the books|walk the dog|print the tickets|stretch my legs|take my pills",
    "event": "team meeting|dentist appointment|lunch with Sam|yoga class|project review|parent evening|board meeting|piano lesson|job interview|birthday dinner|book club|budget call|product demo|car inspection|choir practice|standup",
    "place": "the airport|the train station|the city museum|Central Park|the old harbor|the main library|the town hall|the zoo|the university|the stadium|the opera house|the north beach",
    "service": "nginx|postgres|redis|payments|auth|billing|search|mailer|frontend|gateway|scheduler|kafka|reports|uploads",
    "symptom": "headache|fever|cough|sore throat|back pain|dizziness|rash|nausea|earache|insomnia",
}

WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {kind: tuple(text.split()) for kind, text in _LISTS.items()}
    | {kind: tuple(text.split("|")) for kind, text in _PHRASES.items()}
)
