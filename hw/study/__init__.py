"""What many records say together: is the gauge good enough, is the lot, does it drift, is the new build another one?"""
