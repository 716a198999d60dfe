"""The clinic's side: it answers the units' questions, keeps the results of visits and shows them to the desk.

gateway            answers asks while the visitor waits (visits: its memory; inquiry, proof, qualification: the answer)
answer             the answer as it travels, signed and sealed
national_service   the port to what stands behind; stand_in (people) and terminal (official_xml) are behind it
again, pending     asks again for visits that ended without an answer; enquiries and disaster: what the desk asks
consumer           takes results in, once each (record, store, store_file, sequences)
desk               what a page shows and may do (verdict, notices, units, health, changes)
follow             working off what was kept: receipt_files (schema), or somebody else's system
line, services     the two services on MQTT
config, parts, run files in, services out (keys, files, ticker, housekeeping)
cli                `uketsuke-clinic`
"""
