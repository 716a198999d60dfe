"""The clinic's side: it answers the units' questions, keeps the results of visits and shows them to the desk.

gateway            the answers, pure apart from its memory of visits (visits, proof, qualification)
national_service   what stands behind the gateway, and a stand-in fed from people.toml (people, elements)
consumer           takes results in, once each (record, store, sequences)
desk               what a page shows and may do (verdict, notices, units, health, changes)
line, services     the two services on MQTT
config, keys, run  files in, services out
cli                `uketsuke-clinic`
"""
