"""What every page of ours shares, at the clinic's desk and at the fleet's console: log-in, walls, words, style.

walls           what comes in has bounds, what goes out has headers
visit           one request, as pages see it
gate            whose a request is, and whether that person may
people          who signs in: a person, a session, what is asked of whoever keeps them
passwords       rules, slow hashes, growing pauses, second factors
checking        the one order in which all that is looked at
sign_in_pages   signing in and out, the language, one's own account
views           templates, times as Japan's clocks show them
refusals        what cannot be, said in both languages
words           what pages say, in both languages
live            telling an open page that something changed
server          TLS, on a thread of its own
"""
