"""How well the form of a request tells its difficulty."""
