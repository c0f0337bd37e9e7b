"""English actions on things of any sort: the same action is described and asked for in different words."""

# ruff: noqa: E501 (data: one text a line)
from __future__ import annotations

from joyflash.tasks.tool_use import Action


def _action(verbs: str, about: str, orders: str, questions: str = "", notes: str = "") -> Action:
    """An action from texts whose parts are separated by " / "; ``verbs`` become function names."""

    def parts(text: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in text.split(" / ") if part.strip())

    names = (*tuple(f"{verb}_{{noun}}" for verb in verbs.split()), f"{{noun}}_{verbs.split()[0]}")
    return Action(names, parts(about), parts(orders), parts(questions), parts(notes))


ACTIONS: tuple[Action, ...] = (
    _action(
        "delete remove erase drop destroy",
        "[Deletes|Removes|Erases] [a|the|one] {noun}. / [Delete|Remove] a {noun}[ for good|] / {noun} removal / Gets rid of a {noun}.",
        "[delete|remove|erase|throw away|get rid of|trash|wipe] [the |]{noun} {value} / [delete|remove] {value} from the {noun} list / make {noun} {value} disappear",
        "can {noun} {value} be [deleted|removed]", "[{noun} {value} can go|delete {noun} {value}|I don't need {noun} {value} any more|{noun} {value} is obsolete]",
    ),
    _action(
        "create add new make register",
        "[Creates|Adds|Registers] a [new |]{noun}. / [Create|Add] a {noun} / New {noun} / Sets up a {noun}.",
        "[create|add|make|register|set up|open] [a new|a|another] {noun} [called|named] {value} / [create|add|register] {value} as a [new |]{noun} / put {value} in as a new {noun}",
        "can [we|I] have a new {noun} [called|named] {value}", "[new {noun} {value}|new {noun}: {value}|add {noun} {value}|we need a {noun} called {value}]",
    ),
    _action(
        "show get view read display",
        "[Shows|Displays|Returns|Gets] [a|one] {noun}. / [Show|View|Get] a {noun}[ and its details|] / {noun} details / Everything known about one {noun}.",
        "[show|give|get|bring] me [the |]{noun} {value} / [show|display|view|pull up|look at] [the |]{noun} {value} / [get|show] the details of {noun} {value} / let me see {noun} {value}",
        "what do we know about {noun} {value} / what's in {noun} {value} / how does {noun} {value} look", "[{noun} {value}|{noun} {value} details|details: {noun} {value}]",
    ),
    _action(
        "send forward deliver mail",
        "[Sends|Forwards|Delivers] a {noun}. / [Send|Forward] a {noun}[ out|] / {noun} delivery",
        "[send|forward|send out|deliver|mail off] [the |]{noun} {value} / send {value} out as a {noun} / get {noun} {value} on its way", "can {noun} {value} go out", "[send {noun} {value}|{noun} {value} must go out|{noun} {value}, send]",
    ),
    _action(
        "print output hardcopy",
        "[Prints|Puts on paper] a {noun}. / [Print|Print out] a {noun} / {noun} printing", "[print|print out|put on paper] [the |]{noun} {value} / make a paper copy of {noun} {value} / give me {noun} {value} on paper",
        "can I have {noun} {value} on paper", "[print {noun} {value}|{noun} {value} on paper|hard copy of {noun} {value}]",
    ),
    _action(
        "approve accept confirm", "[Approves|Accepts|Confirms] a {noun}. / [Approve|Accept] a {noun} / {noun} approval",
        "[approve|accept|confirm|say yes to|give the ok for] [the |]{noun} {value} / let {noun} {value} pass / [mark|set] {noun} {value} [as|to] approved",
        "can we [approve|accept] {noun} {value}", "[{noun} {value} is ok, approve it|approve {noun} {value}|yes to {noun} {value}]",
    ),
    _action(
        "reject decline refuse deny", "[Rejects|Declines|Refuses] a {noun}. / [Reject|Decline] a {noun} / {noun} rejection",
        "[reject|decline|refuse|turn down|say no to|deny] [the |]{noun} {value} / [mark|set] {noun} {value} [as|to] rejected", "", "[reject {noun} {value}|no to {noun} {value}|{noun} {value} is not acceptable, reject it]",
    ),
    _action(
        "archive store file_away", "[Archives|Stores away] a {noun}. / [Archive|File away] an old {noun} / {noun} archive", "[archive|file away|put away|store away] [the |]{noun} {value} / [move|put] {noun} {value} [to|into] the archive",
        "can {noun} {value} go to the archive", "[archive {noun} {value}|{noun} {value} -> archive]",
    ),
    _action(
        "restore recover undelete", "[Restores|Recovers] a [lost |]{noun}. / [Restore|Bring back] a {noun} / {noun} recovery", "[restore|recover|bring back|undelete] [the |]{noun} {value} / get {noun} {value} back",
        "can we get {noun} {value} back", "[restore {noun} {value}|{noun} {value} is gone, bring it back|I lost {noun} {value}, recover it]",
    ),
    _action(
        "lock freeze block", "[Locks|Blocks|Freezes] a {noun}. / [Lock|Block] a {noun} / {noun} lock", "[lock|block|freeze] [the |]{noun} {value} / make {noun} {value} read-only / keep everyone from changing {noun} {value}", "",
        "[lock {noun} {value}|{noun} {value}, lock it|nobody may touch {noun} {value}, lock it]",
    ),
    _action(
        "count total tally number_of", "[Counts|Tallies] [the items of |]a {noun}. / [Count|Number of] things in a {noun} / {noun} count", "[count|tally] [the |]{noun} {value} / count [what|the things] [is in|in] {noun} {value} / tell me how many are in {noun} {value}",
        "how many [things |items |]are in {noun} {value}", "[{noun} {value} count|number of items, {noun} {value}]",
    ),
    _action(
        "check verify validate inspect", "[Checks|Verifies|Validates] a {noun}. / [Check|Verify] [that|whether] a {noun} is [valid|correct] / {noun} check",
        "[check|verify|validate|inspect|double-check] [the |]{noun} {value} / [see|make sure|find out] [if|that|whether] {noun} {value} is [ok|valid|right|correct]", "is {noun} {value} [ok|valid|right|correct]", "[check {noun} {value}|{noun} {value} valid?|{noun} {value}: ok?]",
    ),
    _action(
        "start launch run activate", "[Starts|Launches|Activates] a {noun}. / [Start|Launch] a {noun} / {noun} start", "[start|launch|activate|turn on|switch on|fire up|kick off] [the |]{noun} {value} / get {noun} {value} [going|running]", "can {noun} {value} be started",
        "[start {noun} {value}|{noun} {value} on|{noun} {value}: go]",
    ),
    _action(
        "stop halt end deactivate", "[Stops|Halts|Ends] a {noun}. / [Stop|Halt] a {noun} / {noun} stop", "[stop|halt|end|turn off|switch off|shut down|deactivate] [the |]{noun} {value} / bring {noun} {value} to a stop", "can {noun} {value} be stopped",
        "[stop {noun} {value}|{noun} {value} off|{noun} {value} must stop]",
    ),
    _action(
        "share publish post", "[Shares|Publishes|Posts] a {noun}. / [Share|Publish] a {noun} [with others|] / {noun} sharing", "[share|publish|post|make public] [the |]{noun} {value} / let [others|everyone|the team] see {noun} {value}", "can others see {noun} {value}", "[share {noun} {value}|{noun} {value} for everyone]",
    ),
    _action(
        "rate review score", "[Rates|Scores|Grades] a {noun}. / [Rate|Score] a {noun} / {noun} rating", "[rate|score|grade|judge] [the |]{noun} {value} / give {noun} {value} a [grade|score|rating]", "how good is {noun} {value}", "[rate {noun} {value}|{noun} {value} rating]",
    ),
    _action(
        "copy duplicate clone", "[Copies|Duplicates|Clones] a {noun}. / [Copy|Duplicate] a {noun} / {noun} copy", "[copy|duplicate|clone] [the |]{noun} {value} / make [a copy|a second version|a duplicate] of {noun} {value}", "can I have a [copy|duplicate] of {noun} {value}",
        "[copy {noun} {value}|a second {noun} {value}]",
    ),
    _action(
        "reserve book hold", "[Reserves|Books|Holds] a {noun}. / [Reserve|Book] a {noun} / {noun} reservation", "[reserve|book|hold|save] [the |]{noun} {value}[ for me|] / keep {noun} {value} free for me", "can I [book|reserve|have] {noun} {value}", "[book {noun} {value}|{noun} {value}, reserve]",
    ),
    _action(
        "price cost quote", "[Returns|Tells|Gets] the price of a {noun}. / [Price|Cost] of a {noun} / What a {noun} costs", "[tell me|find out|look up|check] [the price of|what I pay for|the cost of|how much I pay for] {noun} {value} / [tell me|see] how much {noun} {value} costs",
        "how much is {noun} {value} / what does {noun} {value} cost / what's the price of {noun} {value} / how expensive is {noun} {value}", "[{noun} {value} price|price {noun} {value}|cost of {noun} {value}]",
    ),
    _action(
        "locate find where_is", "[Locates|Finds|Tells where to find] a {noun}. / [Locate|Find] a {noun} / {noun} location", "[locate|find|look for|track down] [the |]{noun} {value} / [tell me|find out] where {noun} {value} is", "where is {noun} {value} / where can I find {noun} {value} / in which place is {noun} {value}",
        "[where is {noun} {value}|{noun} {value} location|looking for {noun} {value}]",
    ),
    _action(
        "repair fix mend", "[Repairs|Fixes|Mends] a {noun}. / [Repair|Fix] a [broken |]{noun} / {noun} repair", "[repair|fix|mend] [the |][broken |]{noun} {value} / make {noun} {value} work again", "can {noun} {value} be [fixed|repaired]", "[{noun} {value} is broken|fix {noun} {value}|{noun} {value} does not work]",
    ),
    _action(
        "owner who_owns holder", "[Returns|Tells|Finds] the owner of a {noun}. / Owner of a {noun} / Who owns a {noun}", "[tell me|find out|look up] [who owns|the owner of|to whom belongs] {noun} {value}", "who owns {noun} {value} / who is the owner of {noun} {value} / whose is {noun} {value}", "[{noun} {value} owner|owner of {noun} {value}]",
    ),
)  # fmt: skip
