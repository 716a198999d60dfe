"""The clinic's side: it answers the units' questions and stores the results of visits.

gateway            the answers, pure apart from its memory of visits (visits, proof, qualification)
national_service   what stands behind the gateway, and a stand-in fed from people.toml (people, elements)
consumer           takes results in, once each (results: the file they go to)
line, services     the two services on MQTT
config, keys, run  files in, services out
cli                `uketsuke-clinic`
"""
