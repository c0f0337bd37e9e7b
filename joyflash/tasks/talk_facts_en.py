# ruff: noqa: E501 (tables of phrases read best one idea a line)
"""English facts for small talk: short definitions, uses, jobs, and questions with one answer (`question # question | answer`)."""

DEFINITIONS = """
a library|a place where people read and borrow books;a hospital|a place where sick people are treated;a museum|a place that shows art or old things;an airport|a place where planes take off and land
a dictionary|a book that explains words;a map|a drawing that shows where places are;a calendar|a table of the days and months of a year;a volcano|a mountain that can throw out hot lava
a desert|a very dry place with little rain;an island|land with water all around it;a river|a long stream of water that flows to the sea;a lake|a large body of water with land around it;an ocean|a very large body of salt water
a planet|a large round body that goes around a star;a star|a huge ball of hot, glowing gas;a galaxy|a huge group of stars;a comet|a ball of ice and dust that goes around the sun;gravity|the force that pulls things toward each other
an atom|the smallest piece of a chemical element;a molecule|a group of atoms joined together;oxygen|a gas that we need to breathe;photosynthesis|the way plants use light to make food;evaporation|the change of a liquid into a gas
ice|water that is frozen;steam|water in the form of a gas;energy|the ability to do work;electricity|a flow of electric charge;a magnet|an object that attracts iron;a battery|a device that stores electric energy
a computer|a machine that works with data by following programs;a program|a list of instructions for a computer;the internet|a network that joins computers all over the world;an algorithm|a step-by-step way to solve a problem
a robot|a machine that can do tasks by itself;a language model|a program that predicts text, one piece at a time;a password|a secret word that protects an account;an email|a message sent between computers;a bug|a mistake in a program
a keyboard|a set of keys for typing;a browser|a program for viewing web pages;a database|an ordered store of data;a file|a named piece of data on a computer;a byte|a unit of data made of eight bits;a pixel|one tiny dot of a picture on a screen
a noun|a word for a person, place or thing;a verb|a word for an action or a state;an adjective|a word that describes a noun;an adverb|a word that describes a verb;a vowel|one of the letters a, e, i, o and u;a synonym|a word with the same meaning
an antonym|a word with the opposite meaning;a sentence|a group of words that makes a full thought;a poem|a short text written with care for sound and rhythm;a novel|a long story in a book;an alphabet|the ordered set of letters of a language
a triangle|a shape with three sides;a square|a shape with four equal sides and four right angles;a circle|a round shape whose edge is everywhere equally far from its centre;a rectangle|a shape with four right angles;a cube|a solid with six square faces
a fraction|a part of a whole number;a prime number|a number above 1 that only 1 and itself divide;an even number|a number that 2 divides without rest;an odd number|a number that 2 does not divide evenly;a decimal|a number written with a point
an average|the sum of the values divided by their count;a sum|the result of an addition;a product|the result of a multiplication;an angle|the space between two lines that meet;a percentage|a part of one hundred;a diameter|a line through the centre of a circle
a mammal|an animal that feeds its young with milk;a reptile|a cold-blooded animal with scales;an insect|a small animal with six legs;a bird|an animal with feathers and wings;a fossil|the remains of a very old living thing;a seed|the part of a plant that grows into a new plant
a root|the part of a plant that takes water from the ground;a forest|a large area full of trees;a garden|a piece of land for growing plants;a farm|a place where crops and animals are raised;a bakery|a shop that sells bread;a pharmacy|a shop that sells medicine
a bank|a place that keeps and lends money;a budget|a plan for spending money;a tax|money that people pay to the state;a receipt|a paper that shows what was paid;a salary|money paid regularly for work;a market|a place where goods are bought and sold
democracy|a system in which the people choose their leaders;a law|a rule that everyone must follow;a president|the head of a republic;an election|a vote to choose people for an office;a capital|the city where a country's government sits
a passport|a document for travelling to other countries;a hotel|a place where travellers sleep;luggage|the bags of a traveller;a recipe|a list of steps for cooking a dish;breakfast|the first meal of the day;dinner|the main meal of the day
a thermometer|a tool that measures temperature;a compass|a tool that shows where north is;a telescope|a tool for seeing things far away;a microscope|a tool for seeing very small things;a clock|a device that shows the time;a scale|a tool that measures weight
a ruler|a tool for measuring length;an umbrella|a cover that keeps off the rain;a bridge|a structure that carries a road over water or land;a tunnel|a passage under the ground;a lighthouse|a tower whose light guides ships;a harbour|a safe place for ships
an orchestra|a large group of musicians;a melody|a row of notes that makes a tune;a painting|a picture made with paint;a statue|a figure made of stone, metal or wood;a theatre|a place where plays are shown;a hobby|something you do for fun
a friend|a person you like and trust;a neighbour|a person who lives near you;a family|a group of people who are related;a team|a group of people who work or play together;a secret|something that only few people know;a joke|a short story that makes people laugh
"""

USES = """
hammer|drive nails;knife|cut things;pen|write;scissors|cut paper or cloth;needle|sew;broom|sweep the floor;key|open a lock;umbrella|stay dry in the rain;spoon|eat soup;towel|dry yourself;soap|wash;lamp|light a room
clock|tell the time;phone|call people;camera|take pictures;ladder|climb up;shovel|dig;brush|paint or clean;comb|tidy your hair;mirror|see yourself;kettle|boil water;fridge|keep food cold;oven|bake;saw|cut wood
ruler|measure length;thermometer|measure temperature;compass|find north;telescope|look at the stars;microscope|see tiny things;glasses|see better;pillow|rest your head;blanket|keep warm;bucket|carry water;rope|tie things
stamp|send a letter;map|find the way;bell|ring;candle|give light;calculator|do sums;printer|put text on paper;helmet|protect your head;anchor|hold a ship;lock|keep a door shut;fan|move air;toothbrush|clean teeth;eraser|remove pencil marks
"""

JOBS = """
teacher|teaches students;doctor|treats sick people;nurse|cares for patients;farmer|grows food;cook|prepares meals;baker|bakes bread;pilot|flies planes;driver|drives cars or buses;painter|paints pictures or walls;writer|writes books
singer|sings songs;dentist|treats teeth;lawyer|gives advice about the law;judge|decides cases in court;carpenter|makes things of wood;plumber|repairs water pipes;electrician|works on electric wires;tailor|makes clothes;butcher|sells meat
fisherman|catches fish;gardener|cares for plants;librarian|works with books in a library;firefighter|puts out fires;police officer|keeps people safe;soldier|serves in an army;sailor|works on a ship;engineer|designs machines and structures
architect|designs buildings;scientist|studies nature;programmer|writes computer programs;journalist|reports the news;photographer|takes pictures;actor|plays roles;musician|plays music;translator|turns texts into another language;vet|treats animals
waiter|serves food;barber|cuts hair;miner|works in a mine;astronaut|travels into space;astronomer|studies the stars;biologist|studies living things;chemist|studies substances;historian|studies the past;florist|sells flowers;mechanic|repairs machines
"""

# questions separated by # | one answer
QUESTIONS = """
What colour is the sky#What colour does the sky have on a clear day|The sky is blue on a clear day.
What colour is grass#Which colour does grass have|Grass is green.
What colour is snow#Which colour does fresh snow have|Snow is white.
What colour is a banana#Which colour do ripe bananas have|A ripe banana is yellow.
What colour is blood#Which colour does blood have|Blood is red.
What colour is coal#Which colour does coal have|Coal is black.
What do you get if you mix blue and yellow#Which colour do blue and yellow make|Blue and yellow make green.
What do you get if you mix red and white#Which colour do red and white make|Red and white make pink.
What do you get if you mix red and yellow#Which colour do red and yellow make|Red and yellow make orange.
What do you get if you mix blue and red#Which colour do blue and red make|Blue and red make purple.
How many days are in a week#How many days does a week have|A week has seven days.
How many months are in a year#How many months does a year have|A year has twelve months.
How many days are in a year#How many days does a normal year have|A year has 365 days, a leap year 366.
How many hours are in a day#How many hours does a day have|A day has 24 hours.
How many minutes are in an hour#How many minutes does an hour have|An hour has 60 minutes.
How many seconds are in a minute#How many seconds does a minute have|A minute has 60 seconds.
How many weeks are in a year#About how many weeks does a year have|A year has about 52 weeks.
How many years are in a century#How long is a century|A century has 100 years.
How many years are in a decade#How long is a decade|A decade has ten years.
How many seasons are there#How many seasons does a year have|There are four seasons: spring, summer, autumn and winter.
How many continents are there#What is the number of continents|There are seven continents.
How many oceans are there#What is the number of oceans|There are five oceans.
How many letters are in the English alphabet#How many letters does English have|The English alphabet has 26 letters.
How many legs does a spider have#What is the number of legs of a spider|A spider has eight legs.
How many legs does an insect have#What is the number of legs of an insect|An insect has six legs.
How many sides does a triangle have#What is the number of sides of a triangle|A triangle has three sides.
How many sides does a square have#What is the number of sides of a square|A square has four sides.
How many sides does a hexagon have#What is the number of sides of a hexagon|A hexagon has six sides.
How many sides does a pentagon have#What is the number of sides of a pentagon|A pentagon has five sides.
How many sides does an octagon have#What is the number of sides of an octagon|An octagon has eight sides.
How many fingers are on one hand#How many fingers does a hand have|A hand has five fingers.
How many planets are in the solar system#How many planets go around the sun|Eight planets go around the sun.
How many players are in a football team#How many players does a football team have on the field|A football team has eleven players.
How many metres are in a kilometre#How long is a kilometre in metres|A kilometre has 1000 metres.
How many grams are in a kilogram#What is a kilogram in grams|A kilogram has 1000 grams.
How many centimetres are in a metre#What is a metre in centimetres|A metre has 100 centimetres.
How many bits are in a byte#What is a byte in bits|A byte has eight bits.
How many items are in a dozen#What number is a dozen|A dozen is twelve.
Which planet do we live on#What is the name of our planet|We live on Earth.
Which planet is the largest#What is the biggest planet|Jupiter is the largest planet.
Which planet is the smallest#What is the smallest planet|Mercury is the smallest planet.
Which planet is closest to the sun#What is the nearest planet to the sun|Mercury is closest to the sun.
Which planet is called the red planet#What is the red planet|Mars is called the red planet.
Which planet has large rings#What planet is famous for its rings|Saturn is famous for its rings.
Which is the largest ocean#What is the biggest ocean|The Pacific is the largest ocean.
Which is the largest continent#What is the biggest continent|Asia is the largest continent.
Which is the smallest continent#What is the smallest continent|Australia is the smallest continent.
Which is the highest mountain#What is the tallest mountain on Earth|Mount Everest is the highest mountain.
Which is the largest country#What is the biggest country by area|Russia is the largest country.
Which is the largest animal#What is the biggest animal|The blue whale is the largest animal.
Which is the fastest land animal#What animal runs fastest|The cheetah is the fastest land animal.
Which is the tallest animal#What animal is the tallest|The giraffe is the tallest animal.
Which is the largest bird#What is the biggest bird|The ostrich is the largest bird.
Which is the largest land animal#What is the biggest animal on land|The African elephant is the largest land animal.
Which is the first month#What month comes first in the year|January is the first month.
Which is the last month#What month ends the year|December is the last month.
Which is the shortest month#What month has the fewest days|February is the shortest month.
Which season is the coldest#What is the coldest season|Winter is the coldest season.
Which season is the hottest#What is the warmest season|Summer is the hottest season.
At what temperature does water freeze#When does water freeze|Water freezes at 0 degrees Celsius.
At what temperature does water boil#When does water boil|Water boils at 100 degrees Celsius at sea level.
What is water made of#What is the chemical formula of water|Water is H2O: hydrogen and oxygen.
What is the chemical symbol of gold#How do chemists write gold|The symbol of gold is Au.
What is the chemical symbol of iron#How do chemists write iron|The symbol of iron is Fe.
What is the chemical symbol of oxygen#How do chemists write oxygen|The symbol of oxygen is O.
What is the chemical symbol of silver#How do chemists write silver|The symbol of silver is Ag.
What do bees make#What do we get from bees|Bees make honey.
What do cows give us#What do we drink from cows|Cows give us milk.
What do plants need to grow#What does a plant need|Plants need light, water and air.
What do pandas eat#What is the food of pandas|Pandas eat bamboo.
What do horses eat#What is the food of horses|Horses eat grass and hay.
What do rabbits eat#What is the food of rabbits|Rabbits eat grass and vegetables.
What do we breathe#Which gas do people need to breathe|We breathe air and need its oxygen.
What gives us light in the day#Where does daylight come from|The sun gives us light.
Where does the sun rise#In which direction does the sun come up|The sun rises in the east.
Where does the sun set#In which direction does the sun go down|The sun sets in the west.
Where do fish live#What is the home of fish|Fish live in water.
Where do penguins live#What part of the world has penguins|Penguins live mostly around Antarctica.
Where do kangaroos live#Which country has wild kangaroos|Kangaroos live in Australia.
Where can I buy bread#Which shop sells bread|You can buy bread at a bakery.
Where can I borrow books#Which place lends books|You can borrow books at a library.
Where can I buy medicine#Which shop sells medicine|You can buy medicine at a pharmacy.
Where are the pyramids of Giza#Which country has the pyramids of Giza|The pyramids of Giza are in Egypt.
Where is the Eiffel Tower#Which city has the Eiffel Tower|The Eiffel Tower is in Paris.
Where is the Great Wall#Which country has the Great Wall|The Great Wall is in China.
Where is Big Ben#Which city has Big Ben|Big Ben is in London.
Who wrote Hamlet#Who is the author of Hamlet|William Shakespeare wrote Hamlet.
Who wrote Romeo and Juliet#Who is the author of Romeo and Juliet|William Shakespeare wrote Romeo and Juliet.
Who painted the Mona Lisa#Who is the painter of the Mona Lisa|Leonardo da Vinci painted the Mona Lisa.
Who was the first man on the moon#Who walked on the moon first|Neil Armstrong was the first man on the moon.
Who was Albert Einstein#What was Albert Einstein known for|Albert Einstein was a physicist known for relativity.
Who was Isaac Newton#What was Isaac Newton known for|Isaac Newton was a scientist who described gravity and motion.
Who was Marie Curie#What was Marie Curie known for|Marie Curie was a scientist who studied radioactivity.
Who was Charles Darwin#What was Charles Darwin known for|Charles Darwin described evolution by natural selection.
Who was Confucius#What was Confucius known for|Confucius was a Chinese thinker and teacher.
Why is the sky blue#What makes the sky blue|Air scatters blue light more than red light.
Why do leaves look green#What makes leaves green|Leaves hold chlorophyll, which is green.
Why does ice float#What makes ice float|Ice is lighter than the same volume of water.
Why do we sleep#What is sleep good for|Sleep lets the body and the brain rest.
Why do we have day and night#What makes day and night|The Earth turns once a day, so the sun rises and sets.
Why is exercise good#What is exercise good for|Exercise keeps the heart and muscles healthy.
Why should I drink water#What is drinking water good for|The body needs water to work well.
Why do birds fly south#What makes birds fly south in autumn|Many birds fly south to find food and warmth.
What language do people speak in Brazil#Which language is spoken in Brazil|People speak Portuguese in Brazil.
What language do people speak in Germany#Which language is spoken in Germany|People speak German in Germany.
What language do people speak in Mexico#Which language is spoken in Mexico|People speak Spanish in Mexico.
What language do people speak in Japan#Which language is spoken in Japan|People speak Japanese in Japan.
What money is used in Japan#Which currency does Japan use|Japan uses the yen.
What money is used in the United Kingdom#Which currency does the United Kingdom use|The United Kingdom uses the pound.
What money is used in China#Which currency does China use|China uses the yuan.
Is the sun a star#Is our sun a star or a planet|Yes, the sun is a star.
Is a whale a fish#Are whales fish|No, a whale is a mammal.
Is a tomato a fruit#Do botanists call tomatoes fruit|Yes, botanically a tomato is a fruit.
Can penguins fly#Do penguins fly|No, penguins cannot fly, but they swim well.
Can fish breathe under water#How do fish breathe|Fish breathe under water with gills.
Is the Earth round#What shape is the Earth|The Earth is round, almost a ball.
Does the Earth go around the sun#What does the Earth go around|Yes, the Earth goes around the sun.
"""
