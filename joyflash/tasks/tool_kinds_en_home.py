"""English real tools of the home, travel and leisure (read by ``joyflash.tasks.tool_use.parse_tools``)."""

from __future__ import annotations

HOME_TOOLS = """
tool lights: set_light_color light_color change_light_color lamp_color
about: [Sets|Changes] the color of the [lights|lamps] in a room.
about: Light color [control|by room]
room = room ; room area zone where ; the room
color = color ; color colour hue shade ; [the color|new color]
order: [make|turn|set|switch] the [light|lights|lamp] in the {room} [to |]{color}
order: [change|set] the {room} [light|lights] [color |]to {color}
order: give the {room} {color} light
ask: can the {room} lights be {color}
note: {room} lights {color}
note: {color} light in the {room}
gives: status = enum:ok,done,set
reply: The {room} lights are now {color} ({status}).
reply: {status}, {color} light in the {room}.

tool lights: set_brightness dim_lights brightness light_level dimmer
about: [Sets|Changes] the brightness of the lights in a room[, in percent|].
about: [Dimmer|Light level] for a room
room = room ; room area zone ; which room
level = integer:1-100 ; level brightness percent intensity ; brightness in percent
order: [dim|set|bring] the [lights in the {room}|{room} lights|{room} lamp] to {level} [percent|%]
order: [set|change] the brightness in the {room} to {level}
order: make the {room} {level} percent bright
ask: can you dim the {room} to {level} percent
note: {room} brightness {level}
note: lights {room} {level}%
gives: status = enum:ok,done,set
reply: The brightness in the {room} is {level} percent ({status}).
reply: {status}: {room} at {level} percent.

tool lights: switch_light light_switch toggle_light lights_power
about: Turns the [light|lights|lamp] in a room on or off.
about: Light switch [by room|]
room = room ; room area place zone ; room of the light
state = enum:on,off,toggle,auto ; state power mode switch ; the new state
order: [turn|switch|put] {state} the [light|lights|lamp] in the {room}
order: [turn|switch] the {room} [light|lights|lamp] {state}
order: [set|put] the {room} [light|lights] to {state}
note: {room} light {state}
note: lights {state} in the {room}
gives: status = enum:ok,done,success
reply: The light in the {room} is {state} ({status}).
reply: {status}, {room} light {state}.

tool climate: set_temperature thermostat set_thermostat heating set_heating room_temperature
about: Sets the [temperature|heating|thermostat] [of|in] a room.
about: [Thermostat|Heating control]
room = room ; room area zone ; the room
degrees = integer:10-30 ; degrees temperature target celsius value ; [target temperature|degrees]
order: [set|turn|put] the [heating|thermostat|temperature] in the {room} to {degrees}[ degrees|]
order: [heat|warm|cool] the {room} to {degrees}[ degrees|]
order: make it {degrees} degrees in the {room}
ask: can we have {degrees} degrees in the {room}
note: {room} {degrees} degrees
note: heating {room} {degrees}
gives: status = enum:ok,set,heating
reply: The {room} is set to {degrees} degrees ({status}).
reply: {status}: {degrees} degrees in the {room}.

tool house: lock_door door_lock secure_door close_lock
about: Locks a door[ of the house|].
about: [Door lock|Lock control]
door = room ; door which_door entrance name ; which door
order: [lock|secure] the {door} door
order: make sure the {door} door is [locked|secure]
ask: can you lock the {door} door
note: lock {door}
note: {door} door, lock
gives: status = enum:locked,ok,secured
reply: The {door} door is {status}.
reply: {door} door: {status}.

tool house: start_vacuum vacuum_room clean_room robot_vacuum hoover
about: [Sends|Starts] the robot vacuum [to clean|in] a room.
about: Robot [cleaner|vacuum]
room = room ; room area zone target ; the room to clean
mode? = enum:quiet,turbo,eco,deep ; mode program power ; cleaning mode ; in {} mode
order: [vacuum|clean|hoover] the {room}
order: [send|start] the [robot|vacuum|vacuum cleaner] in the {room}
order: let the robot clean the {room}
note: vacuum {room}
note: the {room} is [dirty|dusty|full of crumbs], clean it
gives: minutes = integer:5-60
reply: The {room} will be clean in {minutes} minutes.
reply: The vacuum started in the {room}, {minutes} minutes to go.

tool media: play_music play_song music_player play start_music play_artist
about: Plays music by an artist.
about: [Music player|Start music] [of an artist|by artist]
artist = artist ; artist band musician singer performer ; [the artist|whose music]
room? = room ; room speaker where device ; where it plays ; in the {}
volume? = integer:1-100 ; volume loudness level ; volume from 1 to 100 ; at volume {}
order: [play|put on|start|stream] [some |]{artist}
order: [play|put on] [music|a song|songs|something|an album] by {artist}
order: let me hear [some |]{artist}
ask: can I [hear|listen to] [some |]{artist}
note: some {artist}
note: music: {artist}
note: I'm in the mood for {artist}
gives: song = text
reply: Now playing {song} by {artist}.
reply: Playing {artist}: {song}.

tool media: set_volume volume change_volume loudness sound_level
about: [Sets|Changes] the volume of the [speakers|sound|music].
about: Volume control
level = integer:1-100 ; level volume percent value ; volume from 0 to 100
order: [set|turn|change|put] the volume to {level}[ percent|]
order: make it {level} percent loud
order: [turn|bring] the sound [up |down |]to {level}
note: volume {level}
note: vol {level}%
gives: status = enum:ok,done,set
reply: The volume is at {level} ({status}).
reply: {status}, volume {level}.

tool media: add_to_playlist playlist_add save_song append_song
about: Adds a [song|title] to a playlist.
about: Playlist [editing|manager]: add [a song|songs]
song = title ; song title track name ; the song
playlist = genre ; playlist list collection target ; name of the playlist
order: [add|put|save] {song} [to|on|in] [my |the |]{playlist} [playlist|list]
order: put {song} on my list {playlist}
ask: can you add {song} to the {playlist} playlist
note: {song} -> {playlist} playlist
note: playlist {playlist}: add {song}
gives: position = integer:1-90
reply: {song} is number {position} on the {playlist} playlist.
reply: Added {song} to {playlist} at position {position}.

tool media: movie_info get_movie film_lookup movie_details film_info
about: [Returns|Looks up] [information|details] [about|on] a [movie|film].
about: Movie [database|facts]
title = title ; title movie film name ; title of the [movie|film]
order: [look up|find|tell me about|get info on] the [movie|film] {title}
order: find out who [directed|made] [the film |the movie |]{title}
ask: who [directed|made] [the film |the movie |]{title}
ask: what is the [movie|film] {title} about
ask: is the [movie|film] {title} any good
note: movie {title}
note: {title} film info
gives: director = person
reply: {title} was directed by {director}.
reply: The director of {title} is {director}.

tool food: find_recipe recipe recipe_search get_recipe cook_with
about: Finds a recipe [for a dish|by dish or ingredient].
about: [Recipes|Cooking instructions]
dish = food ; dish food ingredient meal query ; [the dish|what to cook]
servings? = integer:1-12 ; servings portions people ; number of portions ; for {} [people|persons]
order: [find|show me|get|look up] a recipe [for|with] {dish}
order: [tell me|show me] how to [cook|make|prepare] {dish}
ask: how do I [cook|make|prepare] {dish}
ask: what can I [cook|make] with {dish}
note: {dish} recipe
note: recipe for {dish}
note: I want to [cook|make] {dish} [tonight|today|]
gives: recipe = text
reply: Try this recipe: {recipe}
reply: For {dish}: {recipe}

tool food: get_calories calories nutrition calorie_count food_energy
about: [Returns|Looks up] the calories [of|in] a food.
about: [Calories|Nutrition] by food
food = food ; food item dish product ; the food
grams? = integer:10-900 ; grams weight amount ; weight in grams ; , {} grams
order: [look up|tell me|find|get] the calories [of|in|for] {food}
order: find out how [fattening|many calories] {food} [is|has]
ask: how many calories [are in|does|has] {food}[ have|]
ask: how much energy is in {food}
note: {food} calories
note: calories {food}
gives: calories = integer:20-900
reply: {food} has {calories} calories.
reply: That is {calories} calories.

tool food: book_table reserve_table table_reservation restaurant_booking make_reservation
about: [Books|Reserves] a table [at|in] a restaurant.
about: Restaurant [reservations|booking]
restaurant = restaurant ; restaurant place venue name ; the restaurant
people = integer:1-14 ; people guests party_size persons seats ; [number of guests|for how many]
time? = time ; time hour at ; [time|when] ; at {}
date? = date ; date day on ; the day ; [on|for] {}
order: [book|reserve|get] a table [at|in] {restaurant} for {people}[ people| persons| guests|]
order: make a reservation for {people} at {restaurant}
ask: can we get a table for {people} at {restaurant}
note: table for {people}, {restaurant}
note: {restaurant}, {people} people
note: {people} of us want to [eat|dine] at {restaurant}
gives: booking = id
reply: Your table at {restaurant} is booked, number {booking}.
reply: Done, booking {booking} for {people} at {restaurant}.

tool food: order_food food_delivery order_meal deliver_food takeaway
about: Orders food for delivery.
about: [Food delivery|Takeaway]
dish = food ; dish food item meal ; [what to order|dish]
quantity = integer:1-12 ; quantity count number portions ; how many
address? = street ; address street deliver_to ; where to deliver ; [to|delivered to] {}
order: [order|get me|buy|send me] {quantity} {dish}
order: [order|get] {quantity} [portions|servings|boxes] of {dish}
ask: can I [have|get|order] {quantity} {dish}
note: {quantity} x {dish}
note: {quantity} {dish} to go
gives: minutes = integer:10-90
reply: Your {dish} will arrive in {minutes} minutes.
reply: Ordered {quantity} {dish}, {minutes} minutes.

tool travel: search_flights find_flights flight_search flights book_flight
about: [Finds|Searches] flights [between|from one to another] [two |]cit[ies|y].
about: Flight [search|finder]
origin = city ; origin from_city departure start ; city of departure
destination = city ; destination to_city arrival goal ; city of arrival
date? = date ; date departure_date day ; day of the flight ; on {}
passengers? = integer:1-9 ; passengers travellers seats ; number of travellers ; for {} [people|passengers]
order: [find|search|look up|show me] [flights|a flight] from {origin} to {destination}
order: get me [a plane|on a plane|a flight] from {origin} to {destination}
ask: [are there|which|what] flights [are there |]from {origin} to {destination}
ask: how can I fly from {origin} to {destination}
note: flight {origin} {destination}
note: {origin} - {destination} by plane
note: I [want|need|have] to fly from {origin} to {destination}
gives: flight = id ; price = price
reply: Flight {flight} from {origin} to {destination} costs {price}.
reply: There is flight {flight} for {price}.

tool travel: train_schedule find_train trains rail_search train_times
about: [Finds|Lists] train[s| connections] between two [places|cities|stations].
about: [Train|Railway] timetable
origin = city ; origin from_station departure start ; departure station
destination = city ; destination to_station arrival goal ; arrival station
time? = time ; time depart_at after ; departure time ; [after|at] {}
order: [find|look up|show me] [a train|trains|the next train] from {origin} to {destination}
order: check the train [times|schedule] from {origin} to {destination}
ask: when [does the next train|does a train|is the train] [leave|go] from {origin} to {destination}
ask: is there a train from {origin} to {destination}
note: train {origin} to {destination}
note: {origin} -> {destination} by [train|rail]
gives: departure = time ; platform = integer:1-24
reply: The train leaves at {departure} from platform {platform}.
reply: Next train to {destination}: {departure}, platform {platform}.

tool travel: book_hotel hotel_booking reserve_hotel find_hotel hotel_search
about: [Finds|Books] a hotel in a city.
about: Hotel [booking|rooms]
city = city ; city location place where ; the city
nights = integer:1-21 ; nights length duration stay ; number of nights
stars? = integer:1-5 ; stars min_stars rating ; minimum number of stars ; with {} stars
order: [book|find|reserve|get me] a [hotel|hotel room|room] in {city} for {nights} nights
order: find me somewhere to [sleep|stay] in {city} for {nights} nights
ask: which hotel is free in {city} for {nights} nights
ask: where can I [stay|sleep] in {city} for {nights} nights
note: hotel {city}, {nights} nights
note: {nights} nights in {city}
gives: hotel = company ; price = price
reply: The {hotel} in {city} is free for {price}.
reply: I found the {hotel}, {price} for {nights} nights.

tool travel: call_taxi order_taxi book_ride taxi get_cab ride
about: Orders a [taxi|cab|ride] to a [place|destination].
about: [Taxi|Ride] [service|ordering]
place = place ; destination to_place goal where_to dropoff ; where to go
time? = time ; time pickup_time when ; pickup time ; at {}
order: [call|order|get|book] [me |]a [taxi|cab|ride|car] to {place}
order: [bring|drive|take] me to {place}
ask: can [I|we] get a [taxi|cab] to {place}
note: taxi to {place}
note: cab, {place}
note: I [need|have] to [get|go] to {place} by [taxi|cab]
gives: minutes = integer:1-40
reply: A taxi to {place} comes in {minutes} minutes.
reply: Your ride arrives in {minutes} minutes.

tool maps: get_directions directions route find_route navigate route_planner
about: [Gives|Finds] the [way|route|directions] [to|from one place to] [a place|another].
about: [Navigation|Route planner]
start = place ; start origin from_place start_point ; where it starts
goal = place ; end destination to_place end_point goal ; where it ends
mode? = enum:walking,driving,cycling,transit ; mode travel_mode by transport ; means of transport ; by {}
order: [show|tell] me the way from {start} to {goal}
order: [find|get|plan] [a route|the route|directions|the way] from {start} to {goal}
order: navigate from {start} to {goal}
ask: how do I get from {start} to {goal}
ask: what's the [best|fastest|shortest] way from {start} to {goal}
note: route {start} to {goal}
note: from {start} to {goal}
gives: minutes = integer:2-90
reply: It takes {minutes} minutes from {start} to {goal}.
reply: The route to {goal} takes {minutes} minutes.

tool maps: distance_between distance get_distance how_far measure_distance
about: [Returns|Computes] the distance between two cities.
about: [Distance|How far apart] [of|are] two cities
first = city ; city_a start first point_a ; first city
second = city ; city_b end second point_b ; second city
order: [compute|find|look up|tell me] the distance [between {first} and {second}|from {first} to {second}]
order: [measure|find out|tell me] how far it is from {first} to {second}
ask: how far is [it from {first} to {second}|{second} from {first}]
ask: how many kilometers are there between {first} and {second}
ask: what's the distance between {first} and {second}
note: distance {first} {second}
note: {first} to {second}, how far
gives: kilometers = integer:20-9000
reply: It is {kilometers} km from {first} to {second}.
reply: {first} and {second} are {kilometers} km apart.

tool maps: find_nearby nearby places_near search_nearby poi_search
about: Finds places of a kind near [a spot|an address].
about: [Nearby|Local] [shops and services|places]
kind = enum:pharmacy,supermarket,bakery,gas_station,bank,museum,cafe,gym ; kind category type what ; kind of place
near = street ; near address around location ; [address|where to search]
radius? = integer:100-5000 ; radius distance within ; radius in meters ; within {} meters
order: [find|show me|look for|search] [a|the nearest|the closest] {kind} near {near}
ask: where is the [nearest|next|closest] {kind} [near|from|to] {near}
ask: is there a {kind} [near|close to|around] {near}
note: {kind} near {near}
note: nearest {kind}, {near}
gives: name = company ; meters = integer:50-3000
reply: The nearest is {name}, {meters} meters away.
reply: {name} is {meters} meters from {near}.

tool health: log_water drink_log water_intake track_water
about: Logs [how much water|water that] you drank[ in milliliters|].
about: Water [intake|tracker]
amount = integer:50-2500 ; amount milliliters ml volume ; milliliters
order: [log|note|track|record] {amount} ml of water
order: write down that I drank {amount} ml
note: drank {amount} ml
note: water {amount}
note: I [just drank|had] {amount} ml of water
gives: total = integer:500-4000
reply: Logged. You drank {total} ml so far.
reply: That makes {total} ml of water.

tool health: log_workout add_workout record_exercise exercise_log track_workout
about: [Logs|Records] a workout[ with sport and minutes|].
about: Exercise [diary|log]
sport = sport ; sport activity exercise kind ; kind of sport
minutes = integer:5-240 ; minutes duration length ; minutes
order: [log|record|add|track] {minutes} minutes of {sport}
order: write down that I [played|did] {sport} for {minutes} minutes
note: {sport} {minutes} min
note: I [did|played|had] {minutes} minutes of {sport}
gives: calories = integer:40-900
reply: Logged, you burned {calories} calories.
reply: {minutes} minutes of {sport}: {calories} calories.

tool health: book_doctor doctor_appointment medical_appointment see_doctor
about: Books an appointment with a doctor.
about: Doctor's appointments
symptom = symptom ; symptom reason problem complaint ; reason for the visit
date? = date ; date day when ; wanted day ; [on|for] {}
order: [book|get|make] [me |]a doctor's appointment [for|because of] [my |a |]{symptom}
order: let me see a doctor [about|for] my {symptom}
ask: when can a doctor look at my {symptom}
note: doctor, {symptom}
note: I have a {symptom} and need a doctor
gives: time = time
reply: Your appointment is at {time}.
reply: A doctor can see you at {time}.

tool sports: match_result game_score get_score sports_score latest_score
about: [Returns|Looks up] the [latest |]result of a [team|match].
about: Sports [results|scores]
team = city ; team club side name ; the team
sport = sport ; sport discipline league kind ; the sport
order: [look up|tell me|get|check] the {sport} [score|result] of {team}
order: tell me [how|if] {team} [did|won] in {sport}
ask: did {team} win [in |at |the ]{sport}[ game|]
ask: how did {team} [do|play] in {sport}
note: {team} {sport} [score|result]
note: {sport}: {team}
gives: score = enum:2-1,3-0,0-0,1-4,88-79,21-14,5-2
reply: The result of {team} is {score}.
reply: {team} played {score}.

tool animals: animal_fact pet_fact fact_about animal_info
about: Tells a fact about an animal.
about: [Animal|Pet] facts
animal = animal ; animal species pet creature ; the animal
order: [tell|give] me [a fact|something|a fun fact|something interesting] about the {animal}
order: [find|look up] a fact about the {animal}
ask: what's [interesting|special] about the {animal}
ask: do you know a fact about the {animal}
note: {animal} fact
note: fact: {animal}
gives: fact = text
reply: {fact}
reply: A fact about the {animal}: {fact}
"""
