"""The fleet's page for people: what the command line does, in a browser. Everything goes by the counter.

faces      what a unit looks like on the map: colour, shape and letter
watch      tells open pages that something changed, whoever changed it
app, run   the page put together; opened on this machine over TLS
*_pages    what is to be had at each address
plots      rollouts drawn
"""
