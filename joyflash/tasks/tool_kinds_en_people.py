"""English real tools of people and free time: contacts, plans, school, culture, health (read by ``parse_tools``)."""

# ruff: noqa: E501 (data: one text a line)
from __future__ import annotations

PEOPLE_TOOLS = """
tool birthdays: get_birthday birthday_of birth_date find_birthday date_of_birth
about: [Returns|Looks up] [the birthday|the date of birth] of a person.
about: Birthday [lookup|calendar][ by person|]
person = person ; person name contact who ; whose birthday
order: [look up|tell me|remind me] when {person} [has their birthday|was born]
order: find out on which day I should [bring a cake for|congratulate|send flowers to] {person}
ask: my sister turns forty soon, when exactly is [{person}'s birthday|she, {person}, due a party]
ask: when do I have to have the candles ready for {person}
ask: on what date did {person} come into the world
note: I never [remember|know] when to congratulate {person}, [last year I was two weeks late|it's so embarrassing]
note: {person}, date of birth
note: I'd like to surprise {person} with balloons on the big day, but I don't know which day that is
gives: birthday = date
reply: {person}'s birthday is {birthday}.

tool birthdays: age_of get_age how_old person_age years_old
about: [Returns|Tells] how old a person is [now|today].
about: Age of a person[ in years|]
person = person ; person name contact who ; the person
order: tell me how old {person} is
order: count how many candles [belong|go] on the cake for {person} [this year|now]
ask: is {person} [already grown up|over eighteen|old enough for wine], or how many years is it
ask: the form wants to know it in years, so what do I put for {person}
ask: how many years has {person} [been on this earth|lived]
note: {person} - age
note: not sure if {person} is still in their thirties
note: does {person} get the pensioner's discount yet, I can't do the sum in my head
gives: age = integer:1-99
reply: {person} is {age} years old.

tool birthdays: gift_ideas suggest_gift present_idea gift_finder what_to_give
about: Suggests a [gift|present] for [a person|someone] within a budget.
about: [Gift|Present] ideas
person = person ; person recipient for_whom name ; who gets it
budget = integer:5-300 ; budget max_price limit money ; what it may cost
hobby? = sport ; hobby interest likes sport ; what the person likes ; (who loves {})
order: suggest something nice to wrap up for {person}, {budget} at most
order: think of a present for {person} that costs no more than {budget}
ask: {person} already has everything, what could I buy for {budget} that [isn't boring|would bring a smile]
ask: the office collected {budget}, what shall we hand over when {person} leaves
ask: any gift ideas for {person} around {budget}
note: {budget} in my pocket, Christmas is near, and no clue what {person} would be happy about
note: gift, {person}, {budget}
note: it has to be something {person} unwraps with shining eyes, but {budget} is all I can spend
gives: idea = product
reply: A {idea} would be a nice present for {person}.

tool contacts: get_address postal_address home_address where_lives address_of_person
about: [Returns|Looks up] the [home|postal] address of a person.
about: [Home|Postal] addresses of contacts
person = person ; person name contact who ; whose address
order: tell me [where {person} lives|which door to ring at to see {person}]
order: get me [street and number of {person}|what I have to write on the envelope for {person}]
ask: I've a postcard for {person}, but what do I put on the [right hand side|envelope]
ask: where exactly does {person} live [these days|since the move]
ask: to what house should the flowers for {person} be [brought|sent]
note: {person} home address
note: invited to {person}'s for dinner, [no idea which street|I've never been to the house]
note: wedding invitations go out today, the one for {person} still lacks street and postcode
gives: address = street
reply: {person} lives at {address}.

tool contacts: delete_contact remove_contact erase_contact forget_contact drop_contact
about: [Deletes|Removes] a [person|contact] from the address book.
about: Address book: delete a contact
name = person ; name person contact who ; the contact to delete
order: take {name} out of my [phone|address book], [we don't speak any more|we broke up|she left the firm]
order: [delete|remove|erase] {name} from my [contacts|address book]
ask: I never want to see {name} pop up when I scroll, can that entry go
ask: could {name} disappear from the list of people I know
note: {name} and I are through, [wipe every trace|get rid of the entry]
note: there's no reason to keep {name} saved [any longer|after what happened]
note: delete contact {name}
note: cleaning up my phone, {name} is the first one out
gives: status = enum:deleted,removed,gone
reply: {name} is {status} from your contacts.

tool contacts: block_number block_caller reject_calls_from blacklist_number stop_calls
about: Blocks [calls from a phone number|a phone number][ for good|].
about: [Call|Number] blocking
phone = phone ; phone number caller telephone ; the number to block
order: make sure {phone} can't [reach|bother|ring] me [ever again|any more]
order: [block|ban] {phone}, [they sell insurance|it's a scam|it wakes the baby]
ask: {phone} has rung nine times since breakfast, how do I get [rid of them|some peace]
ask: is there a way never to hear from {phone} again
note: {phone} is [spam|a stalker|a robot], don't let it through
note: some salesman keeps pestering me from {phone}, I've had enough
note: block {phone}
note: {phone}: no more calls, please
gives: status = enum:blocked,rejected,banned
reply: {phone} is {status}.

tool messages: read_messages unread_messages show_chat latest_messages get_texts
about: Reads the [latest|unread] text messages from a person.
about: [Unread|Received] messages[ by sender|]
person = person ; person sender contact from_whom ; who wrote
order: read out what {person} [texted|has typed] to me
order: tell me what {person} wants[, my phone keeps buzzing|, I'm driving and it beeped]
ask: my hands are full of dough and it beeped twice, what did {person} say
ask: has {person} [texted back|answered my text] yet
ask: any unread messages from {person}
note: my phone lit up and I think it was {person}, what does it say
note: {person}'s latest texts
note: waiting for {person} to get in touch by phone, look if something came in
gives: message = text
reply: {person} wrote: {message}

tool messages: schedule_message send_later delayed_message timed_text message_at
about: [Schedules|Prepares] a message that is sent to a person at a later time.
about: [Delayed|Scheduled] messages
person = person ; person recipient to contact ; who gets it
message = text ; message text content body ; the text
time = time ; time send_at at when ; when it is sent
order: [wait until|hold on till] {time} and only then let {person} have this: {message}
order: schedule {message} to [go out|be sent] to {person} at {time}
order: text {person} {message}, but not before {time}
ask: {person} is still asleep, can {message} go over there at {time}
ask: would you get {message} to {person} once it is {time}
note: at {time} to {person}: {message}
note: {message} for {person}, [deliver|send it] at {time} sharp because I'll be on a plane then
note: for {person}, {time}, {message}
gives: message_id = id
reply: {person} will get your message at {time} ({message_id}).

tool calendar: move_event reschedule_event change_event_date postpone_event shift_appointment
about: Moves an event [in the calendar|] to another day.
about: Calendar: [reschedule|change the date of] an event
event = event ; event title name appointment ; the event
date = date ; date new_date day to_date ; the new day
order: [push|shift|move] {event} to {date}[, I double-booked myself|, half the people can't come|]
order: have {event} [take place|happen] on {date} instead of [the old day|today]
ask: something came up at home, could {event} be {date} rather
ask: is it ok to put off {event} until {date}
note: {event} clashes with the school play, {date} is better
note: {event}: not as planned, but {date}
note: I'd still like to do {event}, only {date} [suits me better|would be easier]
note: {date} is the new day for {event}
gives: status = enum:moved,changed,updated
reply: {event} was {status} to {date}.

tool calendar: invite_guest add_attendee invite_person send_invitation add_participant
about: Invites a person to an event[ in the calendar|].
about: [Invitations|Attendees of events]
person = person ; person guest attendee name ; who is invited
event = event ; event title meeting name ; the event
order: [invite|ask] {person} to [come to |join |]{event}
order: make sure {person} knows they're welcome at {event}
ask: {person} would be hurt to be left out, may they come along to {event}
ask: can {person} join us for {event}
note: {event} without {person} is no fun, [get them on board|ask them along]
note: {person} should be there too, I mean {event}
note: I forgot {person} when I made the guest list for {event}
note: invite {person}, {event}
gives: status = enum:invited,sent,pending
reply: {person} is {status} for {event}.

tool calendar: find_free_slot when_available common_free_time meeting_slot free_time_with
about: Finds a time when [you and|both you and] a person are free.
about: [Free slots|Common free time] with someone
person = person ; person with_whom colleague name ; the other person
minutes = integer:10-180 ; minutes duration length ; how long it takes
order: look when {person} and I both have {minutes} minutes [to spare|with nothing on]
order: find a gap of {minutes} minutes that suits {person} and me
ask: we keep missing each other, when could {person} and I sit down for {minutes} minutes
ask: when are {person} and I both free for {minutes} minutes
ask: is there any hole in the schedules of {person} and me, {minutes} minutes would do
note: {minutes} minutes with {person}, whenever neither of us is busy
note: {person} is as busy as I am, but we badly need {minutes} minutes together
note: free slot, {person}, {minutes} min
gives: date = date ; time = time
reply: You and {person} are both free on {date} at {time}.

tool clocks: cancel_alarm delete_alarm alarm_off remove_alarm no_alarm
about: [Cancels|Deletes|Switches off] an alarm that was set for a time.
about: Alarm [off|cancellation]
time = time ; time alarm_time at which ; time of the alarm
order: [cancel|delete|drop] the alarm [for|at] {time}
order: let me sleep past {time}, [the meeting was called off|it's a holiday|I'm ill]
ask: school is closed, so nothing has to ring at {time}, right, can you see to that
ask: can you switch off the alarm that goes at {time}
note: no need to get me out of bed at {time} any more
note: I don't have to be up at {time} after all, keep quiet
note: {time} alarm, off
note: my flight moved to the afternoon, so don't disturb me at {time} as we had agreed
gives: status = enum:cancelled,off,deleted
reply: The alarm at {time} is {status}.

tool tasks: complete_task mark_done task_done finish_task check_off tick_off
about: Marks a task on the to-do list as done.
about: To-do list: [tick off|complete] a task
task = task ; task item todo title ; the task
order: [tick|check|cross] off {task}
order: strike {task} from what's left, [I got round to it at last|my husband was quicker|that's behind me]
ask: can {task} be [ticked off|marked as finished]
ask: I finally managed to {task}, would you stop nagging me about it
note: already did {task}, so [strike it|one thing less]
note: {task} is behind me, that feels good, put a tick next to it
note: {task}: done
note: you can put a line through {task}
gives: left = integer:1-30
reply: {task} is done, {left} tasks are left.

tool tasks: postpone_task delay_task move_task snooze_task later_task
about: [Moves|Postpones] a task on the to-do list to [a later|another] day.
about: [Postpone|Delay] tasks
task = task ; task item todo title ; the task
date = date ; date day new_date until ; the new day
order: give me until {date} to {task}
order: [postpone|put off|delay] {task} to {date}
ask: I'm too tired to {task} today, would {date} do
ask: is it bad if I only {task} on {date} instead
note: won't get round to it now, {task} on {date} rather
note: {task} can wait, {date} is early enough
note: {task} -> {date}
note: no energy left this evening, so I'll {task} {date} and you shift it over there
gives: status = enum:moved,delayed,updated
reply: {task} was {status} to {date}.

tool notes: search_notes find_note note_search look_in_notes my_notes_about
about: Searches [my|your own] [saved |]notes for a topic.
about: Note search
topic = topic ; topic query subject keyword ; what the note is about
order: dig out what I [jotted|scribbled] down about {topic}
order: find my notes on {topic}
ask: I had a clever thought on {topic} in the bath and typed it in, where did it go
ask: what have I written [myself |]about {topic} so far
ask: did I keep anything from that lecture on {topic}
note: somewhere in my jottings there must be a line on {topic}
note: my notes, {topic}
note: I remember scribbling something on {topic} months ago, can't recall what
gives: note = text
reply: Your note on {topic} says: {note}

tool school: get_grade exam_grade school_marks test_result grade_in_subject
about: [Returns|Shows] the [grade|mark] of a student in a subject.
about: [Grades|School marks]
student = person ; student pupil child name ; the student
subject = enum:maths,physics,history,biology,French,art,chemistry,music ; subject course class field ; the subject
order: tell me how well {student} did in {subject}
order: [look up|check] the {subject} grade of {student}
ask: the papers were handed back today, did {student} pass {subject}
ask: should I be worried about how {student} is getting on in {subject}
ask: what mark has {student} got in {subject}
note: {student}, {subject}, grade
note: {student} won't tell us, but we paid a tutor for {subject} and want to see if it helped
note: how {student} scored in {subject}
gives: grade = enum:A,B,C,D,B+,A-
reply: {student} has a {grade} in {subject}.

tool school: report_absence sick_note excuse_student call_in_sick absent_from_school
about: [Reports|Excuses] a student who [is absent from|cannot come to] school.
about: School absence [report|note]
student = person ; student pupil child name ; the student
date = date ; date day on when ; day of absence
reason? = symptom ; reason cause illness ; why ; (it's {})
order: tell the teacher not to [expect|wait for] {student} {date}
order: excuse {student} for {date}
ask: {student} has spots all over, can you let class 4b know about {date}
ask: could somebody inform the headmistress that {student} stays in bed {date}
note: {student} is staying home {date}, please inform the school
note: {date} {student} absent
note: up all night with {student} being sick, so {date} without lessons
note: we have a funeral {date}, {student} won't be in class
gives: status = enum:excused,noted,reported
reply: {student} is {status} for {date}.

tool school: class_timetable lesson_schedule school_timetable lessons_on periods_of_day
about: Shows the [lessons|classes] of a weekday.
about: [School|Class] timetable
day = weekday ; day weekday on which ; day of the week
group? = integer:1-12 ; group form grade year ; school year ; (year {})
order: tell me which books I have to pack for {day}
order: [show|list] the lessons on {day}
ask: do I need my [gym shoes|calculator|paint box] at school on {day}
ask: who teaches us first thing on {day}, and what comes after that
ask: what classes are there on {day}
note: {day} timetable
note: packing my son's satchel for {day}, what's on there
note: is {day} the awful one with double maths and no break
gives: first = noun ; room = integer:1-300
reply: [On {day} the|The] first lesson is {first} in room {room}.

tool library: renew_loan extend_loan renew_book prolong_book keep_longer
about: [Extends|Renews] the loan of a [library |]book.
about: Loan renewal
title = title ; title book item name ; the borrowed book
weeks? = integer:1-8 ; weeks duration extra_weeks ; by how many weeks ; (by {} weeks)
order: ask the library if I may [keep|hang on to] {title} a bit longer
order: [renew|extend] my loan of {title}
ask: I'm only on page ninety of {title} and it's due, can I have more time
ask: is it possible to keep {title} for some more weeks
note: {title} is due back but I'm not finished
note: renew {title}
note: still haven't got to the end of {title}, and I don't want to pay a fine
note: {title}: [a few weeks|some time] more please, the baby leaves me no time to read
gives: due = date
reply: You can keep {title} until {due}.

tool library: reserve_book hold_book book_hold place_hold put_aside
about: Reserves a library book [that is lent out|] for pick-up.
about: [Hold|Reservation] of a book
title = title ; title book work item ; the book
branch? = street ; branch pickup_at library location ; where to pick it up ; (I'd fetch it at {})
order: put {title} [aside|behind the counter] for me
order: save me a copy of {title} when it [comes back|is returned]
ask: someone else has {title} at the moment, may I be next in line
ask: can I [reserve|place a hold on] {title}
note: dying to read {title}, but it's out, put my name down
note: the shelf was empty, so I'd like to be told when {title} is back and waiting for me
note: hold {title}
note: next one to get {title} should be me
gives: position = integer:1-20
reply: {title} is reserved, you are number {position} in the queue.

tool library: book_summary plot_summary story_of_book book_plot what_happens_in
about: Tells [the plot|what happens in the story] of a book.
about: [Plot|Book] summaries
title = title ; title book novel name ; the book
spoilers? = flag ; spoilers tell_ending ending ; whether the end may be told ; [with the ending|spoilers are fine] // [without the ending|no spoilers]
order: tell me roughly what [happens|goes on] in the novel {title}
order: give me the story of {title} in two sentences[, my book club meets in an hour|]
ask: I fell asleep halfway through reading {title}, what comes next in the story
ask: our teacher thinks we've all read {title}, so what is it about as a novel
ask: what's the plot of the book {title}
note: {title}, plot
note: didn't read {title} and have to write an essay on the story
note: bluffing about the novel {title} at dinner tonight, need the main turns
gives: plot = text
reply: In {title}: {plot}

tool films: where_to_stream streaming_search watch_online find_stream available_on
about: [Tells|Finds] on which [streaming service|platform] a film [or series |]can be watched.
about: Streaming [availability|search]
title = title ; title film series show ; the film or series
country? = country ; country region in ; country of the viewer ; (I'm in {})
order: see if any of my subscriptions [has|carries] {title}
order: find out where {title} can be [streamed|watched online]
ask: we're on the sofa with popcorn, which app do I open to see {title}
ask: on which platform is {title}
ask: do I have to sign up somewhere new just to watch {title} tonight
note: movie night at ours, {title} was voted for, which service has it
note: stream {title}
note: looked everywhere for {title} on my TV and can't find it
gives: platform = company
reply: {title} is on {platform}.

tool films: next_episode episode_release new_episode_date air_date when_is_next_episode
about: [Returns|Tells] when the next episode of a series [comes out|is shown].
about: Series: next [episode|air date]
series = title ; series show title name ; the series
order: tell me how long I must wait [for more of|to find out who did it in] {series}
order: find out when {series} [goes on|continues]
ask: that cliffhanger nearly killed me, when does {series} carry on
ask: when is the next episode of {series}
ask: on what day do they put out another part of {series}
note: binged all there is of {series}, when comes more
note: {series} next episode
note: my flatmate and I want to keep an evening free for the following part of {series}
gives: date = date ; episode = integer:1-24
reply: Episode {episode} of {series} comes on {date}.

tool films: movie_showtimes cinema_times film_screenings cinema_program movie_times
about: [Returns|Lists] when a [film|movie] is shown in the cinemas of a city.
about: [Cinema|Movie theater] showtimes
title = title ; title film movie name ; the film
city = city ; city town place where ; the city
order: find out at what time {title} is on the big screen in {city}
order: look up when {title} plays [at the pictures|at the cinema|in the theaters] in {city}
ask: I'd love to take my date to {title}, when do they show it in {city}
ask: can we still catch {title} in {city} tonight, popcorn and all
ask: when is {title} on in {city}
note: {title}, {city}, showtimes
note: raining in {city}, so the kids want to sit in the dark and see {title}, what time does it begin
note: cinema {city}: {title}
gives: time = time ; cinema = company
reply: {title} is on at {time} at the {cinema} cinema in {city}.

tool concerts: concert_dates tour_dates artist_tour upcoming_concerts live_shows
about: [Returns|Finds] the next concert of an artist.
about: [Tour dates|Concerts] by artist
artist = artist ; artist band musician performer ; the artist
city? = city ; city near in place ; where ; (somewhere near {})
order: find out when {artist} [is on stage|comes round|goes on tour] again
order: see if there's a chance to see {artist} live
ask: I want to scream along in the front row, where does {artist} play next
ask: is {artist} still touring, or did I miss it
ask: when is the next {artist} concert
note: {artist} live, when and where
note: my wife adores {artist}, a night out at one of the gigs would be the best surprise
note: {artist} tour
gives: city = city ; date = date
reply: {artist} plays in {city} on {date}.

tool concerts: buy_tickets event_tickets get_tickets purchase_tickets ticket_order
about: Buys tickets for [a concert of an artist|a show].
about: [Concert|Show] ticket [sales|purchase]
artist = artist ; artist show act performer ; whose show
count = integer:1-10 ; count number quantity tickets ; how many tickets
order: get {count} of us in to see {artist}
order: [buy|order|get] {count} tickets for {artist}
ask: sales open any minute, can you grab {count} for {artist} before they're gone
ask: can I have {count} seats for {artist}
note: {count} x {artist}, good seats
note: {artist} is coming to town, I want {count}, whatever it costs
note: we'd be {count} people wanting to go to {artist}, take my money
note: tickets {artist}, {count}
gives: order_id = id ; total = price
reply: {count} tickets for {artist} cost {total} (order {order_id}).

tool audio: identify_song song_by_lyrics recognize_song lyrics_search name_that_tune
about: Finds out which song [some lyrics are|a line of text is] from.
about: Song [recognition|search] by lyrics
lyrics = text ; lyrics line text words ; the line that is sung
order: tell me what the tune is called where they sing {lyrics}
order: name the song with the line {lyrics}
ask: they keep singing {lyrics} on the radio, who is that and what's it called
ask: I've had {lyrics} stuck in my head all day, which hit is it from
ask: which song goes {lyrics}
note: lyrics: {lyrics}, song?
note: chorus goes {lyrics}, can't think of the name
note: something like {lyrics}, we danced to it at our wedding and I want to find it again
gives: song = title ; artist = artist
reply: That is {song} by {artist}.

tool audio: find_podcast podcast_search recommend_podcast podcast_about listen_podcast
about: [Finds|Recommends] a podcast about a topic.
about: Podcast [search|finder]
topic = topic ; topic subject theme about ; the topic
minutes? = integer:5-120 ; minutes max_length duration ; longest length ; (up to {} minutes)
order: find me people who talk about {topic} [while I jog|for my headphones|for a long drive]
order: recommend a podcast on {topic}
ask: two hours in the car tomorrow, what could I listen to about {topic}
ask: do you know an audio show where experts chat about {topic}
ask: which podcasts deal with {topic}
note: {topic} for the ears
note: podcast, {topic}
note: I iron shirts on Sundays and would love someone to explain {topic} in my earbuds meanwhile
gives: name = title ; host = person
reply: Try {name} with {host}.

tool sports: league_position table_position standings team_rank league_table
about: [Returns|Shows] [the position|on which place] a team [is |]in the league table.
about: League [table|standings]
team = city ; team club side name ; the team
sport = sport ; sport league discipline kind ; the sport
order: see whether {team} is [on top|near the bottom|in danger of going down] in {sport}
order: tell me where {team} stands in the {sport} [table|league]
ask: could {team} still become champion in {sport}, or are they too far behind
ask: how many teams are ahead of {team} in {sport} this season
ask: which place is {team} in, {sport} I mean
note: {team}, {sport} table
note: my uncle bets that {team} goes down in {sport}, how does it look for them this season
note: {sport} standings {team}
gives: place = integer:1-20 ; points = integer:3-99
reply: {team} is number {place} with {points} points.

tool sports: next_match upcoming_game match_schedule fixture next_opponent
about: [Returns|Tells] when and against whom a team plays next.
about: [Fixtures|Next match] of a team
team = city ; team club side name ; the team
sport = sport ; sport league discipline kind ; the sport
order: find out who {team} [faces|has to beat] next in {sport}
order: tell me when {team} plays the next {sport} [game|match]
ask: which evening should I keep free to cheer for {team} in {sport}
ask: against whom will {team} play in {sport}
ask: my scarf is washed and ready, when are the {sport} folks of {team} on the field again
note: {team} {sport} fixtures
note: want to take my nephew to a {sport} game of {team}, when's the coming one
note: next match {team}, {sport}
gives: opponent = city ; date = date
reply: {team} plays {opponent} on {date}.

tool health: sleep_report sleep_hours how_slept sleep_quality night_summary
about: Shows how [long and well|many hours] you slept [in a night|].
about: Sleep [tracker|report]
date = date ; date night day of ; the night
order: tell me how many hours I [got|was out] in the night of {date}
order: [show|open] my sleep report for {date}
ask: I [feel like a zombie|yawn all the time], was I tossing and turning on {date}
ask: how long did I sleep on {date}
ask: what does my wristband say about the night of {date}, did I rest enough
note: {date}, hours of sleep
note: wanted to see if the new mattress changed anything, look at {date}
note: I think I lay awake for ages on {date}, but my girlfriend says I snored
gives: hours = integer:3-11 ; quality = enum:good,poor,fair,restless
reply: On {date} you slept {hours} hours, quality {quality}.

tool health: side_effects drug_effects medicine_warnings adverse_effects pill_side_effects
about: Lists [possible|known] side effects of a [medicine|drug].
about: [Medicine|Drug]: side effects
medicine = word ; medicine drug pill medication name ; the medicine
order: find out if {medicine} can make you [drowsy|dizzy|gain weight]
order: list the side effects of {medicine}
ask: ever since I take {medicine} my mouth is dry and my hands shake, can that come from the tablets
ask: is it normal to feel odd after swallowing {medicine}
ask: what bad things may happen to me on {medicine}
note: {medicine} side effects
note: the doctor put granny on {medicine} and now she sleeps all day, is it the pills
note: a bit scared of taking {medicine}, what might it do to me
gives: effect = symptom
reply: {medicine} can cause {effect}.

tool health: refill_prescription order_medicine repeat_prescription renew_prescription medication_refill
about: [Orders|Requests] a refill of a prescribed [medicine|drug].
about: Prescription refills
medicine = word ; medicine drug pill medication name ; the medicine
packs? = integer:1-6 ; packs quantity boxes count ; number of packs ; ({} [packs|boxes])
order: get me [a new box|more] of {medicine}[ from the pharmacy|], mine is nearly empty
order: ask the surgery for another prescription of {medicine}
ask: only three {medicine} tablets left in the blister, could you see that I don't run out
ask: can I have my {medicine} [renewed|refilled]
note: {medicine} refill
note: I take {medicine} every night and swallowed the last one yesterday, need new ones
note: running low on {medicine}
note: going on a long trip, so the pharmacist should get my usual {medicine} ready early
gives: ready = date
reply: Your {medicine} can be picked up {ready}.

tool insurance: file_claim insurance_claim report_damage submit_claim claim_damage
about: [Files|Submits] a claim [for a damaged thing |]with the insurance.
about: Insurance [claims|damage reports]
policy = id ; policy policy_number contract number ; number of the policy
item = product ; item thing object damaged ; what was damaged
order: report to the insurance that my {item} was [ruined|smashed|stolen], policy {policy}
order: [file|submit] a claim for my {item} under {policy}
ask: the dog knocked over my neighbour's {item}, does {policy} pay and can you get that going
ask: how do I get money for the {item} the hail destroyed, I'm covered by {policy}
note: burst pipe, {item} soaked, contract {policy}, please let them know
note: {policy}: {item} broken, claim it
note: I've paid into {policy} for years and now that my {item} got stolen they should cough up
note: claim {policy} {item}
gives: claim = id
reply: Your claim for the {item} is number {claim}.

tool family: how_related family_relation kinship relation_between relatives
about: Tells how two persons are related[ in the family tree|].
about: Family [tree|relations] of two persons
first = person ; person_a first from_person one ; first person
second = person ; person_b second to_person other ; second person
order: explain what {first} [is|would be] to {second}, [cousin, aunt or what|by blood or marriage]
order: look up how {first} and {second} are related
ask: everyone at the reunion hugged, but is {first} an uncle of {second} or just a friend
ask: do {first} and {second} share a grandmother, or what's the connection
ask: how is {first} related to {second}
note: {first} + {second}, relatives?
note: lost track of my clan, what do {first} and {second} call each other
note: our chronicle mentions {first} next to {second}, mother and child perhaps
gives: relation = enum:cousin,aunt,uncle,sibling,grandparent
reply: {first} is the {relation} of {second}.

tool events: whats_on_in city_events local_events things_to_do event_listings
about: [Lists|Finds] events [and things to do |]in a city.
about: [City events|What's on]
city = city ; city town place where ; the city
date? = date ; date day when ; the day ; ([on|for] {})
order: find something fun that's going on in {city}
order: [tell me|show me] what's on in {city}
ask: we're bored stiff in {city}, how could we spend the evening
ask: are there any festivals, fairs or markets in {city}
ask: my cousins visit me in {city} and I've run out of ideas, where's something happening
note: {city}, things to do
note: stuck in {city} with nothing planned and would like to get out among people
note: events {city}
gives: event = event ; place = place
reply: In {city} there is {event} at {place}.

tool events: find_volunteering volunteer_search help_out charity_work volunteer_jobs
about: Finds [volunteer work|charities that need helpers] in a city.
about: [Volunteering|Charity work]
city = city ; city town place where ; the city
cause = enum:animals,children,refugees,seniors,nature,homeless ; cause field for_whom area ; whom it helps
order: find a group in {city} where I can lend a hand with {cause}
order: look for volunteer work for {cause} in {city}
ask: retired, healthy and bored, who in {city} could use my time for {cause}
ask: where in {city} can I do some good for {cause} without being paid
ask: which charities in {city} need people for {cause}
note: {city}: volunteering, {cause}
note: I have Saturdays free in {city} and a heart for {cause}
note: don't want money, just to be useful to {cause} around {city}
gives: group = company ; contact = email
reply: {group} in {city} needs helpers for {cause}, write to {contact}.

tool words: find_antonym antonyms opposite_of contrary_word opposite_word
about: [Finds|Returns] the opposite of a word.
about: Antonyms[: words of contrary meaning|]
word = word ; word term base expression ; the word
order: tell me [the opposite of|what you say if you mean exactly not] {word}
order: find an antonym [for|of] {word}
ask: if a thing isn't {word} at all but the very reverse, what do I call it
ask: what's the opposite of {word}
ask: which term is to {word} as cold is to hot
note: not {word} but the reverse, in one word
note: {word} antonym
note: crossword: contrary of {word}
gives: antonym = word
reply: The opposite of {word} is {antonym}.

tool words: word_origin etymology origin_of_word where_word_comes_from word_history
about: [Tells|Returns] from which language a word comes.
about: Etymology: the origin of words
word = word ; word term entry expression ; the word
order: find out where {word} [comes|came] from [as a word|originally]
order: look up the etymology of {word}
ask: did we borrow {word} from [the Romans|the Vikings|our neighbours], or is it home-grown
ask: who said {word} first, and in which old tongue did it begin
ask: what's the origin of the word {word}
note: {word} origin
note: sounds like a loan to me, {word}, from what tongue did it travel to us
note: etymology: {word}
gives: language = language ; root = word
reply: The word {word} comes from {language} ({root}).

tool names: name_meaning first_name_meaning meaning_of_name name_origin given_name_info
about: [Tells|Returns] what a first name means[ and where it comes from|].
about: [First names|Baby names] and their meaning
name = person ; name first_name given_name who ; the name
order: tell me what parents [express|wish for] when they call their baby {name}
order: look up the meaning of the name {name}
ask: we'd like to call our daughter {name}, does that stand for something nice
ask: is {name} Greek, Celtic or something else, and what did it originally say about a child
ask: what does the name {name} mean
note: baby due in May, {name} is on our list, what's behind it
note: name: {name}, meaning
note: everybody asks me why I'm called {name}, I'd like to know what it stands for
gives: meaning = text ; language = language
reply: The name {name} is from {language} and means: {meaning}

tool fun: get_horoscope horoscope zodiac_forecast star_sign_reading daily_stars
about: [Tells|Reads] the horoscope of a star sign.
about: [Horoscopes|Star sign forecast]
sign = enum:Aries,Taurus,Gemini,Leo,Virgo,Libra,Scorpio,Pisces ; sign star_sign zodiac who ; the star sign
date? = date ; date day for_day when ; the day ; (for {})
order: tell me what fate has in store for me, I'm {sign}
order: read me the {sign} horoscope
ask: will love find a {sign} like me, or is it a bad day again
ask: my mum is {sign} and swears by it, what do the planets say
ask: what do the stars hold for {sign}
note: {sign} horoscope
note: born under {sign}, should I dare to ask for a rise today
note: I know it's nonsense, but as a {sign} I want to hear whether luck is with me
gives: forecast = text
reply: {sign}: {forecast}

tool fun: quote_by famous_quote find_quote quotation_of saying_of
about: [Finds|Returns] a famous quote by a person.
about: [Quotes|Quotations] by [author|person]
author = artist ; author person speaker who ; who said it
topic? = topic ; topic about theme ; what it is about ; (something about {})
order: give me a [clever|famous] line that {author} once said
order: find a quote by {author}
ask: I need an elegant opening for my wedding speech, what wise thing did {author} say
ask: what are the best known words of {author}
ask: did {author} ever put something in an interview that one could print on a mug
note: {author} quote
note: want to end my talk with the words of {author}
note: something {author} said, for a birthday card
gives: quote = text
reply: {author} said: {quote}
"""
