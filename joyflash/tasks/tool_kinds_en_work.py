"""English real tools of the office, shops, files and numbers (read by ``joyflash.tasks.tool_use.parse_tools``)."""

# ruff: noqa: E501 (data: one text a line)
from __future__ import annotations

WORK_TOOLS = """
tool mail: send_email email mail_to compose_email send_mail mailer
about: [Sends|Writes] an e-mail[ to an address|].
about: [E-mail|Mail] sending
to = email ; to recipient address receiver email ; [address of the receiver|e-mail address]
body = text ; body text message content ; text of the mail
subject? = text ; subject title headline ; subject line ; with [the |]subject {}
order: [send|write] an [e-mail|email] to {to} saying {body}
order: [mail|email] {to}: {body}
order: [send|mail] {body} to {to}
order: write to {to} that {body}
note: email {to}: {body}
note: mail to {to} {body}
gives: message_id = id
reply: The e-mail to {to} was sent ({message_id}).
reply: Sent. The message id is {message_id}.

tool mail: search_mail find_email search_inbox inbox_search look_for_mail
about: Searches the inbox [for mails |]from a [person|sender].
about: [Inbox|Mail] search by sender
sender = person ; sender person author from_name ; [who wrote it|the sender]
order: [find|search|look for|show me] [the |]mails from {sender}
order: see what {sender} [wrote|sent|mailed] me
ask: did {sender} [write|mail] me
ask: [are there|is there] any mail from {sender}
note: mails from {sender}
note: inbox {sender}
gives: count = integer:1-60
reply: There are {count} mails from {sender}.
reply: I found {count} mails.

tool messages: send_sms text_message send_message sms message_to send_text
about: Sends a [text message|message|SMS] to a [person|contact].
about: [SMS|Chat messages]
person = person ; person contact recipient name to ; who gets it
message = text ; message text content body ; [the message|what to say]
order: [text|message] {person}: {message}
order: [text|tell|let] {person} [know |]that {message}
order: send {person} [a message|an SMS|a text] saying {message}
order: send {message} to {person}
note: sms {person}: {message}
note: message for {person}: {message}
gives: status = enum:sent,delivered,ok
reply: The message to {person} is {status}.
reply: {status}: message to {person}.

tool messages: call_person phone_call dial make_call ring_up
about: [Calls|Phones] a person.
about: [Phone calls|Telephone]
person = person ; person contact name callee ; whom to call
order: [call|phone|ring|dial] {person}
order: [give {person} a call|get {person} on the phone]
ask: can you [call|phone|ring] {person}
note: call {person}
note: {person}, phone
note: I [want|need|have] to [speak with|talk to] {person} [on the phone|by phone]
gives: status = enum:ringing,busy,connected,calling
reply: The call to {person} is {status}.
reply: {person}: {status}.

tool calendar: create_event add_event calendar_event schedule_event new_appointment add_to_calendar
about: [Adds|Creates] an [event|appointment|entry] in the calendar.
about: Calendar [entries|entry]
title = event ; title event name what summary ; [the event|title of the event]
date = date ; date day when on ; [the day|date]
time? = time ; time start start_time at ; time of day ; at {}
order: [add|put|enter] {title} [to|in|into] my calendar [on|for] {date}
order: [schedule|plan|create|set up] {title} [on|for] {date}
order: [block|note|mark] {date} for {title}
ask: can you put {title} on {date}
note: calendar: {title}, {date}
note: {title} on {date}
note: I have {title} on {date}, put it in the calendar
gives: event_id = id
reply: {title} is in your calendar on {date} ({event_id}).
reply: Added {title}, id {event_id}.

tool calendar: list_events get_agenda agenda show_calendar my_events
about: [Lists|Shows] the events of a day.
about: [Agenda|Day overview]
date = date ; date day when on ; the day
order: [show|tell|list|read] me [my agenda|my events|what is planned|my appointments] for {date}
order: [check|look at] my calendar for {date}
ask: what [do I have|is planned|is on my calendar|am I doing] on {date}
ask: am I [free|busy] on {date}
note: agenda {date}
note: events on {date}
gives: events = event
reply: On {date} you have {events}.
reply: Your agenda for {date}: {events}.

tool calendar: cancel_event delete_event remove_appointment drop_event
about: [Cancels|Deletes|Removes] an event.
about: Cancel appointments
event = event ; event title name appointment ; the event
order: [cancel|delete|remove|call off|drop] [the |my |]{event}
order: take {event} off my calendar
ask: can you cancel [the |my |]{event}
note: cancel {event}
note: {event} is off
note: I can't [make it to|come to|attend] {event}, cancel it
gives: status = enum:cancelled,removed,deleted
reply: {event} is {status}.
reply: The event {event} was {status}.

tool tasks: add_reminder create_reminder remind remind_me set_reminder reminder
about: [Creates|Sets] a reminder [to do something |]at a time.
about: [Reminders|Reminds you]
task = task ; task text what content reminder ; [what to do|the task]
time = time ; time at when remind_at ; when
order: remind me to {task} at {time}
order: [set|make|create] a reminder [to|saying] {task} at {time}
order: [make sure|don't let me forget] [I |to ]{task} at {time}
ask: can you remind me at {time} to {task}
note: reminder {time}: {task}
note: {time} {task}, remind me
gives: reminder_id = id
reply: I will remind you to {task} at {time} ({reminder_id}).
reply: Reminder {reminder_id} is set for {time}.

tool tasks: add_task todo_add new_task create_todo add_todo
about: Adds a task to the to-do list.
about: [To-do|Task] list: add
task = task ; task title item todo ; the task
priority? = enum:low,medium,high,urgent ; priority importance level ; how urgent ; with {} priority
order: [add|put|write] {task} [to|on] my [to-do list|todo list|list|tasks]
order: [create|make|note] a task: {task}
ask: can you put {task} on my list
note: todo {task}
note: new task: {task}
note: I have to {task}, put it on the list
gives: task_id = id
reply: {task} is on your list ({task_id}).
reply: Task {task_id} was added.

tool notes: save_note create_note take_note write_note note memo
about: [Saves|Takes|Writes] a note.
about: [Notes|Memo]
text = text ; text content note body ; text of the note
tag? = word ; tag label category ; label of the note ; [tagged|under the tag|with tag] {}
order: [take|make|save|write] a note: {text}
order: [note|write|jot] down {text}
order: [remember|keep in mind]: {text}
note: note: {text}
note: memo {text}
gives: note_id = id
reply: Saved as note {note_id}.
reply: The note {note_id} is saved.

tool *search: web_search search_web internet_search google search_internet search
about: Searches the [web|internet].
about: [Web|Internet] search
query = topic ; query q search_term keywords terms question ; what to search for
limit? = integer:1-20 ; limit max_results count top_k n ; number of results ; , {} results
order: [search|look] [the web|the internet|online|the net] for {query}
order: [google|look up|search for|find out about] {query}[ online| on the web]
order: find [pages|articles|websites|information] [about|on] {query}
ask: what does the [web|internet] say about {query}
ask: what can you find online about {query}
note: search {query}
note: web: {query}
gives: title = text
reply: The first hit is: {title}
reply: I found: {title}

tool search: get_news news latest_news news_search headlines
about: [Returns|Finds] the [latest |]news [about|on] a topic.
about: [News|Headlines] by topic
topic = topic ; topic subject query about ; the topic
date? = date ; date since from_date day ; how far back ; since {}
order: [show|tell|get|read] me the [news|latest news|headlines] [about|on] {topic}
order: [check|find] [news|headlines] [about|on] {topic}
ask: what's new [about|in|with] {topic}
ask: is there any news [about|on] {topic}
note: news {topic}
note: {topic} headlines
gives: headline = text
reply: The latest headline: {headline}
reply: News on {topic}: {headline}

tool *search: wiki_lookup wikipedia encyclopedia article_lookup wiki
about: Looks up an encyclopedia article[ about a topic|].
about: [Encyclopedia|Wiki]
topic = topic ; topic title article term subject ; the article
order: [look up|find|open|read] the [encyclopedia|wiki] article [about|on] {topic}
order: [check|see] what the encyclopedia says about {topic}
ask: what does the encyclopedia say about {topic}
note: wiki {topic}
note: encyclopedia: {topic}
gives: summary = text
reply: The article says: {summary}
reply: {topic}: {summary}

tool people: find_contact contact_lookup lookup_contact phone_book get_contact
about: [Looks up|Finds] the [phone number|contact data] of a person.
about: [Address book|Contacts]
name = person ; name person contact who ; the person
order: [find|look up|get|show me] [the number of {name}|{name}'s phone number|the phone number of {name}|the contact of {name}]
ask: what's [the phone number of {name}|{name}'s number|{name}'s phone number]
ask: how can I reach {name}
note: phone number {name}
note: {name} contact
gives: phone = phone
reply: The number of {name} is {phone}.
reply: You can reach {name} at {phone}.

tool people: add_contact save_contact new_contact create_contact
about: [Saves|Adds] a [new |]contact with [name and number|a phone number].
about: New contacts
name = person ; name person contact full_name ; name
phone = phone ; phone number telephone mobile ; phone number
order: [save|add|store] {name} [with the number|, phone|with phone number] {phone}
order: [save|add] {phone} as the number of {name}
ask: can you add {name} with number {phone} to my contacts
note: new contact {name}, {phone}
note: {name}: {phone}, save it
gives: contact_id = id
reply: {name} is saved ({contact_id}).
reply: Contact {contact_id} was created.

tool units: convert_units unit_converter convert unit_conversion change_units
about: Converts a [number|value|quantity] from one unit to another.
about: Unit [conversion|converter]
value = number ; value amount quantity number ; [the number|value to convert]
source = unit ; from_unit source unit_from src ; unit it has
target = unit ; to_unit target unit_to dst ; unit wanted
order: [convert|change|turn] {value} {source} [to|into] {target}
order: [tell me|work out|find] how many {target} {value} {source} [are|make]
ask: how many {target} are {value} {source}
ask: what is {value} {source} in {target}
ask: how much is {value} {source} in {target}
note: {value} {source} in {target}
note: {value} {source} to {target}
gives: converted = number
reply: {value} {source} are {converted} {target}.
reply: That is {converted} {target}.

tool units: random_number roll_dice pick_number random_int draw_number
about: [Draws|Returns|Picks] a random [number|integer] [between|from a range of] two numbers.
about: Random [numbers|number generator]
low = integer:1-50 ; low min minimum start lower ; smallest number
high = integer:51-999 ; high max maximum end upper ; largest number
order: [pick|draw|give me|choose|generate] a random number [between {low} and {high}|from {low} to {high}]
order: draw lots between {low} and {high}
ask: can I have a random number between {low} and {high}
note: random {low}-{high}
note: random number {low} to {high}
gives: number = integer:1-999
reply: The random number is {number}.
reply: I drew {number}.

tool files: read_file open_file load_file file_content cat_file show_file
about: [Reads|Opens|Returns the content of] a file.
about: File [reader|content]
path = file ; path file filename file_path name ; [path of the file|which file]
lines? = integer:1-200 ; lines max_lines head ; number of lines ; , only {} lines
order: [read|open|show me|print] [the file |]{path}
order: [show|tell] me what is in {path}
ask: what's in [the file |]{path}
ask: what does {path} contain
note: read {path}
note: content of {path}
gives: content = text
reply: The file says: {content}
reply: {path} contains: {content}

tool files: delete_file remove_file erase_file trash_file rm
about: [Deletes|Removes|Erases] a file.
about: File deletion
path = file ; path file filename target ; file to delete
order: [delete|remove|erase|get rid of|trash] [the file |]{path}
order: throw {path} away
ask: can you delete {path}
note: delete {path}
note: {path}: remove
note: I don't need {path} any more, delete it
gives: status = enum:deleted,removed,ok
reply: The file {path} is {status}.
reply: {path}: {status}.

tool files: copy_file duplicate_file cp copy backup_file
about: Copies a file to another [path|place].
about: File copy
source = file ; source from_path src original ; the file
target = file ; target to_path dst destination ; the copy
order: [copy|duplicate] {source} to {target}
order: make a copy of {source} [at|named|called] {target}
ask: can you copy {source} to {target}
note: copy {source} {target}
note: {source} -> {target}, copy
gives: bytes = integer:10-90000
reply: Copied {bytes} bytes to {target}.
reply: {target} has {bytes} bytes.

tool files: write_file save_file create_file put_file
about: Writes text to a file.
about: [Saves|Creates] a file with [text|content]
path = file ; path file filename name ; the file
content = text ; content text data body ; what to write
order: [write|save|put] {content} [to|into|in] [the file |]{path}
order: create [the file |]{path} with [the text|the content] {content}
note: {path}: write {content}
note: save {content} as {path}
gives: bytes = integer:5-900
reply: Wrote {bytes} bytes to {path}.
reply: {path} is saved, {bytes} bytes.

tool code: run_code execute_code run_script python code_runner interpreter
about: Runs a [script|program].
about: [Code|Script] execution
path = file ; script file program path ; the script
args? = list:word ; args arguments parameters ; arguments of the script ; with the arguments {}
order: [run|execute|start|launch] [the script |the program |]{path}
ask: what happens if you run {path}
note: run {path}
note: exec {path}
gives: exit_code = integer:1-99
reply: {path} ended with code {exit_code}.
reply: The exit code is {exit_code}.

tool code: restart_service service_restart reboot_service bounce_service
about: Restarts a service[ on the server|].
about: Service restart
service = service ; service name daemon target ; the service
order: [restart|reboot|bounce] [the service |the |]{service}[ service|]
order: [shut down and start|turn off and on] {service} [again|]
note: restart {service}
note: {service} hangs, restart it
gives: uptime = integer:1-60
reply: {service} is up again since {uptime} seconds.
reply: Restarted, uptime {uptime} seconds.

tool code: get_logs show_logs fetch_logs service_logs tail_log
about: [Shows|Returns] the [last |]log lines of a service.
about: Logs
service = service ; service name app source ; the service
lines? = integer:5-500 ; lines count limit tail ; how many lines ; , {} lines
order: [show|get|print|fetch] [me |]the logs of {service}
order: see what {service} has logged
ask: what do the logs of {service} say
note: logs {service}
note: {service} log
gives: line = text
reply: The last line is: {line}
reply: {service} logged: {line}

tool shop: search_products product_search find_product shop_search catalog_search
about: [Searches|Finds] products in the shop.
about: Product [search|catalog]
product = product ; product query item keyword article ; what to look for
max_price? = integer:10-900 ; max_price budget limit price_limit ; highest price ; [under|below|for less than] {}
color? = color ; color colour shade ; color ; in {}
order: [find|search|look for|show me] [a |]{product}[ in the shop|]
order: see [if|whether] you [sell|have] [a |]{product}
ask: do you [have|sell] [a |]{product}
ask: which {product} do you have
note: {product} [wanted|to buy]
note: shopping for a {product}
gives: name = company ; price = price
reply: I found one by {name} for {price}.
reply: {name} has it for {price}.

tool shop: add_to_cart cart_add put_in_cart add_item basket_add
about: [Adds|Puts] [a product|an item] [to|in] the [cart|basket].
about: Shopping cart
item = product ; item product article what ; the product
quantity = integer:1-30 ; quantity count number amount ; how many
order: [put|add] {quantity} {item} [to|in|into] [the|my] [cart|basket]
order: [buy|get|take] {quantity} {item}
note: {quantity} {item} in the cart
note: cart: {quantity} x {item}
gives: total = price
reply: Your cart is now {total}.
reply: Added {quantity} {item}, total {total}.

tool orders: track_order order_status where_is_order track_package shipment_status
about: [Returns|Looks up] the status of an order.
about: [Order|Parcel|Package] tracking
order_id = id ; order_id order number tracking_number reference ; number of the order
order: [track|check|look up] [my |the |]order {order_id}
order: [tell me|find out|see] where [my order|my package|the parcel] {order_id} is
ask: where is [my order|my package|the parcel] {order_id}
ask: has order {order_id} [shipped|arrived|been sent]
ask: when will [order|parcel] {order_id} [come|arrive]
note: order {order_id}, status
note: tracking {order_id}
gives: status = enum:shipped,packed,delayed,delivered,lost ; city = city
reply: Order {order_id} is {status} in {city}.
reply: It is {status}, now in {city}.

tool orders: cancel_order order_cancel stop_order revoke_order
about: Cancels an order.
about: Order cancellation
order_id = id ; order_id order number reference ; the order
reason? = text ; reason why comment ; the reason ; because {}
order: [cancel|stop|call off] [my |the |]order {order_id}
ask: can you cancel order {order_id}
note: cancel {order_id}
note: I don't want [order |my order |]{order_id} any more
gives: refund = price
reply: Order {order_id} is cancelled, you get {refund} back.
reply: Cancelled. The refund is {refund}.

tool orders: request_refund refund refund_order money_back
about: [Refunds|Pays back] money for an order.
about: Refunds
order_id = id ; order_id order invoice number ; the order
amount = price ; amount sum value money ; money to pay back
order: [refund|pay back|return] {amount} for order {order_id}
order: give me {amount} back for {order_id}
ask: can I get {amount} back for order {order_id}
note: refund {amount}, order {order_id}
note: {order_id}: refund {amount}
gives: refund_id = id
reply: The refund {refund_id} of {amount} is on its way.
reply: Refund {refund_id} was made.

tool bank: transfer_money send_money bank_transfer pay wire_money
about: [Transfers|Sends] money to a person.
about: [Bank transfer|Payments]
person = person ; recipient person payee to_name ; who gets the money
amount = price ; amount sum value money ; how much
purpose? = text ; purpose reference note ; text of the transfer ; with the [note|purpose] {}
order: [send|transfer|wire|pay] {amount} to {person}
order: [pay|give] {person} {amount}
ask: can you [send|transfer] {amount} to {person}
note: {amount} to {person}
note: pay {person} {amount}
note: I owe {person} {amount}, pay it
gives: balance = price
reply: {person} got {amount}, your balance is {balance}.
reply: Paid. Your balance is {balance}.

tool bank: account_balance get_balance balance check_balance
about: [Returns|Shows] the balance of an account.
about: Account balance
account = id ; account account_id number iban ; the account
order: [check|show me|tell me|look up] the balance of [account |my account |]{account}
order: see how much money is [on|in] account {account}
ask: how much [money |]is [on|in] account {account}
ask: what's the balance of [account |my account |]{account}
note: balance {account}
note: account {account}, balance
gives: balance = price
reply: The balance of {account} is {balance}.
reply: There are {balance} on account {account}.

tool data: query_database run_query db_lookup find_records table_search
about: Finds [rows|records] in a [table|database table] [where a column has a value|by column and value].
about: Database [lookup|query]
table = noun ; table source collection name ; the table
column = word ; column field key attribute ; column to compare
value = word ; value equals match content ; value it must have
order: [find|get|list|show] the rows [of|in] [table |the table |]{table} where {column} is {value}
order: search [table |]{table} for {column} = {value}
ask: which rows of {table} have {column} {value}
note: {table}: {column} = {value}
note: rows of {table}, {column} {value}
gives: rows = integer:1-500
reply: There are {rows} rows.
reply: I found {rows} rows in {table}.

tool data: draw_chart plot make_chart create_graph chart visualize
about: Draws a chart of [some |]data.
about: [Charts|Plots]
data = noun ; data series dataset what values ; what to show
kind = enum:bar,line,pie,scatter,area ; kind type chart_type style ; kind of chart
order: [draw|make|create|plot] a {kind} [chart|graph|plot] of [the |]{data}
order: show [the |]{data} as a {kind} [chart|graph|plot]
ask: can I see [the |]{data} as a {kind} chart
note: {kind} chart {data}
note: {data}, {kind} plot
gives: file = file
reply: The chart is in {file}.
reply: I saved the {kind} chart as {file}.

tool images: generate_image create_picture draw_image make_image image_generator
about: [Creates|Generates|Paints] a picture from a [description|text].
about: Image [generation|generator]
prompt = text ; prompt description text subject ; what the picture shows
size? = integer:64-2048 ; size width pixels ; size in pixels ; , {} pixels wide
order: [draw|paint|generate|create|make] [a picture|an image|a drawing] of {prompt}
order: show {prompt} in a picture
ask: can I have [a picture|an image] of {prompt}
note: picture: {prompt}
note: image of {prompt}
gives: file = file
reply: The picture is saved as {file}.
reply: Here is your picture: {file}

tool images: resize_image scale_image image_resize shrink_picture
about: [Resizes|Scales] [an image|a picture] to a [new |]width.
about: Image [scaling|size]
file = file ; file image path picture ; the image
width = integer:16-4000 ; width pixels new_width size ; width in pixels
order: [resize|scale|shrink] {file} to {width} pixels[ wide|]
order: make {file} {width} pixels wide
ask: can {file} be {width} pixels wide
note: {file} {width} px
note: resize {file} {width}
gives: bytes = integer:200-90000
reply: {file} is {width} pixels wide now ({bytes} bytes).
reply: Done, {bytes} bytes.

tool library: find_book book_search search_books book_lookup
about: Finds a book[ in the library|] by its title.
about: [Library|Book] catalog
title = title ; title book name work ; title of the book
order: [find|look up|search for|look for] the book {title}
order: [check|see] [if|whether] the library has [the book |]{title}
ask: who [wrote|is the author of] the book {title}
ask: do you have the book {title}
note: book {title}
note: {title}, [author|library]
gives: author = person ; shelf = id
reply: {title} by {author} is on shelf {shelf}.
reply: The author is {author}, shelf {shelf}.

tool staff: get_employee employee_info staff_lookup who_is person_info
about: [Returns|Looks up] [information about|the record of] an employee.
about: Staff [records|directory]
name = person ; name employee person staff_name ; the employee
order: [look up|find|show me] the [record|file|data] of [our employee |]{name}
order: tell me [which department|where] {name} works[ in|]
ask: [which|what] department is {name} in
ask: what does {name} do [here|in the company]
note: employee {name}
note: staff record {name}
gives: department = noun ; since = integer:1990-2024
reply: {name} works in {department} since {since}.
reply: {department}, since {since}.

tool staff: request_leave book_vacation holiday_request time_off
about: Requests [days off|vacation|leave].
about: [Vacation|Leave] requests
start = date ; start start_date first_day begin ; first day
days = integer:1-30 ; days count length number_of_days ; number of days
order: [request|book|ask for] {days} days off [from|starting] {start}
order: [put in|file] a leave request for {days} days from {start}
ask: can I [take|have] {days} days off [from|starting] {start}
note: vacation {start}, {days} days
note: {days} days of leave from {start}
gives: status = enum:approved,pending,granted ; left = integer:1-30
reply: The request is {status}, {left} days are left.
reply: {status}, you have {left} days left.

tool support: create_ticket open_ticket new_ticket report_issue file_bug
about: [Opens|Creates] a support ticket.
about: [Tickets|Issue tracker]
title = text ; title summary issue problem subject ; what is wrong
priority? = enum:low,normal,high,critical ; priority severity urgency ; how bad ; with {} priority
order: [open|create|file] a [ticket|bug|support ticket]: {title}
order: report [the problem|the issue] {title}
ask: can you open a ticket saying {title}
note: ticket: {title}
note: bug: {title}
gives: ticket = id
reply: Ticket {ticket} is open.
reply: I opened ticket {ticket}.

tool support: close_ticket resolve_ticket finish_ticket ticket_done
about: [Closes|Resolves] a ticket.
about: Ticket closing
ticket = id ; ticket ticket_id number issue_id ; the ticket
order: [close|resolve|finish] ticket {ticket}
order: mark {ticket} as [done|closed|resolved|fixed]
ask: can you close [ticket |]{ticket}
note: {ticket} is [done|fixed|solved], close it
note: close {ticket}
gives: status = enum:closed,resolved,done
reply: Ticket {ticket} is {status}.
reply: {ticket}: {status}.

tool web: shorten_url short_link make_short_link url_shortener
about: Shortens a [link|URL|web address].
about: Short links
url = url ; url link address long_url ; the link
order: [shorten|make shorter] [the link |]{url}
order: [make|create|get] a short link [for|to] {url}
ask: what is a short link for {url}
note: short link {url}
note: {url} is too long, shorten it
gives: short = url
reply: The short link is {short}.
reply: {short}

tool web: fetch_page get_webpage open_url download_page browse
about: [Downloads|Opens|Fetches] a web page.
about: Page [download|fetching]
url = url ; url link address page ; address of the page
order: [open|download|fetch|load] [the page |the website |]{url}
order: [see|tell me] what [is on|it says on] {url}
ask: what [is on|does it say on] [the page |]{url}
note: open {url}
note: page {url}
gives: title = text
reply: The page is titled {title}.
reply: {url}: {title}

tool security: generate_password make_password new_password password_generator
about: [Creates|Generates] a [random |]password [of a given length|].
about: Password [generator|maker]
length = integer:6-64 ; length size characters chars ; number of characters
order: [make|create|generate|give me] a password [with|of] {length} [characters|letters]
order: think up a {length} character password
ask: can I have a {length} character password
note: password, {length} characters
note: new password {length}
gives: password = id
reply: Your password is {password}.
reply: Here it is: {password}

tool security: hash_text checksum make_hash text_hash digest
about: Computes the [hash|checksum] of a text.
about: [Checksums|Hashes]
text = text ; text content input data ; the text
algorithm? = enum:md5,sha1,sha256,crc32,blake2 ; algorithm method kind ; which hash ; with {}
order: [hash|compute the hash of|get the checksum of] {text}
ask: what's the [hash|checksum] of {text}
note: hash {text}
note: checksum: {text}
gives: hash = id
reply: The hash is {hash}.
reply: {hash}
"""
