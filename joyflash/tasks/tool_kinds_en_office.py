"""English real tools of offices, money, documents and stores (read by ``joyflash.tasks.tool_use.parse_tools``)."""

# ruff: noqa: E501 (data: one text a line)
from __future__ import annotations

OFFICE_TOOLS = """
tool billing: create_invoice bill_customer write_invoice issue_invoice invoice_customer
about: [Writes|Creates|Issues] [an|a new] invoice [for|to] a customer.
about: Billing: [charge a client|make out an invoice] over an amount
customer = company ; customer client company buyer ; [who has to pay|the client]
amount = price ; amount total sum net ; how much is charged
due? = date ; due due_date payable_until ; last day to pay ; [payable|due] by {}
order: bill {customer} {amount} for [the work we did|last month's consulting|the delivery|our hours]
order: write up [an invoice|a bill] over {amount} and [make it out to|address it to] {customer}
order: ask {customer} for our {amount}, [the job is finished|they signed off on everything|we are done there]
ask: could something [official|formal] go out to {customer} that asks [them |]for {amount}
ask: can {customer} be invoiced {amount} [before the month ends|right away|already]
note: [the project|the job|all work] at {customer} is done, they owe us {amount}, [get the paperwork out|send them the papers]
note: we [agreed on|settled on|shook hands on] {amount} with {customer}, time to [ask for our money|collect]
note: [invoice|new invoice:] {customer} {amount}
gives: invoice_id = id
reply: Invoice {invoice_id} over {amount} was written to {customer}.
reply: {customer} gets the invoice {invoice_id}.

tool billing: invoice_status is_paid check_invoice payment_received invoice_lookup
about: [Tells|Shows|Checks] whether an invoice [was paid|is paid|is still open].
about: Payment [state|status] of one [existing |]invoice
invoice = id ; invoice invoice_id number reference ; number of the invoice
order: [check|find out|see] [if|whether] {invoice} [was|has been] paid
order: look up [how things stand with|the state of] invoice {invoice}
ask: did the money for {invoice} ever [arrive|come in|reach us|show up]
ask: is {invoice} [settled|still outstanding|off the table], or [do we keep waiting|are they late]
ask: have they [transferred|sent] what they owe on {invoice}
note: {invoice} [paid|open|settled] or not
note: [the accountant|my boss|Sam] wants to know [if we ever got anything for|what became of] {invoice}
note: I can't remember whether anybody coughed up for {invoice}
note: before I get angry at them on the phone, has {invoice} [been taken care of|landed in our pocket]
gives: state = enum:paid,open,overdue,partly paid
reply: Invoice {invoice} is {state}.
reply: {invoice}: {state}.

tool billing: send_dunning payment_reminder overdue_notice dun_customer chase_payment
about: Sends a [customer|client] [a reminder|an overdue notice] [to pay|about unpaid bills].
about: Dunning: [chase|press] a late payer
customer = company ; customer client debtor company ; who is late
tone? = enum:friendly,firm,final,legal ; tone style level ; how strict it sounds ; in a {} tone
order: [nudge|chase|press|lean on] {customer}, they are [weeks|over a month|ages] late with [our|the] money
order: [send|write] {customer} [an overdue notice|a payment reminder|another dunning letter]
order: let {customer} know [politely |]that we are still waiting for [what they owe|our money]
order: kick {customer} in the shins, [nothing has arrived from them|not a cent so far]
ask: shouldn't someone [tell|poke|warn] {customer} that their [bills are|account is] long past due
note: still not a cent from {customer}, [do something about it|time to get louder|push them]
note: {customer} [keeps forgetting|never bothers] to settle [what is due|up], [jog their memory|give them a push]
note: dunning {customer}
gives: letter_id = id
reply: The reminder {letter_id} went to {customer}.
reply: {customer} was reminded ({letter_id}).

tool bank: list_transactions account_history bank_statement recent_bookings show_movements
about: [Lists|Shows] the [bookings|movements|transactions] on a bank account.
about: Bank statement of [one account|an account]
account = id ; account account_id iban number ; the account
since? = date ; since from_date start after ; first day shown ; since {}
order: [show|list|pull up] [the latest movements|all bookings|the transactions|what went in and out] on {account}
order: print me the statement for {account}, [my tax adviser wants it|I have to check something]
ask: what has been [coming in and going out|happening|moving] on {account}
ask: who [took|debited] money from {account} [lately|recently], I don't recognise [half of it|some of it]
ask: did the [salary|deposit|refund|rent] show up on {account} among the [last|recent] entries
ask: how often did I [spend something from|dip into] {account} [this week|since payday]
note: something was taken off {account} that I never [agreed to|ordered], [let me see every single line|show me line by line]
note: statement {account}
note: {account} [movements|bookings|history]
note: at the end of the month {account} is always [empty|in the red], where does it all [go|disappear to]
gives: count = integer:1-80 ; last = price
reply: There are {count} bookings on {account}, the last one over {last}.
reply: {account}: {count} transactions, last {last}.

tool bank: block_card freeze_card lock_card disable_card stop_card
about: [Blocks|Freezes] a [bank card|credit card|debit card] [at once|so that nobody can pay with it|].
about: Card blocking after loss or theft
card = id ; card card_number card_id which ; the card
order: [block|freeze|lock|stop] [card|my card|the card] {card} [right now|at once|immediately|]
order: make sure nobody can [pay|shop|buy anything] with {card} [any more|from now on]
order: shut {card} down before [whoever has it|the thief|somebody] [goes shopping|empties my account]
ask: what [happens|can be done] now that {card} is [gone|in a stranger's pocket], can it be made useless
note: my wallet [was stolen|got nicked|is gone] and {card} was in it
note: I [left|forgot|lost] {card} [in a taxi|on the train|at the bar|somewhere downtown], kill it before [it gets used|it is abused]
note: {card} stolen
note: strange purchases [abroad|online] with {card}, I didn't make them, [pull the plug|end this]
gives: status = enum:blocked,frozen,locked
reply: The card {card} is {status}.
reply: {card} is {status}, nobody can use it.

tool money: loan_balance remaining_debt debt_left outstanding_loan payoff_amount
about: [Returns|Shows] how much [of an existing loan is|debt is] [left|still to be repaid].
about: Remaining [debt|balance] of a loan [by number|]
loan = id ; loan loan_id contract number ; number of the loan
order: [tell me|show|look up] [the remaining debt on|what is left of|the balance of] loan {loan}
order: find out [what it would take to|how much I need to] get rid of {loan} [today|for good|once and for all]
ask: how much do I still owe [the bank |]on {loan}
ask: how far along am I with [paying off|paying back|clearing] {loan}
ask: what would I have to put down to be free of {loan}
note: I've been [chipping away|paying] at {loan} for years, [what's still to go|how much more is there]
note: {loan} [remaining|left to pay|outstanding]
note: [got a bonus|inherited a bit|won something], maybe enough to clear {loan}, what's [open|missing]
gives: remaining = price
reply: {remaining} is left on the loan {loan}.
reply: You still owe {remaining} on {loan}.

tool money: get_dividend dividend_info payout_per_share dividend shareholder_payout
about: [Returns|Looks up] the [last |latest |yearly |]dividend of a [stock|share].
about: What [a company|a stock] pays its shareholders
symbol = stock ; symbol ticker stock share ; ticker symbol
order: [look up|check|get] the [dividend|yearly payout] of {symbol}
order: tell me what {symbol} [hands out|pays] to [its owners|people who hold it] [each year|every year]
ask: what do I [earn|collect|get] [every year|annually] just for [holding|sitting on|keeping] one {symbol}
ask: does {symbol} [hand out|distribute] any of its profit, and how much
ask: how generous is {symbol} to [those who own it|its investors]
note: my [grandma|uncle|aunt] lives off her {symbol}, what does one of them [throw off|bring in] a year
note: {symbol} dividend
note: I want income and not price gains, how is {symbol} in that respect
gives: dividend = price
reply: {symbol} pays {dividend} a share.
reply: The dividend of {symbol} is {dividend}.

tool finance: budget_left remaining_budget check_budget department_budget funds_available
about: [Shows|Returns] how much budget a department has left.
about: Remaining [funds|budget] [of|by] department
department = enum:marketing,research,sales,legal,logistics,design,training ; department team unit division cost_center ; whose budget
year? = integer:2021-2032 ; year fiscal_year period ; the year ; for {}
order: [check|tell me|see] how much [budget|money] {department} has left
order: look at what remains in the pot of the {department} [people|team|department]
ask: can {department} still afford [a new laptop|that trade fair|another hire|the trip]
ask: how much more may [the folks in |the people in |]{department} spend before [they hit the ceiling|it gets tight|the tap is closed]
ask: has {department} [burned through everything|used up all its money|overspent] already
note: {department} wants to [order chairs|hire a freelancer|throw a party], [is there anything in the kitty|can they pay for it]
note: {department} budget
note: {department} asks for [more hands|new screens], [let me see what they can still spend|are there funds at all]
note: before I sign this purchase for {department}, [are they broke|does it fit in]
gives: left = price
reply: The department {department} has {left} left.
reply: {left} remains for {department}.

tool finance: expense_claim submit_expense claim_expense add_expense reimburse_me
about: [Files|Submits] an expense [so that|to have] an employee [gets the money back|reimbursed].
about: Expense claims: record what [you|somebody] paid out of pocket
amount = price ; amount sum cost total ; what was paid
purpose = enum:lunch,taxi,hotel,parking,books,train,fuel,postage ; purpose category reason type ; what for
date? = date ; date day on when ; day of the purchase ; on {}
order: [claim|submit|file] {amount} for {purpose}[ as an expense| as expenses|]
order: have the [firm|company|office] pay me back the {amount} I [spent|laid out] on {purpose}
order: put {amount} for {purpose} on my [expenses|next reimbursement|expense report]
ask: how do I get my {amount} back, I paid the {purpose} [myself|from my own wallet] on a business trip
ask: can the [company|boss] cover the {purpose}, it [came to|cost me|was] {amount}
ask: will I ever see the {amount} again that I put on my [private card|own card] for {purpose}
note: I advanced {amount} [at the client's|while travelling], it was {purpose}, and want it [refunded by payroll|back from the firm]
note: {purpose}, {amount}, out of my own pocket, strictly business
note: expenses: {purpose} {amount}
note: {purpose}, {amount}, I have the receipt here and [nobody paid me|would like to see that again on my payslip]
gives: claim_id = id
reply: Your claim {claim_id} for {amount} ({purpose}) was filed.
reply: {purpose} over {amount} was submitted as {claim_id}.

tool finance: income_tax estimate_tax tax_calculator tax_on_income compute_tax
about: [Estimates|Computes] the [yearly |]income tax [in|of] a country.
about: Tax [calculator|estimate] for [an income|a yearly income] and a country
income = integer:9000-400000 ; income salary earnings yearly_income gross ; yearly income before tax
country = country ; country state jurisdiction where ; country of residence
order: [estimate|compute|work out] the [income |]tax on {income} in {country}
order: tell me what the [state|government|treasury] keeps of {income} [if you live|when somebody works] in {country}
ask: how much of {income} would I have to [hand over|give up|part with] in {country}
ask: what [do they take|disappears|gets skimmed off] in {country} if I [make|earn|bring home] {income} a year
ask: in {country}, what's due to the [fiscal authorities|taxman] with {income} [a year|]
note: thinking of moving to {country}, I make {income} gross, [what will they grab|how big is the bite]
note: job offer in {country}, {income} a year, but [what ends up with the government|they say deductions are brutal]
note: tax {country} {income}
gives: tax = price
reply: In {country} the tax on {income} is {tax}.
reply: You would pay {tax}.

tool staff: vacation_days_left leave_balance holidays_left days_off_left pto_balance
about: [Returns|Shows] how many vacation days [an employee|a person] has left.
about: Leave [balance|account] by employee
person = person ; person employee name staff_member ; whose leave
order: [check|tell me|look up] how many [vacation days|days off|days of leave] {person} [has left|still has]
order: see whether {person} could [still go away|take another week] this year
ask: how much holiday does {person} have [left|to spare|in the account]
ask: can {person} still [fly south|go skiing|take the summer off] or is it all used up
ask: has {person} already spent every free day of the year
note: {person} wants two weeks [at the beach|in the mountains], [is that still in the tank|is there enough]
note: leave balance {person}
note: the year is nearly over and {person} never [takes a break|rests], what is there to be used up
gives: days = integer:0-30
reply: {person} has {days} days of vacation left.
reply: {days} days remain for {person}.

tool staff: approve_leave grant_vacation accept_absence approve_time_off sign_off_leave
about: [Approves|Grants] [a leave request|the requested vacation] of an employee.
about: For managers: say yes to [an employee's|somebody's] time off
person = person ; person employee requester name ; whose request
order: [approve|grant|sign off] the [leave request|vacation|time off] of {person}
order: tell the system that {person} [may go|is allowed to go] [on the trip|as asked|as requested]
order: give {person} the green light for [the days at the sea|the honeymoon|the break asked for]
ask: can we just say yes to {person}, who [asked|applied] for [two weeks|some days] at the beach
note: no objections from me, {person} can [be away|travel] as [planned|wished]
note: {person} [asked|applied] for a fortnight off and [nothing speaks against it|I'm fine with it]
note: leave {person} approved
note: as the team lead I'm happy to let {person} [go|enjoy the summer]
gives: status = enum:approved,granted,done
reply: The leave of {person} is {status}.
reply: {status}: time off for {person}.

tool staff: log_sick_day report_sick employee_sick record_sick_leave register_illness
about: [Records|Registers] that an employee is [ill|sick] [and cannot work|].
about: Sick leave: [report|log] illness of a colleague
person = person ; person employee name who ; who is ill
date? = date ; date day from when ; first day ; from {} on
order: [report|log|record] {person} as [sick|ill]
order: [register|enter] a sick day for {person}
order: take {person} off today's shift, [there's a fever|the flu got there first|the stomach is upset]
ask: can payroll note that {person} [won't be at the office|can't do the night shift], [it's the flu|it's a cold|migraine again]
note: {person} just phoned, [coughing like mad|sounding terrible|with a fever], and can't [make the shift|come to the office]
note: {person} [threw up all night|woke up with a fever|broke a leg], don't count on [that desk|any work] today
note: {person}, our colleague, sick
note: the doctor told {person} to [rest|stay in bed], put it in the personnel file
gives: case_id = id
reply: {person} was reported sick ({case_id}).
reply: Noted, get well soon to {person}. The record is {case_id}.

tool hiring: post_job publish_vacancy advertise_position create_job_opening new_vacancy
about: [Publishes|Posts] a job opening [in a city|].
about: Hiring: [advertise|create] a new vacancy
role = enum:bookkeeper,welder,nurse,plumber,designer,driver,cook,translator ; role position job job_title ; the position
city = city ; city location office place ; where the job is
order: [post|publish|advertise|put online] a [job|vacancy|position] for a {role} in {city}
order: [tell the world|let people know|announce] that our {city} office needs a new {role}
order: start looking for a {role}, [ideally|preferably] somebody who lives near {city}
ask: can we [find|get] ourselves a {role} in {city}, [the old one quit|two of them left|the work piles up]
ask: could an ad go out that we want a {role} for {city}
note: our {role} in {city} just handed in their notice, we need a replacement [soon|fast|badly]
note: short of hands in {city}, one more {role} would [help|save us], [spread the word|look for candidates]
note: job opening: {role}, {city}
gives: job_id = id
reply: The job as {role} in {city} is online ({job_id}).
reply: Opening {job_id} for a {role} in {city} was published.

tool hiring: list_applicants get_candidates show_applications job_candidates who_applied
about: [Lists|Shows] the people who applied for a position.
about: Applicants [by|for a] position
role = enum:bookkeeper,welder,nurse,plumber,designer,driver,cook,translator ; role position job vacancy ; the position
order: [list|show me|bring up] [everyone who applied|the applicants|the candidates] [as|for] {role}
order: [see|find out] whether anybody wants to [become|work as] our new {role}
ask: who [would like|wants] to [be our|join us as] {role}
ask: how many people have [written in|sent a CV|thrown their hat in the ring] for the {role} [job|spot|post]
ask: did [anyone|a soul] respond to our {role} ad
note: we have been looking for a {role} for [weeks|a month], [any takers|anybody interested]
note: I want to pick whom to interview for {role}, [who do we have|give me the pile of CVs]
note: {role} applicants
gives: count = integer:1-70 ; best = person
reply: {count} people applied as {role}, {best} looks best.
reply: There are {count} applicants for {role}, among them {best}.

tool rooms: book_meeting_room reserve_room room_booking get_conference_room
about: [Books|Reserves] a meeting room [at|for] a time.
about: Reserve a [conference|meeting] room for [a number of|several] people
people = integer:2-60 ; people seats attendees size ; how many will sit there
time = time ; time start at from ; when it starts
date? = date ; date day on ; the day ; on {}
order: [book|reserve|get] a [meeting|conference] room for {people} [people|of us] at {time}
order: find us somewhere quiet to sit down at {time}, there will be {people} of us
order: hold a place with {people} chairs and a [beamer|whiteboard|screen] for {time}
ask: could {people} of us [sit together|meet|gather] somewhere [with a door|indoors|in this building] at {time}
ask: is there a way to get {people} people around one table at {time}, [I need it reserved|block it please]
note: at {time} the [clients|auditors|partners] come, {people} heads altogether, we need a [door to close|proper table]
note: {people} colleagues, {time}, [need four walls|need a table and a projector]
note: room for {people} at {time}
gives: room = enum:Blue Room,Room 4,Atrium,Library,Loft ; booking = id
reply: {room} is yours at {time} for {people} people ({booking}).
reply: Booked {room}, {booking}.

tool rooms: release_room cancel_room_booking free_room give_back_room unbook_room
about: [Cancels|Gives back|Releases] a [reserved|booked] meeting room.
about: Free a room [again |]that is no longer needed
booking = id ; booking booking_id reservation code ; number of the booking
order: [release|give back|cancel|free] the room [booked under|with booking] {booking}
order: let [the others|somebody else] have {booking}, [we meet online|we are all at home|the client called off]
ask: can {booking} be [handed|passed] to [another team|someone else], we [won't come|don't need the table]
ask: who wants our place under {booking}, [we are going to|we'd rather] sit outside, so [open it up|unblock it]
note: {booking} can go, [half the team is ill|everybody is remote today|the talk was moved to Zoom]
note: the [workshop|interview|talk] behind {booking} isn't happening, so don't keep the door closed for us
note: {booking} no longer needed
note: as for {booking}, [we all fit in my office|a phone call does the job|the visitors are stuck at the airport]
gives: status = enum:released,free,cancelled
reply: The booking {booking} is {status}.
reply: {status}: {booking}.

tool mail: set_out_of_office auto_reply vacation_responder absence_message away_notice
about: [Turns on|Sets] an automatic reply to [e-mails|incoming mail] until a day.
about: Out-of-office [notice|answer] in the mailbox
until = date ; until end_date last_day back_on ; [last day of the absence|until when]
deputy? = person ; deputy substitute contact stand_in ; who helps meanwhile ; naming {} as my stand-in
order: [turn on|set] the [auto reply|out-of-office answer] until {until}
order: tell [everyone|whoever] who writes to me before {until} that they [must be patient|won't hear from me]
order: let [people|senders] know I'm [off the grid|at sea|on a mountain] until {until}
ask: can [my customers|people] get told [by themselves|by a robot] that I won't read anything until {until}
ask: who answers my inbox until {until}, a machine I hope, so switch that on
note: I'm [in hospital|hiking|on honeymoon] until {until} and nobody should [sit and wait|wonder why I'm silent]
note: no laptop for me until {until}, people who write should [find out|be warned] at once
note: away until {until}
gives: status = enum:on,active,set
reply: The automatic reply is {status} until {until}.
reply: {status}: senders are told that you are away until {until}.

tool mail: unsubscribe stop_newsletter leave_mailing_list newsletter_opt_out end_subscription_mails
about: [Unsubscribes from|Stops] the newsletter of a company.
about: Newsletter [opt-out|cancellation] by sender
sender = company ; sender company list newsletter ; who sends it
order: [unsubscribe me|take me off the list|get me off the mailing list] of {sender}
order: make {sender} leave my [inbox|mailbox] alone [once and for all|for good|]
order: put an end to the [spam|ads|offers] that {sender} keeps sending
ask: how do I get {sender} to quit [spamming|bothering] me every single [morning|day]
ask: why does {sender} write to me [three times a day|all the time], I never [asked for it|agreed to that], end it
note: {sender} fills my inbox with [offers|junk] that I [never open|always delete], I want out
note: I bought one thing at {sender} and now they [write|send me offers] daily, [no more of that|enough]
note: no more ads from {sender}
gives: status = enum:unsubscribed,removed,done
reply: You are {status} from the list of {sender}.
reply: {sender}: {status}, no more newsletters.

tool meetings: meeting_minutes get_minutes meeting_notes protocol_of what_was_decided
about: [Returns|Fetches] the [minutes|protocol] of a past meeting.
about: What was said and decided [in|at] [a|an earlier] meeting
event = event ; event meeting title which ; the meeting
date? = date ; date day held_on ; when it took place ; [held on|from|of] {}
order: [get|pull|send|show] me the minutes of [the |]{event}
order: catch me up on [the |]{event}, I [was on a plane|had a sick kid|overslept]
ask: what did [they|everybody] [agree on|conclude|say] in [the |]{event}
ask: how did [the |]{event} [go|end], I had to leave [early|halfway through]
ask: did anything [important|new] come out of [the |]{event}
note: I missed [the |]{event}, [what do I have to know|fill me in]
note: somebody claims we promised a discount in [the |]{event}, I'd like to [read it up|see it black on white]
note: minutes {event}
gives: decision = text
reply: In {event} this was decided: {decision}
reply: {event}: {decision}

tool contracts: contract_end contract_expiry when_does_contract_end agreement_end_date
about: [Returns|Tells] when a contract with a company [ends|expires|runs out].
about: End date of [an agreement|a contract]
partner = company ; partner company supplier counterparty ; the other side
order: [check|look up|tell me] when [our|the] contract with {partner} [ends|expires|runs out]
order: find out how long we are [stuck with|bound to|tied to] {partner}
ask: until when do we have to [put up with|work with|buy from] {partner}
ask: how long is [our deal|what we signed] with {partner} [good for|still valid]
ask: can we [already |]walk away from {partner} or are we in for [another year|longer]
note: {partner} got so expensive, [when are we free|from which day could we look elsewhere]
note: need to [plan|renegotiate] with {partner}, so what's the last day [of what we signed|they have to deliver]
note: {partner} contract end
gives: end = date
reply: The contract with {partner} ends: {end}.
reply: Our agreement with {partner} runs until {end}.

tool contracts: terminate_contract end_contract quit_agreement give_notice cancel_contract
about: [Terminates|Ends|Gives notice on] a contract with a company.
about: [Contract termination|Quit an agreement]
partner = company ; partner company supplier provider ; whose contract is ended
date? = date ; date effective as_of end ; last day ; [effective|as of] {}
order: [terminate|end|quit] [our|the] [contract|agreement] with {partner}
order: tell {partner} that [it's over|we are leaving|we won't continue] and make it [binding|official]
order: get us out of [the deal with {partner}|whatever we signed with {partner}]
ask: how about we [part ways with|drop|say goodbye to] {partner}, [they got too expensive|I'm sick of their service], put it in writing
note: we have found somebody cheaper than {partner}, [get rid of them|so that's the end of it]
note: I've had enough of {partner}, [we're done with them|no more of our money goes there]
note: {partner}: give notice
note: since the strike {partner} has [delivered nothing|been useless], cut the ties
gives: status = enum:terminated,ended,notice given
reply: The contract with {partner}: {status}.
reply: {partner} has our notice ({status}).

tool customers: customer_orders purchase_history what_customer_bought client_orders past_purchases
about: [Lists|Returns] what a customer has bought [so far|].
about: Purchase history [by|of a] customer
person = person ; person customer client buyer ; the customer
order: [list|show|pull up] [everything|all that|what] {person} [has bought|ever bought|purchased] [from us|here]
order: find out which of our things {person} already [owns|has at home]
ask: what did {person} get from us [in the past|over the years|before]
ask: has {person} spent anything with us [yet|before] or is this somebody new
ask: is {person} a regular, and what [is it|was it] that [goes|went] in the basket
note: {person} is on the line about spare parts, I need to know what we [sold|shipped] there
note: before I call {person} I'd like to see what [we have delivered|was taken home] so far
note: {person} purchases
gives: count = integer:1-40 ; last = product
reply: {person} bought {count} things, last a {last}.
reply: {count} purchases by {person}, most recently a {last}.

tool customers: log_complaint record_complaint file_complaint register_complaint note_grievance
about: [Records|Registers] a complaint [of|by] a customer about a product.
about: Customer complaints: [log|file] who is unhappy with [what|which product]
person = person ; person customer complainer name ; who complains
product = product ; product item article about ; what it is about
order: [record|log|register] a complaint [by|from] {person} about [the|a] {product}
order: write down that {person} is [furious|not happy|disappointed] because of the {product}
ask: can we get on file that {person} [hates|is angry about] the {product}
note: {person} just [yelled at me|shouted at me|ranted] on the phone, the {product} [fell apart|broke|stinks]
note: {person} says the {product} is [rubbish|a joke|not what was promised] and [wants that known|is very upset]
note: another unhappy buyer, {person}, [the {product} is to blame|because of the {product}]
note: the {product} [squeaks|smells|wobbles], says {person}, [put it on the record|for the files]
note: complaint {person}, {product}
gives: complaint_id = id
reply: The complaint of {person} about the {product} was recorded ({complaint_id}).
reply: {complaint_id}: {person} complains about the {product}.

tool support: ticket_status get_ticket look_up_ticket ticket_progress check_ticket
about: [Shows|Returns] the [state|progress] of an existing [support |]ticket.
about: Look up [where a ticket stands|a support case]
ticket = id ; ticket ticket_id case number ; number of the ticket
order: [look up|check|show me] [ticket|case|the state of|how it goes with] {ticket}
order: find out if [anybody|someone] is [working|sitting] on {ticket} [at all|yet]
ask: any [news|movement|word] on {ticket}
ask: how far [did you get|are they|has the helpdesk got] with {ticket}, I [wrote|asked] days ago
ask: has [anything|something] happened with {ticket} since [Monday|last week|I called]
note: I reported something a week ago under {ticket} and [haven't heard back|it's been silent since]
note: {ticket}, still nobody [called|answered], [what's going on|where are we]
note: ticket {ticket}
note: you gave me {ticket} when I called about the [printer|wifi|login], and [nothing has changed|I'm still stuck], how is it coming along
gives: state = enum:open,in progress,waiting,solved ; agent = person
reply: Ticket {ticket} is {state}, {agent} works on it.
reply: {ticket}: {state} ({agent}).

tool support: assign_ticket hand_over_ticket give_ticket_to delegate_case reassign_ticket
about: [Assigns|Hands|Gives] a [support |]ticket to [an agent|a colleague].
about: [Change who handles a case|Ticket assignment]
ticket = id ; ticket ticket_id case issue ; the ticket
person = person ; person agent assignee to colleague ; who takes over
order: [assign|hand|give] [ticket |case |]{ticket} to {person}
order: let {person} [take care of|deal with|look into] {ticket}, [I'm swamped|that's not my field|I'm off tomorrow]
order: put {ticket} on {person}'s desk
ask: could {person} [pick up|take over|jump on] {ticket}
ask: isn't {ticket} something for {person}, [nobody knows printers better|it needs an expert], move it there
note: {ticket} is over my head, {person} [knows that stuff|will know what to do]
note: from now on {person} is [responsible for|in charge of] {ticket}
note: {ticket} -> {person}
gives: status = enum:assigned,handed over,done
reply: {ticket} is {status}: {person} takes it.
reply: {person} has {ticket} now ({status}).

tool sales: sales_figures units_sold get_sales turnover_of sales_report
about: [Returns|Shows] how many [pieces|units] of a product were sold[ and the turnover|].
about: Sales figures [by|of a] product
product = product ; product item article name ; the product
month? = month ; month period when ; the month ; in {}
order: [get|show me|pull] the sales [figures |numbers |]of the {product}
order: tell me how well the {product} [sells|is selling|does|went]
ask: how many [people took home|customers went for] [a|the] {product}
ask: is the {product} a [hit|flop|slow mover] with our customers, in numbers
ask: did we get rid of [many|lots] of that {product}
note: the board asks if the {product} [earns its keep|is worth keeping], [I need hard numbers|how much of it went over the counter]
note: thinking of dropping the {product} [from the range|altogether] unless people [actually buy it|love it]
note: {product} sales
gives: sold = integer:0-5000 ; turnover = price
reply: {sold} pieces of the {product} were sold, that is {turnover}.
reply: {product}: {sold} sold, turnover {turnover}.

tool warehouse: stock_level in_stock inventory_count units_available check_stock
about: [Returns|Tells] how many pieces of a product are in the warehouse.
about: [Stock level|Inventory] [of|by] product
product = product ; product item article sku ; the product
order: [check|tell me|look up] how many [pieces of the {product}|of the {product}] we have in stock
order: [see|find out] whether we could [deliver|hand over|ship] a {product} [today|right away|on the spot]
ask: do we [have|carry] any {product} [left|on the shelves]
ask: is there [a|one more|still a] {product} [in the back|lying around somewhere|on hand]
ask: are we about to run out of the {product}
note: a customer stands in front of me and wants a {product}, [have we got one|do we have any]
note: {product}, how many left
note: I [don't want to|can't] promise a {product} that we [don't have|ran out of], so how does it look
gives: pieces = integer:0-900
reply: There are {pieces} pieces of the {product} in stock.
reply: {product}: {pieces} left.

tool warehouse: reorder_stock restock buy_supplies replenish order_from_supplier
about: [Orders|Buys] more pieces of a product for the warehouse.
about: [Restock|Replenish] a product
product = product ; product item article sku ; what to buy
quantity = integer:5-800 ; quantity count pieces amount ; how many
order: [reorder|restock|get us] {quantity} [more |]pieces of the {product}
order: fill [the shelf|our shelves] with another {quantity} [of the {product}|times {product}]
order: have {quantity} more [of the {product}|units of the {product}] [delivered|brought in], [they fly off the shelf|Christmas is coming]
ask: could we take in {quantity} [more|fresh ones] of the {product}, [it sold out|we are almost empty]
note: the {product} [is running low|is nearly gone], {quantity} [more should do|would last us the summer]
note: we are out of the {product} again, {quantity} should carry us through the [winter|month|quarter]
note: {quantity} x {product} from the supplier
note: I'd feel better with {quantity} extra of that {product} on the shelf, so get them
gives: purchase_id = id
reply: {quantity} pieces of the {product} were ordered ({purchase_id}).
reply: Purchase {purchase_id}: {quantity} x {product}.

tool warehouse: locate_item shelf_of where_stored storage_place bin_location
about: [Tells|Returns] on which shelf a product is [stored|kept].
about: Storage place [of|by] product in the warehouse
product = product ; product item article sku ; the product
order: [locate|find] the [shelf|storage place|bin] of the {product}
order: tell me where [I find|they keep|someone put] the {product}
ask: where [on earth |]do [we|you] keep the {product}
ask: which [aisle|corner|row] [do I have to walk to|is it] for the {product}
ask: in what [row|rack] do I have to look for the {product}
note: I'm [standing|walking around] in the hall with a [forklift|trolley] and can't see the {product} [anywhere|at all]
note: I'm new here and have to fetch the {product}, [left or right|which way]
note: {product} shelf
gives: shelf = id
reply: The {product} is on shelf {shelf}.
reply: Go to {shelf} for the {product}.

tool suppliers: find_supplier who_supplies supplier_of vendor_lookup source_of_product
about: [Finds|Returns] the company that supplies [us with |]a product.
about: [Supplier|Vendor] [by|of a] product
product = product ; product item goods part ; what is supplied
order: [find|look up|tell me] [the supplier|the vendor|who supplies us with] the {product}
order: find out [from whom|where] we [get|buy|source] our {product}
ask: who [makes|delivers|sends] us the {product}
ask: which firm do I have to call when a {product} [breaks before we even sell it|arrives damaged]
ask: where does the {product} [in our shop |]come from
note: the {product} [always arrives|came in] with scratches, I want to [talk to|shout at] whoever [sends|sells] us that
note: {product} supplier
note: somebody asked me [who is behind|who manufactures] our {product} and I [had no idea|went red]
note: [a rival|somebody] offers us the {product} for half, so I want to know whom we pay for it [today|at present]
gives: supplier = company
reply: The {product} comes from {supplier}.
reply: {supplier} supplies the {product}.

tool property: estimate_property house_value property_price home_worth appraise_home
about: [Estimates|Returns] what a [house|property] at an address is worth.
about: Real estate [valuation|value] by address
address = street ; address street location property ; address of the property
area? = integer:25-400 ; area square_meters size ; living area ; with {} square meters
order: [estimate|appraise|work out] the [value|worth] of the [house|property] at {address}
order: tell me what [my parents'|our|the] place at {address} would [fetch|bring|go for]
order: give me a rough idea what {address} is good for if we [sell|put it on the market] this spring
ask: how much could [we|I|somebody] ask for {address} [on the market|if it were sold]
ask: what would a buyer [pay|put on the table] for {address}
note: we inherited {address} and [want to sell|have no clue what it costs], [a rough figure would do|what is realistic]
note: my [sister|brother] and I split {address}, so we need a [fair price|number we both accept]
note: {address} value
gives: value = integer:60000-2000000
reply: {address} is worth about {value}.
reply: The estimate for {address} is {value}.

tool property: search_flats find_apartment rental_search flat_hunt homes_to_rent
about: [Finds|Searches] flats to rent in a city.
about: [Rental|Apartment] search [by|with] city and highest rent
city = city ; city town location where ; the city
rent = integer:300-4000 ; rent max_rent limit budget ; highest monthly rent
rooms? = integer:1-7 ; rooms bedrooms size ; number of rooms ; with {} rooms
order: [find|search|look for] [a flat|flats|an apartment] in {city} for [at most|up to|no more than] {rent}
order: get me a roof over my head in {city} that [doesn't cost more than|stays below] {rent} a month
ask: where in {city} could I live for {rent} a month
ask: is there anything to move into in {city} for less than {rent}
note: I start [university|a job|a new life] in {city} [in autumn|soon] and can spend {rent} a month on [living there|a place of my own]
note: we're moving to {city}, {rent} is [the most|all] we can afford each month, still homeless
note: {city}, my own four walls, {rent} tops
note: flat {city} {rent}
gives: address = street ; price = integer:300-4000
reply: There is a flat at {address} for {price}.
reply: I found {address}, {price} a month.

tool printing: print_document print_file send_to_printer hard_copy print_out
about: [Prints|Sends to the printer] a [document|file].
about: [Print a file|Printouts] on paper
file = file ; file document path what ; what to print
copies? = integer:2-50 ; copies count times ; how many copies ; , {} copies
duplex? = flag ; duplex double_sided both_sides ; use both sides ; on both sides // single sided
order: [print|print out] {file}
order: put {file} on paper, [I hate reading on screens|the client wants something to touch|I sign by hand]
order: get me {file} as [a hard copy|something I can hold in my hands|sheets I can scribble on]
ask: can I have {file} [on paper|black on white|to take along to the meeting room]
ask: could someone [run off|produce] {file} for the people in the [hall|meeting] who have no screen
ask: could I have {file} to [read in the bath|scribble on|pin on the wall]
note: {file} has to hang on the [wall|door|notice board] by noon
note: [grandma|the notary|my teacher] only reads paper, so {file} please
note: print {file}
note: {file} needs a real signature in blue ink, [so get it out of the computer|I'll pick it up downstairs]
gives: job = id
reply: {file} is printing (job {job}).
reply: Job {job}: {file}.

tool printing: printer_toner ink_level check_toner cartridge_state toner_left
about: [Returns|Checks] how much [ink|toner] a printer has left.
about: [Toner|Ink] level [in percent |]of a printer
printer = id ; printer printer_id device which ; the printer
order: [check|tell me] [the toner|the ink|how full the cartridge] of {printer}
order: see if {printer} will [survive|make it through] [a thousand pages|the big run tonight|another week]
ask: do we have to buy [a new cartridge|something] for {printer} [soon|yet]
ask: how much [black|colour] is there in {printer}
ask: why are the pages from {printer} so [pale|faint|grey], is it [running dry|almost empty]
note: {printer} [smears|prints pale grey|leaves stripes], it [may be thirsty|might be empty]
note: I have forty pages to go and {printer} is blinking, will it [last|hold out]
note: toner {printer}
gives: percent = integer:0-100
reply: {printer} has {percent} percent left.
reply: The toner of {printer} is at {percent} percent.

tool documents: convert_to_pdf make_pdf export_pdf save_as_pdf to_pdf
about: [Turns|Converts] a [document|file] into a PDF.
about: PDF [export|conversion]
file = file ; file document source path ; what is converted
order: [turn|convert|make] {file} into a PDF
order: [save|export] {file} as PDF
order: give me {file} in a form that [nobody can edit|looks the same on every machine|opens everywhere]
ask: can I have {file} so that [no one changes it|the layout stays put on any computer]
ask: what's the PDF of {file}, I [can't open|don't have the program for] the original
note: the [authority|court|print shop] only takes PDF and I have {file}
note: {file}, whenever I mail it the layout [explodes|falls apart|shifts], make it [fixed|stable]
note: {file} -> pdf
gives: path = file
reply: {file} was saved as {path}.
reply: The PDF is {path}.

tool documents: share_document grant_access_to_file give_access share_file allow_reading
about: [Shares|Gives access to] a file [with|to] a person.
about: Let somebody [see|open] a document
file = file ; file document path which ; the document
person = person ; person with user reader ; who may see it
editing? = flag ; editing can_edit write_access ; may also change it ; with the right to edit // for reading only
order: [share|unlock] {file} [with|for] {person}
order: let {person} [into|look at|have a peek at|open] {file}
order: make {file} visible to {person}, [we work on it together|I promised|the review is today]
ask: can {person} [get into|read|look at] {file} [too|as well], it [says forbidden|keeps asking for permission]
ask: why is {person} still locked out of {file}, [open the gate|fix that]
ask: why does {person} only see a padlock instead of {file}, we [write it together|are a team]
note: {person} keeps getting a forbidden page on {file}, that should work
note: {person} takes over from me on Monday and has to [work with|be able to open] {file}
note: {file}: access for {person}
gives: status = enum:shared,granted,done
reply: {file} is {status}: {person} can open it.
reply: {status}, {person} has access to {file}.

tool sheets: sum_column column_total add_up_column spreadsheet_sum column_sum
about: [Adds up|Sums] [a column|one column] of a spreadsheet.
about: Total of a [table |spreadsheet ]column
file = file ; file spreadsheet sheet workbook ; the spreadsheet
column = word ; column column_name header field ; name of the column
order: [add up|sum|total] [the column|column] {column} in {file}
order: tell me what everything under {column} in {file} comes to
ask: what do the [numbers|figures|entries] below {column} in {file} [make|amount to] [altogether|in the end]
ask: in {file}, how much is it if you take all of {column} together
note: open {file}, go down {column}, one grand total [at the bottom|is all I need]
note: my head hurts from {file}, just [give me one number for|boil down] {column}
note: {file}: total of {column}
note: I [must|have to] report {column} from {file} as a single figure
gives: total = number
reply: The column {column} adds up to {total}.
reply: {total} is the total of {column} in {file}.

tool security: reset_password new_login restore_access send_reset_link forgot_password
about: Resets the password of a user[ account|] [and sends a link|].
about: [Account|Login] recovery for [a user|people who cannot sign in]
user = email ; user account email login ; mail address of the account
order: reset the [password|login] [of|for] {user}
order: send {user} a link to [get back in|choose a fresh password|start over]
ask: can {user} get [back in|a second chance], the [secret|code word] [slipped my mind|was forgotten]
ask: how does {user} get in again after [five wrong guesses|a long holiday]
note: I typed it wrong [three|five|ten] times and now {user} is [locked out|shut out]
note: I'm {user} and [my brain is a sieve|I have forgotten what I type there|nothing I type works any more]
note: {user} [stands in front of closed doors|cannot sign in any more], help out
note: password reset {user}
gives: link = url
reply: {user} gets a new link: {link}
reply: The password of {user} can be reset at {link}.

tool security: deactivate_user disable_account suspend_user close_login offboard_user
about: [Deactivates|Disables|Suspends] [a user account|the account of a user].
about: Stop [somebody|a user] from logging in[, for leavers and abuse|]
user = email ; user account email login ; mail address of the account
order: [deactivate|disable|suspend] [the account |the user |]{user}
order: shut {user} out, [today was the last day|that person left us|there was a breach]
order: throw {user} off our systems [for good|right now|before they copy anything]
ask: why can {user} still get in, they [quit|were fired|retired] [in March|weeks ago], end that
ask: isn't it time that {user} loses the [key|keys] to everything
note: {user} [quits|leaves] [tonight|today], from tomorrow no more entry
note: somebody [in Russia|unknown|strange] is using {user}, lock the door before [damage is done|it gets worse]
note: disable {user}
note: we had to let someone go this morning, {user}, nothing of ours should open there any more
gives: status = enum:disabled,suspended,closed
reply: The account {user} is {status}.
reply: {user} is {status}.
"""
