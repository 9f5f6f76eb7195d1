"""The families that the gates were developed with."""

from benchmarks.semantic.pairs import Family, rows

MUST_NOT = (
    Family(
        "amounts",
        rows(
            """
            Convert {0} kilometres to miles. | Convert {1} kilometres to miles.
            What is {0} percent of a million? | What is {1} percent of a million?
            """
        ),
        rows("5|50\n12|21\n3.5|35\n100|1000\n7|8"),
    ),
    Family(
        "numbers in words",
        rows(
            """
            Name {0} rivers in Europe. | Name {1} rivers in Europe.
            Give me {0} ideas for a birthday party. | Give me {1} ideas for a birthday party.
            """
        ),
        rows("three|five\nfour|fourteen\ntwo|twenty\nsix|ten\none|nine"),
    ),
    Family(
        "versions",
        rows("What is new in {0}? | What is new in {1}?"),
        rows(
            """
            Python 3.11 | Python 3.12
            Django 4.2 | Django 5.2
            PostgreSQL 15 | PostgreSQL 16
            Java 17 | Java 21
            HTML4 | HTML5
            USB 2.0 | USB 3.0
            HTTP/1.1 | HTTP/2
            Windows 10 | Windows 11
            """
        ),
    ),
    Family(
        "negation: not",
        rows(
            """
            Is it safe to {0}? | Is it not safe to {0}?
            Why should I {0}? | Why shouldn't I {0}?
            """
        ),
        rows(
            """
            reheat rice twice
            charge a phone overnight
            eat raw cookie dough
            mix bleach with vinegar
            store passwords in plain text
            restart a router every day
            """
        ),
    ),
    Family(
        "negation: always and never",
        rows("Why should one always {0}? | Why should one never {0}?"),
        rows(
            """
            rinse pasta
            commit generated files
            round intermediate results
            trust the first result
            apologise in writing
            lock the database
            """
        ),
    ),
    Family(
        "countries",
        rows(
            """
            What is the capital of {0}? | What is the capital of {1}?
            How many people live in {0}? | How many people live in {1}?
            """
        ),
        rows("France|Germany\nAustria|Australia\nNiger|Nigeria\nIran|Iraq\nPeru|Chile"),
    ),
    Family(
        "things in small letters",
        rows(
            """
            How do I read a csv file with {0}? | How do I read a csv file with {1}?
            How do I install {0}? | How do I install {1}?
            """
        ),
        rows("pandas|polars\nawk|sed\nnumpy|pyarrow\nduckdb|sqlite\nbun|deno"),
    ),
    Family(
        "medicine",
        rows("Can one take {0} with alcohol? | Can one take {1} with alcohol?"),
        rows(
            """
            ibuprofen | paracetamol
            aspirin | amoxicillin
            melatonin | metformin
            antihistamines | antidepressants
            zinc | iron
            """
        ),
    ),
    Family(
        "swaps: from and to",
        rows(
            """
            Convert {0} to {1}. | Convert {1} to {0}.
            How do I migrate from {0} to {1}? | How do I migrate from {1} to {0}?
            """
        ),
        rows(
            """
            euros | dollars
            celsius | fahrenheit
            mysql | postgres
            npm | yarn
            json | yaml
            """
        ),
    ),
    Family(
        "swaps: who did it",
        rows(
            """
            When did {0} attack {1}? | When did {1} attack {0}?
            Why does {0} pay {1}? | Why does {1} pay {0}?
            """
        ),
        rows("Rome|Carthage\nthe bank|the client\nSparta|Athens\nthe tenant|the owner"),
    ),
    Family(
        "antonyms",
        rows(
            """
            How do I increase the font size in a terminal? | How do I decrease the font size in a terminal?
            How do I enable swap on a server? | How do I disable swap on a server?
            What should I eat before a marathon? | What should I eat after a marathon?
            What is the maximum length of a path? | What is the minimum length of a path?
            How do I allow an address in a firewall? | How do I deny an address in a firewall?
            How do I import a table into a database? | How do I export a table from a database?
            How do I open a port? | How do I close a port?
            What was the first film with sound? | What was the last film without sound?
            How do I encrypt a folder? | How do I decrypt a folder?
            Which city is the largest in Canada? | Which city is the smallest in Canada?
            How do I lock a row? | How do I unlock a row?
            How do I add a user to a group? | How do I remove a user from a group?
            """
        ),
    ),
    Family(
        "languages to translate into",
        rows(
            """
            Translate "{2}" into {0}. | Translate "{2}" into {1}.
            How do you say {2} in {0}? | How do you say {2} in {1}?
            """
        ),
        rows(
            """
            French | German | good morning
            Spanish | Portuguese | thank you
            Danish | Swedish | the bill, please
            Czech | Slovak | good luck
            """
        ),
    ),
    Family(
        "languages of the question",
        rows(
            """
            What is photosynthesis? | Was ist Photosynthese?
            What is inflation? | Qu'est-ce que l'inflation ?
            Who was Napoleon? | Wer war Napoleon?
            Who was Napoleon? | Qui était Napoléon ?
            What is an electron? | ¿Qué es un electrón?
            Explain quantum mechanics. | Erkläre Quantenmechanik.
            Explain democracy. | Spiega la democrazia.
            Define entropy. | Definiere Entropie.
            """
        ),
    ),
    Family(
        "format",
        rows(
            """
            List the planets of the solar system. | List the planets of the solar system {0}.
            What are the causes of the First World War? | What are the causes of the First World War? Answer {0}.
            """
        ),
        rows("as JSON\nin a table\nas a numbered list\nin Markdown\nin capitals"),
    ),
    Family(
        "length",
        rows(
            """
            Explain recursion. | Explain recursion {0}.
            What is a black hole? | What is a black hole? Answer {0}.
            """
        ),
        rows(
            """
            in one sentence
            briefly
            in detail
            in under 50 words
            step by step
            """
        ),
    ),
    Family(
        "verbs",
        rows(
            """
            Summarise the plot of Hamlet. | {0} the plot of Hamlet.
            Explain the theory of relativity. | {0} the theory of relativity.
            """
        ),
        rows("Criticise\nTranslate\nParody\nContinue\nQuestion"),
    ),
    Family(
        "time",
        rows("{0} | {1}"),
        rows(
            """
            What is the weather like today? | How is the weather today?
            What is the latest version of Node? | Which is the latest version of Node?
            What time is it now? | Tell me what time it is now.
            Who is the current champion? | Who's the current champion?
            What happened yesterday? | What did happen yesterday?
            What is in the news this week? | What's in the news this week?
            What is my name? | What's my name?
            When is my next appointment? | When's my next appointment?
            """
        ),
    ),
    Family(
        "code",
        rows(
            """
            What does `x += 1` do? | What does `x =+ 1` do?
            What does `git reset --soft HEAD~1` do? | What does `git reset --hard HEAD~1` do?
            Why is `a is b` true? | Why is `a == b` true?
            What does `rm -r dir` do? | What does `rm -rf dir` do?
            What is getUserName for? | What is setUserName for?
            When do I use list_append? | When do I use list_extend?
            What does SELECT * FROM a JOIN b return? | What does SELECT * FROM b JOIN a return?
            What does a[1:] mean? | What does a[:1] mean?
            Is 0.1 + 0.2 == 0.3? | Is 0.1 + 0.2 != 0.3?
            What does i++ mean? | What does ++i mean?
            """
        ),
    ),
    Family(
        "a narrower question",
        rows("How do I {0}? | How do I {0} {1}?"),
        rows(
            """
            cook pasta | in a microwave
            learn the piano | as an adult
            remove a stain | from silk
            write a letter of application | with a gap in the career
            grow tomatoes | indoors
            sort a list | in place
            deploy a website | behind a proxy
            train a dog | that is deaf
            """
        ),
    ),
    Family(
        "question words",
        rows("{0} | {1}"),
        rows(
            """
            Why do cats purr? | How do cats purr?
            When did Rome fall? | Why did Rome fall?
            Who built the pyramids? | How were the pyramids built?
            Where is uranium mined? | How is uranium mined?
            What is a mortgage? | Why is a mortgage?
            Is coffee healthy? | Why is coffee healthy?
            Does music help plants? | How does music help plants?
            How often does Etna erupt? | How does Etna erupt?
            """
        ),
    ),
    Family(
        "for whom",
        rows("Explain {0} to {1}. | Explain {0} to {2}."),
        rows(
            """
            gravity | a child | a physicist
            recursion | a beginner | an expert
            inflation | a student | a banker
            the stock market | a teenager | an investor
            vaccines | a parent | a nurse
            """
        ),
    ),
    Family(
        "links, names and paths",
        rows(
            """
            What is at https://example.com/a? | What is at https://example.com/b?
            Is ann@example.com a valid address? | Is anna@example.com a valid address?
            What is /etc/passwd? | What is /etc/shadow?
            What does #init mean? | What does #exit mean?
            Who is @ada? | Who is @bob?
            What does "carpe diem" mean? | What does "memento mori" mean?
            Who is John Adams? | Who is John Quincy Adams?
            Tell me about Paris Hilton. | Tell me about Paris.
            """
        ),
    ),
    Family(
        "other things of the same kind",
        rows("{0} | {1}"),
        rows(
            """
            How long do hamsters live? | How long do gerbils live?
            How do I prune roses? | How do I prune lilacs?
            What are the symptoms of measles? | What are the symptoms of mumps?
            How is butter made? | How is cheese made?
            What does a plumber earn? | What does a carpenter earn?
            How do I clean a leather sofa? | How do I clean a velvet sofa?
            What is a good gift for a brother? | What is a good gift for a sister?
            Which wine goes with lamb? | Which wine goes with salmon?
            How is steel recycled? | How is glass recycled?
            Why is the sky blue? | Why is the sky red?
            """
        ),
    ),
    Family(
        "commas and capitals",
        rows(
            """
            Fix the punctuation: lets eat grandpa | Fix the punctuation: lets eat, grandpa
            Correct this: the dog ate it's food | Correct this: the dog ate its food
            Translate: I sent it to Turkey | Translate: i sent it to turkey
            How many capitals are in NaCl? | How many capitals are in NACL?
            Is this right: You're late. | Is this right: your late.
            Proofread: We met, she left. | Proofread: We met; she left.
            """
        ),
    ),
    Family(
        "you, we and I",
        rows("How do I {0}? | How do you {0}?\nHow can I {0}? | How can we {0}?"),
        rows("sleep\nlearn\nhelp the poor\nkeep a secret"),
    ),
    Family(
        "permission and obligation",
        rows("{0} I {2}? | {1} I {2}?"),
        rows(
            """
            Can | Must | cancel a contract by e-mail
            May | Should | wear shorts in the office
            Could | Should | sell a house alone
            Must | May | sign every page
            """
        ),
    ),
)

MAY = (
    Family(
        "politeness",
        rows(
            """
            {0} | Please {1}
            {0} | Could you please {1}
            {0} | Can you {1} Thanks!
            """
        ),
        rows(
            """
            Explain how a bill becomes a law. | explain how a bill becomes a law.
            List the planets of the solar system. | list the planets of the solar system.
            Write a limerick about a cat. | write a limerick about a cat.
            Summarise the plot of Hamlet. | summarise the plot of Hamlet.
            Name three rivers in Europe. | name three rivers in Europe.
            Translate "good luck" into Czech. | translate "good luck" into Czech.
            """
        ),
        may_share=True,
    ),
    Family(
        "capitals, dots and spaces",
        rows(
            """
            {0}? | {0}
            {0}? |  {0} ?!
            """
        ),
        rows(
            """
            what is photosynthesis
            how do vaccines work
            why is the sky blue
            how are diamonds formed
            what is the speed of light
            how do I sort a list in python
            """
        ),
        may_share=True,
    ),
    Family(
        "short forms",
        rows(
            """
            What is a monad? | What's a monad?
            Who is Ada Lovelace? | Who's Ada Lovelace?
            Where is Timbuktu? | Where's Timbuktu?
            Why is it not legal to jaywalk? | Why isn't it legal to jaywalk?
            Why do not penguins fly? | Why don't penguins fly?
            How is paper made? | How's paper made?
            What are quasars? | What're quasars?
            What would happen if bees died out? | What'd happen if bees died out?
            """
        ),
        may_share=True,
    ),
    Family(
        "how do I, how can I, how to",
        rows(
            """
            How do I {0}? | How can I {0}?
            How do I {0}? | How to {0}?
            How do I {0}? | How does one {0}?
            """
        ),
        rows(
            """
            remove a stain from a carpet
            reverse a list in Python
            grow tomatoes indoors
            write a letter of application
            """
        ),
        may_share=True,
    ),
    Family(
        "articles",
        rows("{0} | {1}"),
        rows(
            """
            What is the capital of France? | What is capital of France?
            What is the meaning of irony? | What is meaning of irony?
            How does a transistor work? | How does the transistor work?
            What is the boiling point of water? | What is boiling point of water?
            How do I tie a tie? | How do I tie tie?
            List the ingredients of a mojito. | List ingredients of a mojito.
            """
        ),
        may_share=True,
    ),
    Family(
        "greetings and thanks",
        rows(
            """
            {0} | Hi! {0}
            {0} | Hello there, {0} Thank you very much.
            """
        ),
        rows(
            """
            What is a black hole?
            How do magnets work?
            Who painted the Mona Lisa?
            Why do leaves turn yellow?
            """
        ),
        may_share=True,
    ),
    Family(
        "the place of a phrase",
        rows(
            """
            How do I reverse a list in Python? | In Python, how do I reverse a list?
            How do I centre a div in CSS? | In CSS, how do I centre a div?
            What is a closure in JavaScript? | In JavaScript, what is a closure?
            What is a tort in English law? | In English law, what is a tort?
            How is a king crowned in Norway? | In Norway, how is a king crowned?
            How do I boil an egg at high altitude? | At high altitude, how do I boil an egg?
            How do I draw a circle with a compass? | With a compass, how do I draw a circle?
            What is a straddle in finance? | In finance, what is a straddle?
            """
        ),
        may_share=True,
    ),
    Family(
        "spellings",
        rows(
            """
            Summarise the rules of chess. | Summarize the rules of chess.
            What is the colour of chlorine? | What is the color of chlorine?
            How do I organise a bookshelf? | How do I organize a bookshelf?
            What is the centre of the Milky Way? | What is the center of the Milky Way?
            Why do neighbours argue? | Why do neighbors argue?
            Analyse the causes of inflation. | Analyze the causes of inflation.
            """
        ),
        may_share=True,
    ),
    Family(
        "tell me",
        rows(
            """
            {0}? | Tell me {1}.
            {0}? | Do you know {1}?
            {0}? | I want to know {1}.
            """
        ),
        rows(
            """
            What a monad is | what a monad is
            How vaccines work | how vaccines work
            Why leaves turn yellow | why leaves turn yellow
            """
        ),
        may_share=True,
    ),
    Family(
        "synonyms",
        rows(
            """
            How do I start a small company? | How do I found a small business?
            What is a big dog breed? | What is a large dog breed?
            How do I fix a bug? | How do I solve a bug?
            How do I buy a house? | How do I purchase a house?
            What are the benefits of yoga? | What are the advantages of yoga?
            How quickly does bamboo grow? | How fast does bamboo grow?
            Why is sleep important? | Why does sleep matter?
            How do I fry an egg? | What is the best way to fry an egg?
            """
        ),
        may_share=True,
    ),
    Family(
        "what is, explain, define",
        rows(
            """
            What is entropy? | Explain what entropy is.
            What is a monad? | Explain to me what a monad is.
            What is irony? | What does irony mean?
            What is irony? | What is the meaning of irony?
            What is osmosis? | What exactly is osmosis?
            What is osmosis? | So what is osmosis?
            """
        ),
        may_share=True,
    ),
    Family(
        "both ways round",
        rows(
            """
            Compare apples and pears. | Compare pears and apples.
            What is the difference between a fox and a wolf? | What is the difference between a wolf and a fox?
            What do Mars and Venus have in common? | What do Venus and Mars have in common?
            """
        ),
        may_share=True,
    ),
)
