"""The families that were written before the gates, and kept separate from them."""

from benchmarks.semantic.pairs import Family, rows

MUST_NOT = (
    Family(
        "dates",
        rows(
            """
            What happened on {0}? | What happened on {1}?
            Which saint's day is {0}? | Which saint's day is {1}?
            """
        ),
        rows(
            """
            14 July 1789 | 4 July 1776
            1 May | 2 May
            3 October 1990 | 3 October 1989
            June 6th | June 16th
            the ides of March | the first of March
            """
        ),
    ),
    Family(
        "ordinals",
        rows(
            """
            State the first law of thermodynamics. | State the second law of thermodynamics.
            Who was the third president of the USA? | Who was the fourth president of the USA?
            Describe fashion in the 19th century. | Describe fashion in the 20th century.
            What is the second movement of the Eroica like? | What is the third movement of the Eroica like?
            Who came second in the 1998 World Cup? | Who came third in the 1998 World Cup?
            What was Henry VIII like? | What was Henry VII like?
            Tell me about World War I. | Tell me about World War II.
            What is the penultimate letter? | What is the ultimate letter?
            """
        ),
    ),
    Family(
        "doses and units",
        rows("{0} | {1}"),
        rows(
            """
            Is 400 mg of ibuprofen too much? | Is 400 g of ibuprofen too much?
            How far is 10 km on foot? | How far is 10 mi on foot?
            How hot is 90 °C? | How hot is 90 °F?
            How long do 2 MB take to load? | How long do 2 GB take to load?
            Is a salary of 50k good? | Is a salary of 50 good?
            Is half a litre a day enough? | Is a litre a day enough?
            What can I buy for £20? | What can I buy for $20?
            What is a dozen eggs in grams? | What is a pair of eggs in grams?
            How do I bake 1/2 a cake? | How do I bake 1/3 of a cake?
            """
        ),
    ),
    Family(
        "without, except, unless",
        rows(
            """
            How do I bake a cake with sugar? | How do I bake a cake without sugar?
            Which planets have moons? | Which planets lack moons?
            Name all the Beatles. | Name all the Beatles except Ringo.
            Should I call a doctor if it hurts? | Should I call a doctor unless it hurts?
            Which birds can fly? | Which birds cannot fly?
            Which birds can fly? | Which birds are unable to fly?
            Is it a crime to lie? | Is it no crime to lie?
            Who hardly ever wins? | Who ever wins?
            Can anyone vote? | Can no one vote?
            Why do banks fail to report? | Why do banks report?
            """
        ),
    ),
    Family(
        "un-, in-, dis-, non-",
        rows("What is {0}? | What is {1}?"),
        rows(
            """
            a reversible reaction | an irreversible reaction
            a magnetic metal | a nonmagnetic metal
            legal tender | illegal tender
            a stable isotope | an unstable isotope
            honest advertising | dishonest advertising
            a typical cell | an atypical cell
            a linear system | a non-linear system
            direct taxation | indirect taxation
            a finite group | an infinite group
            symmetric encryption | asymmetric encryption
            """
        ),
    ),
    Family(
        "people",
        rows("When was {0} born? | When was {1} born?"),
        rows(
            """
            Marie Curie | Pierre Curie
            George Bush | George W. Bush
            Johann Strauss I | Johann Strauss II
            martin luther | martin luther king
            Alexandre Dumas père | Alexandre Dumas fils
            Alan Turing | Alan Touring
            ludwig van beethoven | johann sebastian bach
            Karl Marx | Groucho Marx
            """
        ),
    ),
    Family(
        "places inside places",
        rows("What is the population of {0}? | What is the population of {1}?"),
        rows(
            """
            New York City | New York State
            Mexico | Mexico City
            Georgia | Georgia in the USA
            Greater London | the City of London
            Korea | South Korea
            the Congo | the Congo basin
            Luxembourg | Luxembourg in Belgium
            """
        ),
    ),
    Family(
        "animals and plants",
        rows("Is {2} safe for {0}? | Is {2} safe for {1}?"),
        rows(
            """
            cats | dogs | chocolate
            horses | cows | clover
            rabbits | guinea pigs | rhubarb
            toddlers | infants | honey
            parrots | pigeons | avocado
            roses | ferns | vinegar
            goldfish | carp | tap water
            """
        ),
    ),
    Family(
        "words that look alike",
        rows("What is {0}? | What is {1}?"),
        rows(
            """
            mitosis | meiosis
            hypothermia | hyperthermia
            a stalactite | a stalagmite
            adsorption | absorption
            hypotension | hypertension
            astronomy | astrology
            a meteor | a meteorite
            prostate cancer | prostrate cancer
            mass | weight
            Java | JavaScript
            """
        ),
    ),
    Family(
        "swaps",
        rows(
            """
            Does smoking cause stress? | Does stress cause smoking?
            Is Java faster than Go? | Is Go faster than Java?
            How do I transfer money from savings to checking? | How do I transfer money from checking to savings?
            Can a landlord sue a tenant? | Can a tenant sue a landlord?
            Write a letter from a mother to a son. | Write a letter from a son to a mother.
            Do spiders eat birds? | Do birds eat spiders?
            Why do employees leave managers? | Why do managers leave employees?
            What share of Spain is in France? | What share of France is in Spain?
            Should rich countries pay poor countries? | Should poor countries pay rich countries?
            How many inches are in a yard? | How many yards are in an inch?
            Who did Ali knock out? | Who did knock out Ali?
            """
        ),
    ),
    Family(
        "opposites",
        rows(
            """
            Which colours absorb light? | Which colours emit light?
            What are the rights of a buyer? | What are the rights of a seller?
            Sort names in ascending order. | Sort names in descending order.
            What is lossless compression? | What is lossy compression?
            What is a synchronous call? | What is an asynchronous call?
            What are the arguments for nuclear power? | What are the arguments against nuclear power?
            What is an extrovert? | What is an introvert?
            How do I upload a file? | How do I download a file?
            What is a bull market? | What is a bear market?
            Which is heavier, gold or lead? | Which is lighter, gold or lead?
            What are the causes of inflation? | What are the effects of inflation?
            What are the pros of leasing? | What are the cons of leasing?
            How do I gain weight? | How do I lose weight?
            What makes bread rise? | What makes bread fall?
            """
        ),
    ),
    Family(
        "directions of translation",
        rows("{0} | {1}"),
        rows(
            """
            Translate Gift from German to English. | Translate Gift from English to German.
            Translate chat from French into English. | Translate chat from English into French.
            Rewrite the hello world program in Rust. | Rewrite the hello world program in Go.
            What is butterfly called in Italian? | What is butterfly called in Spanish?
            Turn the Lord's prayer into Latin. | Turn the Lord's prayer into Greek.
            Say hello in Welsh. | Say hello in Gaelic.
            """
        ),
    ),
    Family(
        "the same in another language",
        rows(
            """
            How do I cook rice? | Wie koche ich Reis?
            How do I cook rice? | Comment cuire du riz ?
            Wer schrieb Faust? | Who wrote Faust?
            ¿Quién pintó Guernica? | Quem pintou Guernica?
            Che cos'è la fotosintesi? | ¿Qué es la fotosíntesis?
            What is water? | Что такое вода?
            What is water? | 水是什么?
            Hvad er demokrati? | Vad är demokrati?
            """
        ),
    ),
    Family(
        "forms of an answer",
        rows("{0} | {1}"),
        rows(
            """
            Describe the water cycle in bullet points. | Describe the water cycle in prose.
            Give me the primes below 20 as YAML. | Give me the primes below 20 as TOML.
            Tell the story of Troy in verse. | Tell the story of Troy in prose.
            Explain DNS with an example. | Explain DNS with a diagram.
            Explain DNS like a pirate. | Explain DNS like a lawyer.
            Is tea healthy? Answer yes or no. | Is tea healthy? Explain.
            Write a long poem about rain. | Write a short poem about rain.
            Answer formally: what is jazz? | Answer casually: what is jazz?
            What is jazz? Cite sources. | What is jazz?
            """
        ),
    ),
    Family(
        "tasks",
        rows("{0} {2} | {1} {2}"),
        rows(
            """
            State | Prove | the theorem of Pythagoras.
            Draft | Review | a contract for a cleaner.
            Outline | Rate | a talk about bees.
            Shorten | Extend | the first verse of Jerusalem.
            Defend | Attack | the idea of a basic income.
            Solve | Check | a quadratic equation.
            """
        ),
    ),
    Family(
        "the moment and the person",
        rows(
            """
            Who is the president at the moment? | At the moment, who is the president?
            What is the exchange rate right now? | What's the exchange rate right now?
            Are the shops open on this Sunday? | Are shops open this Sunday?
            How old is the pope? | How old's the pope?
            How many days are left until Christmas? | How many days left until Christmas?
            What did we talk about before? | What did we talk about?
            Where do I live? | Where do I live, please?
            What did I just say? | What did I say?
            Is our flight delayed? | Please, is our flight delayed?
            Show the newest releases. | Please show the newest releases.
            """
        ),
    ),
    Family(
        "programs",
        rows(
            r"""
            What does the regex ^a+$ match? | What does the regex ^a*$ match?
            What does chmod 644 do? | What does chmod 755 do?
            What does the flag -v mean in grep? | What does the flag -V mean in grep?
            When is useEffect called? | When is useLayoutEffect called?
            What does x = y mean in C? | What does x == y mean in C?
            What does \n mean? | What does \r mean?
            What is a .jar file? | What is a .war file?
            Why is null == undefined? | Why is null === undefined?
            What does 5 // 2 return? | What does 5 % 2 return?
            What is int* p? | What is int& p?
            What is void main? | What is int main?
            """
        ),
    ),
    Family(
        "how much of it",
        rows("{0} | {1}"),
        rows(
            """
            Do all mammals give milk? | Do some mammals give milk?
            Do most startups fail? | Do few startups fail?
            Can only citizens vote? | Can citizens vote?
            Is every prime odd? | Is any prime odd?
            Do both parents pay? | Does either parent pay?
            What is the best novel? | What are the best novels?
            What is a good film? | What is the best film?
            Is it usually hot in Oslo? | Is it always hot in Oslo?
            Who else knew? | Who knew?
            """
        ),
    ),
    Family(
        "tenses",
        rows(
            """
            How will robots change farming? | How did robots change farming?
            Why is Pluto a planet? | Why was Pluto a planet?
            What is Greece doing about debt? | What has Greece done about debt?
            Who is the king of France? | Who was the king of France?
            What do miners eat? | What did miners eat?
            Would you marry a robot? | Did you marry a robot?
            Has Italy had a queen? | Will Italy have a queen?
            """
        ),
    ),
    Family(
        "small additions",
        rows("What are the {0} of {2}? | What are the {1} of {2}?"),
        rows(
            """
            side effects | long-term side effects | caffeine
            benefits | economic benefits | tourism
            rules | unwritten rules | cricket
            costs | hidden costs | a boat
            parts | moving parts | a bicycle
            uses | medical uses | mercury
            risks | risks to children | bleach
            features | best features | Rust
            """
        ),
    ),
    Family(
        "conditions",
        rows("What should one do {0}? | What should one do {1}?"),
        rows(
            """
            in an earthquake | in an earthquake at sea
            if a dog bites | if a dog barks
            when a tyre bursts | before a tyre bursts
            during a fire | after a fire
            in case of a burn | in case of a sunburn
            on a first date | on a first day
            about debt | with debt
            """
        ),
    ),
    Family(
        "requests that hide the difference",
        rows("{0} | {1}"),
        rows(
            """
            Write a function that returns the index of an item in a list, or -1. | Write a function that returns the index of an item in a list, or raises.
            Write a poem about the moon that rhymes. | Write a poem about the moon that does rhyme not.
            Write a mail that accepts the offer. | Write a mail that declines the offer.
            Is he taller than she is? | Is she taller than he is?
            Plan a trip to Rome by train. | Plan a trip to Rome by car.
            Give me a vegan menu. | Give me a vegetarian menu.
            Suggest a name for a boy. | Suggest a name for a girl.
            Explain the joke. | Explain the yoke.
            Let's eat, grandpa: is it grammatical? | Let's eat grandpa: is it grammatical?
            What is the sum of the angles? | What is the product of the angles?
            How do I get rid of ants? | How do I get ants?
            What comes before tea? | What comes with tea?
            Is a tomato a fruit or a vegetable? | Is a fruit or a vegetable a tomato?
            What's the plural of mouse? | What's the plural of house?
            """
        ),
    ),
)

MAY = (
    Family(
        "long politeness",
        rows(
            """
            {0}? | I was wondering, {0}?
            {0}? | Quick question: {0}?
            {0}? | I would like to know: {0}?
            """
        ),
        rows(
            """
            how do bees make honey
            what is a leap year
            why do onions make people cry
            who discovered penicillin
            """
        ),
        may_share=True,
    ),
    Family(
        "kind requests",
        rows(
            """
            {0} | Would you kindly {1}
            {0} | I need you to {1}
            {0} | {0} Thanks in advance.
            """
        ),
        rows(
            """
            Draft a contract for a cleaner. | draft a contract for a cleaner.
            Describe the water cycle. | describe the water cycle.
            Suggest a name for a kitten. | suggest a name for a kitten.
            Outline a talk about bees. | outline a talk about bees.
            """
        ),
        may_share=True,
    ),
    Family(
        "marks and signs",
        rows(
            """
            {0}? | {0}...?
            {0}? | {0}??
            {0}? | {0}.
            """
        ),
        rows(
            """
            How do geysers form
            What makes bread rise
            Who invented the zipper
            Where do eels breed
            """
        ),
        may_share=True,
    ),
    Family(
        "German",
        rows(
            """
            Was ist Photosynthese? | was ist photosynthese
            Erkläre die Relativitätstheorie. | Bitte erkläre die Relativitätstheorie.
            Nenne drei Flüsse in Europa. | Kannst du bitte drei Flüsse in Europa nennen?
            Wie koche ich Reis? | Wie kocht man Reis?
            Wie funktioniert ein Motor? | Hallo, wie funktioniert ein Motor?
            Wer schrieb Faust? | Wer schrieb Faust? Danke!
            """
        ),
        may_share=True,
    ),
    Family(
        "French and Spanish",
        rows(
            """
            Qui a peint la Joconde ? | Qui a peint la Joconde?
            Explique la photosynthèse. | Explique la photosynthèse, s'il te plaît.
            Comment cuire du riz ? | Bonjour, comment cuire du riz ?
            ¿Qué es un electrón? | qué es un electrón
            Explica la democracia. | Por favor, explica la democracia.
            ¿Quién pintó Guernica? | Hola, ¿quién pintó Guernica?
            """
        ),
        may_share=True,
    ),
    Family(
        "one or many",
        rows("How does {0} work? | How do {1} work?"),
        rows(
            """
            a magnet | magnets
            a vaccine | vaccines
            a microwave | microwaves
            a lighthouse | lighthouses
            a battery | batteries
            """
        ),
        may_share=True,
    ),
    Family(
        "authors",
        rows(
            """
            Who wrote Faust? | Who is the author of Faust?
            Who painted Guernica? | Guernica was painted by whom?
            Who discovered penicillin? | Who was the discoverer of penicillin?
            Who invented the zipper? | By whom was the zipper invented?
            Who composed Carmen? | Who was Carmen composed by?
            """
        ),
        may_share=True,
    ),
    Family(
        "filler words",
        rows(
            """
            How do geysers form? | How do geysers actually form?
            What makes bread rise? | What really makes bread rise?
            Why do cats purr? | Well, why do cats purr?
            How does a lock work? | How exactly does a lock work?
            What is a leap year? | Basically, what is a leap year?
            Where do eels breed? | Just where do eels breed?
            """
        ),
        may_share=True,
    ),
    Family(
        "other words for it",
        rows(
            """
            How do I repair a bicycle? | How do I fix a bike?
            What is a film noir? | What is film noir?
            How many people live in Oslo? | What is the population of Oslo?
            How tall is Mount Fuji? | What is the height of Mount Fuji?
            What causes rainbows? | What is the cause of rainbows?
            Give me a recipe for hummus. | How do I make hummus?
            How do I get rid of ants? | How can ants be got rid of?
            Which is the longest river? | What is the longest river?
            How do I begin a novel? | How do I start a novel?
            What is the purpose of the spleen? | What is the spleen for?
            """
        ),
        may_share=True,
    ),
    Family(
        "how, for everybody",
        rows(
            """
            How do I {0}? | How does one {0}?
            How do I {0}? | How would I {0}?
            How do I {0}? | What is the way to {0}?
            """
        ),
        rows(
            """
            repair a bicycle
            fold a shirt
            peel a mango
            read a balance sheet
            """
        ),
        may_share=True,
    ),
    Family(
        "American and British",
        rows(
            """
            What is a catalogue? | What is a catalog?
            What is aluminium? | What is aluminum?
            How do I practise a speech? | How do I practice a speech?
            How do I apologise in writing? | How do I apologize in writing?
            Describe the theatre of Epidaurus. | Describe the theater of Epidaurus.
            What flavour is umami? | What flavor is umami?
            """
        ),
        may_share=True,
    ),
    Family(
        "phrases moved",
        rows(
            """
            What is a mole in chemistry? | In chemistry, what is a mole?
            What should one do during a fire? | During a fire, what should one do?
            How do I undo a commit with git? | With git, how do I undo a commit?
            Why do leaves turn yellow in autumn? | In autumn, why do leaves turn yellow?
            Compare Athens with Sparta. | Compare Sparta with Athens.
            Is a tomato a fruit or a vegetable? | Is a tomato a vegetable or a fruit?
            """
        ),
        may_share=True,
    ),
)
