"""English real tools of daily errands: food, shopping, repairs, cars, journeys, weather (read by ``parse_tools``)."""

# ruff: noqa: E501 (data: one text a line)
from __future__ import annotations

DAILY_TOOLS = """
tool food: ingredient_substitute replace_ingredient swap_ingredient cooking_substitute alternative_ingredient
about: [Suggests|Names|Finds] a substitute for [an|a missing] ingredient.
about: [Ingredient|Cooking] substitutes[: what can be used instead|]
ingredient = food ; ingredient food missing item original ; the ingredient to replace
order: [name|suggest|think of] something I could [use|take] instead of {ingredient}
order: tell me what works [just as well as|in place of] {ingredient}, [the shop had none|my guest can't stand it|I can't eat it]
ask: [the dough is half finished and|dinner is almost on and|of course] there's no {ingredient} left, what else would do the job
ask: [is there|do you know] anything that [behaves|tastes] like {ingredient} when you bake with it
ask: what do vegans put in when [the cookbook|grandma|a chef] calls for {ingredient}
note: all out of {ingredient}, [shops are closed|it's Sunday], what can go in [its place|there]
note: {ingredient} [gives me a rash|is not my thing], so I'd [rather|like to] leave it out and put in something similar
note: instead of {ingredient}
gives: substitute = food
reply: [You can use|Take|Try] {substitute} instead of {ingredient}.

tool food: cooking_time boil_time how_long_to_cook get_cook_duration oven_minutes
about: [Returns|Tells] how many minutes a food has to cook.
about: Cooking [times|duration] [by food|]
food = food ; food item dish what ; what is in the pot or oven
method? = enum:boiling,baking,steaming,frying,grilling ; method way technique ; how it is cooked ; ([by|when] {})
order: tell me how long {food} [has to stay|must be|should remain] [on the stove|in the oven|in the pan|on the heat]
order: [find out|check] after how many minutes {food} [is done|is ready to eat|can come off the heat]
ask: [the water is bubbling now|pan is hot|oven is on], how long does {food} need
ask: when should I take {food} off the [stove|flame] so it isn't [raw|mushy|burnt]
ask: how many minutes for {food}
note: {food} just went into the pot, [no clue|not sure] when it will be [soft|done|ready]
note: I always [burn|overdo] {food}, so I want to know exactly how long it should stay on the heat
note: {food} - minutes until done
gives: minutes = integer:3-180
reply: {food} [needs|takes] {minutes} minutes.

tool food: shelf_life food_storage how_long_keeps expiry_days keeps_fresh
about: [Returns|Tells] for how many days a food [keeps|stays good|can be stored].
about: Shelf life of [foods|groceries]
food = food ; food item product leftovers ; the food
order: tell me whether {food} from last week is [still safe|still fine] and how many days it [lasts|stays good]
order: find out how long {food} [stays good|lasts|can sit] in the fridge
ask: [it smells a bit funny|we cooked too much yesterday|there's half of it left], how many days until {food} goes [bad|off]
ask: how soon do I have to [use up|finish|throw out] {food} [once it's open|after opening it|]
ask: could {food} sit around until the weekend without [going mouldy|turning|spoiling]
note: {food} has been open [for a while|since Tuesday], [don't want to get sick|is it off yet], how many days is it ok
note: leftovers of {food}, good for how many days
note: I bought far too much {food} and wonder by when I'd have to [bin it|throw it out]
gives: days = integer:1-60
reply: {food} [keeps|stays good] for {days} days.

tool food: restaurant_reviews venue_rating guest_reviews read_reviews rating_of_place
about: [Returns|Shows] [the rating|what guests think] of a restaurant.
about: Restaurant [reviews|ratings]
restaurant = restaurant ; restaurant place venue name ; which restaurant
order: [find out|see|tell me] what people say about [the food at |]{restaurant}
order: check whether {restaurant} is [worth it|any good|overrated] before I take my [boss|in-laws|date] there
ask: has anyone [eaten at|been to] {restaurant} and [liked it|come out happy]
ask: [my wife's colleagues keep raving about it|we walk past it every day], is {restaurant} really that good
ask: how many stars do diners give {restaurant}
note: {restaurant}: [good or bad|worth a visit|tourist trap or not]
note: thinking of {restaurant} for our anniversary, but [I'd hate to be disappointed|not if the cooking is poor], what do others think
note: reviews {restaurant}
gives: stars = integer:1-5 ; comment = text
reply: {restaurant} has {stars} stars; a guest wrote: {comment}

tool food: restaurant_hours kitchen_hours dining_hours when_restaurant_opens serving_times
about: [Returns|Tells] the opening hours of a restaurant.
about: When a restaurant [opens and closes|is open]
restaurant = restaurant ; restaurant place venue name ; the restaurant
day? = weekday ; day weekday on ; day of the week ; ([on|I mean] {})
order: find out [until when|how late] {restaurant} [serves food|lets people in|takes guests]
order: check if {restaurant} is [closed|shut] by the time we [get there|finish work|leave the theatre]
ask: our [train|film] gets us there rather late, till when can one still eat at {restaurant}
ask: from what time [does|can one get lunch at] {restaurant}[ let people in|]
ask: is {restaurant} open [late|on holidays|at lunch]
note: {restaurant}, closing time
note: [hungry at this hour|just off the night shift], wondering if they still have the lights on at {restaurant}
note: when does {restaurant} open its doors
gives: opens = time ; closes = time
reply: {restaurant} is open from {opens} to {closes}.

tool food: cancel_table cancel_reservation drop_table_booking release_table undo_reservation
about: [Cancels|Calls off|Gives up] a table booked at a restaurant.
about: Table reservation: cancel
restaurant = restaurant ; restaurant place venue where ; where the table is
time? = time ; time hour at ; time of the reservation ; ([it was at|it was for] {})
order: let {restaurant} know that we [won't be coming|can't make it|aren't coming after all]
order: [cancel|call off] our [dinner|lunch|table] at {restaurant}
order: tell the people at {restaurant} to give our seats to [someone else|somebody hungry], [the kids are ill|we're stuck in traffic]
ask: could you get us out of [tonight|dinner|that evening] at {restaurant} without them charging me
ask: the babysitter [bailed|has the flu], can {restaurant} be told we're staying home
note: no dinner at {restaurant} [after all|any more], plans changed
note: half the party is down with a cold, so {restaurant} shouldn't [expect us|wait for us]
note: {restaurant} - cancel our table
gives: status = enum:cancelled,released,done
reply: Your table at {restaurant} is {status}.

tool groceries: grocery_list_add add_to_shopping_list put_on_grocery_list need_to_buy shopping_list_entry
about: Puts [an item|a food] on the [grocery|shopping] list.
about: [Grocery|Supermarket] list: add
item = food ; item food product what ; what is needed
quantity? = integer:1-12 ; quantity amount count number ; how many ; ([{} of them|quantity {}])
order: [remember|don't forget] {item} for [my next trip to the supermarket|when I go to the store]
order: put {item} on the [shopping|grocery] list
order: make sure we [pick up|get] {item} [on Saturday when we shop|next time we're at the market]
ask: can {item} go on the list for the [supermarket|market|store]
note: the last of the {item} was eaten at breakfast, so [we need more|that has to be bought again]
note: somebody [used up|finished] all our {item}, write it down for the weekly shop
note: out of {item}, jot it down for the store
note: {item} -> shopping list
gives: entries = integer:1-40
reply: {item} is on the list, which now has {entries} [entries|items].

tool groceries: pantry_check check_stock_at_home what_is_in_fridge fridge_inventory have_at_home
about: Checks [whether|how much of] a food is in the [house|fridge or pantry].
about: [Pantry|Fridge] inventory
item = food ; item food product ingredient ; the food
order: look whether there's any {item} left [in the kitchen|on our shelves|at home]
order: check if we still have {item} before I [drive to the shop|queue up|buy more of it]
ask: I'm standing in the [supermarket|shop] and can't remember, do we [still have|own any] {item}
ask: how much {item} is [still in the fridge|left at home]
ask: did the kids leave any {item}[, or is it all gone|]
note: unsure if there is still {item} in the cupboard
note: don't want to buy {item} twice, so [see what we've got|have a look what's there]
note: {item} in the fridge?
gives: amount = integer:1-20
reply: There are {amount} [portions|packs] of {item} at home.

tool prices: lowest_price cheapest_offer best_deal compare_prices price_comparison find_cheapest
about: [Finds|Compares shops for] the lowest price of a product [today|].
about: [Cheapest offer|Price comparison] [for a product|]
product = product ; product item article what ; what to buy
order: find out [who sells|which shop has] a {product} for the least money
order: [compare the shops|look around] and tell me where a {product} is cheapest
ask: where can I pick up a {product} without spending [a fortune|too much|more than I must]
ask: my old {product} [died|broke] this morning, which seller [asks least for a new one|is the cheapest]
ask: what's the least I'd pay for a {product} right now
note: [on a tight budget|broke until payday] and in need of a {product}, so the best bargain [wins|please]
note: a {product}, but I refuse to pay more than necessary, so whoever is cheapest
note: cheapest {product}
gives: shop = company ; price = price
reply: {shop} has the cheapest {product} at {price}.

tool prices: price_history past_prices price_trend price_over_time price_chart
about: [Shows|Returns] how the price of a product [has changed|developed] [over time|in the past].
about: Price [history|trend] of a product
product = product ; product item article of ; the product
months? = integer:2-36 ; months period months_back ; how many months back ; ([over|going back] {} months)
order: tell me if the {product} has become [cheaper|more expensive|dearer] [lately|since last year]
order: show what a {product} used to cost [before|back then|in the past]
ask: they call it a sale, but was the {product} ever [really dearer|more than that|cheaper] before
ask: how has the cost of a {product} [moved|gone up and down|developed]
ask: is it true that a {product} was only half as much last winter
note: [suspicious of|not falling for] that discount, I'd like to see what they charged for the {product} earlier
note: {product}, prices of the past
note: up or down since spring, the {product}
gives: lowest = price ; highest = price
reply: The {product} cost between {lowest} and {highest}.

tool prices: price_alert watch_price notify_price_drop deal_alert price_watch
about: [Sends an alert|Notifies you] when a product falls below a price.
about: Price [alerts|watch]
product = product ; product item article ; the product to watch
limit = integer:5-900 ; limit target_price below threshold ; price to wait for
order: let me know as soon as [the|a] {product} [goes below|drops under|costs less than] {limit}
order: [keep an eye on|watch] the {product} until it's down to {limit}, then [tell me|shout]
ask: could you [ping|tell] me once somebody sells a {product} for under {limit}
ask: I'm not paying what they want now, can you wake me when the {product} hits {limit}
note: {limit} is my limit for a {product}, [I can wait|no hurry], so message me when it gets there
note: the {product} is too dear today, I'll only buy at {limit}, [say when|give me a sign then]
note: {product} under {limit}: notify me
note: alert, {product}, {limit}
gives: alert_id = id
reply: I watch the {product} and report below {limit} (alert {alert_id}).

tool coupons: find_coupons discount_codes voucher_search promo_codes search_vouchers
about: [Finds|Lists] [discount codes|coupons|vouchers] for a [shop|brand].
about: [Coupon|Voucher] search by shop
shop = company ; shop store brand company merchant ; the shop or brand
order: see if there's any way to pay less at {shop}, [students|loyal customers|new customers] often get something
order: [find|dig up] a [voucher|code|coupon] that {shop} [accepts|takes|honours]
ask: does {shop} have some [promotion|deal|code] going on that I could [use|type in] at the checkout
ask: about to [check out|pay] at {shop} and there's that empty promo field, [anything to enter there|what could I type in]
ask: do you know a code for {shop}
note: {shop} [coupon|vouchers|promo code]
note: everyone seems to get ten percent off at {shop} except me, find me a code too
note: I'd order from {shop} if only there were some money off
gives: code = id ; percent = integer:5-60
reply: With the code {code} you get {percent} percent off at {shop}.

tool coupons: apply_coupon redeem_voucher use_code redeem_coupon enter_promo_code
about: [Applies|Redeems] a coupon code [to the cart|].
about: [Voucher|Coupon] redemption
code = id ; code coupon voucher promo ; the code
order: take my [ten percent|money] off with {code}[, it came with the newsletter|]
order: [use|redeem|enter|apply] {code} [before I pay|on my basket|for this purchase]
ask: my friend gave me {code}, does that make [my basket|it all] cheaper
ask: is {code} still valid, and if so can you [take it off|use it up on] the total
note: got {code} [in the mail|from a friend|printed on my receipt], please deduct it
note: here's the gift card number, {code}, I want it to count towards what's in my basket
note: redeem {code}
note: voucher: {code}
gives: saved = price
reply: The code {code} saves you {saved}.

tool orders: return_item start_return return_label send_back_order begin_return
about: [Starts|Registers] the return of [an order|goods] and makes a [shipping |]label.
about: [Returns|Send goods back]
order_id = id ; order_id order purchase number ; the order to send back
reason? = enum:size,colour,quality,wrong,late ; reason why cause ; why it goes back ; ([because of|reason:] {})
order: [arrange for|organise] {order_id} to go back to you, [the sleeves are too short|it doesn't fit|I look awful in it]
order: send me a label so I can [post|mail|ship] {order_id} back
ask: I tried it on and it pinches, how do I [give back|send back] what came with {order_id}
ask: the colour is nothing like the photo, can {order_id} be [picked up again|shipped back to the warehouse]
ask: am I allowed to [return|give back] {order_id}
note: {order_id} isn't what I expected, it should go back [where it came from|to the seller]
note: packed {order_id} up again because [it's two sizes too big|my husband hates it], [now I need the sticker|sticker for the box please]
note: return {order_id}
gives: label = id
reply: The return label for {order_id} is {label}.

tool orders: change_delivery_address update_shipping_address redirect_parcel new_delivery_address ship_elsewhere
about: Changes the [delivery|shipping] address of an order.
about: [Redirects a parcel|Parcel redirection] to another address
order_id = id ; order_id order parcel number ; the order
address = street ; address street deliver_to new_address ; new address
order: have {order_id} [brought|sent|shipped] to {address} instead[, I've moved|, nobody is home here|]
order: change where {order_id} goes, it should [end up at|come to] {address}
ask: we're moving before it gets here, can {order_id} be dropped off at {address}
ask: would the driver take {order_id} over to my mother's, that's {address}
note: I typed in my old flat by mistake, {order_id} belongs at {address}
note: {order_id}: new address {address}
note: {address} is [right|correct], not what I wrote in {order_id}
note: nobody will open the door at home, so {order_id} should rather be left with my aunt, {address}
gives: status = enum:changed,updated,redirected
reply: Order {order_id} was {status} to {address}.

tool orders: reschedule_delivery delivery_date change_delivery_day postpone_delivery deliver_on
about: Moves the delivery of a parcel to another day.
about: [Delivery day|Parcel delivery date]: change
parcel = id ; parcel order_id tracking_number shipment ; the parcel
date = date ; date day new_date when ; the new day
order: have the courier [come with|bring] {parcel} [on|only on] {date}
order: [reschedule|move|push] {parcel} to {date}, [I'm not in before that|nobody can sign for it earlier]
ask: could {parcel} [come|be brought] {date} [instead|rather], because [I'm away till then|we're on holiday]
ask: is {date} ok for you to bring round {parcel}
note: won't be home, the guy should ring with {parcel} on {date}
note: {date} would suit me better for {parcel}
note: {parcel} -> deliver {date}
note: missed the driver again, next try with {parcel} {date}, [I'll wait in all day|then I'm here]
gives: window = time
reply: {parcel} will be delivered {date}, from {window}.

tool fashion: shoe_size_converter convert_shoe_size size_chart footwear_size
about: Converts a shoe size to [the system of another region|another sizing system].
about: Shoe [sizes|size chart]
size = integer:3-48 ; size shoe_size value number ; the size
region = enum:EU,UK,US,Japan,Mexico,Australia ; region system to target country ; wanted system
order: tell me which [number|label] I'd look for in {region} [boots|sneakers|sandals] if my feet are a {size} here
order: [convert|change] shoe size {size} to {region}
ask: at home I wear {size}, [what would that be|what's printed on the box] in {region} sneakers
ask: the label says {size}, would those boots be [what|which number] in {region} terms
ask: what {region} size do I [order|need] for trainers if a {size} fits me
note: feet are {size}, the web store only lists {region}, [which pair do I order|lost]
note: shoes {size} in {region} sizes
note: my daughter's sandals are a {size} and I'm to get her a pair abroad, {region} sizing
gives: converted = number
reply: A {size} is a {converted} in {region} sizes.

tool repairs: book_handyman find_tradesman hire_craftsman call_tradesperson book_craftsperson
about: [Books|Sends|Orders] a [tradesperson|craftsman] [to your home|for a repair].
about: [Handyman|Tradespeople] booking
trade = enum:plumber,electrician,painter,carpenter,locksmith,roofer ; trade profession kind craft ; kind of craftsman
date? = date ; date day when ; which day ; ([ideally|if possible] {})
order: get [me |us ]a {trade}, [I can't fix this myself|before it gets worse|the landlord pays]
order: have a {trade} come [by|over|round] and look at it
ask: my do-it-yourself attempt made it worse, can a {trade} [drop in|have a look|save me]
ask: when would a {trade} have time to come to our flat
ask: can you send a {trade}
note: looks like this one needs a proper {trade}, [it's beyond me|my brother-in-law gave up]
note: {trade} to the house
note: the neighbours complain already, so a {trade} should turn up and sort out the mess
gives: name = person ; time = time
reply: The {trade} {name} comes at {time}.

tool repairs: repair_cost_estimate estimate_repair fix_quote repair_price cost_to_fix
about: Estimates what [it costs to have a product repaired|the repair of a product costs].
about: Repair cost [estimate|quote]
product = product ; product device item thing ; the broken thing
order: tell me if mending my {product} would [pay off|be cheaper than a new one]
order: [estimate|work out] what a workshop would [charge|want] for [my broken|a broken] {product}
ask: I dropped my {product} and [the glass cracked|it rattles now], what will [putting it right|the damage] set me back
ask: how much will they want to get my {product} going again
ask: should I throw my {product} away or is having it mended [affordable|not that expensive]
note: my {product} [gave up the ghost|won't switch on], what would fixing cost
note: {product} repair, roughly how much
note: the {product} fell down the stairs, I need a rough sum before I hand it in at the workshop
gives: cost = price
reply: [Repairing|Mending] the {product} would cost about {cost}.

tool garden: watering_schedule how_often_to_water plant_water_needs plant_care watering_advice
about: Tells how often a plant [needs water|should be watered].
about: Watering [advice|schedule] [for plants|]
plant = enum:basil,cactus,orchid,fern,tomato,rose,ivy,lavender,mint,palm ; plant species flower kind ; the plant
order: tell me after how many days my {plant} gets thirsty
order: find out how [much|often] I have to reach for the can with [a|my] {plant}
ask: the leaves on my {plant} hang down, [how often does it want a drink|am I drowning it]
ask: I [killed the last one|overdid it last time], so how often should [a|the] {plant} be watered
ask: every how many days does a {plant} need watering
note: {plant} [drying out|looks sad] on the windowsill, [how often to pour|how many days between drinks]
note: {plant}, water every ? days
note: going away for two weeks and worried that my {plant} dries up meanwhile
gives: days = integer:1-30
reply: [Water the {plant}|The {plant} wants water] every {days} days.

tool pets: safe_for_pets pet_food_safety toxic_to_animal can_animal_eat poison_check
about: [Tells|Checks] whether a food is [poisonous|harmful|safe] for an animal.
about: Pet food safety
animal = animal ; animal pet species who ; the animal
food = food ; food item eaten substance ; what it wants to eat
order: check if [a|my] {animal} may [nibble on|eat|have] {food}
order: find out whether {food} could make [my|our] {animal} ill
ask: oh no, our {animal} just [swallowed|stole|gobbled up] some {food}, [is that dangerous|should I panic]
ask: can [a|my] {animal} eat {food}
ask: the children keep slipping {food} to the {animal} under the table, does it [do any harm|hurt her]
note: {food} for [a|our] {animal}, good idea or not
note: my {animal} begs whenever there is {food}, but I won't give any unless it's [harmless|ok]
note: {animal} + {food}: poisonous?
gives: verdict = enum:safe,harmful,poisonous,risky
reply: {food} is {verdict} for a {animal}.

tool pets: find_pet_sitter book_pet_sitter animal_sitter pet_boarding sitter_search
about: [Finds|Books] someone who looks after an animal [while the owner is away|].
about: Pet [sitters|boarding]
animal = animal ; animal pet species ; the animal
days = integer:1-21 ; days nights length duration ; for how many days
order: find [someone|somebody nice] to [take care of|look after|mind] our {animal} for {days} days
order: get my {animal} a [foster home|place with kind people] while I'm [in hospital|on holiday] for {days} days
ask: we fly out soon and can't bring the {animal}, who could feed it for {days} days
ask: who would take in [a|my] {animal} for {days} days
note: {days} days abroad and nobody at home for the {animal}
note: I'm off on a work trip, {days} days, and my {animal} can't stay alone that long
note: sitter for [a|one] {animal}, {days} days
note: grandma usually takes the {animal} but she is ill, so I need a stand-in for {days} days
gives: name = person ; price = price
reply: {name} can look after your {animal} for {price}.

tool pets: book_vet vet_appointment see_veterinarian animal_doctor vet_visit
about: Books an appointment [at the vet|with a veterinarian] for an animal.
about: [Vet|Veterinary] appointments
animal = animal ; animal pet patient species ; the animal
date? = date ; date day when ; wanted day ; ([on|ideally] {})
order: get [someone medical|a professional] to examine my {animal}, it hasn't eaten [since yesterday|for two days]
order: [book|make] an appointment at the vet for [my|our] {animal}
ask: my {animal} is limping and [whimpers|won't let me touch the leg], when could it be [treated|examined]
ask: our {animal} needs its [shots|yearly jab|claws clipped], do you have a free slot
ask: when can the vet see [my|our] {animal}
note: vet, {animal}
note: the poor {animal} keeps [throwing up|scratching], it has to be looked at
note: {animal} got into a fight with a neighbour's pet and is bleeding a little, [we'd like to come in|can we bring it]
gives: time = time
reply: The vet sees your {animal} at {time}.

tool cars: find_parking parking_near parking_spots car_park_search free_parking
about: Finds [a free|free] parking [space|spaces] near a place.
about: Parking [search|finder]
place = place ; place near destination around location ; near what
order: tell me where I can leave the car while I'm at {place}
order: find [a spot|somewhere to park] near {place}
ask: last time we drove round the block for an hour, where do people put their cars when they visit {place}
ask: is there [a garage|room for the car|a car park] close to {place}
ask: I come with a trailer, any chance of getting rid of my vehicle around {place}
note: parking {place}
note: driving to {place} tonight, the streets there are [packed|all residents only]
note: need to stop near {place} for two hours without getting a ticket
gives: name = company ; free = integer:1-400
reply: The {name} garage near {place} has {free} free spaces.

tool cars: pay_parking parking_ticket start_parking extend_parking parking_meter
about: Pays for parking [a car|] for a number of minutes.
about: Parking [meter|payment] by number plate
plate = id ; plate licence_plate car number registration ; the number plate
minutes = integer:10-240 ; minutes duration length time ; how long
order: feed the meter for {plate}, {minutes} minutes [should do|will be enough]
order: [pay|get a ticket] for {plate} so it can stand there {minutes} minutes
ask: can {plate} stay where it is for {minutes} minutes without a fine
ask: the warden is coming down the street, would you buy {plate} {minutes} minutes
note: car {plate}, {minutes} min parking
note: shopping takes longer than I thought, {minutes} minutes more for {plate}
note: {plate} is by the kerb, {minutes} minutes please, [no coins on me|the machine ate my card]
note: {minutes} minutes for {plate}
gives: until = time ; fee = price
reply: {plate} is paid until {until} ({fee}).

tool cars: fuel_prices cheapest_fuel gas_price petrol_price fuel_cost
about: [Returns|Finds] the [cheapest|current] price of fuel in a city.
about: [Fuel|Petrol] prices
city = city ; city place town where ; the city
fuel = enum:diesel,petrol,premium,E10,LPG ; fuel type kind grade ; kind of fuel
order: tell me what a litre of {fuel} [costs|goes for] in {city}
order: find out whether I should fill up in {city} or [wait|drive on], my car drinks {fuel}
ask: tank's nearly empty and I'm rolling into {city}, what do they [charge|want] for {fuel}
ask: how [dear|expensive] is {fuel} in {city}
ask: how much is {fuel} at the pump in {city}
note: {city}: {fuel} price
note: we pass {city} with the van, it runs on {fuel}, what does filling up cost there
note: {fuel}, {city}, per litre
gives: price = price ; station = company
reply: {fuel} costs {price} at {station} in {city}.

tool transit: next_bus next_departure stop_departures bus_times tram_times
about: Tells when the next [bus|tram|bus or tram] leaves from a stop.
about: [Bus|Stop] departures
stop = place ; stop station from where ; the stop
line? = integer:1-99 ; line number route bus ; line number ; ([line|number] {})
order: see how long I'll be standing around at {stop} before [one comes|I can get on]
order: find out when the next [bus|tram] goes from {stop}
ask: just missed it, when does another one [come past|stop at] {stop}
ask: do I have time for a coffee before [something|the bus] leaves {stop}
ask: how many minutes till the next bus at {stop}
note: at {stop} in the rain, nothing in sight, [when does one come|how much longer]
note: {stop}, next bus
note: should I run or walk to {stop}, [it depends on when it goes|I don't want to wait in the cold]
gives: line = integer:1-99 ; minutes = integer:1-40
reply: Line {line} leaves {stop} in {minutes} minutes.

tool travel: flight_status is_flight_on_time flight_delay track_flight departure_status
about: [Returns|Tells] whether a flight is [on time|delayed|cancelled].
about: Flight status
flight = id ; flight flight_number code number ; number of the flight
order: see if {flight} is [late|running late|in the air yet|on schedule]
order: check on {flight}, my [mother|son|boss] is on board
ask: I'm picking somebody up at the airport, does {flight} land [when it should|as planned]
ask: has {flight} [taken off|touched down|landed] yet
ask: is {flight} delayed
note: {flight} on time?
note: snow everywhere, [not sure|I doubt] they let {flight} leave as planned
note: waiting in arrivals for {flight} and there's nothing on the board
gives: status = enum:delayed,boarding,landed,scheduled,cancelled ; time = time
reply: Flight {flight} is {status}, expected at {time}.

tool travel: flight_checkin check_in_online get_boarding_pass boarding_pass online_checkin
about: Checks a passenger in for a flight and [issues|returns] the boarding pass.
about: [Online check-in|Boarding passes]
flight = id ; flight flight_number code booking ; the flight
seat? = enum:window,aisle,middle,front,exit ; seat seat_preference place ; where to sit ; ([seat:|I like] {})
order: check me in for {flight}
order: get the [queue at the counter|paperwork] out of the way for {flight}, [hand luggage only|I'll arrive late]
order: have my name on the list for {flight} so I can walk straight [to the gate|through security]
ask: it says 24 hours before is fine, may I have the code to get on {flight}
ask: could you send the thing I show at the gate for {flight} to my phone
note: check-in {flight}
note: flying with {flight} tomorrow morning, [want to skip the desk|no time to line up], please have my pass ready
note: boarding pass {flight}
gives: seat_number = id
reply: You are checked in for {flight}, seat {seat_number}.

tool luggage: baggage_allowance luggage_limit bag_weight_limit hand_luggage_rules suitcase_limit
about: [Returns|Tells] how much [luggage|baggage] an airline allows.
about: Baggage allowance by airline
airline = company ; airline carrier company operator ; the airline
cabin? = enum:economy,business,first,basic ; cabin class fare ; cabin class ; ([in|flying] {})
order: tell me how heavy my suitcase may be [with|on] {airline}
order: find out if {airline} lets me take [a backpack and a trolley|skis|two suitcases] without paying extra
ask: I packed far too many shoes, what's the most I can bring along on {airline}
ask: how many kilos [does {airline} permit|are free with {airline}|may a bag weigh on {airline}]
ask: do they weigh the carry-on at {airline}, and what is the maximum
note: {airline} kilos per bag
note: standing on the scales with my suitcase before leaving for {airline}, [is it too much|what's allowed]
note: baggage {airline}
gives: kilos = integer:5-40 ; pieces = integer:1-3
reply: {airline} allows {pieces} [bags|pieces] of {kilos} kg.

tool luggage: report_lost_luggage lost_bag missing_suitcase luggage_claim baggage_missing
about: Reports [a bag that did not arrive|lost luggage] [after a flight|].
about: Lost luggage [report|claim]
flight = id ; flight flight_number from_flight number ; flight on which it was
color? = color ; color colour shade ; color of the bag ; ([it's|mine is] {})
order: tell the airline that my [case|suitcase|rucksack] never came off {flight}
order: [report|file] my bag as missing, I came on {flight}
ask: the belt stopped and mine wasn't there, who looks for the stuff from {flight}
ask: everyone from {flight} has left with their things except me, where is my suitcase
note: landed with {flight}, but my things seem to have gone [elsewhere|to another continent]
note: {flight}, bag missing
note: somebody must have walked off with my trolley after {flight}, it's nowhere, please search for it
note: lost luggage {flight}
gives: case_id = id
reply: Your missing bag from {flight} is case {case_id}.

tool borders: visa_requirements visa_check need_visa entry_requirements travel_documents
about: [Tells|Checks] whether citizens of a country need a visa for another one.
about: Visa [requirements|rules]
nationality = country ; nationality citizen_of passport from_country ; passport of the traveller
destination = country ; destination to_country going_to target ; country to visit
order: check what papers somebody from {nationality} [has to show|needs] at the border of {destination}
order: find out if my {nationality} passport gets me into {destination}
ask: holding a passport from {nationality}, can I simply [turn up|land] in {destination}
ask: do people from {nationality} need a visa for {destination}
ask: my fiancé is a citizen of {nationality}, will they let him into {destination} without [applying first|an embassy appointment]
note: {nationality} passport, off to {destination}, stamp or paperwork beforehand?
note: visa {nationality} -> {destination}
note: before we book {destination}, is there anything to apply for with papers from {nationality}
gives: visa = enum:required,free,on_arrival,online ; days = integer:14-180
reply: The visa for {destination} is {visa}, for up to {days} days.

tool outdoors: tide_times get_tides high_tide low_tide tide_table
about: [Returns|Tells] the times of high and low tide [at a coast|in a place].
about: Tide table
place = city ; place city harbor coast location ; the coastal place
date? = date ; date day when ; the day ; ([for|on] {})
order: find out when the sea is [furthest out|lowest|highest] at {place}
order: look up when we can walk out on the [sand|mudflats] at {place} without getting wet feet
ask: my boat only clears the harbour wall when there's enough water, when is that in {place}
ask: at what time does the sea come back in at {place}
ask: when is [high|low] tide in {place}
note: digging for shells at {place}, need to know when the water pulls back
note: {place} tides
note: the kids want to build a sandcastle in {place} that [lasts|isn't washed away in an hour]
gives: high = time ; low = time
reply: In {place} high tide is at {high} and low tide at {low}.

tool outdoors: sunset_time get_sunset dusk nightfall when_dark
about: [Returns|Tells] the time of sunset in a city.
about: When the sun goes down ([sunset|dusk])
city = city ; city location place town ; the city
order: tell me until when it stays [light|bright enough to play outside] in {city}
order: find out when [the sun goes down|night falls|it gets dark] in {city}
ask: my bike has no lamp, by when must I be home in {city} before it turns dark
ask: I'd like to propose on the beach in {city} under a red evening sky, when should I have the ring ready
ask: when is sunset in {city}
note: sunset {city}
note: evening photo shoot in {city}, want the golden light just before the sun disappears
note: street lamps in {city} come on when it gets dark, what time is that
gives: sunset = time
reply: The sun sets at {sunset} in {city}.

tool outdoors: pollen_count allergy_forecast pollen_forecast hay_fever_index pollen_level
about: [Returns|Shows] how [much|strong the] pollen is in a city.
about: Pollen [count|forecast]
city = city ; city place location area ; the city
plant? = enum:birch,grass,hazel,ragweed,oak,alder ; plant kind tree type ; which plant ; ([mainly|especially] {})
order: check if my [nose|hay fever] will suffer in {city}
order: see how much [birch or grass dust|stuff from the trees] floats about in {city}
ask: I keep sneezing since we arrived in {city}, are the [trees|grasses] in bloom here
ask: do I have to take my allergy tablets along to {city}
ask: how bad is the pollen in {city}
note: itchy eyes the moment I step out in {city}, is it the season
note: pollen {city}
note: my son has hay fever, would a picnic in {city} be torture for him
gives: level = enum:low,medium,high,extreme
reply: The pollen level in {city} is {level}.

tool outdoors: weather_warnings storm_alerts severe_weather danger_alerts official_warnings
about: [Lists|Returns] official [warnings|alerts] [of storms and floods|of severe weather] for a city.
about: [Severe weather|Storm] warnings
city = city ; city region place area ; the area
order: find out if the authorities tell people in {city} to stay indoors
order: see whether [something dangerous|a hurricane|a flood|a blizzard] is heading for {city}
ask: the sirens were going off, is there any [danger|official alert] in {city}
ask: should my parents in {city} [board up their windows|move the car to higher ground]
ask: are there storm warnings for {city}
note: {city} weather alerts
note: worried about my family, they say on the radio a [flood|cyclone] may hit {city}, what do officials warn of
note: camping near {city} with scouts, we'd leave at once if any emergency alert is out
gives: warning = enum:storm,flood,heat,ice,none ; until = time
reply: The warning for {city}: {warning}, until {until}.

tool clocks: time_difference hours_between time_zone_difference zone_offset timezone_gap
about: [Returns|Tells] how many hours two cities are apart [in time|on the clock].
about: Time [zone |]difference
first = city ; first city_a from_city here ; one city
second = city ; second city_b to_city there ; the other city
order: tell me by how many hours I have to change my watch when I go from {first} to {second}
order: work out how far {second} is ahead of {first} on the clock
ask: I keep waking my friend in {second} when I ring from {first}, how many hours are we apart
ask: what's the time difference between {first} and {second}
ask: how much jet lag should I expect coming from {first} to {second}, in hours of clock shift
note: {first} vs {second}, hours ahead or behind
note: team in {first}, client in {second}, by how many hours are their office days shifted
note: time zones {first} {second}
gives: hours = integer:1-14
reply: {first} and {second} are {hours} hours apart.

tool clocks: public_holidays bank_holidays next_holiday national_holiday days_off_in
about: [Returns|Finds] the next public holiday of a country.
about: [Public|Bank] holidays by country
country = country ; country nation where state ; the country
month? = month ; month in_month when ; month of interest ; ([in|looking at] {})
order: find out when everything is shut in {country}
order: tell me on which day our partners in {country} won't [work|pick up the phone] because the nation celebrates
ask: do banks and shops in {country} close for some festival soon
ask: I'm sending a crate to {country} and fear nobody is at work there, when do they celebrate next
ask: when is the next public holiday in {country}
note: {country} bank holidays
note: long weekend wanted, I work for a firm in {country}, which day do we all get off
note: don't want to land in {country} on a day when all museums and markets stay closed
gives: holiday = word ; date = date
reply: The next holiday in {country} is {holiday}, {date}.

tool waste: which_bin recycling_guide sort_waste disposal_guide how_to_dispose
about: Tells in which bin [an item|a thing] belongs.
about: [Recycling|Waste sorting] guide
item = product ; item thing waste object ; what is thrown away
order: tell me [how to get rid of|where to throw] an old {item} [properly|without breaking the rules]
order: find out if a {item} may go in with the [ordinary rubbish|plastic|household waste]
ask: cleaning out the attic, where does a worn-out {item} go, [glass, metal or landfill|can one just throw it out]
ask: which bin is right for a {item}
ask: is it illegal to simply chuck a {item} in with the rest
note: broken {item}, which container
note: the flatmates argue about where a {item} ends up once you no longer want it
note: {item} recycling
gives: bin = enum:yellow,blue,black,glass,depot
reply: A {item} goes in the {bin} bin.

tool waste: trash_pickup_day garbage_collection collection_day bin_day refuse_schedule
about: Tells [on which day|when] the [garbage|rubbish] is collected in a street.
about: [Garbage|Refuse] collection [calendar|days]
address = street ; address street home where ; the address
kind? = enum:paper,glass,organic,plastic,bulky ; kind type bin waste ; kind of waste ; ([it's about|for] {})
order: find out when the [lorry|truck|bin men] [comes|will be] down {address}
order: tell me on what morning I must wheel the bins out at {address}
ask: it stinks already, when do they empty [things|the containers] at {address}
ask: we just moved to {address}, what day do the bin men come by
ask: when is garbage collected at {address}
note: {address}, bin day
note: forgot to put the bags out at {address} again, when is the next chance
note: neighbours at {address} all roll theirs to the kerb on different evenings, which is right
gives: date = date
reply: The next collection at {address} is {date}.

tool laundry: wash_temperature washing_advice fabric_care garment_care laundry_degrees
about: Tells how [warm|hot] a fabric may be washed.
about: [Laundry|Fabric care] advice
fabric = enum:wool,silk,cotton,linen,denim,velvet,polyester,cashmere ; fabric material cloth kind ; the material
order: tell me what to set the machine to for {fabric}
order: find out how hot {fabric} may get without shrinking
ask: I ruined a sweater last month, at how many degrees is {fabric} safe
ask: the label is cut out, but it's {fabric}, which [programme|temperature] do I pick
ask: can {fabric} take a hot wash
note: {fabric}, how many degrees
note: red wine on my {fabric} trousers, they must go in the drum tonight and come out the same size
note: boyfriend put {fabric} in with the towels at sixty, was that wrong
gives: degrees = integer:20-90
reply: Wash {fabric} at {degrees} degrees.
"""
