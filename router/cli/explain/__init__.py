"""`farthing explain`: a request in any form, and the decision that is made for it."""
