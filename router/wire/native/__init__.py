"""A client and a model that speak the same dialect: their bytes pass through, and are only looked at.

What is asked is the client's own request with the model's name replaced; the answer goes out as
it came, its usage read on the way. So everything that the two agree on works, known here or not.
"""
