"""What is said on MQTT. The only vocabulary that unit, clinic and fleet share; it imports `device.domain` alone.

topics    where things are said, and who may
messages  one typed definition per message
codec     bytes <-> messages, with limits
sealing   sealed for the clinic (JWE), signed by the unit (JWS)
reasons   the catalogue of everything that can end or hold up a visit (`reasons_page` prints it)
phrases   what the unit says on the way
texts     sentences in every language, read from the TOML files beside them
"""
