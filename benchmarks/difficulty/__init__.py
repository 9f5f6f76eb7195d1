"""How well the form of a request predicts its difficulty."""
